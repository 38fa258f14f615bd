"""How many mailboxes each version lets an account be told of."""

from __future__ import annotations

import asyncio

import pytest

from kalends.calendars.notify.allowance import at_once, ceiling
from kalends.calendars.notify.values import Mode
from kalends.endpoints.exchange.known import Access
from kalends.wire.ews.versions import ServerVersion
from tests.unit.notify.lab import NotifyLab, play

EVERYBODY = 0
"""No limit is known: each mailbox pays for itself."""


@pytest.mark.parametrize(
    ("build", "as_owner", "streamed_as_account"),
    [
        ((8, 3, 0, 0), EVERYBODY, EVERYBODY),  # 2007: no throttling policies
        ((14, 0, 639, 21), 20, 20),  # 2010
        ((14, 1, 218, 15), 20, 20),  # 2010 SP1
        ((14, 2, 247, 5), 20, 20),  # 2010 SP2
        ((14, 2, 318, 2), EVERYBODY, 800),  # 2010 SP2 RU4: the mailbox read pays
        ((14, 3, 123, 4), EVERYBODY, 800),  # 2010 SP3
        ((15, 0, 1497, 2), EVERYBODY, 400),  # 2013: three streams may hang
        ((15, 1, 2507, 6), EVERYBODY, 1800),  # 2016: ten
        ((15, 2, 1544, 4), EVERYBODY, 1800),  # 2019, Subscription Edition
    ],
)
def test_the_ceiling_of_each_version(
    build: tuple[int, int, int, int], as_owner: int, streamed_as_account: int
) -> None:
    server = ServerVersion(*build)
    assert ceiling(server, Mode.STREAM, impersonated=True) == as_owner
    assert ceiling(server, Mode.STREAM, impersonated=False) == streamed_as_account


def test_pulls_hold_no_connection_and_an_unknown_server_has_no_limit() -> None:
    assert ceiling(ServerVersion(15, 0, 1497, 2), Mode.PULL, impersonated=False) == EVERYBODY
    assert ceiling(None, Mode.STREAM, impersonated=False) == EVERYBODY


OWNER, ITSELF = Access.IMPERSONATION, Access.DELEGATE


@pytest.mark.parametrize(
    ("version", "access", "people", "heard"),
    [
        ("2007 SP1", OWNER, 45, {"pull": 45}),
        ("2010", OWNER, 45, {"pull": 20, "poll": 25}),
        ("2010", ITSELF, 45, {"pull": 20, "poll": 25}),
        ("2010 SP2", OWNER, 45, {"streaming": 45}),
        ("2010 SP2", ITSELF, 45, {"streaming": 45}),
        ("2013", OWNER, 45, {"streaming": 45}),
        ("2013", ITSELF, 405, {"streaming": 400, "poll": 5}),
        ("2016", ITSELF, 45, {"streaming": 45}),
        ("2019", OWNER, 45, {"streaming": 45}),
        ("SE", OWNER, 45, {"streaming": 45}),
    ],
)
def test_each_versions_budgets_of_subscriptions_and_streams_are_kept(
    version: str, access: Access, people: int, heard: dict[str, int]
) -> None:
    async def story(lab: NotifyLab) -> None:
        await asyncio.sleep(1500)  # every stream is replaced at least once
        assert lab.notifier.counts() == heard
        assert not lab.transport.exceeded
        assert lab.transport.most_streams <= (lab.server.hanging or 0)

    play(story, version=version, people=people, access=access)


@pytest.mark.parametrize(
    ("build", "as_owner", "as_account"),
    [
        ((8, 3, 0, 0), EVERYBODY, EVERYBODY),
        ((14, 2, 247, 5), 10, 10),
        ((14, 3, 123, 4), EVERYBODY, 10),
        ((15, 0, 1497, 2), EVERYBODY, 27),
        ((15, 2, 1544, 4), EVERYBODY, 27),
    ],
)
def test_how_much_each_version_lets_one_account_ask_at_once(
    build: tuple[int, int, int, int], as_owner: int, as_account: int
) -> None:
    server = ServerVersion(*build)
    assert at_once(server, impersonated=True) == as_owner
    assert at_once(server, impersonated=False) == as_account
    assert at_once(None, impersonated=False) == EVERYBODY
