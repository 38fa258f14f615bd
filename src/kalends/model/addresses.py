"""Addresses that name one person only: by mail, and the SIP address presence is published for.

Two people with one SIP address would overwrite each other's state at every change. Whoever left
gives theirs free: the successor has the extension the next day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

SIP: Final = "sip:"
_PARTS: Final = re.compile(r"sips?:([^@:;?]+)[^@]*@(\[[^\]]*\]|[^:;?]+)", re.IGNORECASE)


def sip_name(address: str) -> str:
    """Return ``sip:user@host`` in lower case: without port, password and parameters.

    Servers tell users apart by more (RFC 3261 section 19.1.4 compares them as written), but no
    two people differ by that.
    """
    found = _PARTS.match(address)
    told = f"{found[1]}@{found[2]}" if found else address.partition(":")[2]
    return SIP + told.lower()


def own_addresses(emails: Iterable[str], sip: str | None, left: bool) -> tuple[str, ...]:
    """Return what nobody else may have: mail addresses, and the SIP address as ``sip_name``."""
    own = tuple(email.lower() for email in emails)
    return (*own, sip_name(sip)) if sip and not left else own
