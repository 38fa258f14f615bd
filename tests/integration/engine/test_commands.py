"""Every command, on the real store and a scripted world: effect, refusal, audit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from kalends.bus import commands  # Test… by name would be taken for tests
from kalends.bus.commands import (
    Answer,
    AnyCommand,
    Apply,
    ClearManual,
    DeleteDocument,
    DeletePerson,
    DeletePrincipal,
    PatchPreferences,
    Ping,
    PutDocument,
    PutPerson,
    PutPrincipal,
    ReadNow,
    ResetCredential,
    SetLine,
    SetManual,
    UploadCalendar,
)
from kalends.engine import command_documents, pump
from kalends.model.booking import Booking
from kalends.model.person import PersonRecord
from kalends.web import tokens
from tests.simulation.scenario import ORGANIZATION, Installation
from tests.simulation.scripted import Faults
from tests.simulation.virtual import BEGIN, VirtualLoop, run

HOUR = 3600
WHO: dict[str, Any] = {"organization": ORGANIZATION, "actor": "token:t"}


def story(
    tell: Callable[[Installation], Awaitable[None]], people: int = 3, *, poll_seconds: float = 60.0
) -> None:
    async def whole() -> None:
        home = Installation(1, people, poll_seconds=poll_seconds)
        try:
            await home.start()
            await home.apply()
            await asyncio.sleep(5)
            await tell(home)
        finally:
            await home.end()

    run(whole(), VirtualLoop())


async def ok(home: Installation, command: AnyCommand) -> Any:
    answer = await home.handle(command)
    assert answer.ok, answer.message
    return answer.value


async def refused(home: Installation, command: AnyCommand, code: str) -> Answer:
    answer = await home.handle(command)
    assert (answer.ok, answer.code) == (False, code), answer
    return answer


def test_a_manual_presence_shows_at_once_and_clearing_goes_back() -> None:
    async def tell(home: Installation) -> None:
        told = await ok(home, SetManual(**WHO, person="p0000", activity="lunch", note="soup"))
        assert (told["presence"]["activity"], told["presence"]["set_by"]) == ("lunch", "token:t")
        assert told["presence"]["set_at"].endswith("Z")
        assert "soup" not in repr(told)
        assert home.plain is not None
        stored = await home.plain.presence(ORGANIZATION, "p0000")
        assert stored is not None
        assert (stored.presence.activity, stored.presence.set_by) == ("lunch", "token:t")
        told = await ok(home, ClearManual(**WHO, person="p0000"))
        assert (told["presence"]["activity"], told["presence"]["set_by"]) == ("available", None)
        assert told["presence"]["revision"] >= 3
        stored = await home.plain.presence(ORGANIZATION, "p0000")
        assert stored is not None
        assert stored.presence.activity == "available"
        audit = await home.plain.audit(ORGANIZATION)
        assert [one.action for one in audit[:2]] == ["clear-manual", "set-manual"]
        assert "lunch" not in repr(audit)

    story(tell)


def test_who_is_protected_sets_a_state_without_their_id() -> None:
    async def tell(home: Installation) -> None:
        hidden = {"id": "zoe", "name": "Zoe", "protected": True}
        await ok(home, PutPerson(**WHO, record=hidden))
        by_zoe = {"organization": ORGANIZATION, "actor": "person:zoe"}
        told = await ok(home, SetManual(**by_zoe, person="p0000", activity="lunch"))
        assert told["presence"]["set_by"] == "person:"
        told = await ok(home, SetManual(**by_zoe, person="zoe", activity="lunch"))
        assert told["presence"]["set_by"] == "person:zoe"
        assert home.plain is not None
        audit = await home.plain.audit(ORGANIZATION)
        assert {one.actor for one in audit if one.action == "set-manual"} == {"person:zoe"}

    story(tell)


def test_an_unknown_activity_and_an_unknown_person_are_told() -> None:
    async def tell(home: Installation) -> None:
        await refused(home, SetManual(**WHO, person="p0000", activity="flying"), "invalid")
        await refused(home, SetManual(**WHO, person="nobody", activity="lunch"), "not-found")
        await refused(home, ClearManual(**WHO, person="nobody"), "not-found")

    story(tell)


def test_a_phone_in_use_counts_where_the_organization_says_so() -> None:
    async def tell(home: Installation) -> None:
        await home.apply(line_wins=["available"])
        await asyncio.sleep(2)
        await ok(home, SetLine(**WHO, person="p0000", state="in-call"))
        await asyncio.sleep(1)
        assert home.boards["lamp"].shown["p0000"] == "busy"
        await ok(home, SetLine(**WHO, person="p0000", state=None))
        await asyncio.sleep(1)
        assert home.boards["lamp"].shown["p0000"] == "available"
        await refused(home, SetLine(**WHO, person="p0000", state="melting"), "invalid")

    story(tell)


def test_opting_out_stops_reading_at_once_and_shows_nothing_of_the_calendar() -> None:
    async def tell(home: Installation) -> None:
        calendar = home.world.calendars["p0000"]
        calendar.put(Booking("u", BEGIN, BEGIN + 9 * HOUR))
        await asyncio.sleep(70)
        assert home.boards["lamp"].shown["p0000"] == "busy"
        await ok(home, PatchPreferences(**WHO, person="p0000", changes={"calendar": False}))
        await asyncio.sleep(2)
        assert home.boards["lamp"].shown["p0000"] == "available"
        home.server.read_of.clear()
        await asyncio.sleep(600)
        assert "p0000" not in home.server.read_of
        await ok(home, PatchPreferences(**WHO, person="p0000", changes={"calendar": None}))
        await asyncio.sleep(5)
        assert home.boards["lamp"].shown["p0000"] == "busy"

    story(tell)


def test_a_preference_that_is_not_permitted_is_refused() -> None:
    async def tell(home: Installation) -> None:
        await home.apply(permissions={"forward": False})
        change = PatchPreferences(**WHO, person="p0000", changes={"forward": {"lunch": "1"}})
        await refused(home, change, "refused")
        wrong = PatchPreferences(**WHO, person="p0000", changes={"disclosure": {"outside": "x"}})
        await refused(home, wrong, "invalid")

    story(tell)


def test_people_come_and_go_through_the_api() -> None:
    async def tell(home: Installation) -> None:
        record = {"id": "zoe", "name": "Zoe", "emails": ["zoe@acme.example"], "calendars": "none"}
        assert (await ok(home, PutPerson(**WHO, record=record)))["created"]
        await asyncio.sleep(2)
        assert home.boards["lamp"].shown["zoe"] == "available"
        again = {**record, "id": "yan"}
        problem = await refused(home, PutPerson(**WHO, record=again), "invalid")
        assert "zoe" in problem.problems[0]["what"]
        bad = {"id": "x", "timezone": "Mars/Base", "shoe": 44}
        problems = (await refused(home, PutPerson(**WHO, record=bad), "invalid")).problems
        assert {one["key"] for one in problems} == {"name", "shoe"}
        await refused(home, PutPerson(**WHO, record={"id": "p0000", "name": "P"}), "refused")
        await refused(home, DeletePerson(**WHO, person="p0000"), "refused")
        await ok(home, DeletePerson(**WHO, person="zoe"))
        assert home.plain is not None
        assert await home.plain.person(ORGANIZATION, "zoe") is None

    story(tell)


def test_who_left_is_not_kept_longer_by_being_told_again() -> None:
    async def left_at(home: Installation) -> int | None:
        assert home.plain is not None
        stored = await home.plain.person(ORGANIZATION, "zoe")
        assert stored is not None
        return PersonRecord.model_validate_json(stored.record).left_at

    async def tell(home: Installation) -> None:
        record = {"id": "zoe", "name": "Zoe", "calendars": "none"}
        await ok(home, PutPerson(**WHO, record=record | {"left": True}))
        first = await left_at(home)
        assert first is not None
        await asyncio.sleep(60)
        await ok(home, PutPerson(**WHO, record=record | {"left": True}))  # as every night
        assert await left_at(home) == first
        await ok(home, PutPerson(**WHO, record=record))
        assert await left_at(home) is None

    story(tell)


def test_an_unknown_time_zone_of_a_person_is_told() -> None:
    async def tell(home: Installation) -> None:
        record = {"id": "zoe", "name": "Zoe", "timezone": "Mars/Base"}
        problem = await refused(home, PutPerson(**WHO, record=record), "invalid")
        assert "Mars/Base" in problem.problems[0]["what"]

    story(tell)


def test_what_came_through_the_api_may_not_name_files_of_the_server() -> None:
    async def tell(home: Installation) -> None:
        link = {"source": "cal", "url": "/x/", "password_file": "/etc/shadow"}
        record = {"id": "zoe", "name": "Zoe", "calendars": [link]}
        problem = await refused(home, PutPerson(**WHO, record=record), "invalid")
        assert any(one["key"] == "password_file" for one in problem.problems)

    story(tell)


def test_a_source_of_the_api_is_opened_at_once_and_found_people_are_read() -> None:
    async def tell(home: Installation) -> None:
        await ok(home, without_sources(home))
        body = {"kind": "scripted-calendar", "poll_seconds": 60}
        home.world.calendars["p0001"].put(Booking("u", BEGIN, BEGIN + 9 * HOUR))
        await ok(home, PutDocument(**WHO, kind="source", id="second", body=body))
        await asyncio.sleep(5)
        assert home.boards["lamp"].shown["p0001"] == "busy"
        await ok(home, DeleteDocument(**WHO, kind="source", id="second"))
        await asyncio.sleep(5)
        assert home.boards["lamp"].shown["p0001"] == "available"

    story(tell)


def without_sources(home: Installation) -> AnyCommand:
    """Apply the file without its source, so that the person's only calendar is the API's."""
    body = home.configuration()
    body["sources"] = []
    return Apply(organization="*", actor="t", organizations=[body])


def test_a_wrong_document_tells_everything_wrong_with_it() -> None:
    async def tell(home: Installation) -> None:
        body = {"kind": "scripted-calendar", "poll_seconds": "often", "colour": "red"}
        answer = await refused(
            home, PutDocument(**WHO, kind="source", id="x", body=body), "invalid"
        )
        assert {one["key"] for one in answer.problems} == {"poll_seconds", "colour"}
        nowhere = PutDocument(**WHO, kind="source", id="x", body={"kind": "carrier-pigeon"})
        assert "carrier-pigeon" in (await refused(home, nowhere, "invalid")).message
        mine = PutDocument(**WHO, kind="source", id="cal", body={"kind": "scripted-calendar"})
        await refused(home, mine, "refused")
        as_file = PutDocument(**WHO, kind="sink", id="x", body={}, managed_by="file")
        await refused(home, as_file, "refused")
        await refused(home, DeleteDocument(**WHO, kind="source", id="cal"), "refused")

    story(tell)


def test_a_changed_rule_takes_effect_within_seconds() -> None:
    async def tell(home: Installation) -> None:
        home.world.calendars["p0000"].put(Booking("u", BEGIN, BEGIN + 9 * HOUR, subject="X: y"))
        await asyncio.sleep(70)
        assert home.boards["lamp"].shown["p0000"] == "busy"
        rule = {"match": {"code": "x"}, "then": {"activity": "away", "availability": "dnd"}}
        await home.apply(rules=[rule])
        await asyncio.sleep(5)
        assert home.boards["lamp"].shown["p0000"] == "dnd"

    story(tell)


def test_in_trial_sinks_are_told_nothing_and_going_live_tells_everybody() -> None:
    async def tell(home: Installation) -> None:
        assert home.boards["lamp"].shown
        await home.apply(stage="trial")
        await asyncio.sleep(5)
        assert home.boards["lamp"].shown == {}
        await home.apply(stage="live")
        await asyncio.sleep(5)
        assert set(home.boards["lamp"].shown) == set(home.world.people)

    story(tell)


def test_an_import_that_removes_many_asks_first() -> None:
    async def tell(home: Installation) -> None:
        body = home.configuration()
        body["people"] = body["people"][:1]
        command = Apply(organization="*", actor="t", organizations=[body])
        await refused(home, command, "refused")
        forced = Apply(organization="*", actor="t", organizations=[body], force=True)
        assert (await ok(home, forced))["people"] == {"removed": 2}
        await asyncio.sleep(5)
        assert set(home.boards["lamp"].shown) == {"p0000"}
        home.server.read_of.clear()
        await asyncio.sleep(300)
        assert set(home.server.read_of) == {"p0000"}

    story(tell)


def test_a_long_import_tells_how_far_it_is_and_keeps_no_other_organization_waiting() -> None:
    async def tell(home: Installation) -> None:
        many = 2 * command_documents.PAGE + 500
        assert home.engine is not None
        bus = home.engine.core.bus
        body, beta = home.configuration(), {"id": "beta", "name": "Beta"}
        await ok(home, Apply(organization="*", actor="t", organizations=[body, beta]))
        body["people"] += [{"id": f"new{n}", "name": f"New {n}"} for n in range(many)]
        told: list[str] = []

        async def hear() -> None:
            async for message in bus.listen("applying.x"):
                told.append(message.payload.decode())

        async def change() -> str:
            while not told:
                await asyncio.sleep(0)
            record = {"id": "guest", "name": "Guest"}
            await ok(home, PutPerson(organization="beta", actor="t", record=record))
            return told[-1]

        hearing = asyncio.create_task(hear())
        changing = asyncio.create_task(change())
        apply = Apply(
            organization="*", actor="t", organizations=[body, beta], progress="applying.x"
        )
        assert (await ok(home, apply))["people"] == {"added": many}
        pages = [command_documents.PAGE, 2 * command_documents.PAGE, many]
        assert told == [f"{done} {many}" for done in pages]
        assert await changing == told[0]
        hearing.cancel()

    story(tell)


def test_uploads_need_a_source_that_takes_them() -> None:
    async def tell(home: Installation) -> None:
        body = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
        upload = UploadCalendar(**WHO, person="p0000", name="work", body=body)
        await refused(home, upload, "invalid")

    story(tell)


def test_read_now_and_the_tests_of_source_and_sink() -> None:
    async def tell(home: Installation) -> None:
        home.server.read_of.clear()
        await ok(home, ReadNow(**WHO, person="p0001"))
        await asyncio.sleep(1)
        assert home.server.read_of == {"p0001": 1}
        steps = await ok(home, commands.TestSource(**WHO, source="cal"))
        assert [one["ok"] for one in steps] == [True] * 3
        before = home.boards["lamp"].times("p0000")
        [step] = await ok(home, commands.TestSink(**WHO, sink="lamp", person="p0000"))
        assert step["ok"]
        assert home.boards["lamp"].times("p0000") == before + 1
        home.boards["lamp"].faults = Faults(down=True)
        [step] = await ok(home, commands.TestSink(**WHO, sink="lamp"))
        assert not step["ok"]
        await refused(home, commands.TestSink(**WHO, sink="none"), "not-found")
        await refused(home, commands.TestSource(**WHO, source="none"), "not-found")
        await ok(home, ResetCredential(**WHO, endpoint="cal"))
        await refused(home, ResetCredential(**WHO, endpoint="none"), "not-found")

    story(tell)


def test_a_provider_comes_and_goes_and_every_organization_can_read_that() -> None:
    async def tell(home: Installation) -> None:
        assert home.plain is not None
        every: dict[str, Any] = {"organization": "*", "actor": "cli"}
        _, pia = tokens.new_token("provider", "pia", None)
        assert home.engine is not None
        news = home.engine.core.bus.listen("settings.")
        await ok(home, PutPrincipal(**every, principal=tokens.document(pia)))
        assert (await anext(news)).topic == f"settings.{ORGANIZATION}"
        assert [one.name for one in await home.plain.principals(None)] == ["pia"]
        await ok(home, DeletePrincipal(**every, id=pia.id))
        assert await home.plain.principals(None) == []
        told = [(one.action, one.target) for one in await home.plain.audit(ORGANIZATION)]
        assert told[:2] == [("delete-principal", "token/pia"), ("put-principal", "token/pia")]

    story(tell)


def test_principals_belong_to_their_organization() -> None:
    async def tell(home: Installation) -> None:
        token = {
            "id": "t1", "organization": ORGANIZATION, "kind": "token", "name": "desk",
            "role": "attendant", "person": None, "secret_hash": "h", "created_at": BEGIN,
        }  # fmt: skip
        await ok(home, PutPrincipal(**WHO, principal=token))
        foreign = {**token, "id": "t2", "organization": "beta"}
        await refused(home, PutPrincipal(**WHO, principal=foreign), "refused")
        other = DeletePrincipal(organization="beta", actor="x", id="t1")
        await refused(home, other, "not-found")
        await ok(home, DeletePrincipal(**WHO, id="t1"))

    story(tell)


def test_an_organization_sees_its_own_status_and_the_provider_the_metrics() -> None:
    async def tell(home: Installation) -> None:
        mine = await ok(home, Ping(**WHO))
        assert [one["id"] for one in mine["sources"]] == ["cal"]
        assert "metrics" not in mine
        others = await ok(home, Ping(organization="beta", actor="x"))
        assert (others["sources"], others["sinks"]) == ([], [])
        whole = await ok(home, Ping(organization="*", actor="web"))
        assert 'kalends_published_total{organization="acme",sink="lamp"}' in whole["metrics"]
        assert "p0000" not in whole["metrics"]

    story(tell)


def test_a_sink_with_thousands_of_silent_people_still_hears_of_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pump, "PAGE", 50)  # more people than wait at once, with fewer people
    monkeypatch.setattr(pump, "HIGH", 200)

    async def whole() -> None:
        home = Installation(1, 260, poll_seconds=HOUR)
        home.boards["lamp"].blind = set(home.world.people[:-1])
        try:
            await home.start()
            await home.apply(sinks=[])
            await asyncio.sleep(60)  # everybody is evaluated: nobody will be woken any more
            await home.apply()
            await asyncio.sleep(60)
            assert list(home.boards["lamp"].shown) == home.world.people[-1:]
        finally:
            await home.end()

    run(whole(), VirtualLoop())


def test_others_work_while_a_file_of_many_people_is_read() -> None:
    async def tell(home: Installation) -> None:
        turns = 0

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        people: list[dict[str, Any]] = [{"id": f"x{n}", "name": f"X {n}"} for n in range(1000)]
        people.append({"id": "wrong", "name": "Wrong", "emails": 7})  # so nothing else is done
        body = {"id": ORGANIZATION, "name": "Acme", "people": people}
        beside = asyncio.create_task(others())
        command = Apply(organization="*", actor="t", organizations=[body])
        answer = await refused(home, command, "invalid")
        beside.cancel()
        assert turns >= len(people) / 50
        assert [(one["where"], one["key"]) for one in answer.problems] == [
            (f"organizations.{ORGANIZATION}", "people.1000.emails")
        ]

    story(tell)


def test_a_sip_address_belongs_to_one_person_and_is_free_once_they_left() -> None:
    async def tell(home: Installation) -> None:
        eve = {"id": "eve", "name": "Eve", "sip": "sip:100@acme.example"}
        fay = {"id": "fay", "name": "Fay", "sip": "sip:100@ACME.example:5060"}
        await ok(home, PutPerson(**WHO, record=eve))
        answer = await refused(home, PutPerson(**WHO, record=fay), "invalid")
        [problem] = answer.problems
        assert (problem["key"], "eve" in problem["what"]) == ("sip", True)
        file = home.applying()
        [told] = file.organizations
        both = {**told, "people": [*told["people"], {**fay, "managed_by": "file"}]}
        command = Apply(organization="*", actor="cli", organizations=[both])
        answer = await refused(home, command, "invalid")
        assert [problem["key"] for problem in answer.problems] == ["people.fay.sip"]
        await ok(home, PutPerson(**WHO, record={**eve, "left": True}))
        await ok(home, PutPerson(**WHO, record=fay))

    story(tell)
