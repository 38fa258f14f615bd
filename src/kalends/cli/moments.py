"""Moments as people write them on a command line, in the zone of the organization."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from kalends.errors import UserError


def moment(text: str, zone: str, now: datetime | None = None) -> datetime:
    """Return the moment meant: ``14:30`` is today's, or tomorrow's where today's has passed.

    A date alone begins at its midnight; without an offset the zone's is meant. Raises
    ``UserError`` where it is no moment.
    """
    home = ZoneInfo(zone)
    try:
        if len(text) <= 5:
            clock = datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - a clock, no moment yet
            today = (now or datetime.now(home)).astimezone(home)
            found = datetime.combine(today, clock, home)
            later = datetime.combine(today.date() + timedelta(days=1), clock, home)
            return found if found > today else later
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(f"{text!r} is not a time; write 14:30 or 2026-03-02T14:30+01:00.") from None
    return found if found.tzinfo else found.replace(tzinfo=home)


def until(text: str | None, zone: str) -> str | None:
    """Return an end as a command takes it: a moment completed, a word left as it is."""
    if text is None or not text[:1].isdigit():
        return text
    return moment(text, zone).isoformat()
