"""How many mailboxes each version lets an account be told of."""

from __future__ import annotations

import pytest

from kalends.calendars.notify.allowance import ceiling
from kalends.calendars.notify.values import Mode
from kalends.wire.ews.versions import ServerVersion

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
