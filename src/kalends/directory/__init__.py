"""People and contact look-up by name and number (comes with Exchange)."""
