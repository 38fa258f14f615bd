"""SOGo: a subscribed calendar's path is ``…/Calendar/<account>_<name>/``.

Only for subscriptions; own calendars are ``personal`` or a random id without an account.
SOGo's sync token of an empty calendar is ``0`` (no quirk: tokens are compared with None).
"""

from __future__ import annotations

from kalends.wire.caldav.answers import Resource


def owner(calendar: Resource) -> str:
    """Return the account of ``/SOGo/dav/svc/Calendar/anna_personal/``."""
    parts = calendar.path.strip("/").split("/")
    if parts[0] != "SOGo" or "_" not in parts[-1]:
        return ""
    return parts[-1].rsplit("_", 1)[0]
