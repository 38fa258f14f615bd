"""Changes: what reaches the engine, and what its answers become."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NoReturn

import pytest

from kalends.bus.commands import (
    Answer,
    ClearManual,
    PatchPreferences,
    PutPrincipal,
    SetManual,
    UploadCalendar,
)
from kalends.errors import StoreFailed
from kalends.store.database import DatabaseReader
from tests.contract.web.world import World

LUNCH = {"activity": "lunch", "until": "booking-end", "note": "back soon"}


async def test_setting_a_state_is_handed_to_the_engine_with_its_actor(world: World) -> None:
    async with world.client("acme/anna") as client:
        async with client.put("/api/v1/people/anna/manual", json=LUNCH) as answer:
            assert answer.status == 200
            assert (await answer.json())["person"] == "anna"
        async with client.delete("/api/v1/people/anna/manual") as answer:
            assert answer.status == 200
    assert world.desk.commands == [
        SetManual(organization="acme", actor="person:anna", person="anna", **LUNCH),
        ClearManual(organization="acme", actor="person:anna", person="anna"),
    ]


SETTERS = {
    "acme/anna": 200, "acme/dora": 200, "acme/attendant": 200, "acme/admin": 200,
    "acme/bert": 403, "acme/member": 403, "bolt/anna": 200,
}  # fmt: skip


async def test_who_may_set_a_state(world: World) -> None:
    for key, status in SETTERS.items():
        world.desk.commands.clear()
        async with (
            world.client(key) as client,
            client.put("/api/v1/people/anna/manual", json=LUNCH) as answer,
        ):
            assert answer.status == status, key
        organizations = {command.organization for command in world.desk.commands}
        assert organizations == ({key.split("/")[0]} if status == 200 else set())


NOES = {"invalid": 422, "not-found": 404, "conflict": 409, "refused": 403, "failed": 500}


async def test_a_no_of_the_engine_becomes_a_problem(world: World) -> None:
    mistake = {"where": "manual", "key": "until", "what": "lies in the past", "remedy": "later"}
    for code, status in NOES.items():
        world.desk.answer = Answer(ok=False, code=code, message="no", problems=[mistake])
        async with (
            world.client("acme/anna") as client,
            client.put("/api/v1/people/anna/manual", json=LUNCH) as answer,
        ):
            assert answer.status == status
            assert answer.content_type == "application/problem+json"
            body = await answer.json()
            assert body["detail"] == "no"
            assert body["problems"] == [mistake]


async def test_while_the_database_is_away_everybody_is_told_to_come_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> NoReturn:
        raise StoreFailed("the database failed: ConnectionRefusedError")

    async with world.client("acme/anna") as client:
        async with client.get("/api/v1/people/anna") as answer:
            assert answer.status == 200
        monkeypatch.setattr(DatabaseReader, "person", away)
        async with client.get("/api/v1/people/anna") as answer:
            assert (answer.status, answer.headers.get("Retry-After")) == (503, "5")
            assert "/health/ready" in (await answer.json())["remedy"]


async def test_while_the_engine_is_silent_reads_go_on_and_changes_are_told_when(
    world: World,
) -> None:
    world.desk.silent = True
    async with world.client("acme/anna") as client:
        async with client.put("/api/v1/people/anna/manual", json=LUNCH) as answer:
            assert answer.status == 503
            assert answer.headers["Retry-After"]
            assert "nothing was changed" in (await answer.json())["detail"]
        async with client.get("/api/v1/people/anna") as answer:
            assert answer.status == 200
        async with client.get("/health/ready") as answer:
            assert answer.status == 503
            reasons = (await answer.json())["reasons"]
            assert [reason["what"] for reason in reasons] == ["engine"]
        async with client.get("/health/live") as answer:
            assert answer.status == 200


async def test_what_the_engine_began_and_has_not_confirmed_is_said_to_be_open(
    world: World,
) -> None:
    world.desk.stuck = True
    async with (
        world.client("acme/anna") as client,
        client.put("/api/v1/people/anna/manual", json=LUNCH) as answer,
    ):
        told = await answer.json()
    assert (answer.status, told["title"]) == (504, "Gateway Timeout")
    assert "may be done" in told["detail"]
    assert "Retry-After" not in answer.headers


async def test_preferences_are_the_persons_own(world: World) -> None:
    path = "/api/v1/people/anna/preferences"
    async with world.client("acme/anna") as client:
        async with client.get(path) as answer:
            body = await answer.json()
            assert body["auto_return"] is None
            assert body["permitted"]["forward"] is True
        async with client.patch(path, json={"auto_return": False, "forward": None}) as answer:
            assert answer.status == 200
    assert isinstance(world.desk.commands[0], PatchPreferences)
    assert world.desk.commands[0].changes == {"auto_return": False, "forward": None}
    for key in ("acme/bert", "acme/attendant"):
        async with world.client(key) as client, client.get(path) as answer:
            assert answer.status == 403


async def test_a_tokens_secret_is_told_once_and_never_stored(world: World) -> None:
    async with world.client("acme/admin") as client:
        given = {"name": "lamp", "role": "member"}
        async with client.post("/api/v1/tokens", json=given) as answer:
            assert answer.status == 201
            made = await answer.json()
    command = world.desk.commands[0]
    assert isinstance(command, PutPrincipal)
    assert command.principal["organization"] == "acme"
    assert made["secret"].split("_", 2)[-1] not in str(command)  # it may hold the sign itself
    async with world.client("acme/admin") as client, client.get("/api/v1/tokens") as answer:
        listed = await answer.json()
    assert {entry["secret"] for entry in listed} == {None}
    assert all(entry["name"].startswith("acme/") for entry in listed)


async def test_an_uploaded_calendar_is_bounded_while_it_is_read(world: World) -> None:
    path = "/api/v1/people/anna/calendars/desk.ics"
    async with world.client("acme/anna") as client:
        async with client.put(path, data=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n") as answer:
            assert answer.status == 200
        async with client.put(path, data=b"<html>") as answer:
            assert answer.status == 422

        async def endless() -> AsyncIterator[bytes]:
            yield b"BEGIN:VCALENDAR\r\n"
            for _ in range(30):
                yield b"x" * (1 << 20)

        async with client.put(path, data=endless()) as answer:
            assert answer.status == 413
    assert [type(command) for command in world.desk.commands] == [UploadCalendar]
