"""Why it is so: the facts, the rule, the losers, the age of the data, the next change."""

import re
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalends.errors import Forgotten, UserError
from kalends.model.booking import Booking, Sensitivity, ShowAs
from kalends.model.presence import Facts, Hold, LineState, Manual, Reckoning, Segment, Timeline
from kalends.model.vocabulary import Audience, Availability, Level
from kalends.presence import (
    Cause,
    Explanation,
    Reading,
    account,
    explain,
    explanation_json,
    setter,
)
from kalends.presence.telling import TELLINGS

from .build import AVAILABLE, AWAY, BUSY, a_lens, anna, booked, by_hand, m, off_work

OTHERS = [audience for audience in Audience if audience is not Audience.SELF]


@dataclass(frozen=True)
class Verdict:
    counts: bool = True
    because: tuple[str, ...] = ("rule-x",)
    activity: str = "meeting"
    availability: Availability = BUSY
    priority: int = 0
    faint: bool = False
    cap: Level | None = None
    private: bool = False
    sensitive: bool = False


def booking(uid: str, start: int, end: int, **changes: Any) -> Booking:
    return Booking(uid, m(start), m(end), subject=f"Canary {uid}", **changes)


def segment(uid: str, start: int, end: int, **changes: Any) -> Segment:
    return booked(start, end, booking=f"dav/default/{uid}", **changes)


def why(
    *segments: Segment,
    audience: Audience = Audience.SELF,
    at: int = 10,
    bookings: tuple[Booking, ...] = (),
    verdicts: dict[str, Verdict] | None = None,
    owner: bool = True,
    manual: Manual | None = None,
    hold: Hold | None = None,
    line: LineState | None = None,
    stale: int | None = None,
    lens: Any = None,
    horizon: int = m(10_000),
) -> Explanation:
    known = verdicts or {}
    return explain(
        Facts(Timeline(segments, horizon), manual, hold, line),
        Reckoning(line_wins=(AVAILABLE,)),
        anna(),
        audience,
        lens or a_lens(),
        at=m(at),
        now=m(10),
        calendars=(
            Reading("dav/default", bookings, m(5), stale, "ok" if stale is None else "denied"),
        ),
        judge=lambda _, b: known.get(b.uid, Verdict()),
        language="en",
        owner=owner and audience is Audience.SELF,
    )


def outcomes(explanation: Explanation) -> list[tuple[str, str]]:
    return [(cause.kind, cause.outcome) for cause in explanation.losers]


def test_a_question_about_the_past_is_refused() -> None:
    with pytest.raises(Forgotten, match="has passed"):
        why(at=8)
    assert issubclass(Forgotten, UserError)


def test_a_clock_that_lags_a_little_asks_about_now() -> None:
    assert why(at=9).at == m(10)


def test_the_winner_names_its_booking_and_rule() -> None:
    found = why(segment("a", 0, 60), bookings=(booking("a", 0, 60),))
    assert (found.winner.kind, found.winner.outcome) == ("booking", "in-force")
    assert found.winner.booking is not None
    assert found.winner.booking.subject == "Canary a"
    assert found.winner.rules == ("rule-meeting",)
    assert (found.winner.start, found.winner.end) == (m(0), m(60))
    assert found.losers == ()
    assert found.next_change_at == m(60)


def test_manual_presence_wins_over_everything_that_holds_as_well() -> None:
    found = why(
        segment("a", 0, 60),
        bookings=(booking("a", 0, 60), booking("b", 0, 90)),
        manual=by_hand("gone", AWAY, until=30),
        line=LineState("in-call", m(5)),
    )
    assert (found.winner.kind, found.winner.activity, found.winner.set_by) == (
        "manual",
        "gone",
        "anna",
    )
    assert outcomes(found) == [
        ("line", "manual-wins"),
        ("booking", "manual-wins"),
        ("booking", "manual-wins"),
    ]


def test_a_phone_in_use_tells_whether_it_may_win() -> None:
    call = LineState("in-call", m(5))
    assert outcomes(why(segment("a", 0, 60), line=call)) == [("line", "line-may-not")]
    found = why(line=call)
    assert (found.winner.kind, outcomes(found)) == ("line", [])
    idle = why(segment("a", 0, 60), line=LineState("idle", m(5)))
    assert idle.losers == ()


def test_a_hold_wins_over_work_hours() -> None:
    found = why(off_work(0, 60), hold=Hold(BUSY, "meeting", "work", m(0), m(15)))
    assert found.winner.kind == "hold"
    assert outcomes(found) == [("schedule", "hold-wins")]


@pytest.mark.parametrize(
    ("loser", "verdict", "outcome"),
    [
        (booking("b", 0, 60), Verdict(priority=-1), "lower-priority"),
        (booking("b", 0, 60, all_day=True), Verdict(), "all-day"),
        (booking("b", -5, 60), Verdict(), "earlier-start"),
        (booking("b", 0, 90), Verdict(), "longer"),
        (booking("b", 0, 60), Verdict(), "identity"),
        (booking("b", 0, 60), Verdict(faint=True), "free"),
        (booking("b", 0, 60, all_day=True, show_as=ShowAs.FREE), Verdict(priority=9), "free"),
        (booking("b", 0, 60), Verdict(activity=""), "role-only"),
        (booking("b", 0, 60), Verdict(counts=False, because=("declined",)), "does-not-count"),
    ],
)
def test_a_booking_that_lost_is_told_with_the_reason(
    loser: Booking, verdict: Verdict, outcome: str
) -> None:
    found = why(segment("a", 0, 60), bookings=(booking("a", 0, 60), loser), verdicts={"b": verdict})
    assert outcomes(found) == [("booking", outcome)]
    assert found.losers[0].rules == verdict.because


def test_a_booking_the_timeline_does_not_hold_yet_is_told_as_such() -> None:
    assert outcomes(why(bookings=(booking("a", 0, 60),))) == [("booking", "not-in-timeline")]


def test_a_booking_that_makes_nobody_available_at_night_is_told_as_such() -> None:
    found = why(
        off_work(0, 60),
        bookings=(booking("a", 0, 60),),
        verdicts={"a": Verdict(availability=AVAILABLE)},
    )
    assert outcomes(found) == [("booking", "off-work")]


def test_bookings_that_do_not_run_then_are_not_told() -> None:
    assert why(bookings=(booking("a", 0, 10), booking("b", 11, 20))).losers == ()


def test_the_future_is_explained_by_the_facts_of_today() -> None:
    found = why(
        segment("a", 60, 90),
        at=70,
        bookings=(booking("a", 60, 90),),
        manual=by_hand(until=30),
        line=LineState("in-call", m(5)),
    )
    assert (found.at, found.winner.kind, found.winner.activity) == (m(70), "booking", "meeting")
    assert found.losers == (), "nobody knows what the phone will say then"
    assert found.view.line is None


def test_a_hold_that_will_be_is_foreseen() -> None:
    found = why(segment("a", 0, 60, auto_return=False), at=70)
    assert found.winner.kind == "hold"


def test_behind_the_horizon_it_says_that_bookings_may_be_missing() -> None:
    assert why().known
    assert not why(at=50, horizon=m(50)).known


def test_the_age_of_the_data_is_told() -> None:
    (age,) = why(stale=m(2)).data
    assert (age.calendar, age.read_at, age.stale_since, age.health) == (
        "dav/default",
        m(5),
        m(2),
        "denied",
    )
    (colleague,) = why(stale=m(2), audience=Audience.ORGANIZATION).data
    assert (colleague.calendar, colleague.stale_since) == (None, m(2))


def test_an_explanation_obeys_the_audience() -> None:
    private = booking("a", 0, 60, sensitivity=Sensitivity.PRIVATE)
    ordinary = booking("b", 0, 90)

    def told(audience: Audience, **changes: Any) -> str:
        return repr(
            why(segment("a", 0, 60), bookings=(private, ordinary), audience=audience, **changes)
        )

    assert "private=True" in told(Audience.SELF)
    assert "private=True" not in told(Audience.SELF, owner=False)
    for audience in Audience:
        assert "Canary a" not in told(audience)
    assert "Canary b" in told(Audience.ATTENDANT)
    for audience in (Audience.DEPARTMENT, Audience.ORGANIZATION, Audience.OUTSIDE):
        assert "Canary" not in told(audience)
        assert "rule-" not in told(audience)


def test_the_outside_is_told_the_view_alone() -> None:
    found = why(segment("a", 0, 60), bookings=(booking("b", 0, 60),), audience=Audience.OUTSIDE)
    assert found.winner == Cause("undisclosed", "undisclosed")
    assert (found.losers, found.data, found.next_change_at) == ((), (), None)


def test_a_sensitive_winner_is_absent_without_its_rule() -> None:
    found = why(
        segment("a", 0, 60, activity="sick", availability=BUSY, sensitive=True),
        bookings=(booking("a", 0, 60),),
        audience=Audience.ATTENDANT,
    )
    assert (found.winner.activity, found.winner.availability) == ("absent", AWAY)
    assert (found.winner.rules, found.winner.booking) == ((), None)
    assert "ick" not in repr(found)


def test_what_does_not_count_has_a_text_for_the_person_alone() -> None:
    left_out = {"a": Verdict(counts=False, because=("mark", "left-out"))}
    asked = {"bookings": (booking("a", 0, 60),), "verdicts": left_out}
    (attendant,) = why(audience=Audience.ATTENDANT, **asked).losers  # type: ignore[arg-type]
    assert (attendant.booking, attendant.rules) == (None, ("left-out",))
    assert why(audience=Audience.ORGANIZATION, **asked).losers == ()  # type: ignore[arg-type]
    (own,) = why(**asked).losers  # type: ignore[arg-type]
    assert own.booking is not None


def test_an_undisclosed_booking_is_not_even_counted_among_the_losers() -> None:
    hidden = segment("a", 0, 60, cap=Level.NOTHING)
    found = why(hidden, manual=by_hand(until=30), audience=Audience.ATTENDANT)
    assert found.losers == ()


@given(
    st.sampled_from(OTHERS),
    st.none() | st.sampled_from(Level),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.fixed_dictionaries(
        {name: st.sampled_from(Level) for name in ("attendant", "department", "organization")}
    ),
)
def test_no_explanation_tells_more_than_its_level(
    audience: Audience,
    cap: Level | None,
    private: bool,
    sensitive: bool,
    counts: bool,
    by_the_segment: bool,
    levels: dict[str, Level],
) -> None:
    verdict = Verdict(
        counts, ("canary-rule",), "canary-activity", BUSY, 0, False, cap, private, sensitive
    )
    shown = segment(
        "a",
        0,
        60,
        activity="canary-activity",
        note="canary-note",
        cap=cap,
        private=private,
        sensitive=sensitive,
    )
    found = why(
        *([shown] if by_the_segment else []),
        bookings=(booking("a", 0, 60), booking("b", 0, 90)),
        verdicts={"a": verdict, "b": verdict},
        audience=audience,
        lens=a_lens(**levels),
    )
    text = repr(found) + " ".join(account(found, anna(), a_lens(), "en"))
    base = Level.TIMES if audience is Audience.OUTSIDE else levels[audience.value]
    rank = min(base.rank, 3 if cap is None else cap.rank, 1 if private else 3)
    if rank < Level.SUBJECT.rank or sensitive:
        assert "Canary a" not in text
        assert "Canary b" not in text
        assert "canary-rule" not in text
    if rank < Level.ACTIVITY.rank or sensitive:
        assert "canary" not in text.lower()


def test_it_reads_in_plain_words() -> None:
    found = why(
        segment("a", 0, 60),
        bookings=(booking("a", 0, 60), booking("b", 0, 90)),
        stale=m(2),
    )
    assert account(found, anna(), a_lens(), "en") == [
        "09:10: Anna Berg is in a meeting and will be back at 10:00.",
        "Because: A booking “Canary a” (Meeting) 09:00–10:00 by the rule rule-meeting.",
        "Not: A booking “Canary b” (Meeting) 09:00–10:30 by the rule rule-x: "
        "the shorter booking goes first.",
        "Calendar dav/default: content as of 09:05, not fresh since 09:02 (denied).",
        "Next change: 10:00",
    ]


def test_it_reads_in_swedish() -> None:
    found = why(manual=by_hand("gone", AWAY), at=10 + 24 * 60, horizon=m(20))
    by = setter("person:anna", reader="person:dora", name="Anna Berg")
    assert account(found, anna(), a_lens(), "sv-FI", by)[1:] == [
        "Därför att: Satt för hand (Gone) 2 mars 09:00–… av Anna Berg.",
        "Kalender dav/default: aktuell, innehåll från 2 mars 09:05.",
        "Nästa ändring: inget ändras av sig självt",
        "Så långt fram är bokningar inte lästa än; de kan ändra detta.",
    ]


@pytest.mark.parametrize("language", sorted(TELLINGS))
def test_every_language_says_all_that_english_says(language: str) -> None:
    spoken, english = TELLINGS[language], TELLINGS["en"]
    for part in ("kinds", "outcomes", "rules", "words"):
        found, wanted = getattr(spoken, part), getattr(english, part)
        assert found.keys() == wanted.keys()
        for key, text in found.items():
            assert text.strip(), (part, key)
            places = re.findall(r"\{\w+\}", wanted[key])
            assert re.findall(r"\{\w+\}", text) == places, (part, key)


BY = {
    "person:wilma": "by Wilma Berg",
    "person:dora": "by you",
    "person:gone": "by a colleague",
    "person:": "by a colleague",
    "account:reception": "by reception",
    "token:switchboard": "through the API key “switchboard”",
    "cli": "by an administrator",
    "feature-code": "by feature-code",
}


@pytest.mark.parametrize(("actor", "told"), BY.items(), ids=BY)
def test_who_set_a_state_is_told_by_name_and_never_by_id(actor: str, told: str) -> None:
    manual = by_hand("lunch", AWAY, until=m(60), set_by=actor)
    who = setter(actor, reader="person:dora", name={"person:wilma": "Wilma Berg"}.get(actor))
    because = account(why(manual=manual), anna(), a_lens(), "en", who)[1]
    assert because.endswith(f" {told}.")
    assert not re.search(r"[a-z]:\w", because)


def test_who_set_a_state_is_not_told_where_nobody_was_looked_up() -> None:
    told = account(why(manual=by_hand("lunch", AWAY, until=m(60))), anna(), a_lens())
    assert "anna" not in told[1]


def test_what_decided_is_said_in_the_readers_words() -> None:
    declined = Verdict(counts=False, because=("pack:de:meeting", "declined"))
    found = why(
        segment("a", 0, 60),
        bookings=(booking("a", 0, 60), booking("b", 0, 90)),
        verdicts={"b": declined},
    )
    told = account(found, anna(), a_lens(), "de")
    assert "„Canary a“" in told[1]
    assert told[1].endswith("durch die Regel rule-meeting.")
    assert told[2].endswith(
        "durch ein Wort auf Deutsch, die Einladung wurde abgelehnt: zählt nicht."
    )


def test_an_explanation_is_plain_data() -> None:
    found = why(segment("a", 0, 60), bookings=(booking("a", 0, 60),))
    assert msgspec.json.decode(msgspec.json.encode(found), type=Explanation) == found


def test_an_explanation_as_json_has_times_of_the_contract() -> None:
    found = why(
        segment("a", 0, 60), bookings=(booking("a", 0, 60), booking("b", 0, 90)), stale=m(2)
    )
    told = explanation_json(found, ["words"])
    assert told["presence"]["activity"] == "meeting"
    assert told["winner"]["end"] == told["next_change_at"] == "2026-03-02T09:00:00Z"
    assert told["losers"][0]["booking"]["subject"] == "Canary b"
    assert told["data"][0]["read_at"] == "2026-03-02T08:05:00Z"
    assert told["lines"] == ["words"]
    assert msgspec.json.decode(msgspec.json.encode(told)) == told
