"""Why a person's presence is what it is, or will be: for attendants, the console, the CLI.

For a moment *at*: the presence then, what decided it (the *winner*), what held as well and why
it lost, how old the data is, and the next change. The present and the future can be explained;
of the past nothing is kept. What is told goes through the same rules as a view: ``audiences``.

Beyond those rules, since an explanation names what a view does not:

- a rule's id is told only where the subject is (its name may be telling);
- what does not count (declined, left out by a mark) has a text for the person alone; attendants
  are told that there is such a booking and why it does not count, others nothing;
- names of calendars are told to the person and attendants; the outside is told only the view.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol
from zoneinfo import ZoneInfo

import msgspec

from kalends.errors import Forgotten
from kalends.model.booking import Booking, ShowAs
from kalends.model.presence import Facts, Hold, Presence, Reckoning, Segment
from kalends.model.profile import Profile
from kalends.model.times import FOREVER, rfc3339
from kalends.model.view import BookingView, View
from kalends.model.vocabulary import Audience, Availability, Level, Origin
from kalends.presence.audiences import Lens, Told, level_of, told
from kalends.presence.compose import IN_USE, ON_THE_PHONE
from kalends.presence.course import next_change, steps
from kalends.presence.disclose import ABSENT, booking_view, nothing, told_segment, view
from kalends.presence.stretches import position
from kalends.presence.texts import zone_of

GRACE: Final = 60
"""Seconds by which another clock may lag behind ours when it asks about "now"."""

_KNOW_CALENDARS: Final = frozenset({Audience.SELF, Audience.ATTENDANT})


class Judged(Protocol):
    """What is needed of ``policy.judge.Judgement``."""

    @property
    def counts(self) -> bool:
        """Whether the booking counts."""

    @property
    def because(self) -> tuple[str, ...]:
        """Rules that decided, in order; where it does not count, why."""

    @property
    def activity(self) -> str:
        """What the person does; empty: the booking decides none."""

    @property
    def availability(self) -> Availability:
        """The coarse state."""

    @property
    def priority(self) -> int:
        """Higher wins an overlap."""

    @property
    def faint(self) -> bool:
        """Whether it never hides a booking that says otherwise."""

    @property
    def cap(self) -> Level | None:
        """Highest level anybody but the person is told."""

    @property
    def private(self) -> bool:
        """Whether others are told times only."""

    @property
    def sensitive(self) -> bool:
        """Whether the activity is told as "absent"."""


Judge = Callable[[str, Booking], Judged]
"""(calendar's name, booking) → judgement: ``policy.judge.judge`` for one person."""


class Reading(msgspec.Struct, frozen=True):
    """One calendar as it is known."""

    name: str
    """``source/name``."""
    bookings: tuple[Booking, ...] = ()
    read_at: int | None = None
    stale_since: int | None = None
    health: str = "ok"


class Cause(msgspec.Struct, frozen=True):
    """One fact that holds at the moment, as far as the audience may know it."""

    kind: str
    """``manual``, ``line``, ``hold``, ``booking``, ``automatic-reply``, ``schedule``,
    ``default``, ``unread`` (nothing is known yet), ``undisclosed``."""
    outcome: str
    """Why it won or lost: a key of ``telling``'s ``outcomes``."""
    start: int | None = None
    end: int | None = None
    availability: Availability | None = None
    activity: str | None = None
    booking: BookingView | None = None
    rules: tuple[str, ...] = ()
    set_by: str | None = None


class Age(msgspec.Struct, frozen=True):
    """How old what is known of one calendar is."""

    calendar: str | None
    """``source/name``; None: not told."""
    read_at: int | None
    stale_since: int | None
    health: str


class Explanation(msgspec.Struct, frozen=True):
    """Why it is so. Times are UTC seconds."""

    person: str
    at: int
    view: View
    """The presence at that moment, as the audience is told it."""
    winner: Cause
    losers: tuple[Cause, ...]
    data: tuple[Age, ...]
    next_change_at: int | None
    known: bool
    """False: the moment lies behind the horizon, so that bookings may be missing."""


class _Reader(msgspec.Struct, frozen=True):
    """Who asks, and what may be told to him."""

    audience: Audience
    base: Level
    lens: Lens
    owner: bool

    def may_know(
        self, activity: str, *, cap: Level | None, private: bool = False, sensitive: bool = False
    ) -> Told:
        return told(
            self.base,
            self.audience,
            self.lens,
            activity=activity,
            cap=cap,
            private=private,
            sensitive=sensitive,
            owner=self.owner,
        )

    def tell(self, cause: Cause, known: Told) -> Cause:
        """Return as much of a cause as may be known."""
        if known.level is Level.NOTHING or self.audience is Audience.OUTSIDE:
            return Cause("undisclosed", "undisclosed")
        if known.level is Level.TIMES:
            times = Cause("undisclosed", "undisclosed", cause.start, cause.end)
            return msgspec.structs.replace(
                times, availability=Availability.AWAY if known.generic else cause.availability
            )
        if known.generic:
            return msgspec.structs.replace(
                cause, availability=Availability.AWAY, activity=ABSENT, booking=None, rules=()
            )
        if known.level is Level.ACTIVITY:
            return msgspec.structs.replace(cause, booking=None, rules=())
        return cause


class _Running(msgspec.Struct, frozen=True):
    """A booking that runs at the moment, and what policy makes of it."""

    key: str
    booking: Booking
    start: int
    end: int
    judged: Judged


class _Moment(msgspec.Struct, frozen=True):
    """Everything about the moment that is asked about."""

    at: int
    facts: Facts
    presence: Presence
    segment: Segment | None
    running: tuple[_Running, ...]

    @property
    def leading(self) -> _Running | None:
        """Return the booking behind the segment, where it is at hand."""
        key = "" if self.segment is None else self.segment.booking
        return next((one for one in self.running if one.key == key), None)


def explain(
    facts: Facts,
    reckoning: Reckoning,
    profile: Profile,
    audience: Audience,
    lens: Lens,
    *,
    at: int,
    now: int,
    calendars: Sequence[Reading] = (),
    judge: Judge | None = None,
    before: Presence | None = None,
    revision: int = 0,
    language: str | None = None,
    owner: bool = False,
) -> Explanation:
    """Return why the presence is what it is at ``at`` (UTC seconds), for one audience.

    ``before`` is the stored presence, ``judge`` what policy thinks of a booking; without it the
    bookings that lost are not told. Raises ``Forgotten`` for a moment that has passed.
    """
    _refuse_the_past(at, now)
    zone = zone_of(profile.timezone or lens.timezone)
    moment = _moment(facts, reckoning, now, max(at, now), before, _judged(calendars, judge, zone))
    reader = _Reader(audience, level_of(profile, audience, lens), lens, owner)
    shown = view(
        moment.presence,
        profile,
        audience,
        lens,
        revision=revision,
        stale_since=min((c.stale_since for c in calendars if c.stale_since), default=None),
        now=moment.at,
        language=language,
        owner=owner,
    )
    ahead = next_change(moment.facts, moment.presence, reckoning, moment.at)
    open_ = reader.base is not Level.NOTHING and audience is not Audience.OUTSIDE
    return Explanation(
        person=profile.person,
        at=moment.at,
        view=shown,
        winner=_winner(moment, reader),
        losers=tuple(filter(_tells, _losers(moment, reader))) if open_ else (),
        data=tuple(_age(calendar, audience) for calendar in calendars) if open_ else (),
        next_change_at=ahead if open_ else None,
        known=moment.at < facts.timeline.horizon,
    )


def unread(
    profile: Profile,
    audience: Audience,
    lens: Lens,
    *,
    at: int,
    now: int,
    calendars: Sequence[Reading] = (),
    language: str | None = None,
) -> Explanation:
    """Explain that nothing is known yet of somebody new, now or later (UTC seconds).

    Raises ``Forgotten`` for a moment that has passed.
    """
    _refuse_the_past(at, now)
    open_ = (
        audience is not Audience.OUTSIDE and level_of(profile, audience, lens) is not Level.NOTHING
    )
    return Explanation(
        person=profile.person,
        at=max(at, now),
        view=nothing(profile, audience, lens, revision=0, now=now, language=language),
        winner=Cause("unread", "in-force"),
        losers=(),
        data=tuple(_age(calendar, audience) for calendar in calendars) if open_ else (),
        next_change_at=None,
        known=False,
    )


def _refuse_the_past(at: int, now: int) -> None:
    if at < now - GRACE:
        raise Forgotten(
            f"{rfc3339(at)} has passed: nothing is kept about the past. Ask about now or later."
        )


def _moment(
    facts: Facts,
    reckoning: Reckoning,
    now: int,
    at: int,
    before: Presence | None,
    bookings: Sequence[_Running],
) -> _Moment:
    """Return the moment; what a phone will say later nobody knows."""
    line = facts.line if at == now else None
    given = Facts(facts.timeline, facts.manual, facts.hold, line)
    *_, step = steps(given, reckoning, now, at, before)
    return _Moment(
        at=at,
        facts=Facts(facts.timeline, step.manual, step.hold, line),
        presence=step.presence,
        segment=position(facts.timeline.segments, at).current,
        running=tuple(one for one in bookings if one.start <= at < one.end),
    )


def _judged(calendars: Sequence[Reading], judge: Judge | None, zone: ZoneInfo) -> list[_Running]:
    if judge is None:
        return []
    return [
        _Running(
            f"{calendar.name}/{booking.uid}",
            booking,
            *booking.interval(zone),
            judge(calendar.name, booking),
        )
        for calendar in calendars
        for booking in calendar.bookings
    ]


def _winner(moment: _Moment, reader: _Reader) -> Cause:
    presence, segment = moment.presence, moment.segment
    if presence.origin in {Origin.CALENDAR, Origin.SCHEDULE} and segment is not None:
        return _of_segment(segment, moment, reader, "in-force")
    cause = Cause(
        kind=presence.origin.value,
        outcome="in-force",
        start=presence.since or None,
        end=presence.until if presence.until < FOREVER else None,
        availability=presence.availability,
        activity=presence.activity,
        set_by=presence.set_by or None,
    )
    known = reader.may_know(
        presence.activity,
        cap=presence.cap,
        private=presence.private,
        sensitive=presence.sensitive,
    )
    return reader.tell(cause, known)


def _losers(moment: _Moment, reader: _Reader) -> Iterator[Cause]:
    """Return what holds as well: the line, a hold, the timeline, other bookings."""
    origin, segment = moment.presence.origin, moment.segment
    beaten = f"{origin.value}-wins"
    line = moment.facts.line
    if line is not None and line.state in IN_USE and origin is not Origin.LINE:
        outcome = beaten if origin is Origin.MANUAL else "line-may-not"
        if reader.base.rank >= Level.ACTIVITY.rank:
            yield Cause("line", outcome, line.since, activity=ON_THE_PHONE)
    if moment.facts.hold is not None and origin is not Origin.HOLD:
        yield _of_hold(moment.facts.hold, beaten, reader)
    if segment is not None and origin not in {Origin.CALENDAR, Origin.SCHEDULE}:
        yield _of_segment(segment, moment, reader, beaten)
    for one in moment.running:
        if segment is None or one.key != segment.booking:
            yield from _of_booking(one, moment, reader)


def _of_segment(segment: Segment, moment: _Moment, reader: _Reader, outcome: str) -> Cause:
    leading = moment.leading
    booking = None if leading is None else leading.booking
    known = told_segment(
        segment, booking, reader.base, reader.audience, reader.lens, owner=reader.owner
    )
    kind = "booking" if segment.booking else "automatic-reply"
    rules = [segment.rule, segment.role_rule]
    cause = Cause(
        kind="schedule" if segment.origin is Origin.SCHEDULE else kind,
        outcome=outcome,
        start=segment.start,
        end=segment.end,
        availability=segment.availability,
        activity=segment.activity,
        booking=booking_view(booking, known),
        rules=tuple(rule for rule in rules if rule),
    )
    return reader.tell(cause, known)


def _of_hold(hold: Hold, outcome: str, reader: _Reader) -> Cause:
    known = reader.may_know(
        hold.activity, cap=hold.cap, private=hold.private, sensitive=hold.sensitive
    )
    cause = Cause(
        "hold", outcome, hold.since, availability=hold.availability, activity=hold.activity
    )
    return reader.tell(cause, known)


def _of_booking(one: _Running, moment: _Moment, reader: _Reader) -> Iterator[Cause]:
    judged, booking = one.judged, one.booking
    known = reader.may_know(
        judged.activity,
        cap=judged.cap,
        private=judged.private or booking.private,
        sensitive=judged.sensitive,
    )
    if not judged.counts:
        yield from _of_nothing(one, known, reader)
        return
    outcome = _outcome(one, moment)
    cause = Cause(
        kind="booking",
        outcome=outcome,
        start=one.start,
        end=one.end,
        availability=judged.availability,
        activity=judged.activity or None,
        booking=booking_view(booking, known),
        rules=judged.because,
    )
    if known.level is not Level.NOTHING:
        yield reader.tell(cause, known)


def _of_nothing(one: _Running, known: Told, reader: _Reader) -> Iterator[Cause]:
    """Return a booking that does not count: its text is for the person alone."""
    if reader.audience not in _KNOW_CALENDARS or known.level is Level.NOTHING:
        return
    bare = Cause("booking", "does-not-count", one.start, one.end)
    if known.level is Level.SUBJECT and not known.generic:
        own = reader.audience is Audience.SELF
        yield msgspec.structs.replace(
            bare,
            rules=one.judged.because if own else one.judged.because[-1:],
            booking=booking_view(one.booking, known) if own else None,
        )
    else:
        yield bare


def _outcome(one: _Running, moment: _Moment) -> str:
    """Return why a counting booking is not what shows. POLICY section 2, in its order."""
    origin, leading = moment.presence.origin, moment.leading
    if origin not in {Origin.CALENDAR, Origin.SCHEDULE, Origin.DEFAULT}:
        return f"{origin.value}-wins"
    if not one.judged.activity:
        return "role-only"
    if leading is None:
        yields = origin is Origin.SCHEDULE and one.judged.availability is Availability.AVAILABLE
        return "off-work" if yields else "not-in-timeline"
    a, b = one, leading
    if _free(a) and not _free(b):
        return "free"
    if a.judged.priority != b.judged.priority:
        return "lower-priority"
    if a.booking.all_day != b.booking.all_day:
        return "all-day"
    if a.start != b.start:
        return "earlier-start"
    return "longer" if a.end - a.start != b.end - b.start else "identity"


def _free(one: _Running) -> bool:
    """Tell whether a booking never hides another: all day and free, or free by show-as alone."""
    return one.judged.faint or (one.booking.all_day and one.booking.show_as is ShowAs.FREE)


def _tells(cause: Cause) -> bool:
    """Tell whether a loser says anything: that there is one is not told by itself."""
    return cause.kind != "undisclosed" or cause.start is not None


def _age(calendar: Reading, audience: Audience) -> Age:
    name = calendar.name if audience in _KNOW_CALENDARS else None
    return Age(name, calendar.read_at, calendar.stale_since, calendar.health)
