"""Who sees what: POLICY section 5."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalends.model.booking import Booking, Sensitivity
from kalends.model.presence import LineState, Next, Presence, Timeline
from kalends.model.profile import Profile
from kalends.model.times import FOREVER
from kalends.model.view import BookingView, SegmentView, View
from kalends.model.vocabulary import Audience, Availability, Level, Origin, Stage
from kalends.presence import (
    Lens,
    audience_of,
    published,
    segment_json,
    segment_views,
    view,
    view_json,
    visible,
)

from .build import AWAY, BUSY, MONDAY, a_lens, anna, booked, m

EVERYBODY = list(Audience)
OTHERS = [audience for audience in Audience if audience is not Audience.SELF]
COLLEAGUES = [Audience.DEPARTMENT, Audience.ORGANIZATION]
DAY = 24 * 60

IN_MEETING = Presence(
    BUSY,
    "meeting",
    "work",
    Origin.CALENDAR,
    since=m(0),
    until=m(60),
    returns_at=m(90),
    reachable_at=m(90),
    note="Budget",
    note_level=Level.ACTIVITY,
    booking="dav/default/1",
    booking_until=m(60),
    next=Next(m(60), m(90), "lunch", AWAY),
    line=LineState("idle", m(0)),
    rule="rule-1",
)
SICK = Presence(AWAY, "sick", "private", Origin.CALENDAR, m(0), m(60), sensitive=True, note="Flu")


def seen(
    presence: Presence,
    audience: Audience,
    *,
    profile: Profile | None = None,
    lens: Lens | None = None,
    owner: bool = False,
) -> View:
    return view(
        presence,
        profile or anna(),
        audience,
        lens or a_lens(),
        revision=7,
        stale_since=m(-5),
        now=m(10),
        language="en",
        owner=owner,
    )


def changed(presence: Presence, **changes: Any) -> Presence:
    return msgspec.structs.replace(presence, **changes)


def said(value: object) -> str:
    return repr(value)


def test_colleagues_are_told_activity_and_times() -> None:
    for audience in COLLEAGUES:
        found = seen(IN_MEETING, audience)
        assert (found.activity, found.role, found.availability) == ("meeting", "work", BUSY)
        assert (found.since, found.until, found.returns_at) == (m(0), m(60), m(90))
        assert found.note == "Budget"
        assert found.booking_until == m(60)
        assert found.texts.line == "Meeting, back 10:30"


def test_outside_is_told_availability_without_a_reason() -> None:
    found = seen(IN_MEETING, Audience.OUTSIDE)
    assert (found.availability, found.until, found.returns_at) == (BUSY, m(60), m(90))
    reasons = (found.activity, found.role, found.note, found.origin, found.set_by, found.set_at)
    assert reasons == (None,) * 6
    assert (found.line, found.diversion, found.booking_until, found.stale_since) == (None,) * 4
    assert found.next is not None
    assert found.next.activity is None
    assert "eeting" not in said(found.texts)


def test_outside_is_told_no_reason_even_where_it_is_configured() -> None:
    found = seen(IN_MEETING, Audience.OUTSIDE, lens=a_lens(outside="subject"))
    assert (found.activity, found.level) == (None, Level.TIMES)


def test_outside_is_told_no_return_beyond_seven_days() -> None:
    vacation = changed(
        IN_MEETING,
        availability=AWAY,
        since=m(10 - 8 * DAY),
        until=m(10 + 7 * DAY + 1),
        returns_at=m(10 + 8 * DAY),
        reachable_at=m(10 + 8 * DAY),
        next=Next(m(60), m(9 * DAY), "lunch", AWAY),
    )
    found = seen(vacation, Audience.OUTSIDE)
    assert (found.until, found.returns_at, found.reachable_at, found.next) == (None,) * 4
    assert found.since is None, "a long absence is told by its beginning, too"
    assert "back" not in found.texts.line
    edge = changed(vacation, until=m(10 + 7 * DAY), returns_at=m(10 + 7 * DAY))
    assert seen(edge, Audience.OUTSIDE).returns_at == m(10 + 7 * DAY)
    assert seen(vacation, Audience.ORGANIZATION).returns_at == m(10 + 8 * DAY)


def test_a_private_booking_tells_others_times_only() -> None:
    private = changed(IN_MEETING, private=True)
    for audience in OTHERS:
        found = seen(private, audience)
        assert (found.activity, found.role, found.note, found.origin) == (None,) * 4
        assert (found.availability, found.until) == (BUSY, m(60))


def test_a_private_booking_opens_to_its_owner_and_not_to_a_delegate() -> None:
    private = changed(IN_MEETING, private=True, note="")  # policy gives it none
    owner, delegate = (seen(private, Audience.SELF, owner=is_it) for is_it in (True, False))
    assert (owner.activity, owner.until) == ("meeting", m(60))
    assert (delegate.activity, delegate.note, delegate.until) == (None, None, m(60))


@pytest.mark.parametrize("audience", [Audience.ATTENDANT, *COLLEAGUES])
def test_a_sensitive_activity_is_absent_to_everybody_but_the_person(audience: Audience) -> None:
    found = seen(SICK, audience)
    assert (found.availability, found.activity) == (AWAY, "absent")
    assert (found.role, found.note) == (None, None)
    assert found.texts.line.startswith("Absent")
    assert "ick" not in said(found) + said(found.texts)


def test_a_sensitive_activity_is_told_to_the_person_and_delegates() -> None:
    assert seen(SICK, Audience.SELF).activity == "sick"


def test_the_organization_may_open_a_sensitive_activity_to_its_own_people() -> None:
    opened = a_lens(open_activities=["sick"])
    assert seen(SICK, Audience.DEPARTMENT, lens=opened).activity == "sick"
    outside = seen(SICK, Audience.OUTSIDE, lens=opened)
    assert (outside.availability, outside.activity) == (AWAY, None)


def test_an_activity_the_vocabulary_calls_sensitive_is_so_even_where_a_fact_forgets() -> None:
    forgotten = changed(SICK, sensitive=False)
    assert seen(forgotten, Audience.ORGANIZATION).activity == "absent"


def test_a_sensitive_activity_that_a_rule_shows_as_busy_is_no_other_absence() -> None:
    assert seen(changed(SICK, availability=BUSY), Audience.ORGANIZATION).availability is AWAY


def test_what_follows_is_disclosed_like_what_is() -> None:
    for follows, expected in [
        (Next(m(60), m(90), "sick", BUSY, sensitive=True), (AWAY, "absent")),
        (Next(m(60), m(90), "talk", BUSY, private=True), (BUSY, None)),
        (Next(m(60), m(90), "talk", BUSY, cap=Level.TIMES), (BUSY, None)),
    ]:
        found = seen(changed(IN_MEETING, next=follows), Audience.ATTENDANT).next
        assert found is not None
        assert (found.availability, found.activity) == expected
    hidden = Next(m(60), m(90), "talk", BUSY, cap=Level.NOTHING)
    assert seen(changed(IN_MEETING, next=hidden), Audience.ATTENDANT).next is None


def test_the_cap_of_a_rule_holds_for_everybody_but_the_person() -> None:
    capped = changed(IN_MEETING, cap=Level.TIMES)
    assert all(seen(capped, audience).activity is None for audience in OTHERS)
    assert seen(capped, Audience.SELF).activity == "meeting"


def test_a_cap_never_widens() -> None:
    wide = changed(IN_MEETING, cap=Level.SUBJECT)
    assert seen(wide, Audience.OUTSIDE).level is Level.TIMES


def test_a_note_is_told_from_its_level_on() -> None:
    deep = changed(IN_MEETING, note_level=Level.SUBJECT)
    assert seen(deep, Audience.ORGANIZATION).note is None
    assert seen(deep, Audience.ATTENDANT).note == "Budget"


def test_a_note_never_reaches_who_is_told_no_reason() -> None:
    loose = changed(IN_MEETING, note_level=Level.NOTHING)
    assert seen(loose, Audience.OUTSIDE).note is None
    assert seen(changed(loose, private=True), Audience.ATTENDANT).note is None


def test_a_persons_own_disclosure_narrows() -> None:
    shy = anna(disclosure={"organization": Level.TIMES, "attendant": Level.ACTIVITY})
    assert seen(IN_MEETING, Audience.ORGANIZATION, profile=shy).activity is None
    assert seen(IN_MEETING, Audience.ATTENDANT, profile=shy).level is Level.ACTIVITY


def test_a_persons_own_disclosure_never_widens() -> None:
    open_hearted = anna(disclosure={a.value: Level.SUBJECT for a in Audience})
    for audience in Audience:
        usual = seen(IN_MEETING, audience)
        assert seen(IN_MEETING, audience, profile=open_hearted) == usual


def test_a_protected_person_is_told_to_attendants_and_the_person_alone() -> None:
    hidden = anna(protected=True)
    for audience in [*COLLEAGUES, Audience.OUTSIDE]:
        found = seen(IN_MEETING, audience, profile=hidden)
        assert (found.level, found.activity, found.until) == (Level.NOTHING, None, None)
        assert "Anna" not in said(found.texts)
        assert not visible(hidden, audience)
    assert seen(IN_MEETING, Audience.ATTENDANT, profile=hidden).activity == "meeting"
    assert seen(IN_MEETING, Audience.SELF, profile=hidden).activity == "meeting"


def test_level_nothing_reads_offline_whatever_is() -> None:
    lens = a_lens(organization="nothing")
    one, other = (seen(p, Audience.ORGANIZATION, lens=lens) for p in (IN_MEETING, Presence()))
    assert one == other
    assert one.availability is Availability.OFFLINE


def test_who_set_a_state_by_hand_is_hidden_from_outside() -> None:
    manual = changed(IN_MEETING, origin=Origin.MANUAL, set_by="reception", set_at=m(1))
    assert seen(manual, Audience.ORGANIZATION).set_by == "reception"
    outside = seen(manual, Audience.OUTSIDE)
    assert (outside.set_by, outside.set_at, outside.origin) == (None, None, None)


def test_the_line_is_a_matter_of_the_audience_not_of_the_booking_it_rings_in() -> None:
    private = changed(IN_MEETING, private=True)
    assert seen(private, Audience.ORGANIZATION).line is not None
    assert seen(private, Audience.OUTSIDE).line is None


def test_where_calls_go_is_told_to_attendants_and_the_person() -> None:
    diverted = changed(IN_MEETING, divert=True, route="+46701234567")
    for audience in Audience:
        found = seen(diverted, audience).diversion
        assert (found is not None) == (audience in {Audience.SELF, Audience.ATTENDANT})
    told = seen(
        changed(diverted, route=""),
        Audience.ATTENDANT,
        profile=anna(forward={"meeting": "voicemail"}),
    ).diversion
    assert told is not None
    assert (told.to, told.condition) == ("voicemail", "all")
    assert seen(changed(diverted, divert=False), Audience.ATTENDANT).diversion is None


def test_the_outside_does_not_learn_that_a_calendar_is_stale() -> None:
    assert seen(IN_MEETING, Audience.ATTENDANT).stale_since == m(-5)
    assert seen(IN_MEETING, Audience.OUTSIDE).stale_since is None


def test_what_has_no_end_is_told_without_one() -> None:
    found = seen(changed(IN_MEETING, until=FOREVER, since=0), Audience.SELF)
    assert (found.until, found.since) == (None, None)


def test_trial_and_off_and_leavers_are_not_published() -> None:
    assert published(anna())
    assert not published(anna(stage=Stage.TRIAL))
    assert not published(anna(stage=Stage.OFF))
    assert not published(anna(left=True))


@pytest.mark.parametrize(
    ("viewer", "role", "audience"),
    [
        (anna(), "member", Audience.SELF),
        (anna(person="dora"), "member", Audience.SELF),
        (anna(person="dora"), "attendant", Audience.SELF),
        (anna(person="bo"), "member", Audience.DEPARTMENT),
        (anna(person="bo", department="it"), "member", Audience.ORGANIZATION),
        (anna(person="bo"), "attendant", Audience.ATTENDANT),
        (anna(person="bo", left=True), "attendant", Audience.OUTSIDE),
        (None, "attendant", Audience.ATTENDANT),
        (None, "admin", Audience.ORGANIZATION),
        (None, "member", Audience.ORGANIZATION),
        (None, "provider", Audience.OUTSIDE),
        (None, "anything", Audience.OUTSIDE),
    ],
)
def test_who_a_viewer_is_towards_a_person(
    viewer: Profile | None, role: str, audience: Audience
) -> None:
    assert audience_of(anna(), viewer, role) is audience


def test_people_without_a_department_are_not_in_the_same_one() -> None:
    nobody = anna(department="")
    assert audience_of(nobody, anna(person="bo", department=""), "member") is Audience.ORGANIZATION


SECRET = Booking("1", m(0), m(60), subject="Layoffs", categories=("red",))
SEGMENT = booked(0, 60, booking="dav/default/1", note="Budget", note_level=Level.ACTIVITY)


def stretch(audience: Audience, owner: bool = False, **changes: Any) -> list[SegmentView]:
    segment = msgspec.structs.replace(SEGMENT, **changes)
    bookings = {"dav/default/1": SECRET}
    return segment_views(
        Timeline((segment,)), bookings, anna(), audience, a_lens(), m(10), owner=owner
    )


def test_attendants_and_the_person_see_the_booking_behind_a_segment() -> None:
    for audience in (Audience.SELF, Audience.ATTENDANT):
        (found,) = stretch(audience)
        assert found.booking is not None
        assert (found.booking.subject, found.booking.categories) == ("Layoffs", ("red",))
    for audience in (*COLLEAGUES, Audience.OUTSIDE):
        (found,) = stretch(audience)
        assert found.booking is None


@pytest.mark.parametrize("sensitivity", [Sensitivity.PRIVATE, Sensitivity.CONFIDENTIAL])
def test_a_private_bookings_subject_is_told_to_nobody(sensitivity: Sensitivity) -> None:
    """Not even to its owner, who is told that it is private: the text is not kept."""
    private = msgspec.structs.replace(SECRET, sensitivity=sensitivity)

    def behind(audience: Audience, *, owner: bool = False) -> BookingView | None:
        segment = msgspec.structs.replace(SEGMENT, private=True, note="")
        (found,) = segment_views(
            Timeline((segment,)), {"dav/default/1": private}, anna(), audience, a_lens(), m(10),
            owner=owner,
        )  # fmt: skip
        return found.booking

    assert (behind(Audience.ATTENDANT), behind(Audience.SELF)) == (None, None)
    told = behind(Audience.SELF, owner=True)
    assert told is not None
    assert (told.subject, told.categories, told.private) == (None, (), True)


def test_a_booking_marked_private_is_so_even_where_its_segment_forgets() -> None:
    secret = msgspec.structs.replace(SECRET, sensitivity=Sensitivity.CONFIDENTIAL)
    (found,) = segment_views(
        Timeline((SEGMENT,)), {"dav/default/1": secret}, anna(), Audience.ATTENDANT, a_lens(), m(0)
    )
    assert (found.booking, found.activity, found.note) == (None, None, None)


def test_a_segment_capped_to_nothing_is_not_listed() -> None:
    assert stretch(Audience.ATTENDANT, cap=Level.NOTHING) == []
    assert len(stretch(Audience.SELF, cap=Level.NOTHING)) == 1


def test_a_timeline_tells_nothing_that_has_ended() -> None:
    done = Timeline((booked(0, 10), booked(5, 5), booked(10, 20)))
    found = segment_views(done, {}, anna(), Audience.SELF, a_lens(), m(10))
    assert [segment.start for segment in found] == [m(10)]


def test_the_outside_is_told_of_nothing_beyond_its_days() -> None:
    ahead = Timeline((booked(0, 60 * DAY), booked(61 * DAY, 62 * DAY)))
    (found,) = segment_views(ahead, {}, anna(), Audience.OUTSIDE, a_lens(), m(0))
    assert found.end == m(7 * DAY)


presences = st.builds(
    Presence,
    availability=st.sampled_from(Availability),
    activity=st.just("canary-activity"),
    role=st.just("canary-role"),
    origin=st.sampled_from(Origin),
    since=st.integers(0, 10).map(m),
    until=st.sampled_from([m(20), FOREVER]),
    returns_at=st.none() | st.just(m(30)),
    note=st.just("canary-note"),
    note_level=st.sampled_from(Level),
    cap=st.none() | st.sampled_from(Level),
    private=st.booleans(),
    sensitive=st.booleans(),
    divert=st.booleans(),
    route=st.just("canary-route"),
    next=st.builds(
        Next,
        start=st.just(m(30)),
        end=st.just(m(40)),
        activity=st.just("canary-next"),
        availability=st.sampled_from(Availability),
        private=st.booleans(),
        sensitive=st.booleans(),
        cap=st.none() | st.sampled_from(Level),
    ),
    booking=st.just("canary-booking"),
    booking_until=st.none() | st.just(m(25)),
    rule=st.just("canary-rule"),
    set_by=st.just("canary-person"),
    set_at=st.just(m(0)),
)
lenses = st.builds(
    a_lens,
    attendant=st.sampled_from(Level),
    department=st.sampled_from(Level),
    organization=st.sampled_from(Level),
    outside=st.sampled_from(Level),
)


@given(
    presences,
    lenses,
    st.sampled_from(OTHERS),
    st.dictionaries(st.sampled_from([a.value for a in Audience]), st.sampled_from(Level)),
)
def test_no_view_tells_more_than_its_level(
    presence: Presence, lens: Lens, audience: Audience, own: dict[str, Level]
) -> None:
    found = seen(presence, audience, lens=lens, profile=anna(disclosure=own))
    text = said(found)
    assert "canary-booking" not in text
    assert "canary-rule" not in text
    levels = [lens.levels[audience], own.get(audience.value), presence.cap]
    ranks = [level.rank for level in levels if level is not None]
    allowed = min(ranks) >= 2 and audience is not Audience.OUTSIDE
    if not (allowed and not presence.private and not presence.sensitive):
        assert "canary-activity" not in text.lower().replace("canary-next", "")
        assert not any(f"canary-{word}" in text for word in ("note", "role", "route"))
    if audience is Audience.OUTSIDE:
        assert "canary" not in text.lower()
    if min(ranks) == 0:
        assert (found.until, found.since, found.next, found.booking_until) == (None,) * 4


@given(presences, lenses, st.sampled_from(OTHERS))
def test_a_view_does_not_depend_on_what_it_must_not_tell(
    presence: Presence, lens: Lens, audience: Audience
) -> None:
    private = changed(presence, private=True)
    other = changed(
        private,
        activity="other",
        role="other",
        note="other",
        route="",
        booking="other",
        rule="other",
        origin=Origin.MANUAL,
        set_by="other",
        set_at=m(5),
    )
    assert seen(private, audience, lens=lens) == seen(other, audience, lens=lens)


def test_a_view_as_json_has_the_names_and_times_of_the_contract() -> None:
    found = view_json(seen(changed(IN_MEETING, divert=True, route="+46"), Audience.ATTENDANT))
    assert list(found)[:16] == [
        "person",
        "revision",
        "availability",
        "activity",
        "role",
        "since",
        "until",
        "returns_at",
        "reachable_at",
        "note",
        "next",
        "origin",
        "set_by",
        "set_at",
        "line",
        "diversion",
    ]
    assert found["until"] == "2026-03-02T09:00:00Z"
    assert found["next"] == {
        "activity": "lunch",
        "availability": "away",
        "start": "2026-03-02T09:00:00Z",
        "end": "2026-03-02T09:30:00Z",
    }
    assert found["line"] == {"state": "idle", "since": "2026-03-02T08:00:00Z"}
    assert found["diversion"] == {"to": "+46", "condition": "all"}
    assert set(found["texts"]) == {"short", "line", "sentence"}
    assert msgspec.json.decode(msgspec.json.encode(found)) == found


def test_a_segment_as_json_carries_the_booking() -> None:
    (found,) = stretch(Audience.ATTENDANT)
    assert segment_json(found)["booking"] == {
        "subject": "Layoffs",
        "categories": ["red"],
        "show_as": "busy",
        "recurring": False,
        "all_day": False,
        "private": False,
    }
    assert segment_json(found)["start"] == "2026-03-02T08:00:00Z"
    assert m(0) == MONDAY
