"""Radicale and Xandikos: no principal search, no addresses; a person's home is a folder.

Radicale gives every account the folder ``/<account>/``, Xandikos one principal
(``/<account>/calendars/``). A service user who may read them finds a person's calendars there by
trying the e-mail address and its local part as account.
"""

from __future__ import annotations

from kalends.wire.caldav.answers import Resource


def homes(email: str) -> tuple[str, ...]:
    """Return the folders that may be a person's home."""
    local = email.partition("@")[0]
    return (f"/{email}/", f"/{local}/", f"/{local}/calendars/")


def owner(calendar: Resource) -> str:
    """Return the account of the owner's principal, where it is a plain path."""
    return calendar.owner.rstrip("/").rsplit("/", 1)[-1] if calendar.owner else ""
