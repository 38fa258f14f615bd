"""What one booking means: does it count, as which activity, in which role, and why.

Place in the flow: *booking → judgement → timeline*; ``explain`` shows a judgement as it is.
POLICY sections 1 and 2. ``gist`` hears the text, ``outcome`` settles what follows; here both are
joined, and what follows is remembered, for thousands of bookings say the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace

from kalends.model.booking import Booking, Gist, Response, ShowAs
from kalends.model.times import Interval
from kalends.policy.gist import UNREAD, hear
from kalends.policy.judgement import Judgement, refused
from kalends.policy.outcome import Heard, weighed
from kalends.policy.situation import (
    OPEN,
    Situation,
    Standing,
    counted_as,
    is_outside,
    standing,
)

if TYPE_CHECKING:
    from kalends.policy.person import PersonPolicy
    from kalends.policy.subject import Subject


class Settled(NamedTuple):
    """A judgement without anything somebody wrote: shared by everybody with the same meaning."""

    judgement: Judgement
    told: bool
    """What somebody wrote is to become the note."""
    by_code: bool
    """That is what stands behind the code."""


def judge(person: PersonPolicy, calendar: str, booking: Booking) -> Judgement:
    """Return what a booking of ``calendar`` (``source/name``) means to the person."""
    start, end = booking.interval(person.zone)
    return judge_at(person, booking, start, end)


def judge_at(person: PersonPolicy, booking: Booking, start: int, end: int) -> Judgement:
    """Judge a booking whose interval is known."""
    response = booking.response
    if person.opted_out or booking.cancelled or response is _DECLINED:
        return refused(booking, _why_not(person, booking))
    if response in OPEN and person.settings.unanswered == "ignore":
        return refused(booking, "unanswered")
    own = standing(person, booking)
    show_as = counted_as(person, booking) if response in OPEN else booking.show_as
    gist, subject = booking.gist, UNREAD
    if gist is None:
        gist, subject = hear(person, booking, own, show_as)
    if gist.leave_out:
        return refused(booking, "left-out")
    if person.meaning.timeless:
        settled = _settled(person, booking, gist, own, show_as)
    else:
        at = Situation(person, booking, Interval(start, end), show_as, own)
        settled = _weighed(at, gist)
    return _noted(person, booking, subject, settled) if settled.told else settled.judgement


_DECLINED: Final = Response.DECLINED


def _why_not(person: PersonPolicy, booking: Booking) -> str:
    """Return why a booking cannot count whatever the rules say."""
    if person.opted_out:
        return "opted-out"
    return "cancelled" if booking.cancelled else "declined"


def _settled(
    person: PersonPolicy, booking: Booking, gist: Gist, own: Standing, show_as: ShowAs
) -> Settled:
    """Return what follows where no rule looks at the time: everything else it may look at is
    the key under which it is remembered."""
    meaning = person.meaning
    key = (
        gist,
        show_as,
        own,
        booking.sensitivity,
        booking.response,
        booking.all_day,
        booking.recurring,
        meaning.asks_organizer and is_outside(person, booking, own),
        person.auto_return,
    )
    settled = meaning.kept.get(key)
    if settled is None:
        if len(meaning.kept) >= _KEPT:
            meaning.kept.clear()
        at = Situation(person, booking, _NO_TIME, show_as, own)
        settled = meaning.kept[key] = _weighed(at, gist)
    return settled


_NO_TIME: Final = Interval(0, 0)
_KEPT: Final = 4096
"""Kept outcomes of one meaning; a few dozen occur."""


def _weighed(at: Situation, gist: Gist) -> Settled:
    """Ask every rule, and settle what was left open."""
    said = gist.rules
    rules = [
        rule
        for rule in at.person.meaning.rules
        if (rule.reads is None or rule.key in said) and rule.holds(at)
    ]
    heard = Heard(rules, gist)
    found = weighed(at, heard)
    told = found.counts and found.marked and not (found.note or found.private or gist.hide)
    by_code = heard.by_code
    return Settled(found, told and (by_code or at.person.settings.description_note), by_code)


def _noted(person: PersonPolicy, booking: Booking, subject: Subject, settled: Settled) -> Judgement:
    """Return the judgement with what somebody wrote as its note."""
    text = subject.tail if settled.by_code else ""
    if not text and person.settings.description_note:
        text = booking.description
    return replace(settled.judgement, note=one_line(text)) if text else settled.judgement


def one_line(text: str) -> str:
    """Return a note as one line of at most 255 characters, without control characters."""
    text = text[:255]
    if not text.isprintable():
        text = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(text.split())
