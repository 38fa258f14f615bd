"""Contacts: found by name and by number, in whatever is connected. See ``contract``."""
