"""Namespaces, property names in lxml's notation, and how a query writes them."""

from __future__ import annotations

from typing import Final

DAV: Final = "{DAV:}"
CALENDAR: Final = "{urn:schemas:calendar:}"
CONTACTS: Final = "{urn:schemas:contacts:}"
HTTPMAIL: Final = "{urn:schemas:httpmail:}"
EXCHANGE: Final = "{http://schemas.microsoft.com/exchange/}"
MAPI: Final = "{http://schemas.microsoft.com/mapi/}"
REPL: Final = "{http://schemas.microsoft.com/repl/}"
PROPTAG: Final = "{http://schemas.microsoft.com/mapi/proptag/}"
PLAIN: Final = "{xml:}"
"""Namespace of the values in a multi-value, as Exchange writes it."""

PREFIXES: Final = {
    "d": "DAV:",
    "h": "urn:schemas:httpmail:",
    "e": "http://schemas.microsoft.com/exchange/",
    "r": "http://schemas.microsoft.com/repl/",
    "m": "http://schemas.microsoft.com/mapi/",
    "p": "http://schemas.microsoft.com/mapi/proptag/",
}
"""Prefixes of our PROPFINDs."""


def in_sql(name: str) -> str:
    """Return a property as a query names it: namespace and local name run together, in quotes."""
    return f'"{name[1:].replace("}", "", 1)}"' if name.startswith("{") else f'"{name}"'
