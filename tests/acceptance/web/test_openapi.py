"""Schemathesis against the real server: whatever is sent, answers are as OpenAPI says.

Every operation gets generated input, right and wrong, as each role that may reach it. The live
stream never ends and is left to ``tests/contract/web/test_stream.py``.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from kalends.runtime import Runtime
from kalends.web.application import application
from kalends.web.options import WebOptions
from tests.contract.web.world import World, running
from tests.patience import PATIENCE


class Served:
    """The web process in a thread of its own, for a client that blocks."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.world: World | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    async def _run(self) -> None:
        self._stop, self._loop = asyncio.Event(), asyncio.get_running_loop()
        async with running(self._directory) as self.world:
            self._ready.set()
            await self._stop.wait()

    def __enter__(self) -> World:
        self._thread.start()
        assert self._ready.wait(20)
        assert self.world is not None
        return self.world

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)
        assert not self._thread.is_alive()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Served(tmp_path_factory.mktemp("web")) as world:
        yield world


def described() -> dict[str, Any]:
    """Return the OpenAPI document; making it touches neither store nor bus."""
    nothing: Any = None
    return application(nothing, nothing, Runtime(), WebOptions()).openapi()


schema = schemathesis.openapi.from_dict(described()).exclude(path="/api/v1/presence/stream")


def tried(case: Any, world: World, who: str) -> None:
    """Send a generated request; every check but one holds.

    Which people, words and kinds there are is no part of a schema, so a request that keeps to the
    schema may well be told, in a documented way, that it names none of them.
    """
    case.call_and_validate(
        base_url=world.base,
        headers=world.bearer(who),
        excluded_checks=[positive_data_acceptance],
        timeout=PATIENCE,
    )


some = settings(
    max_examples=4,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


@schema.parametrize()
@some
def test_an_administrator_is_answered_as_documented(case: Any, served: World) -> None:
    tried(case, served, "acme/admin")


@schema.parametrize()
@some
def test_a_member_is_answered_as_documented(case: Any, served: World) -> None:
    tried(case, served, "acme/anna")
