"""The true calendars of a small organization, how people edit them, and what follows: the oracle.

The oracle is computed from the truth by rules written down here a second time, minute by minute,
without a line of the product's policy or presence.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from kalends.model.booking import Booking, Response, ShowAs

MINUTE = 60
HOUR = 3600
DAY = 86_400


@dataclass(slots=True)
class TrueCalendar:
    """One person's calendar as it really is; changed by ``put`` and ``remove`` alone."""

    bookings: dict[str, Booking] = field(default_factory=dict)
    version: int = 0
    _hours: dict[int, dict[str, Booking]] = field(default_factory=dict)
    """What touches each hour: a month is not walked for every look at one moment."""

    def put(self, booking: Booking) -> None:
        """Add or change a booking."""
        before = self.bookings.get(booking.uid)
        if before is not None:
            self._strike(before)
        self.bookings[booking.uid] = booking
        for hour in _hours(booking):
            self._hours.setdefault(hour, {})[booking.uid] = booking
        self.version += 1

    def remove(self, uid: str) -> None:
        """Delete a booking."""
        self._strike(self.bookings.pop(uid))
        self.version += 1

    def tidy(self, now: int) -> None:
        """Forget what is over, which nobody reads any more: no change."""
        over = [one for one in self.bookings.values() if one.end <= now]
        for one in over:
            self._strike(self.bookings.pop(one.uid))

    def running(self, now: int) -> list[Booking]:
        """Return the bookings that run at a moment, whatever they count."""
        touching = self._hours.get(now // HOUR, {})
        return [one for one in touching.values() if one.start <= now < one.end]

    def boundaries(self, after: int, until: int) -> set[int]:
        """Return when bookings begin and end in ``(after, until]``."""
        hours = range(after // HOUR, until // HOUR + 1)
        touching = [one for hour in hours for one in self._hours.get(hour, {}).values()]
        return {at for one in touching for at in (one.start, one.end) if after < at <= until}

    def _strike(self, booking: Booking) -> None:
        for hour in _hours(booking):
            touching = self._hours[hour]
            del touching[booking.uid]
            if not touching:
                del self._hours[hour]


@dataclass(frozen=True, slots=True)
class ByHand:
    """A manual presence as it was set."""

    availability: str
    until: int


@dataclass(slots=True)
class World:
    """Everybody's truth."""

    people: list[str]
    calendars: dict[str, TrueCalendar]
    by_hand: dict[str, ByHand] = field(default_factory=dict)

    @classmethod
    def of(cls, count: int) -> World:
        """Return ``count`` people with empty calendars."""
        people = [f"p{number:04d}" for number in range(count)]
        return cls(people, {person: TrueCalendar() for person in people})

    def oracle(self, person: str, now: int) -> str:
        """Return what a person's availability is at ``now``, from the truth alone."""
        hand = self.by_hand.get(person)
        if hand is not None and now < hand.until:
            return hand.availability
        running = [one for one in self.calendars[person].running(now) if _counts(one)]
        if not running:
            return "available"
        winner = max(running, key=lambda one: (one.start, -(one.end - one.start)))
        return {"busy": "busy", "oof": "away"}[winner.show_as.value]

    def busy(self, person: str, now: int) -> bool:
        """Tell whether a booking of somebody's runs, whatever it counts."""
        return bool(self.calendars[person].running(now))

    def forget_ended_by_hand(self, now: int) -> None:
        """A state set by hand that has ended does not come back when the clock is set back."""
        self.by_hand = {who: hand for who, hand in self.by_hand.items() if now < hand.until}


def _hours(booking: Booking) -> Iterable[int]:
    """Return the hours a booking touches, its end among them."""
    return range(booking.start // HOUR, booking.end // HOUR + 1)


def _counts(booking: Booking) -> bool:
    return not booking.cancelled and booking.response is not Response.DECLINED


def fill(world: World, chance: random.Random, start: int, days: int) -> None:
    """Give everybody a plausible calendar."""
    for person in world.people:
        for day in range(days):
            for number in range(chance.randrange(0, 5)):
                world.calendars[person].put(
                    a_booking(chance, f"{person}-{day}-{number}", start + day * DAY)
                )


def meet(world: World, chance: random.Random, start: int, days: int) -> None:
    """Let many have the same meetings, that a crowd changes in one second."""
    for number in range(days * 3):
        begins = start + number // 3 * DAY + (9, 13, 16)[number % 3] * HOUR
        booking = Booking(f"meeting-{number}", begins, begins + HOUR, show_as=ShowAs.BUSY)
        for person in chance.sample(world.people, len(world.people) * 2 // 5):
            world.calendars[person].put(booking)


def a_booking(chance: random.Random, uid: str, day: int) -> Booking:
    """Return a booking within a day; starts and ends differ by seconds, so that no two tie."""
    start = day + chance.randrange(6 * 60, 20 * 60) * MINUTE + chance.randrange(60)
    end = start + chance.randrange(10, 180) * MINUTE + chance.randrange(60)
    return Booking(
        uid,
        start,
        end,
        show_as=chance.choice((ShowAs.BUSY, ShowAs.BUSY, ShowAs.OOF)),
        subject=f"canary {uid}",
        response=chance.choice((Response.OWN, Response.ACCEPTED, Response.DECLINED)),
        cancelled=chance.random() < 0.05,
    )


def edit(
    world: World,
    chance: random.Random,
    now: int,
    *,
    running: bool = False,
    among: Sequence[str] = (),
) -> str:
    """Change one booking of somebody, as people do; return whose.

    ``running``: of somebody who has one just now, where there is anybody; ``among``: of one of
    these.
    """
    whoever = among or world.people
    people = [one for one in whoever if world.busy(one, now)] if running else []
    person = chance.choice(people or whoever)
    calendar = world.calendars[person]
    ahead = [uid for uid, one in calendar.bookings.items() if one.end > now + MINUTE]
    what = chance.random()
    if what < 0.5 or not ahead:
        day = now - now % DAY + chance.randrange(0, 2) * DAY
        booking = a_booking(chance, f"{person}-x{calendar.version}", day)
        if booking.end > now + MINUTE:
            calendar.put(booking)
    elif what < 0.75:
        calendar.remove(chance.choice(ahead))
    else:
        old = calendar.bookings[chance.choice(ahead)]
        shift = chance.randrange(-60, 120) * MINUTE
        if old.end + shift > now + MINUTE:
            calendar.put(_moved(old, shift))
    return person


def _moved(booking: Booking, shift: int) -> Booking:
    return msgspec.structs.replace(booking, start=booking.start + shift, end=booking.end + shift)
