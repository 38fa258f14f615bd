"""Nextcloud and ownCloud: a shared calendar's name ends in ``_shared_by_<account>``.

``DAV:owner`` of a shared calendar is the reader there, not the owner; ``oc:owner-principal``
(read in ``wire.caldav.answers``) tells the owner in newer versions.
"""

from __future__ import annotations

from kalends.wire.caldav.answers import Resource


def owner(calendar: Resource) -> str:
    """Return the account behind ``personal_shared_by_anna``."""
    name = calendar.path.rstrip("/").rsplit("/", 1)[-1]
    _, marker, account = name.rpartition("_shared_by_")
    return account if marker else ""
