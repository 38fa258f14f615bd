"""Every command beside a running installation: what it shows, what it changes, what it prints."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from kalends.cli import main
from kalends.config import load
from tests.acceptance.backbone.installation import (
    Installation,
    in_seconds,
    running,
    until,
)
from tests.acceptance.net.test_mail import post

pytestmark = pytest.mark.slow

MARKUP = "M: budget [/2027] [red]"
"""A subject that a terminal must not take for its own."""


class Terminal:
    """The command line, in this process: starting one for each word would cost seconds."""

    def __init__(self, site: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        self._site, self._patch = site, monkeypatch

    async def __call__(self, *words: str, code: int = 0) -> str:
        """Run a command; return what it printed and complained."""
        arguments = ["kalends", *words, "--config", str(self._site.config)]
        self._patch.setattr("sys.argv", arguments)
        return await asyncio.to_thread(self._run, code)

    async def json(self, *words: str, code: int = 0) -> Any:
        """Run a command for programs."""
        return json.loads(await self(*words, "--json", code=code))

    def _run(self, code: int) -> str:
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                main()
                ended: object = 0
            except SystemExit as end:
                ended = end.code or 0
        assert ended == code, said.getvalue()
        return said.getvalue()


async def test_people_are_looked_at_and_set_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, ("anna", "bo")) as site:
        kalends = Terminal(site, monkeypatch)
        site.book("anna", MARKUP, in_seconds(-60), 3600)
        await until(lambda: site.last("anna").get("availability") == "busy", "in the meeting")

        everybody = await kalends("people")
        assert [line.split()[0] for line in everybody.splitlines()] == ["id", "anna", "bo"]
        assert "meeting" in everybody.splitlines()[1]
        assert [one["id"] for one in await kalends.json("people", "--find", "bo")] == ["bo"]
        assert await kalends("people", "--find", "zz") == "Nobody matches.\n"

        shown = await kalends.json("presence", "anna")
        assert (shown["availability"], shown["activity"]) == ("busy", "meeting")
        assert "Anna Berg är i möte" in await kalends("presence", "anna")
        [segment] = await kalends.json("timeline", "anna", "--days", "1")
        assert segment["booking"]["subject"] == MARKUP
        assert MARKUP in await kalends("timeline", "anna")
        assert MARKUP in await kalends("explain", "anna")
        assert (await kalends.json("explain", "anna", "--at", "23:59"))["text"]

        said = await kalends("set", "anna", "lunch", "--until", "cleared", "--note", "hamnen")
        assert "kalends clear anna" in said
        assert (await kalends.json("presence", "anna"))["note"] == "hamnen"
        assert "nonsense" in await kalends("set", "anna", "nonsense", code=2)
        assert (await kalends.json("clear", "anna"))["presence"]["activity"] == "meeting"


async def test_sources_people_and_rules_are_checked_step_by_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, ("anna", "bo")) as site:
        kalends = Terminal(site, monkeypatch)
        monkeypatch.setenv("DAV_PASSWORD", "not asked for: the engine has its own")
        steps = await kalends.json("check")
        assert all(step["ok"] for step in steps)
        whats = [step["what"] for step in steps]
        assert whats.index("dns") < whats.index("port") < whats.index("sign-in")
        calendars = {step["subject"] for step in steps if step["what"] == "calendar"}
        assert calendars == {"anna/default", "bo/default"}
        assert "All is well." in await kalends("check")

        site.calendars.stop()
        bad = [step for step in await kalends.json("check", code=1) if not step["ok"]]
        assert [step["what"] for step in bad] == ["port"]
        assert all(step["remedy"] for step in bad)
        assert "BAD" in await kalends("check", code=1)

        written = site.config.read_text("utf-8")
        site.config.write_text(
            written
            + '[[organizations.people]]\nid = "cleo"\nname = "Cleo"\n'
            + '[[organizations.rules]]\nmatch = { code = "m" }\nthen = { activity = "lunch" }\n'
        )
        [cleo] = [s for s in await kalends.json("check", code=1) if s["what"] == "person"]
        assert cleo["subject"] == "cleo"
        assert "emails" in cleo["remedy"]
        assert "m" in (await kalends.json("policy", "lint", "--strict", code=1))[0]["what"]
        site.config.write_text(written)
        assert await kalends.json("policy", "lint") == []


async def test_what_is_exported_is_what_was_applied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, ("anna",)) as site:
        kalends = Terminal(site, monkeypatch)
        assert await kalends("apply") == "Everything was as the file says.\n"
        more = '[[organizations.people]]\nid = "cleo"\nname = "Cleo"\ncalendars = "none"\n'
        site.config.write_text(site.config.read_text("utf-8") + more)
        assert (await kalends.json("apply"))["people"]["added"] == 1
        out = tmp_path / "export.toml"
        await kalends("export", "--to", str(out))
        server = f'[server]\ndatabase = "sqlite:///{tmp_path}/other.db"\n'
        out.write_text(server + out.read_text("utf-8"))
        assert load(out).organizations == load(site.config).organizations


async def test_tokens_accounts_and_a_mail_for_a_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, ("anna",)) as site, post(security="none") as server:
        kalends = Terminal(site, monkeypatch)
        secret = (await kalends("token", "create", "wall", "--role", "attendant")).split()[-1]
        assert await _answers(site, secret) == 200
        [wall] = [one for one in await kalends.json("token", "list") if one["name"] == "wall"]
        assert secret not in json.dumps(wall)
        await kalends("token", "delete", wall["id"])
        assert await _answers(site, secret) == 401

        monkeypatch.setenv("KALENDS_PASSWORD", "correct horse battery")
        await kalends("account", "create", "anna", "--person", "anna")
        signing = {"name": "anna", "password": "correct horse battery"}
        base = f"http://127.0.0.1:{site.http}"
        async with (
            aiohttp.ClientSession(base) as client,
            client.post("/api/v1/session", json=signing, headers={"Origin": base}) as answer,
        ):
            assert answer.status == 200, await answer.text()

        mail = (
            f'[server.mail]\nhost = "127.0.0.1"\nport = {server.options.port}\n'
            'security = "none"\nsender = "k@acme.example"\nto = ["ops@acme.example"]\n'
        )
        site.config.write_text(mail + site.config.read_text("utf-8"))
        assert "ops@acme.example" in await kalends("mail", "test")
        [(receivers, _)] = server.mails
        assert receivers == ["ops@acme.example"]


async def _answers(site: Installation, secret: str) -> int:
    url = f"http://127.0.0.1:{site.http}/api/v1/people"
    headers = {"Authorization": f"Bearer {secret}"}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        return answer.status
