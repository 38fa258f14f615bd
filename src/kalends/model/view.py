"""Presence as one audience may see it: the only thing that leaves the core.

Made by ``kalends.presence.view`` alone; sinks, web, routing and announcements accept only this.
The JSON of the API is this value with times as RFC 3339 (``docs/reference/api.md``).
"""

from __future__ import annotations

import msgspec

from kalends.model.vocabulary import Audience, Availability, Level, Origin


class NextView(msgspec.Struct, frozen=True):
    """What follows, as far as the audience may know."""

    start: int
    end: int
    activity: str | None
    """None: the audience is not told why."""
    availability: Availability


class LineView(msgspec.Struct, frozen=True):
    """What the phone says."""

    state: str
    since: int


class DiversionView(msgspec.Struct, frozen=True):
    """Where calls go now."""

    to: str
    condition: str
    """``all``, ``busy``, ``no-answer``, ``unreachable``."""


class Texts(msgspec.Struct, frozen=True):
    """The presence in words of the person's or reader's language."""

    short: str
    """At most 20 characters, for a phone's display: ``Möte -14:30``."""
    line: str
    """One line: ``Möte, tillbaka 14:30``."""
    sentence: str
    """``Anna Berg är i möte och är tillbaka klockan 14.30.``"""


class View(msgspec.Struct, frozen=True):
    """What one audience is told about one person now. Times are UTC seconds or None."""

    person: str
    revision: int
    availability: Availability
    activity: str | None
    role: str | None
    since: int | None
    until: int | None
    returns_at: int | None
    reachable_at: int | None
    note: str | None
    next: NextView | None
    origin: Origin | None
    set_by: str | None
    set_at: int | None
    line: LineView | None
    diversion: DiversionView | None
    texts: Texts
    stale_since: int | None
    booking_until: int | None
    """End of a booking that runs now (the lit calendar), also where something else wins."""
    audience: Audience
    level: Level


class SegmentView(msgspec.Struct, frozen=True):
    """One stretch of a timeline as one audience may see it."""

    start: int
    end: int
    availability: Availability
    activity: str | None
    role: str | None
    note: str | None
    origin: Origin | None
    booking: BookingView | None


class BookingView(msgspec.Struct, frozen=True):
    """The booking behind a segment, where the audience may know it."""

    subject: str | None
    categories: tuple[str, ...]
    show_as: str
    recurring: bool
    all_day: bool
    private: bool = False
    """Marked private or confidential: its text is not kept, so there is none to tell."""
