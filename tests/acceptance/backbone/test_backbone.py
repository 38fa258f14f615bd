"""A booking becomes presence at page, webhook and SIP, at the second; then it is forgotten."""

import asyncio
import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from tests.acceptance.backbone.installation import Installation, in_seconds, running, until
from tests.acceptance.sip.kamailio import Kamailio, need_kamailio
from tests.acceptance.sip.watcher import Watcher
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

SUBJECT = "Möte om kanariefåglar"
"""Must be found nowhere once the meeting is over."""
LASTS = 10
LATE = 3
"""Seconds: one is promised, and kept by tests/simulation; the rest is for the machine, which may
be at many things, and for the way through three processes."""


async def test_a_meeting_reaches_everybody_at_the_second_and_is_forgotten(tmp_path: Path) -> None:
    need_kamailio()
    with Kamailio(tmp_path / "kamailio") as server:
        sip = f"""
[[organizations.sinks]]
id = "sip"
kind = "sip-publish"
audience = "organization"
server = "sip:127.0.0.1:{server.port};transport=udp"
"""
        async with (
            running(tmp_path, ("anna",), sip) as site,
            Watcher("sip:anna@acme.example", ("127.0.0.1", server.port)) as watcher,
        ):
            await until(lambda: site.last("anna").get("availability") == "available", "available")
            start = in_seconds(10)
            uid = site.book("anna", SUBJECT, start, LASTS)
            begins, ends = start.timestamp(), start.timestamp() + LASTS
            await until(lambda: site.last("anna").get("activity") == "meeting", "busy by webhook")
            assert begins <= site.when("anna", "meeting") <= begins + LATE
            await watcher.until(lambda: "meeting" in watcher.now.activities)
            shown = await site.presence("anna")
            assert (shown["availability"], shown["activity"]) == ("busy", "meeting")
            assert shown["until"] == shown["returns_at"]
            segments = (await site.get("/api/v1/people/anna/timeline"))["segments"]
            assert segments[0]["booking"]["subject"] == SUBJECT
            await until(lambda: site.last("anna").get("availability") == "available", "back")
            assert ends <= site.told[-1].at <= ends + LATE
            await watcher.until(lambda: "meeting" not in watcher.now.activities)
            assert (await site.get("/api/v1/people/anna/timeline"))["segments"] == []
            site.calendars.delete("anna", uid)
            await until(lambda: not _traces(site), "forgotten from every file")


async def test_whatever_is_killed_comes_back_and_nothing_is_lost(tmp_path: Path) -> None:
    async with running(tmp_path, ("anna", "bo")) as site:
        await until(lambda: len({one.data["person"] for one in site.told}) == 2, "both told")
        start = in_seconds(20)
        site.book("anna", "Möte", start, 600)
        await until(lambda: _knows_next(site), "the meeting is known")
        _kill(site.child("engine"))
        assert site.calendars.process is not None
        site.calendars.process.kill()  # what is known goes on without the calendar server
        _kill(site.child("web"))
        await until(lambda: site.last("anna").get("activity") == "meeting", "busy although killed")
        assert site.when("anna", "meeting") >= start.timestamp()
        await until(lambda: _shows(site, "meeting"), "the page shows it")
        assert site.process is not None
        os.kill(site.process.pid, signal.SIGKILL)
        site.process.wait()
        await until(lambda: _no_orphans(site), "children end with their supervisor")
        site.start()
        await until(lambda: _shows(site, "meeting"), "the same after a new start")
        assert site.last("anna")["activity"] == "meeting"


async def test_a_change_by_apply_takes_effect_without_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path, ("anna",)) as site:
        site.book("anna", "Zumba: pass", in_seconds(-30), 600)
        await until(lambda: site.last("anna").get("availability") == "busy", "busy")
        text = site.config.read_text()
        rule = (
            '\n[[organizations.rules]]\nmatch = { code = "zumba" }\nthen = { activity = "break" }\n'
        )
        site.config.write_text(text + rule)
        before = time.monotonic()
        await asyncio.to_thread(site.kalends, "apply")
        await until(lambda: site.last("anna").get("activity") == "break", "the rule counts")
        assert time.monotonic() - before < PATIENCE / 2  # the command line included


async def test_a_state_set_by_hand_wins_until_it_is_cleared(tmp_path: Path) -> None:
    async with running(tmp_path, ("anna",)) as site:
        site.book("anna", "Möte", in_seconds(-30), 600)
        await until(lambda: site.last("anna").get("activity") == "meeting", "in the meeting")
        await asyncio.to_thread(site.kalends, "set", "anna", "available")
        await until(lambda: site.last("anna").get("origin") == "manual", "by hand")
        assert "för hand" in (await site.get("/api/v1/people/anna/explain"))["text"].casefold()
        await asyncio.to_thread(site.kalends, "clear", "anna")
        await until(lambda: site.last("anna").get("activity") == "meeting", "the calendar again")


def _kill(process: psutil.Process) -> None:
    process.kill()
    process.wait(PATIENCE)


def _no_orphans(site: Installation) -> bool:
    return not [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(site.config) in (process.info["cmdline"] or [])
    ]


async def _shows(site: Installation, activity: str) -> bool:
    return bool((await site.presence("anna"))["activity"] == activity)


async def _knows_next(site: Installation) -> bool:
    return (await site.presence("anna"))["next"] is not None


def _traces(site: Installation) -> list[str]:
    """Return the files of Kalends in which the subject still stands."""
    word = b"kanarief"
    files = [path for path in (site.folder / "data").rglob("*") if path.is_file()]
    return [
        path.name for path in [*files, site.folder / "kalends.log"] if word in path.read_bytes()
    ]
