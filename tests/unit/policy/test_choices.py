"""POLICY section 6: what a person may choose from, and what holds without a choice."""

from __future__ import annotations

from kalends.model.vocabulary import Level
from kalends.policy.checks import check_record, own_target
from kalends.policy.choices import offer, otherwise
from kalends.policy.numbering import ForwardTargets, NumberPlan
from tests.unit.policy.world import record, settings


def test_calls_may_go_where_the_person_has_a_number_and_to_listed_numbers() -> None:
    it = record(
        extension="1001",
        voicemail="1901",
        numbers=[{"number": "+46701234567", "kind": "mobile"}, {"number": "1099", "kind": "fax"}],
    )
    found = offer(settings(forward_numbers=["1234"]), it)
    assert found.forward == (
        "desk", "mobile", "voicemail", "attendant", "announce", "busy", "1234",
    )  # fmt: skip
    assert not found.any_number
    assert offer(settings(forward_numbers=["*"]), it).any_number
    assert "*" not in offer(settings(forward_numbers=["*"]), it).forward


def test_whatever_is_offered_is_accepted() -> None:
    given = settings(forward_numbers=["+46812300012"])
    it = record(extension="1001")
    found = offer(given, it)
    targets = ForwardTargets(NumberPlan(given.numbering), given.forward_numbers)
    assert all(own_target(target, targets) for target in found.forward)
    chosen = {
        "keyword_languages": found.keyword_languages,
        "disclosure": otherwise(given, it).disclosure,
        "forward": dict.fromkeys(["meeting"], found.forward[-1]),
    }
    assert check_record(given, record(extension="1001", preferences=chosen), "here") == []


def test_without_a_choice_the_organization_decides() -> None:
    given = settings(
        auto_return=False,
        show_as="all-busy",
        language="sv",
        disclosure={"department": "times", "outside": "subject"},
    )
    found = otherwise(given, record(language="de", preferences={"language": "fi"}))
    assert (found.calendar, found.auto_return, found.write_back) == (True, False, False)
    assert (found.show_as, found.language) == ("all-busy", "de")
    assert found.disclosure == {
        "attendant": Level.SUBJECT, "department": Level.TIMES,
        "organization": Level.ACTIVITY, "outside": Level.TIMES,
    }  # fmt: skip


def test_words_count_in_the_persons_languages_until_others_are_chosen() -> None:
    asked = record(preferences={"language": "fi", "keyword_languages": ["pl"]})
    assert otherwise(settings(language="sv"), asked).keyword_languages == ("fi", "sv")
    strict = settings(language="sv", keyword_languages=["de"])
    assert otherwise(strict, asked).keyword_languages == ("de",)
