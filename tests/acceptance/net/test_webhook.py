"""Webhooks as an independent receiver (PyPI ``standardwebhooks``) sees them."""

import asyncio

import msgspec
import pytest

from kalends.model.view import View
from kalends.model.vocabulary import Availability, Level
from kalends.net.contract import Credential
from kalends.runtime import Runtime
from kalends.sinks.contract import Delivered, Failed, Outcome, PresenceSink, Publication
from tests.contract.sinks.hook import hook
from tests.contract.sinks.receiver import SECRET, receiving
from tests.contract.sinks.suite import BUSY, FREE, NOW, profile

NEW = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4"


async def publish(
    sink: PresenceSink, *views: View, revision: int = 7, rendered: bytes | None = None
) -> list[Outcome]:
    publications = []
    for offset, view in enumerate(views):
        told = msgspec.structs.replace(view, revision=revision + offset)
        body = sink.render(told, profile(view.person)) if rendered is None else rendered
        assert body is not None
        person = profile(view.person)
        publications.append(Publication(view.person, told.revision, body, None, person, NOW))
    return list(await sink.publish(publications))


async def test_a_change_is_told_as_the_api_tells_it() -> None:
    async with receiving() as receiver, hook(receiver.url) as sink:
        assert await publish(sink, BUSY) == [Delivered()]
    (message,) = receiver.messages
    assert message["type"] == "presence.changed"
    assert message["timestamp"] == "2026-03-02T13:00:00Z"
    data = message["data"]
    assert data["id"] == receiver.ids[0]
    assert (data["organization"], data["person"], data["revision"]) == ("acme", "anna", 7)
    assert (data["availability"], data["activity"]) == ("busy", "meeting")
    assert (data["until"], data["next"]["activity"]) == ("2026-03-02T14:00:00Z", "lunch")


async def test_what_the_audience_may_not_know_is_not_in_the_message() -> None:
    hidden = msgspec.structs.replace(BUSY, activity=None, note=None, level=Level.TIMES)
    async with receiving() as receiver, hook(receiver.url) as sink:
        await publish(sink, hidden)
    assert receiver.messages[0]["data"]["activity"] is None


async def test_a_change_keeps_its_id_and_others_have_others() -> None:
    async with receiving() as receiver:
        async with hook(receiver.url) as sink:
            receiver.refuse(True)
            await publish(sink, BUSY)
            receiver.refuse(False)
            await publish(sink, BUSY)
            await publish(sink, BUSY, revision=8)
            await publish(sink, msgspec.structs.replace(BUSY, person="bo"))
        async with hook(receiver.url) as restarted:
            await publish(restarted, BUSY)
        async with hook(receiver.url, organization="other") as elsewhere:
            await publish(elsewhere, BUSY)
    first, later, bo, again, other = receiver.ids
    assert first == again
    assert len({first, later, bo, other}) == 4


async def test_both_secrets_are_good_while_one_takes_the_others_place() -> None:
    secrets = {"secret": NEW, "previous_secret": SECRET}
    async with receiving(NEW, SECRET) as receiver, hook(receiver.url, secrets=secrets) as sink:
        assert await publish(sink, BUSY) == [Delivered()]
        del secrets["previous_secret"]  # read anew for every message
        receiver.webhooks.pop()
        assert await publish(sink, FREE) == [Delivered()]
    assert len(receiver.messages) == 2


async def test_without_a_usable_secret_nothing_is_sent() -> None:
    async with receiving() as receiver:
        for secrets in ({}, {"secret": "not base64!"}, {"secret": "whsec_c2hvcnQ="}):
            async with hook(receiver.url, secrets=secrets) as sink:
                (outcome,) = await publish(sink, BUSY)
            assert isinstance(outcome, Failed)
            assert outcome.code == "secret"
            assert "not base64!" not in outcome.message
    assert receiver.messages == []


async def test_a_batch_is_one_message_of_changes_with_an_id_each() -> None:
    async with receiving() as receiver, hook(receiver.url, batch=10) as sink:
        bo = msgspec.structs.replace(FREE, person="bo")
        assert await publish(sink, BUSY, bo) == [Delivered(), Delivered()]
    (message,) = receiver.messages
    assert message["type"] == "presence.changes"
    assert [one["person"] for one in message["data"]["changes"]] == ["anna", "bo"]
    assert len({one["id"] for one in message["data"]["changes"]} | set(receiver.ids)) == 3


async def test_gone_gives_up() -> None:
    async with receiving() as receiver, hook(receiver.url) as sink:
        receiver.status = 410
        (outcome,) = await publish(sink, BUSY)
    assert isinstance(outcome, Failed)
    assert outcome.give_up


@pytest.mark.parametrize("status", [429, 503])
async def test_a_receiver_that_asks_for_silence_gets_it(status: int) -> None:
    runtime = Runtime()
    wall = runtime.now()
    runtime.now = lambda: wall
    async with receiving() as receiver, hook(receiver.url, runtime=runtime) as sink:
        receiver.status, receiver.headers = status, {"Retry-After": "90"}
        (outcome,) = await publish(sink, BUSY)
        assert isinstance(outcome, Failed)
        assert outcome.code == "throttled"
        assert outcome.retry_at == pytest.approx(wall + 90, abs=1)
        receiver.refuse(False)
        (outcome,) = await publish(sink, BUSY)
        assert isinstance(outcome, Failed)
    assert receiver.messages == []


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 422])
async def test_other_answers_are_failures_to_be_tried_again(status: int) -> None:
    async with receiving() as receiver, hook(receiver.url) as sink:
        receiver.status, receiver.headers = status, {"Location": "/elsewhere"}
        (outcome,) = await publish(sink, BUSY)
    assert isinstance(outcome, Failed)
    assert not outcome.give_up


async def test_a_receiver_that_hangs_is_left_after_its_time() -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, hook(f"http://127.0.0.1:{port}/", timeout_seconds=0.1) as sink:
        (outcome,) = await publish(sink, BUSY)
    assert isinstance(outcome, Failed)
    assert outcome.code == "unreachable"


async def test_an_address_set_through_the_api_cannot_reach_this_machine() -> None:
    async with receiving() as receiver, hook(receiver.url, trusted=False) as sink:
        (outcome,) = await publish(sink, BUSY)
    assert isinstance(outcome, Failed)
    assert outcome.code == "address"
    assert receiver.messages == []


async def test_states_that_look_equal_are_equal_bytes() -> None:
    async with hook("http://127.0.0.1:9/") as sink:
        seen = {sink.render(view, profile("anna")) for view in (BUSY, FREE, BUSY)}
        assert len(seen) == 2
        line = msgspec.structs.replace(BUSY, availability=Availability.DND)
        assert sink.render(line, profile("anna")) not in seen


def test_secrets_are_never_printed() -> None:
    from kalends.wire.webhook import Secret

    assert "1234" not in repr(Secret.parse(SECRET))
    assert "pw" not in repr(Credential("svc", "pw"))
