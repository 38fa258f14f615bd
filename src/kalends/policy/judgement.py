"""What a booking means: the one value that judges make and layout reads.

Place in the flow: *booking → judgement → timeline*; ``explain`` shows a judgement as it is.
"""

from __future__ import annotations

import msgspec

from kalends.model.booking import Booking
from kalends.model.vocabulary import Availability, Level


class Judgement(msgspec.Struct, frozen=True, gc=False):
    """What a booking means to its owner."""

    counts: bool
    because: tuple[str, ...]
    """Ids of the rules that decided, in order; and why it does not count, where it does not:
    ``opted-out``, ``cancelled``, ``declined``, ``unanswered``, ``left-out``, ``ignored``,
    ``unmarked``, ``free``; ``forward-refused`` where a forward mark's number is not listed."""
    activity: str = ""
    """Empty: it decides none (a booking that only gives a role)."""
    role: str = ""
    """Empty: no rule decided one."""
    availability: Availability = Availability.AVAILABLE
    priority: int = 0
    note: str = ""
    note_level: Level = Level.SUBJECT
    cap: Level | None = None
    divert: bool = False
    route: str = ""
    auto_return: bool = True
    private: bool = False
    sensitive: bool = False
    marked: bool = False
    """A rule's code, word or category, or a mark, asked for it."""
    faint: bool = False
    """Its show-as alone says available: it never hides a booking that says otherwise."""
    rule: str = ""
    """What decided the activity: a rule's id, ``pack:sv:lunch``, ``code:meeting``,
    ``show-as:busy``."""
    role_rule: str = ""


def refused(booking: Booking, why: str, because: tuple[str, ...] = ()) -> Judgement:
    """Return the judgement of a booking that does not count."""
    return Judgement(False, (*because, why), private=booking.private)
