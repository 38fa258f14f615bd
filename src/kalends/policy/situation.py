"""One booking in front of the rules: whose it is, how it shows, when it is.

Place in the flow: *booking + person → situation → rules → judgement*. POLICY section 1: foreign
invitations do not command.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from kalends.model.booking import Booking, Response, ShowAs
from kalends.model.times import Interval
from kalends.policy.localtime import wall_clock

if TYPE_CHECKING:
    from kalends.policy.person import PersonPolicy


class Standing(IntEnum):
    """How much a booking may command; higher is more."""

    FOREIGN = 0
    """Organized outside, or not accepted: counts by its show-as alone."""
    INSIDE = 1
    """Organized inside the organization and accepted: codes and words count."""
    OWN = 2
    """The person's own: marks count too."""


class Situation:
    """What rules look at, but for the text (``gist``)."""

    __slots__ = ("_clock", "booking", "interval", "person", "show_as", "standing")

    def __init__(
        self,
        person: PersonPolicy,
        booking: Booking,
        interval: Interval,
        show_as: ShowAs,
        standing: Standing,
    ) -> None:
        self.person = person
        self.booking = booking
        self.interval = interval
        self.show_as = show_as
        """As it counts: an unanswered invitation is tentative, whatever its sender wrote."""
        self.standing = standing
        self._clock: tuple[int, int] | None = None

    @property
    def clock(self) -> tuple[int, int]:
        """Return local weekday and minute of the start."""
        if self._clock is None:
            self._clock = wall_clock(self.interval.start, self.person.zone)
        return self._clock

    @property
    def private(self) -> bool:
        """Tell whether others may know nothing but its times."""
        return self.booking.private


Test = Callable[[Situation], bool]
"""One condition of a rule, compiled."""


def counted_as(person: PersonPolicy, booking: Booking) -> ShowAs:
    """Return the show-as a booking counts with."""
    if booking.response not in OPEN or booking.show_as is _FREE:
        # What shows as free stays free: an unanswered invitation does not take up time.
        return booking.show_as
    return _UNANSWERED[person.settings.unanswered]


# Names of a module are found ten times as fast as members of an enumeration.
_FREE: Final = ShowAs.FREE
_ANSWER_OWN: Final = Response.OWN
_OWN: Final = Standing.OWN
OPEN: Final = (Response.UNANSWERED, Response.TENTATIVE)
"""Answers that are none yet."""
_UNANSWERED: Final = {
    "tentative": ShowAs.TENTATIVE,
    "busy": ShowAs.BUSY,
    "free": ShowAs.FREE,
    "ignore": ShowAs.TENTATIVE,  # never asked: such a booking does not count
}


def standing(person: PersonPolicy, booking: Booking) -> Standing:
    """Return how much a booking may command."""
    if booking.gist is not None:
        return Standing(booking.gist.standing)
    organizer, response = booking.organizer, booking.response
    if response is _ANSWER_OWN and (not organizer or not person.emails):
        return _OWN
    if organizer in person.emails:
        return _OWN
    if organizer.rpartition("@")[2] not in person.domains:
        return Standing.FOREIGN
    if response is Response.OWN:
        return Standing.OWN  # an alias, or a secretary booked it
    return Standing.INSIDE if response is Response.ACCEPTED else Standing.FOREIGN


def is_outside(person: PersonPolicy, booking: Booking, own: Standing) -> bool:
    """Tell whether somebody outside the organization organizes a booking."""
    if booking.gist is not None:
        return booking.gist.outside
    return own is not Standing.OWN and booking.organizer.rpartition("@")[2] not in person.domains
