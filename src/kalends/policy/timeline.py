"""Bookings laid out in time: who wins where several overlap. POLICY sections 2 and 3.

Place in the flow: *bookings of all calendars → judgements → timeline*. Precedence, highest
first:

1. an all-day booking shown as free never hides anything else;
2. a booking whose show-as alone says available never hides one that says otherwise (nobody
   becomes free in a meeting because an outsider invited him to something else);
3. priority; timed before all-day before an automatic reply; later start; shorter; the smaller
   identity (``source/calendar/uid``).

Activity and role are two layouts of the same bookings, laid over each other. Where no booking
says anything the schedule speaks, if the person has one; where that is silent too there is no
segment. Laying out is a sweep over starts and ends, O(n log n).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from operator import attrgetter

import msgspec

from kalends.model.booking import Booking, ShowAs
from kalends.model.person import WorkHours
from kalends.model.presence import Timeline
from kalends.model.times import FOREVER, Interval, day_start
from kalends.model.vocabulary import Availability
from kalends.policy.copies import superseded
from kalends.policy.judge import Judgement, judge_at
from kalends.policy.layout import ALL_DAY, REPLY, TIMED, Claim, acted, filled, laid_out, won
from kalends.policy.localtime import local_day
from kalends.policy.person import PersonPolicy
from kalends.policy.workhours import OUTLOOK_DAYS, WeekPlan


class CalendarFacts(msgspec.Struct, frozen=True):
    """What one calendar of a person says."""

    name: str
    """``source/name``."""
    bookings: tuple[Booking, ...]
    window_end: int
    """UTC seconds up to which the calendar has been read."""
    work_hours: WorkHours | None = None
    """As the calendar system tells them."""
    automatic_reply: Interval | None = None
    """While the calendar system answers mail by itself."""


def build_timeline(person: PersonPolicy, calendars: Sequence[CalendarFacts], now: int) -> Timeline:
    """Return the person's timeline from ``now`` on.

    What ended at or before ``now`` takes no part; what runs begins where it began. Whoever
    catches up passes the last moment visited, so that ends still to be visited are found.
    """
    claims = sorted(_claims(person, calendars, now), key=attrgetter("start"))
    doing = won([claim for claim in claims if claim.judgement.activity])
    acting = won([claim for claim in claims if claim.judgement.role])
    segments = laid_out(doing)
    today = local_day(now, person.zone)
    plan = plan_of(person, calendars)
    horizon = min((calendar.window_end for calendar in calendars), default=FOREVER)
    day_end = day_start(today + timedelta(days=1), person.zone)
    if plan is not None:
        last, horizon = _sight(person, today, horizon)
        schedule = plan.schedule(today, last, person.zone)
        segments, day_end = filled(segments, schedule.off), schedule.day_end(now)
    if acting:
        segments = acted(segments, acting)
    return Timeline(tuple(each for each in segments if each.end > now), horizon, day_end)


def plan_of(person: PersonPolicy, calendars: Iterable[CalendarFacts]) -> WeekPlan | None:
    """Return the work hours in force: the record's, a calendar's, the department's or the
    organization's; None: nobody told any."""
    if person.own_hours is not None:
        return person.own_hours
    if not person.opted_out:
        for calendar in calendars:
            if calendar.work_hours is not None:
                return person.policy.plan(calendar.work_hours, person.holidays)
    return person.shared_hours


def _sight(person: PersonPolicy, today: date, known: int) -> tuple[date, int]:
    """Return the last local day of the schedule, and up to where the timeline knows."""
    ahead = today + timedelta(days=OUTLOOK_DAYS)
    horizon = min(known, day_start(ahead + timedelta(days=1), person.zone))
    return max(today, local_day(horizon - 1, person.zone)), horizon


def _claims(person: PersonPolicy, calendars: Sequence[CalendarFacts], now: int) -> Iterator[Claim]:
    """Yield what counts and has not ended."""
    if person.opted_out:
        return
    zone, judged = person.zone, _judging(person)
    replies = person.settings.automatic_replies
    copies = superseded(person, calendars) if len(calendars) > 1 else frozenset()
    for place, calendar in enumerate(calendars):
        prefix = f"{calendar.name}/"
        for booking in calendar.bookings:
            if booking.end <= now and not booking.all_day:
                continue
            interval = booking.interval(zone)
            if interval[1] <= now or interval[1] <= interval[0]:
                continue
            if copies and (place, booking.uid, interval.start) in copies:
                continue
            judgement = judged(booking, interval)
            if judgement.counts:
                all_day = booking.all_day
                yield Claim(
                    interval[0],
                    interval[1],
                    judgement,
                    prefix + booking.uid,
                    ALL_DAY if all_day else TIMED,
                    all_day and booking.show_as is ShowAs.FREE,
                )
        reply = calendar.automatic_reply
        if reply is not None and reply[1] > max(now, reply[0]) and replies:
            yield _reply(person, Interval(*reply))


def _judging(person: PersonPolicy) -> Callable[[Booking, Interval], Judgement]:
    """Return a judge for one build: occurrences of a series are judged once.

    Where a rule looks at the time, each occurrence is a case of its own.
    """
    if not person.meaning.timeless:
        return partial(judge_at, person)
    known: dict[tuple[object, ...], Judgement] = {}

    def judged(booking: Booking, interval: Interval) -> Judgement:
        if not booking.recurring:
            return judge_at(person, booking, interval)
        facts = (
            booking.subject,
            booking.show_as,
            booking.response,
            booking.organizer,
            booking.sensitivity,
            booking.all_day,
            booking.cancelled,
            booking.categories,
            booking.description,
            booking.gist,
        )
        judgement = known.get(facts)
        if judgement is None:
            judgement = known[facts] = judge_at(person, booking, interval)
        return judgement

    return judged


def _reply(person: PersonPolicy, interval: Interval) -> Claim:
    """Return the claim of an automatic reply: away, below every booking that says as much."""
    activity = "out-of-office"
    judgement = Judgement(
        True,
        ("automatic-reply",),
        activity,
        availability=Availability.AWAY,
        cap=person.policy.cap(activity),
        divert=person.settings.divert == "all",
        sensitive=activity in person.policy.sensitive,
        rule="automatic-reply",
    )
    return Claim(interval.start, interval.end, judgement, "", REPLY)
