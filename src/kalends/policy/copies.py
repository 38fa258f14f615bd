"""The same meeting in several calendars of one person counts once. POLICY, DESIGN section 6.

Two bookings of different calendars are *copies* when they cover the same time and have the same
identity or the same subject. One of them speaks, the others are left out. Where they disagree the
person's own word goes first: a refusal, then an own booking, an acceptance, a tentative answer,
none; among equals the one that can be read, the one not shown as free (unknown is not free), then
the calendar that is listed first. A cancelled copy says nothing: the others count until their
calendars know better. Bookings that merely overlap are no copies; precedence settles those.

A private booking is a copy by its identity alone: its subject is not kept (``gist``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from kalends.model.booking import Booking, Response, ShowAs
from kalends.policy.subject import without_prefixes

if TYPE_CHECKING:
    from kalends.policy.person import PersonPolicy
    from kalends.policy.timeline import CalendarFacts

Copy = tuple[int, str, int]
"""Place of the calendar, uid, start: names one booking among all."""

_FIRMNESS: Final = {
    Response.DECLINED: 0,
    Response.OWN: 1,
    Response.ACCEPTED: 2,
    Response.TENTATIVE: 3,
    Response.UNANSWERED: 4,
}


def superseded(person: PersonPolicy, calendars: Sequence[CalendarFacts]) -> frozenset[Copy]:
    """Return the bookings for which a copy in another calendar speaks."""
    groups: dict[object, list[tuple[int, int, Booking]]] = {}
    for place, calendar in enumerate(calendars):
        for booking in calendar.bookings:
            if not booking.cancelled:
                _join(groups, person, place, booking)
    silent: set[Copy] = set()
    for group in {id(group): group for group in groups.values()}.values():
        if len(group) > 1:
            speaker = min(group, key=_precedence)
            silent.update(
                (place, booking.uid, start)
                for place, start, booking in group
                if place != speaker[0]
            )
    return frozenset(silent)


def _join(
    groups: dict[object, list[tuple[int, int, Booking]]],
    person: PersonPolicy,
    place: int,
    booking: Booking,
) -> None:
    start, end = booking.interval(person.zone)
    keys: list[object] = [("uid", booking.uid, start, end)]
    if booking.subject and not booking.private:
        text = without_prefixes(booking.subject, person.meaning.codes).folded
        keys.append(("subject", text, start, end))
    group = next((groups[key] for key in keys if key in groups), None)
    if group is None:
        group = []
    for key in keys:
        groups.setdefault(key, group)
    group.append((place, start, booking))


def _precedence(copy: tuple[int, int, Booking]) -> tuple[int, bool, bool, int, str]:
    place, _, booking = copy
    return (
        _FIRMNESS[booking.response],
        not (booking.subject or (booking.gist is not None and booking.gist.titled)),
        booking.show_as is ShowAs.FREE,
        place,
        booking.uid,
    )
