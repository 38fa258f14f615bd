"""The database's server goes away and comes back: Kalends waits, and loses nothing acknowledged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests import postgres
from tests.acceptance.backbone.installation import Installation, in_seconds, running, until
from tests.acceptance.cli.test_backup_postgresql import prepared

pytestmark = pytest.mark.slow


async def set_by_hand(site: Installation, person: str, note: str) -> bool:
    """Set a state; return whether it was acknowledged."""
    url = f"http://127.0.0.1:{site.http}/api/v1/people/{person}/manual"
    wanted = {"activity": "meeting", "until": "cleared", "note": note}
    headers = {"Authorization": f"Bearer {site.token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.put(url, json=wanted, headers=headers) as answer,
    ):
        return answer.status == 200


async def shows(site: Installation, person: str, key: str, value: Any) -> bool:
    return bool((await site.presence(person))[key] == value)


def logged(site: Installation, event: str) -> bool:
    return f'"{event}"' in (site.folder / "kalends.log").read_text("utf-8")


async def test_kalends_waits_for_a_postgresql_that_is_away_at_its_start_or_dies_later(
    tmp_path: Path,
) -> None:
    with postgres.machine() as server:
        server.start()
        dsn = await prepared(server.dsn)
        async with running(tmp_path, ("anna", "bo"), database=dsn) as site:
            acknowledged = 0
            while acknowledged < 5:
                acknowledged += await set_by_hand(site, "bo", f"n{acknowledged + 1}")
            server.kill()  # with fsync on: what was acknowledged is in its log
            assert not await set_by_hand(site, "bo", "lost")
            assert site.process is not None and site.process.poll() is None
            server.start()
            await until(lambda: shows(site, "bo", "note", "n5"), "the last one acknowledged")
            site.book("anna", "Möte", in_seconds(-60), 3600)
            await until(lambda: shows(site, "anna", "availability", "busy"), "busy")
            await until(lambda: site.last("anna").get("availability") == "busy", "told")

            assert site.stop() == 0
            server.stop()
            site.start()
            await until(lambda: logged(site, "store.awaited"), "said what is waited for")
            assert site.process.poll() is None  # not ended for good, as by a wrong password
            server.start()
            await until(lambda: shows(site, "anna", "availability", "busy"), "busy still")
            assert await shows(site, "bo", "note", "n5")
    for line in (tmp_path / "kalends.log").read_text("utf-8").splitlines():
        assert line.startswith("{"), line  # a library's traceback would tell strangers' words
