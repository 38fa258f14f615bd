"""Presence and the facts it follows from: packed values in UTC seconds.

``presence = f(timeline, manual, hold, line state, now)``, see ``kalends.presence``. A timeline
already holds what bookings, policy, work hours and public holidays say.

All structs are arrays when packed: new fields go to the end, with a default.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from kalends.model.times import FOREVER
from kalends.model.vocabulary import Availability, Level, Origin


class Segment(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A half-open stretch of a timeline with one meaning. Where nothing counts there is none."""

    start: int
    end: int
    availability: Availability
    activity: str
    role: str
    origin: Origin = Origin.CALENDAR
    """``calendar`` or ``schedule``."""
    booking: str = ""
    """``calendar-name/uid`` of the booking that gave the activity; empty for the schedule."""
    rule: str = ""
    """What decided: a rule's id, ``pack:sv:meeting``, ``show-as:busy``, ``work-hours`` …"""
    note: str = ""
    note_level: Level = Level.SUBJECT
    """Least level that is told the note."""
    cap: Level | None = None
    """Highest level anybody but the person is told (disclosure of rule or activity)."""
    private: bool = False
    """The booking is private: others are told times only."""
    sensitive: bool = False
    """Told as "absent" to everybody but the person."""
    divert: bool = False
    """Whether call routes may follow it."""
    route: str = ""
    """Where a mark or rule forwards to."""
    auto_return: bool = True
    ends_booking: bool = False
    """The booking really ends here (it is not merely covered by another one)."""
    role_rule: str = ""
    """What decided the role, where it is not ``rule``."""

    @property
    def engages(self) -> bool:
        """Tell whether a booking takes the person here.

        Such a "counting booking" ends a hold and a manual presence until the next booking, and
        lights the calendar. Free bookings (a birthday, working at home) only inform; work hours
        and automatic replies are no bookings. A segment without length takes nobody.
        """
        return (
            self.booking != ""
            and self.availability is not Availability.AVAILABLE
            and self.end > self.start
        )


class Timeline(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A person's future as policy sees it: ordered, non-overlapping segments."""

    segments: tuple[Segment, ...] = ()
    horizon: int = FOREVER
    """What lies behind is not known yet."""
    day_end: int = FOREVER
    """End of the person's next working day, as reckoned when built (``workday-end``)."""


class Until(StrEnum):
    """How a manual presence ends."""

    TIME = "time"
    BOOKING_END = "booking-end"
    NEXT_BOOKING = "next-booking"
    WORKDAY_END = "workday-end"
    CLEARED = "cleared"


class Manual(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A state set by hand. It always wins while it lasts."""

    availability: Availability
    activity: str
    role: str
    until: int
    """UTC seconds; ``FOREVER`` until cleared; for next-booking the start found when it was set."""
    kind: Until
    note: str = ""
    set_by: str = ""
    """The actor that set it: ``person:<id>``, ``account:<name>``, ``token:<name>`` or another
    input's name; ``person:`` alone where the person is protected."""
    set_at: int = 0
    divert: bool = True
    cap: Level | None = None
    sensitive: bool = False


class Hold(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What stays after a booking without auto-return has ended and was forgotten."""

    availability: Availability
    activity: str
    role: str
    since: int
    """End of the booking."""
    returns_at: int
    """Told return time; moves on in steps while the hold lasts."""
    cap: Level | None = None
    sensitive: bool = False
    private: bool = False


class LineState(msgspec.Struct, frozen=True, array_like=True):
    """What the phone says now. Held in memory only; unknown is None, never idle."""

    state: str
    """``idle``, ``ringing``, ``in-call``, ``on-hold``."""
    since: int


class Facts(msgspec.Struct, frozen=True):
    """Everything presence follows from, but for the moment."""

    timeline: Timeline = Timeline()
    manual: Manual | None = None
    hold: Hold | None = None
    line: LineState | None = None


class Reckoning(msgspec.Struct, frozen=True):
    """The organization's settings that composition needs."""

    minimum_gap: int = 600
    """Seconds a gap must last to count as reachable."""
    hold_step: int = 900
    return_time: str = "reachable"
    """``reachable`` or ``booking-end``."""
    line_wins: tuple[Availability, ...] = ()


class Next(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What follows: the next segment that differs from now."""

    start: int
    end: int
    activity: str
    availability: Availability
    private: bool = False
    sensitive: bool = False
    cap: Level | None = None


class Presence(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The composed state now, as the core knows it. Nobody outside sees this: see ``View``."""

    availability: Availability = Availability.AVAILABLE
    activity: str = "available"
    role: str = "work"
    origin: Origin = Origin.DEFAULT
    since: int = 0
    """0: not known."""
    until: int = FOREVER
    """End of the present state; ``FOREVER``: none known."""
    returns_at: int | None = None
    """What callers are told; None when available."""
    reachable_at: int | None = None
    """First minute really reachable; None when reachable now or not known."""
    note: str = ""
    note_level: Level = Level.SUBJECT
    cap: Level | None = None
    private: bool = False
    sensitive: bool = False
    divert: bool = False
    route: str = ""
    next: Next | None = None
    booking: str = ""
    """Booking behind the state (``calendar-name/uid``)."""
    booking_until: int | None = None
    """End of the counting booking that runs now, also where something else wins."""
    rule: str = ""
    set_by: str = ""
    set_at: int = 0
    line: LineState | None = None


class _Apart(msgspec.Struct, frozen=True, array_like=True):
    """A timeline whose segments are still packed, one by one."""

    segments: tuple[msgspec.Raw, ...] = ()
    horizon: int = FOREVER
    day_end: int = FOREVER


LARGE: Final = 1 << 16
"""Bytes from which a value is unpacked part by part: in one go ten thousand bookings stop every
thread of the process for ten milliseconds, the event loop as well."""
_pack = msgspec.msgpack.Encoder()
_apart = msgspec.msgpack.Decoder(_Apart)
_segment = msgspec.msgpack.Decoder(Segment)
_presence = msgspec.msgpack.Decoder(Presence)
_timeline = msgspec.msgpack.Decoder(Timeline)
_manual = msgspec.msgpack.Decoder(Manual)
_hold = msgspec.msgpack.Decoder(Hold)


def pack(value: Presence | Timeline | Manual | Hold) -> bytes:
    """Return the packed form of a hot value."""
    return _pack.encode(value)


def unpack_presence(packed: bytes) -> Presence:
    """Return a packed presence; raises ``msgspec.DecodeError`` on anything else."""
    return _presence.decode(packed)


def unpack_timeline(packed: bytes) -> Timeline:
    """Return a packed timeline; raises ``msgspec.DecodeError`` on anything else."""
    if len(packed) < LARGE:
        return _timeline.decode(packed)
    apart = _apart.decode(packed)
    segments = [_segment.decode(one) for one in apart.segments]
    return Timeline(tuple(segments), apart.horizon, apart.day_end)


def unpack_manual(packed: bytes) -> Manual:
    """Return a packed manual presence; raises ``msgspec.DecodeError`` on anything else."""
    return _manual.decode(packed)


def unpack_hold(packed: bytes) -> Hold:
    """Return a packed hold; raises ``msgspec.DecodeError`` on anything else."""
    return _hold.decode(packed)
