"""Emulators of what nobody can have on a laptop, and a fault proxy. Imports nothing of kalends."""
