"""Every command beside a running installation: what it shows, what it changes, what it prints."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from kalends.cli import main
from kalends.config import load
from tests.acceptance.backbone.installation import (
    Installation,
    in_seconds,
    running,
    until,
)
from tests.acceptance.net.test_mail import post

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    """One installation for all: starting one takes longer than every command together."""
    async with running(tmp_path_factory.mktemp("commands"), ("anna", "bo")) as found:
        yield found


@pytest.fixture
def kalends(site: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """The command line; the configuration file is put back."""
    written = site.config.read_text("utf-8")
    yield Terminal(site, monkeypatch)
    site.config.write_text(written, "utf-8")


async def test_people_are_looked_at_and_set_by_hand(site: Installation, kalends: Terminal) -> None:
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
    assert (await kalends.json("explain", "anna", "--at", "2030-01-01T12:00"))["text"]

    said = await kalends("set", "anna", "lunch", "--until", "cleared", "--note", "hamnen")
    assert "kalends clear anna" in said
    assert (await kalends.json("presence", "anna"))["note"] == "hamnen"
    assert "nonsense" in await kalends("set", "anna", "nonsense", code=2)
    assert (await kalends.json("clear", "anna"))["presence"]["activity"] == "meeting"


async def test_sources_people_and_rules_are_checked_step_by_step(
    site: Installation, kalends: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAV_PASSWORD", "not asked for: the engine has its own")
    steps = await kalends.json("check")
    assert all(step["ok"] for step in steps)
    whats = [step["what"] for step in steps]
    assert whats.index("dns") < whats.index("port") < whats.index("sign-in")
    calendars = {step["subject"] for step in steps if step["what"] == "calendar"}
    assert calendars == {"anna/default", "bo/default"}
    assert "All is well." in await kalends("check")

    written = site.config.read_text("utf-8")
    more = (
        '[[organizations.people]]\nid = "cleo"\nname = "Cleo"\n'
        '[[organizations.rules]]\nmatch = { code = "m" }\nthen = { activity = "lunch" }\n'
        '[[organizations.sources]]\nid = "new"\nkind = "ics"\nuploads = true\n'
    )
    site.config.write_text(written + more, "utf-8")
    bad = {step["what"]: step for step in await kalends.json("check", code=1) if not step["ok"]}
    assert bad.keys() == {"person", "configuration"}
    assert (bad["person"]["subject"], "emails" in bad["person"]["remedy"]) == ("cleo", True)
    assert bad["configuration"]["subject"] == "new"
    assert "kalends apply" in bad["configuration"]["remedy"]
    assert "m" in (await kalends.json("policy", "lint", "--strict", code=1))[0]["what"]
    site.config.write_text(written, "utf-8")
    assert await kalends.json("policy", "lint") == []

    site.calendars.stop()
    try:
        [bad_step] = [step for step in await kalends.json("check", code=1) if not step["ok"]]
        assert (bad_step["what"], bool(bad_step["remedy"])) == ("port", True)
        assert "BAD" in await kalends("check", code=1)
    finally:
        await asyncio.to_thread(site.calendars.start)


async def test_what_is_exported_is_what_was_applied(
    site: Installation, kalends: Terminal, tmp_path: Path
) -> None:
    assert await kalends("apply") == "Everything was as the file says.\n"
    written = site.config.read_text("utf-8")
    more = '[[organizations.people]]\nid = "cleo"\nname = "Cleo"\ncalendars = "none"\n'
    site.config.write_text(written + more, "utf-8")
    assert (await kalends.json("apply"))["people"]["added"] == 1
    out = tmp_path / "export.toml"
    await kalends("export", "--to", str(out))
    server = f'[server]\ndatabase = "sqlite:///{tmp_path}/other.db"\n'
    out.write_text(server + out.read_text("utf-8"), "utf-8")
    assert load(out).organizations == load(site.config).organizations
    site.config.write_text(written, "utf-8")
    assert "--force" in await kalends("apply", code=2)  # one of three would leave
    assert (await kalends.json("apply", "--force"))["people"]["removed"] == 1


async def test_tokens_accounts_and_a_mail_for_a_try(
    site: Installation, kalends: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, role in (("wall", "attendant"), ("pia", "provider")):
        secret = (await kalends("token", "create", name, "--role", role)).split()[-1]
        assert await _answers(site, secret) == 200
        [made] = [one for one in await kalends.json("token", "list") if one["name"] == name]
        assert (made["role"], secret in json.dumps(made)) == (role, False)
        await kalends("token", "delete", made["id"])
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

    async with post(security="none") as server:
        mail = (
            f'[server.mail]\nhost = "127.0.0.1"\nport = {server.options.port}\n'
            'security = "none"\nsender = "k@acme.example"\nto = ["ops@acme.example"]\n'
        )
        site.config.write_text(mail + site.config.read_text("utf-8"), "utf-8")
        assert "ops@acme.example" in await kalends("mail", "test")
    [(receivers, _)] = server.mails
    assert receivers == ["ops@acme.example"]


async def _answers(site: Installation, secret: str) -> int:
    url = f"http://127.0.0.1:{site.http}/api/v1/people?organization=acme"
    headers = {"Authorization": f"Bearer {secret}"}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        return answer.status
