"""Manual presence: words a person, attendant, feature code or the API says → a stored state.

Place in the flow: *command → manual → stored; presence lets it win while it lasts*. POLICY
section 4. ``until`` is a time, ``booking-end``, ``next-booking``, ``workday-end`` or ``cleared``;
absent: the activity's default duration, else ``workday-end``; for ``available``: ``booking-end``,
and where no booking runs, whatever comes first of the next booking and the end of the working
day (so that nobody stays "available" through tomorrow's meetings).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from typing import Final

from kalends.errors import UserError
from kalends.model.presence import Manual, Segment, Timeline, Until
from kalends.model.times import FOREVER, day_start, seconds
from kalends.model.vocabulary import Availability, Origin
from kalends.policy.judge import one_line
from kalends.policy.localtime import local_day, moment
from kalends.policy.person import PersonPolicy

_CLOCK: Final = re.compile(r"^(\d{1,2})[:.]?(\d\d)$")
_ENDS: Final = (Until.BOOKING_END, Until.NEXT_BOOKING, Until.WORKDAY_END, Until.CLEARED)


def manual(
    person: PersonPolicy,
    timeline: Timeline,
    *,
    activity: str,
    until: str | None,
    availability: str | None,
    role: str | None,
    note: str | None,
    set_by: str,
    now: int,
) -> Manual:
    """Return the state to store.

    ``until`` may also be written as RFC 3339 (``2026-03-02T14:30:00Z``; without a zone: the
    person's), as ``14:30`` or ``1430`` (the next time the person's clock shows it) or as a day
    (``2026-03-09``: until that day begins). Raises ``UserError`` on unknown words and past times.
    """
    policy = person.policy
    known = policy.vocabulary
    doing = _word("activity", activity, known.activities)
    spec = known.activities[doing]
    end, kind = _end(person, timeline, doing, until, now)
    return Manual(
        availability=_availability(availability, spec.availability),
        activity=doing,
        role=_word("role", role, known.roles) if role else _ordinary_role(doing),
        until=end,
        kind=kind,
        note=one_line(note or ""),
        set_by=set_by,
        set_at=now,
        divert=True,
        cap=spec.disclosure,
        sensitive=doing in policy.sensitive,
    )


def _ordinary_role(activity: str) -> str:
    return "private" if activity == "off-work" else "work"


def _word(kind: str, word: str, known: Iterable[str]) -> str:
    """Return a word of the vocabulary; raises ``UserError`` naming the nearest one."""
    words = [str(each) for each in known]
    plain = word.strip().lower()
    if plain in words:
        return plain
    near = get_close_matches(plain, words, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise UserError(f"There is no {kind} {word!r}.{hint} Known: {', '.join(words)}.")


def _availability(word: str | None, usual: Availability) -> Availability:
    if word is None:
        return usual
    return Availability(_word("availability", word, Availability))


def _end(
    person: PersonPolicy, timeline: Timeline, activity: str, until: str | None, now: int
) -> tuple[int, Until]:
    if until is None or not until.strip():
        return _usual_end(person, timeline, activity, now)
    word = until.strip().lower()
    if word in {str(each) for each in _ENDS}:
        return _named_end(person, timeline, Until(word), now)
    end = _time(person, until.strip(), now)
    if end <= now:
        raise UserError(f"{until} is past already: give a time that is still to come.")
    if end >= FOREVER:
        raise UserError(f'{until} is too far off: write "cleared" for no end.')
    return end, Until.TIME


def _usual_end(
    person: PersonPolicy, timeline: Timeline, activity: str, now: int
) -> tuple[int, Until]:
    """Return the end where nobody named one."""
    spec = person.policy.vocabulary.activities[activity]
    if spec.default_minutes is not None:
        return now + spec.default_minutes * 60, Until.TIME
    if activity != "available":
        return _named_end(person, timeline, Until.WORKDAY_END, now)
    running = _booking_at(timeline, now)
    if running is not None:
        return _end_of(timeline, running), Until.BOOKING_END
    following = _next_booking(timeline, now)
    end, kind = _named_end(person, timeline, Until.WORKDAY_END, now)
    if following is not None and following.start < end:
        return following.start, Until.NEXT_BOOKING
    return end, kind


def _named_end(
    person: PersonPolicy, timeline: Timeline, kind: Until, now: int
) -> tuple[int, Until]:
    if kind is Until.WORKDAY_END:
        return workday_end(person, timeline, now), kind
    if kind is Until.NEXT_BOOKING:
        following = _next_booking(timeline, now)
        return (FOREVER if following is None else following.start), kind
    if kind is Until.BOOKING_END:
        running = _booking_at(timeline, now)
        if running is None:
            raise UserError(
                "No booking runs now, so booking-end has no end: give a time or next-booking."
            )
        return _end_of(timeline, running), kind
    return FOREVER, kind


def workday_end(person: PersonPolicy, timeline: Timeline, now: int) -> int:
    """Return the end of the person's next working day; without work hours, of the local day.

    The timeline knows it as long as that day lasts, with work hours of the calendar system too.
    """
    if now < timeline.day_end < FOREVER:
        return timeline.day_end
    today = local_day(now, person.zone)
    plan = person.own_hours or person.shared_hours
    if plan is not None:
        end = plan.schedule(today, today + timedelta(days=7), person.zone).day_end(now)
        if end < FOREVER:
            return end
    return day_start(today + timedelta(days=1), person.zone)


def _booking_at(timeline: Timeline, now: int) -> Segment | None:
    for segment in timeline.segments:
        if segment.start <= now < segment.end and segment.origin is Origin.CALENDAR:
            return segment
    return None


def _end_of(timeline: Timeline, running: Segment) -> int:
    """Return where the booking behind a segment ends, over stretches that others cover."""
    return max(
        each.end
        for each in timeline.segments
        if each is running or (each.booking == running.booking and each.booking)
    )


def _next_booking(timeline: Timeline, now: int) -> Segment | None:
    """Return the first stretch of a booking that is still to begin and does not run now."""
    running = _booking_at(timeline, now)
    behind = running.booking if running is not None else None
    for segment in timeline.segments:
        if segment.start > now and segment.origin is Origin.CALENDAR and segment.booking != behind:
            return segment
    return None


def _time(person: PersonPolicy, text: str, now: int) -> int:
    clock = _CLOCK.match(text)
    if clock is not None:
        return _next_clock(person, int(clock[1]) * 60 + int(clock[2]), text, now)
    try:
        if "T" not in text.upper() and " " not in text:
            return day_start(date.fromisoformat(text), person.zone)
        return _moment(person, datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise UserError(
            f"{text!r} is no time: write 14:30, 2026-03-02T14:30, 2026-03-09, booking-end, "
            "next-booking, workday-end or cleared."
        ) from None


def _moment(person: PersonPolicy, when: datetime) -> int:
    if when.tzinfo is not None:
        return seconds(when)
    return moment(when.date(), when.hour * 60 + when.minute, person.zone) + when.second


def _next_clock(person: PersonPolicy, minutes: int, text: str, now: int) -> int:
    """Return the next moment at which the person's clock shows a time of day."""
    if minutes >= 1440 or minutes % 60 != int(text[-2:]):
        raise UserError(f"{text!r} is no time of day: the hours end with 23:59.")
    today = local_day(now, person.zone)
    for ahead in range(3):
        found = moment(today + timedelta(days=ahead), minutes, person.zone)
        if found > now:
            return found
    raise AssertionError("two days have two mornings")  # pragma: no cover
