"""POLICY section 6: profiles, stages, preferences."""

from __future__ import annotations

from typing import Any

import pytest

from kalends.model.person import PersonRecord
from kalends.model.vocabulary import Level, Stage
from kalends.policy.profile import numbers_of, profile, stage_of
from tests.unit.policy.world import record, settings

NUMBERING = {
    "country": "SE",
    "extensions": ["1000-1999"],
    "did": {"+468123000-+468123999": "1000-1999"},
}


def test_a_profile_holds_what_publications_need() -> None:
    it = record(
        department="sales", title="Säljare", extension="1001", sip="sip:anna@acme.example",
        given_name="Anna", family_name="Berg", delegates=("bo",), substitute="bo", skills=("vvs",),
        jid="anna@chat.example", protected=True, kind="function",
    )  # fmt: skip
    found = profile(settings(), it)
    assert (found.person, found.name, found.language, found.timezone) == (
        "anna", "Anna Berg", "sv", "Europe/Stockholm",
    )  # fmt: skip
    assert (found.department, found.title, found.extension, found.sip, found.jid) == (
        "sales", "Säljare", "1001", "sip:anna@acme.example", "anna@chat.example",
    )  # fmt: skip
    assert (found.email, found.delegates, found.substitute, found.skills) == (
        "anna@acme.example", ("bo",), "bo", ("vvs",),
    )  # fmt: skip
    assert (found.given_name, found.family_name, found.protected, found.kind) == (
        "Anna", "Berg", True, "function",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("organization", "department", "own", "effective"),
    [
        ("live", None, None, Stage.LIVE),
        ("trial", None, None, Stage.TRIAL),
        ("trial", "live", None, Stage.LIVE),
        ("live", "trial", None, Stage.TRIAL),
        ("live", "trial", "off", Stage.OFF),
        ("off", None, "live", Stage.LIVE),
    ],
)
def test_the_stage_is_inherited_from_the_nearest_that_sets_it(
    organization: str, department: str | None, own: str | None, effective: Stage
) -> None:
    given = settings(stage=organization, departments=[{"id": "sales", "stage": department}])
    assert stage_of(given, record(department="sales", stage=own)) is effective


def test_a_leaver_is_read_no_more() -> None:
    found = profile(settings(), record(left=True, stage="live"))
    assert (found.stage, found.left) == (Stage.OFF, True)


class TestNumbers:
    def found(self, **given: Any) -> list[tuple[str, str]]:
        it = record(**given)
        return [(each.number, each.kind) for each in numbers_of(settings(numbering=NUMBERING), it)]

    def test_are_brought_into_one_form(self) -> None:
        assert self.found(numbers=[{"number": "08-12 30 01"}, {"number": "1002"}]) == [
            ("+468123001", "desk"),
            ("1002", "desk"),
        ]

    def test_shorthands_are_numbers_too_and_count_once(self) -> None:
        found = self.found(
            extension="1001", mobile="070-174 06 05", voicemail="1999",
            numbers=[{"number": "+46 70 174 06 05", "kind": "mobile"}],
        )  # fmt: skip
        assert found == [("+46701740605", "mobile"), ("1001", "desk"), ("1999", "voicemail")]

    def test_keep_the_persons_order(self) -> None:
        numbers = [{"number": "1002", "order": 2}, {"number": "1001", "order": 1}]
        assert self.found(numbers=numbers) == [("1001", "desk"), ("1002", "desk")]

    def test_what_cannot_be_read_stays_as_written(self) -> None:
        assert self.found(mobile="ring växeln") == [("ring växeln", "mobile")]

    def test_the_profile_takes_its_numbers_from_them(self) -> None:
        numbers = [
            {"number": "070-174 06 05", "kind": "mobile"},
            {"number": "08-12 30 01"},
            {"number": "1999", "kind": "voicemail"},
        ]
        found = profile(settings(numbering=NUMBERING), record(numbers=numbers))
        assert (found.mobile, found.extension, found.voicemail) == ("+46701740605", "1001", "1999")

    def test_an_extension_among_the_desk_numbers_is_the_extension(self) -> None:
        found = profile(settings(numbering=NUMBERING), record(numbers=[{"number": "1002"}]))
        assert found.extension == "1002"


def prefers(**chosen: Any) -> PersonRecord:
    return record(preferences=chosen)


def test_own_disclosure_is_never_more_than_the_organizations() -> None:
    chosen = {"organization": "subject", "attendant": "times", "outside": "nothing"}
    assert profile(settings(), prefers(disclosure=chosen)).disclosure == {
        "organization": Level.ACTIVITY,
        "attendant": Level.TIMES,
        "outside": Level.NOTHING,
    }


def test_own_disclosure_needs_permission() -> None:
    given = settings(permissions={"disclosure": False})
    assert profile(given, prefers(disclosure={"outside": "nothing"})).disclosure == {}


def test_own_forwards_lead_to_kinds_of_numbers_or_listed_ones() -> None:
    chosen = {"meeting": "voicemail", "lunch": "1001", "travel": "112", "vacation": "0701740605"}
    given = settings(numbering=NUMBERING, forward_numbers=["1001"])
    assert profile(given, prefers(forward=chosen)).forward == {
        "meeting": "voicemail",
        "lunch": "1001",
    }
    forbidden = settings(permissions={"forward": False})
    assert profile(forbidden, prefers(forward=chosen)).forward == {}


def test_the_language_chosen_beats_the_one_recorded() -> None:
    it = record(language="fi", preferences={"language": "pl"})
    assert profile(settings(), it).language == "pl"
    assert profile(settings(), record(language="fi")).language == "fi"
