"""People, presence and timeline over HTTP: who is told what."""

from __future__ import annotations

from typing import Any

import pytest

from kalends.model.presence import Manual, Next, Presence, Until
from kalends.model.times import rfc3339
from kalends.model.vocabulary import Availability
from kalends.web.routes import people
from tests.contract.web.world import HOUR, World

KEYS = {
    "person", "revision", "availability", "activity", "role", "since", "until", "returns_at",
    "reachable_at", "note", "next", "origin", "set_by", "set_at", "line", "diversion", "texts",
    "stale_since",
}  # fmt: skip


async def get(world: World, key: str, path: str, status: int = 200) -> Any:
    async with world.client(key) as client, client.get(path) as answer:
        body = await answer.json(content_type=None)
        assert answer.status == status, body
        return body


async def test_a_presence_has_the_names_the_contract_promises(world: World) -> None:
    body = await get(world, "acme/attendant", "/api/v1/people/anna/presence")
    assert body.keys() >= KEYS
    assert body["availability"] == "busy"
    assert body["next"].keys() >= {"activity", "start", "end"}
    assert body["until"].endswith("Z")


async def test_the_list_holds_entries_with_presence_and_a_revision_to_follow(world: World) -> None:
    body = await get(world, "acme/attendant", "/api/v1/people")
    assert [person["id"] for person in body["people"]] == [
        "anna", "bert", "cleo", "dora", "only-acme", "trial",
    ]  # fmt: skip
    assert body["next"] is None
    assert body["revision"] == await world.store.revision("acme")
    assert body["people"][0]["presence"]["activity"] == "meeting"


async def test_pages_join_without_gap_or_double(world: World) -> None:
    seen: list[str] = []
    after = ""
    while True:
        page = await get(world, "acme/attendant", f"/api/v1/people?limit=2&after={after}")
        seen += [person["id"] for person in page["people"]]
        after = page["next"]
        if after is None:
            break
    assert seen == ["anna", "bert", "cleo", "dora", "only-acme", "trial"]


async def test_search_finds_by_name_initials_extension_and_department(world: World) -> None:
    for words, found in (("ann", "anna"), ("BA", "bert"), ("1001", "anna"), ("lab do", "dora")):
        body = await get(world, "acme/attendant", f"/api/v1/people?q={words}")
        assert [person["id"] for person in body["people"]] == [found], words
    body = await get(world, "acme/attendant", "/api/v1/people?department=sales")
    assert [person["id"] for person in body["people"]] == ["anna", "bert"]


async def test_a_search_of_many_goes_on_answer_by_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "LOOKED", 2)
    answers: list[list[str]] = []
    after: str | None = ""
    while after is not None:
        page = await get(world, "acme/attendant", f"/api/v1/people?q=only&after={after}")
        answers.append([person["id"] for person in page["people"]])
        after = page["next"]
    assert answers == [[], [], ["only-acme"]]


async def test_a_protected_person_is_known_to_attendants_and_the_person_only(world: World) -> None:
    body = await get(world, "acme/bert", "/api/v1/people")
    assert "cleo" not in [person["id"] for person in body["people"]]
    await get(world, "acme/bert", "/api/v1/people/cleo", 404)
    await get(world, "acme/bert", "/api/v1/people/cleo/presence", 404)
    await get(world, "acme/attendant", "/api/v1/people/cleo")


async def test_a_person_on_trial_shows_presence_to_administrators_only(world: World) -> None:
    entry = await get(world, "acme/admin", "/api/v1/people/trial")
    assert entry["presence"]["activity"] == "available"
    assert entry["stage"] == "trial"
    for key in ("acme/attendant", "acme/bert"):
        entry = await get(world, key, "/api/v1/people/trial")
        assert entry["presence"]["level"] == "nothing"
        assert (await get(world, key, "/api/v1/people/trial/presence"))["level"] == "nothing"
        await get(world, key, "/api/v1/people/trial/timeline", 404)


async def test_a_subject_reaches_attendants_and_the_person_but_no_colleague(world: World) -> None:
    for key, told in (("acme/attendant", True), ("acme/anna", True), ("acme/dora", True),
                      ("acme/bert", False), ("acme/member", False),
                      ("acme/admin", False)):  # fmt: skip
        body = await get(world, key, "/api/v1/people/anna/timeline")
        booking = body["segments"][0]["booking"]
        assert (booking is not None) is told, key
        assert ("secret-of-acme" in str(body)) is told, key
        if booking is not None:
            assert booking.keys() == {
                "subject", "categories", "show_as", "recurring", "all_day", "private",
            }  # fmt: skip


async def test_a_timeline_holds_what_is_asked_for_and_nothing_past(world: World) -> None:
    now = world.now()
    stamp = "1970-01-02T00:00:00Z"
    await get(world, "acme/anna", f"/api/v1/people/anna/timeline?to={stamp}", 422)
    await get(world, "acme/anna", "/api/v1/people/anna/timeline?to=2001-01-02T00:00:00Z", 410)
    later = rfc3339(now + 2 * HOUR)
    body = await get(world, "acme/anna", f"/api/v1/people/anna/timeline?from={later}")
    assert body["segments"] == []
    await get(world, "acme/anna", "/api/v1/people/anna/timeline?to=2030-01-01T00:00:00", 422)


async def test_a_number_that_is_not_public_is_shown_to_those_who_may_act(world: World) -> None:
    await world.person(
        "acme", "eva", "Eva",
        numbers=({"number": "+46701", "kind": "home", "public": False}, {"number": "2002"}),
        visibility={"mobile": "subject"}, mobile="+46702",
    )  # fmt: skip
    hidden = await get(world, "acme/bert", "/api/v1/people/eva")
    shown = await get(world, "acme/attendant", "/api/v1/people/eva")
    assert [number["number"] for number in hidden["numbers"]] == ["2002"]
    assert hidden["mobile"] is None
    assert len(shown["numbers"]) == 2
    assert shown["mobile"] == "+46702"
    found = await get(world, "acme/bert", "/api/v1/people?q=%2B46702")
    assert found["people"] == []  # search tells no more than the entry


async def test_while_the_engine_is_away_the_stored_presence_counts_until_its_end(
    world: World,
) -> None:
    now = world.now()
    ended = Presence(
        Availability.BUSY, "meeting", since=now - HOUR, until=now - 600,
        next=Next(now - 300, now + HOUR, "lunch", Availability.AWAY),
    )  # fmt: skip
    await world.state("acme", "bert", ended, next_change_at=now - 600)
    body = await get(world, "acme/attendant", "/api/v1/people/bert/presence")
    assert (body["availability"], body["activity"]) == ("away", "lunch")
    assert body["stale_since"] is not None
    lapsed = Presence(Availability.BUSY, "meeting", since=now - HOUR, until=now - 600)
    await world.state("acme", "bert", lapsed, next_change_at=now - 600)
    body = await get(world, "acme/attendant", "/api/v1/people/bert/presence")
    assert body["availability"] == "available"
    assert body["stale_since"] is not None


async def test_an_explanation_tells_the_winner_and_the_age_of_the_data(world: World) -> None:
    body = await get(world, "acme/attendant", "/api/v1/people/anna/explain")
    assert body["winner"]["kind"] == "booking"
    assert body["winner"]["booking"]["subject"] == "secret-of-acme"
    assert body["data"][0]["calendar"] == "dav/default"
    assert body["text"] == "\n".join(body["lines"])
    body = await get(world, "acme/bert", "/api/v1/people/anna/explain")
    assert "secret-of-acme" not in str(body)
    await get(world, "acme/bert", "/api/v1/people/anna/explain?at=2001-01-01T00:00:00Z", 410)
    later = rfc3339(world.now() + 2 * HOUR)
    body = await get(world, "acme/attendant", f"/api/v1/people/anna/explain?at={later}")
    assert body["winner"]["kind"] == "default"


@pytest.mark.parametrize(
    ("actor", "reader", "told"),
    [
        ("person:dora", "acme/bert", "by Dora acme"),
        ("person:dora", "acme/dora", "by you"),
        ("person:cleo", "acme/bert", "by a colleague"),
        ("person:cleo", "acme/attendant", "by Cleo acme"),
        ("person:nobody", "acme/attendant", "by a colleague"),
        ("token:switchboard", "acme/bert", "through the API key “switchboard”"),
        ("token:acme/attendant", "acme/attendant", "by you"),
    ],
)
async def test_who_set_a_state_is_told_by_name_to_those_who_may_know_them(
    world: World, actor: str, reader: str, told: str
) -> None:
    now = world.now()
    made = Manual(Availability.AWAY, "lunch", "work", now + HOUR, Until.TIME, set_by=actor)
    await world.store.set_manual("acme", "anna", made, now=now)
    body = await get(world, reader, "/api/v1/people/anna/explain?language=en")
    assert body["lines"][1].endswith(f" {told}.")
    assert actor not in body["text"]


async def test_of_somebody_new_nothing_is_known_and_nothing_is_told(world: World) -> None:
    await world.person("acme", "nils", "Nils New")
    body = await get(world, "acme/attendant", "/api/v1/people/nils/presence")
    assert (body["revision"], body["level"], body["availability"]) == (0, "nothing", "offline")
    assert (body["activity"], body["since"]) == (None, None)
    assert body["texts"]["line"] == "No information"
    assert body["texts"]["sentence"] == "Nils New: no information."
    why = await get(world, "acme/attendant", "/api/v1/people/nils/explain")
    assert (why["winner"]["kind"], why["known"]) == ("unread", False)
    assert why["lines"][1] == "Because: The calendars have not been read yet."
    past = rfc3339(world.now() - HOUR)
    await get(world, "acme/attendant", f"/api/v1/people/nils/explain?at={past}", status=410)
    await world.state("acme", "nils", Presence())
    body = await get(world, "acme/attendant", "/api/v1/people/nils/presence")
    assert (body["level"], body["availability"]) == ("subject", "available")
