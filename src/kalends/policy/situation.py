"""One booking in front of the rules: whose it is, how it shows, what its text says.

Place in the flow: *booking + person → situation → rules → judgement*. POLICY section 1: foreign
invitations do not command.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING

from kalends.model.booking import Booking, Response, Sensitivity, ShowAs
from kalends.model.times import Interval
from kalends.policy.localtime import wall_clock
from kalends.policy.subject import Subject

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
    """What rules look at."""

    __slots__ = ("_clock", "booking", "interval", "person", "show_as", "standing", "subject")

    def __init__(
        self,
        person: PersonPolicy,
        booking: Booking,
        interval: Interval,
        show_as: ShowAs,
        standing: Standing,
        subject: Subject,
    ) -> None:
        self.person = person
        self.booking = booking
        self.interval = interval
        self.show_as = show_as
        """As it counts: an unanswered invitation is tentative, whatever its sender wrote."""
        self.standing = standing
        self.subject = subject
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
        return is_private(self.booking)


Test = Callable[[Situation], bool]
"""One condition of a rule, compiled."""


def is_private(booking: Booking) -> bool:
    """Tell whether the owner marked a booking private or confidential."""
    return booking.sensitivity in _PRIVATE


_PRIVATE = (Sensitivity.PRIVATE, Sensitivity.CONFIDENTIAL)


def standing(person: PersonPolicy, booking: Booking) -> Standing:
    """Return how much a booking may command."""
    organizer, response = booking.organizer, booking.response
    if response is Response.OWN and (not organizer or not person.emails):
        return Standing.OWN
    if organizer in person.emails:
        return Standing.OWN
    if organizer.rpartition("@")[2] not in person.domains:
        return Standing.FOREIGN
    if response is Response.OWN:
        return Standing.OWN  # an alias, or a secretary booked it
    return Standing.INSIDE if response is Response.ACCEPTED else Standing.FOREIGN
