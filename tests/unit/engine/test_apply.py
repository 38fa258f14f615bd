"""The difference between a file and what is stored."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from kalends.engine.apply import (
    Difference,
    document_difference,
    duplicate_addresses,
    people_difference,
    shared_addresses,
    stored_form,
    too_many_go,
)
from kalends.errors import Problem
from kalends.model.addresses import own_addresses
from kalends.model.person import PersonRecord
from kalends.model.profile import Profile
from kalends.store.contract import Document, PersonDocument

NOW = 1_800_000_000


def person(id: str, **more: object) -> PersonRecord:
    return PersonRecord.model_validate({"id": id, "name": id.title(), **more})


def stored(record: PersonRecord, managed_by: str = "file") -> PersonDocument:
    profile = Profile(record.id, record.name, "sv", "UTC", left=record.left)
    return PersonDocument("acme", record.id, stored_form(record), profile, managed_by)


def differing(wanted: list[PersonRecord], *there: PersonDocument) -> Difference:
    difference = Difference("acme")
    deque(people_difference(difference, wanted, {one.person: one for one in there}, NOW), maxlen=0)
    return difference


def told(look: Callable[[list[Problem]], Iterator[None]]) -> list[Problem]:
    problems: list[Problem] = []
    deque(look(problems), maxlen=0)
    return problems


def test_what_is_the_same_is_not_written() -> None:
    anna = person("anna", emails=["anna@acme.example"])
    assert differing([anna], stored(anna)).empty


def test_a_person_who_is_no_longer_in_the_file_becomes_a_leaver_for_now() -> None:
    [leaver] = differing([], stored(person("anna"))).leavers
    assert (leaver.left, leaver.left_at, leaver.calendars) == (True, NOW, "none")


def test_a_leaver_stays_one_and_is_not_counted_again() -> None:
    gone = person("anna", left=True, left_at=NOW - 5)
    assert differing([], stored(gone)).empty


def test_somebody_who_is_in_the_file_again_is_no_leaver_any_more() -> None:
    gone = person("anna", left=True, left_at=NOW - 5, calendars="none")
    [back] = differing([person("anna")], stored(gone)).people
    assert (back.left, back.left_at, back.calendars) == (False, None, None)


def test_what_the_api_brought_stays_and_its_ids_are_taken() -> None:
    assert differing([], stored(person("anna"), "api")).empty
    [problem] = differing([person("anna")], stored(person("anna"), "api")).problems
    assert "managed by api" in problem.what


def test_a_persons_own_choices_survive_the_file() -> None:
    chosen = person("anna", preferences={"calendar": False, "language": "fi"})
    assert differing([person("anna")], stored(chosen)).empty
    [changed] = differing([person("anna", preferences={"language": "sv"})], stored(chosen)).people
    assert (changed.preferences.calendar, changed.preferences.language) == (False, "sv")


def test_more_than_a_tenth_of_the_people_going_is_asked_about() -> None:
    there = [stored(person(f"p{number}")) for number in range(20)]
    two = differing([person(f"p{number}") for number in range(2, 20)], *there)
    three = differing([person(f"p{number}") for number in range(3, 20)], *there)
    assert not too_many_go(two, 20)
    assert too_many_go(three, 20)


def test_documents_the_file_once_brought_go_and_the_apis_stay() -> None:
    difference = Difference("acme")
    there = [
        Document("acme", "source", "dav", b"{}", "file"),
        Document("acme", "sink", "hook", b"{}", "api"),
        Document("acme", "sink", "lamp", b"{}", "file"),
    ]
    document_difference(difference, [Document("acme", "sink", "lamp", b"{1}", "file")], there)
    assert difference.removed_documents == [("source", "dav")]
    assert [one.id for one in difference.documents] == ["lamp"]
    assert difference.counts["sinks"] == {"changed": 1}


def test_an_address_of_two_people_is_told_with_both() -> None:
    both = [
        (id, own_addresses([mail], sip, False))
        for id, mail, sip in (
            ("anna", "A@x.example", "sip:A@x.example;transport=tls"),
            ("bo", "a@x.example", "sips:a@x.example:5061"),
        )
    ]
    found = told(lambda problems: duplicate_addresses(problems, "acme", both))
    assert [problem.key for problem in found] == ["people.bo.emails", "people.bo.sip"]
    assert all("anna" in problem.what for problem in found)


def test_a_person_in_two_organizations_is_told() -> None:
    anna = person("anna", emails=["anna@acme.example"])
    [problem] = told(lambda found: shared_addresses(found, {"acme": [anna], "beta": [anna]}))
    assert "acme" in problem.what
    apart = {"acme": [anna], "beta": [person("bo")]}
    assert told(lambda found: shared_addresses(found, apart)) == []
