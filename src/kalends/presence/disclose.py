"""The single disclosure point: presence → view, timeline → segment views. POLICY section 5.

Whatever leaves the core passes here. ``audiences`` holds the rules; this module applies them
field by field, and makes the words of what is told alone, so that they cannot tell more.
"""

from __future__ import annotations

from collections.abc import Mapping

from kalends.model.booking import Booking
from kalends.model.presence import LineState, Next, Presence, Segment, Timeline
from kalends.model.profile import Profile
from kalends.model.times import FOREVER
from kalends.model.view import (
    BookingView,
    DiversionView,
    LineView,
    NextView,
    SegmentView,
    View,
)
from kalends.model.vocabulary import Audience, Availability, Level
from kalends.presence.audiences import Lens, Told, level_of, told, visible
from kalends.presence.texts import texts_for

ABSENT = "absent"
"""The activity everybody but the person is told instead of a sensitive one."""

_MAY_DIVERT = frozenset({Audience.SELF, Audience.ATTENDANT})


def view(
    presence: Presence,
    profile: Profile,
    audience: Audience,
    lens: Lens,
    *,
    revision: int,
    stale_since: int | None,
    now: int,
    language: str | None = None,
    owner: bool = False,
) -> View:
    """Return what ``audience`` is told about a person at ``now`` (UTC seconds).

    ``language`` is the reader's; without it the person's. ``owner`` says that the reader *is*
    the person, not a delegate: only then is more than the times of private bookings told.
    """
    base = level_of(profile, audience, lens)
    known = told(
        base,
        audience,
        lens,
        activity=presence.activity,
        cap=presence.cap,
        private=presence.private,
        sensitive=presence.sensitive,
        owner=owner,
    )
    if known.level is Level.NOTHING:
        return nothing(profile, audience, lens, revision=revision, now=now, language=language)
    full = known.level.rank >= Level.ACTIVITY.rank
    inside = audience is not Audience.OUTSIDE
    near, far = (0, FOREVER) if inside else (now - lens.outside_seconds, now + lens.outside_seconds)
    availability, activity = _what(known, presence.availability, presence.activity)
    returns_at = _within(presence.returns_at, near, far)
    until = _within(presence.until, near, far)
    return View(
        person=profile.person,
        revision=revision,
        availability=availability,
        activity=activity,
        role=presence.role if full and not known.generic else None,
        since=_within(presence.since or None, near, far),
        until=until,
        returns_at=returns_at,
        reachable_at=_within(presence.reachable_at, near, far),
        note=_note(presence.note, presence.note_level, known),
        next=_next_view(presence.next, base, audience, lens, far, owner),
        origin=presence.origin if full else None,
        set_by=(presence.set_by or None) if full else None,
        set_at=(presence.set_at or None) if full else None,
        line=_line(presence.line, base),
        diversion=_diversion(presence, profile, audience, known),
        texts=texts_for(
            profile,
            lens,
            availability=availability,
            activity=activity,
            back=returns_at or until,
            now=now,
            language=language,
        ),
        stale_since=stale_since if inside else None,
        booking_until=presence.booking_until if inside else None,
        audience=audience,
        level=known.level,
    )


def segment_views(
    timeline: Timeline,
    bookings: Mapping[str, Booking],
    profile: Profile,
    audience: Audience,
    lens: Lens,
    now: int,
    *,
    owner: bool = False,
) -> list[SegmentView]:
    """Return what ``audience`` is told of the timeline ahead; nothing that has ended.

    ``bookings`` are keyed as ``Segment.booking``. The outside is told of nothing beyond its
    days: what reaches farther is cut there.
    """
    base = level_of(profile, audience, lens)
    edge = FOREVER if audience is not Audience.OUTSIDE else now + lens.outside_seconds
    views = []
    for segment in timeline.segments:
        if segment.end <= max(now, segment.start) or segment.start >= edge:
            continue
        booking = bookings.get(segment.booking)
        known = told_segment(segment, booking, base, audience, lens, owner)
        if known.level is not Level.NOTHING:
            views.append(_segment_view(segment, booking, known, edge))
    return views


def booking_view(booking: Booking | None, known: Told) -> BookingView | None:
    """Return the booking behind a segment where its subject may be told."""
    if booking is None or known.generic or known.level is not Level.SUBJECT:
        return None
    return BookingView(
        subject=None if booking.private else booking.subject or None,
        categories=() if booking.private else booking.categories,
        show_as=booking.show_as.value,
        recurring=booking.recurring,
        all_day=booking.all_day,
        private=booking.private,
    )


def told_segment(
    segment: Segment,
    booking: Booking | None,
    base: Level,
    audience: Audience,
    lens: Lens,
    owner: bool,
) -> Told:
    """Return what is told of a segment; its booking's own mark of privacy counts as well."""
    secret = booking is not None and booking.private
    return told(
        base,
        audience,
        lens,
        activity=segment.activity,
        cap=segment.cap,
        private=segment.private or secret,
        sensitive=segment.sensitive,
        owner=owner,
    )


def _segment_view(segment: Segment, booking: Booking | None, known: Told, edge: int) -> SegmentView:
    full = known.level.rank >= Level.ACTIVITY.rank
    availability, activity = _what(known, segment.availability, segment.activity)
    return SegmentView(
        start=segment.start,
        end=min(segment.end, edge),
        availability=availability,
        activity=activity,
        role=segment.role if full and not known.generic else None,
        note=_note(segment.note, segment.note_level, known),
        origin=segment.origin if full else None,
        booking=booking_view(booking, known),
    )


def nothing(
    profile: Profile,
    audience: Audience,
    lens: Lens,
    *,
    revision: int,
    now: int,
    language: str | None = None,
) -> View:
    """Return a view that tells nothing: it may not be told, or nothing is known yet."""
    texts = texts_for(
        profile,
        lens,
        availability=None,
        activity=None,
        back=None,
        now=now,
        language=language,
        named=visible(profile, audience),
    )
    return View(
        person=profile.person,
        revision=revision,
        availability=Availability.OFFLINE,
        activity=None,
        role=None,
        since=None,
        until=None,
        returns_at=None,
        reachable_at=None,
        note=None,
        next=None,
        origin=None,
        set_by=None,
        set_at=None,
        line=None,
        diversion=None,
        texts=texts,
        stale_since=None,
        booking_until=None,
        audience=audience,
        level=Level.NOTHING,
    )


def _what(
    known: Told, availability: Availability, activity: str
) -> tuple[Availability, str | None]:
    """Return availability and activity as told; a sensitive activity is one word for all."""
    full = known.level.rank >= Level.ACTIVITY.rank
    if known.generic:
        return Availability.AWAY, ABSENT if full else None
    return availability, activity if full else None


def _note(note: str, least: Level, known: Told) -> str | None:
    """Return a note from ``activity`` level on: it can tell the reason, whatever its own level."""
    if not note or known.generic or known.level.rank < Level.ACTIVITY.rank:
        return None
    return note if known.level.rank >= least.rank else None


def _within(moment: int | None, near: int, far: int) -> int | None:
    """Return a moment that may be told; ``FOREVER`` is no moment."""
    if moment is None or moment >= FOREVER or not near <= moment <= far:
        return None
    return moment


def _next_view(
    follows: Next | None, base: Level, audience: Audience, lens: Lens, far: int, owner: bool
) -> NextView | None:
    if follows is None or (audience is Audience.OUTSIDE and follows.end > far):
        return None
    known = told(
        base,
        audience,
        lens,
        activity=follows.activity,
        cap=follows.cap,
        private=follows.private,
        sensitive=follows.sensitive,
        owner=owner,
    )
    if known.level is Level.NOTHING:
        return None
    availability, activity = _what(known, follows.availability, follows.activity)
    return NextView(follows.start, follows.end, activity, availability)


def _line(line: LineState | None, base: Level) -> LineView | None:
    """Return what the phone says: a matter of the audience, not of the booking it rings in."""
    if line is None or base.rank < Level.ACTIVITY.rank:
        return None
    return LineView(line.state, line.since)


def _diversion(
    presence: Presence, profile: Profile, audience: Audience, known: Told
) -> DiversionView | None:
    """Return where calls go; a target may be a private number, so attendants only."""
    if not presence.divert or audience not in _MAY_DIVERT or known.generic:
        return None
    if known.level.rank < Level.ACTIVITY.rank:
        return None
    to = presence.route or profile.forward.get(presence.activity, "")
    return DiversionView(to, "all") if to else None
