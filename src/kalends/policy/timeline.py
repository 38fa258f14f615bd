"""Bookings laid out in time: who wins where several overlap. POLICY sections 2 and 3.

Place in the flow: *bookings of all calendars → judgements → timeline*. Precedence, highest
first:

1. an all-day booking shown as free never hides anything else;
2. a booking whose show-as alone says available never hides one that says otherwise (nobody
   becomes free in a meeting because an outsider invited him to something else);
3. priority; timed before all-day before an automatic reply; later start; shorter; the smaller
   identity (``source/calendar/uid``).

What loses by 2, and an all-day booking that leaves the person available ("working at home"), is
laid out within the work hours only: neither an invitation nor a place makes anybody available at
night.

Activity and role are two layouts of the same bookings, laid over each other. Where no booking
says anything the schedule speaks, if the person has one; where that is silent too there is no
segment. Laying out is a sweep over starts and ends, O(n log n).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from operator import attrgetter
from typing import Final

import msgspec

from kalends.model.booking import Booking, ShowAs
from kalends.model.person import WorkHours
from kalends.model.presence import Timeline
from kalends.model.times import FOREVER, Interval, day_start
from kalends.model.vocabulary import Availability
from kalends.policy.copies import superseded
from kalends.policy.judge import judge_at
from kalends.policy.judgement import Judgement
from kalends.policy.layout import (
    ALL_DAY,
    REPLY,
    TIMED,
    Claim,
    acted,
    filled,
    laid_out,
    within_work,
    won,
)
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
    today = local_day(now, person.zone)
    plan = plan_of(person, calendars)
    horizon = min((calendar.window_end for calendar in calendars), default=FOREVER)
    day_end = day_start(today + timedelta(days=1), person.zone)
    if plan is None:
        segments = laid_out(doing)
    else:
        last, horizon = _sight(person, today, horizon)
        schedule = plan.schedule(today, last, person.zone)
        if any(claim.yields for claim in claims):
            doing = within_work(doing, schedule.off)
        segments, day_end = filled(laid_out(doing), schedule.off), schedule.day_end(now)
    if acting:
        segments = acted(segments, acting)
    over = 0
    while over < len(segments) and segments[over].end <= now:
        over += 1
    return Timeline(tuple(segments[over:] if over else segments), horizon, day_end)


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


def _claims(person: PersonPolicy, calendars: Sequence[CalendarFacts], now: int) -> list[Claim]:
    """Return what counts and has not ended."""
    if person.opted_out:
        return []
    copies = superseded(person, calendars) if len(calendars) > 1 else frozenset()
    replies = person.settings.automatic_replies
    claims: list[Claim] = []
    for place, calendar in enumerate(calendars):
        silent = frozenset((uid, start) for at, uid, start in copies if at == place)
        _claim(claims, person, calendar, now, silent)
        reply = calendar.automatic_reply
        if reply is not None and reply[1] > max(now, reply[0]) and replies:
            claims.append(_reply(person, Interval(*reply)))
    return claims


def _claim(
    claims: list[Claim],
    person: PersonPolicy,
    calendar: CalendarFacts,
    now: int,
    silent: frozenset[tuple[str, int]],
) -> None:
    """Append what counts in one calendar; for ``silent`` bookings another calendar speaks.

    Occurrences of a series are judged once, but where a rule looks at the time.
    """
    prefix, zone, timeless = f"{calendar.name}/", person.zone, person.meaning.timeless
    series: dict[object, Judgement] = {}
    for booking in calendar.bookings:
        all_day = booking.all_day
        start, end = booking.interval(zone) if all_day else (booking.start, booking.end)
        if end <= now or end <= start or (silent and (booking.uid, start) in silent):
            continue
        if booking.recurring and timeless:
            said = _said(booking)
            judgement = series.get(said)
            if judgement is None:
                judgement = series[said] = judge_at(person, booking, start, end)
        else:
            judgement = judge_at(person, booking, start, end)
        if judgement.counts:
            kind, pale = (ALL_DAY, booking.show_as is _FREE) if all_day else (TIMED, False)
            claims.append(Claim(start, end, judgement, prefix + booking.uid, kind, pale))


_FREE: Final = ShowAs.FREE


def _said(booking: Booking) -> tuple[object, ...]:
    """Return everything of a recurring booking that a judgement may look at, but its time."""
    return (
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
