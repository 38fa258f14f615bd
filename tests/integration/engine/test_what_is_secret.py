"""Passwords and what people write: in no log line, no file, no answer, whatever goes wrong."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from kalends import observe
from kalends.bus import commands  # Test… by name would be taken for tests
from kalends.bus.commands import (
    AnyCommand,
    Backup,
    Ping,
    PutDocument,
    PutPerson,
    PutPrincipal,
    SetManual,
)
from kalends.config import toml_text
from kalends.directory.documents import organization_document
from tests.integration.bad_input.site import (
    Site,
    configuration,
    everybody_busy,
    told,
)
from tests.integration.bad_input.test_troubles import CASES, answers, mend, spoil
from tests.unit.wire.icalendar.samples import calendar

PASSWORD = "Pergamentkanarie"
SUBJECT = "Zaubertrankkanarie"
NOTE = "Hafenkanarie"
CANARIES = (PASSWORD, SUBJECT, NOTE, "anna@acme.example")
WHO: dict[str, Any] = {"organization": "acme", "actor": "token:t"}


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Return what is logged at the most talkative level."""
    told = io.StringIO()
    monkeypatch.setattr(sys, "stderr", told)
    observe.configure("debug")
    return told


def furnish(site: Site) -> None:
    """Let the password, and Anna's subject, be words that stand nowhere else."""
    site.near.dav.tree.add_user("svc", PASSWORD, "svc@acme.example")
    site.annas.put("now.ics", calendar(site.meeting("now", f"SUMMARY:{SUBJECT}")))


def source(site: Site) -> dict[str, Any]:
    return {"kind": "caldav", "url": site.near.url, "username": "svc", "password": PASSWORD}


def test_no_way_of_failing_tells_a_log_what_anybody_wrote(tmp_path: Path, log: io.StringIO) -> None:
    async def story(site: Site) -> None:
        furnish(site)
        whole = configuration(site)
        whole["sources"][0] |= {"password": PASSWORD}
        await site.apply(whole)
        await everybody_busy(site)
        await site.handle(SetManual(**WHO, person="anna", activity="lunch", note=NOTE))
        await site.handle(SetManual(**WHO, person="anna", activity=NOTE))
        await site.handle(PutPerson(**WHO, record={"id": "x", "name": SUBJECT, "emails": [NOTE]}))
        troubles = {name: case for name, case in CASES.items() if not case.feed}
        for case in troubles.values():
            case.spoil(site)
            await site.troubled(case.code)
            mend(site)
            furnish(site)
            await site.healthy()
        echo = f"<p>{SUBJECT} anna@acme.example {PASSWORD}</p>".encode()
        spoil(answers(echo, 500, "text/html"))(site)
        await site.troubled("unreachable")
        mend(site)
        await site.healthy()
        site.near.dav.tree.add_user("svc", "another", "svc@acme.example")

        async def shut() -> bool:
            return bool((await site.status())["near"]["state"] == "sign-in")

        await site.until(shut, "the sign-in is refused")

    told(story, tmp_path)
    lines = log.getvalue().casefold()
    assert "calendar.unread" in lines
    assert [word for word in CANARIES if word.casefold() in lines] == []


def test_a_password_goes_in_and_comes_out_nowhere(tmp_path: Path, log: io.StringIO) -> None:
    heard: list[str] = []

    async def story(site: Site) -> None:
        async def say(command: AnyCommand) -> None:
            heard.append(repr(await site.handle(command)))

        furnish(site)
        whole = configuration(site)
        whole["sources"] = whole["sources"][1:]
        await site.apply(whole)
        await say(PutDocument(**WHO, kind="source", id="near", body=source(site)))
        await everybody_busy(site)
        await say(PutDocument(**WHO, kind="source", id="near", body=source(site) | {"zzz": 1}))
        wrong = source(site) | {"poll_seconds": PASSWORD}
        await say(PutDocument(**WHO, kind="source", id="near", body=wrong))
        await say(commands.TestSource(**WHO, source="near"))
        await say(Ping(**WHO))
        await say(PutPrincipal(**WHO, principal={"secret_hash": PASSWORD}))
        await say(Backup(organization="*", actor="cli", path=str(tmp_path / "copy.db")))
        heard.append(toml_text([await organization_document(site.store, "acme")]))
        documents = await site.store.documents("acme")
        heard.extend(repr(json.loads(one.body)) for one in documents)
        heard.append(repr(await site.store.audit("acme")))
        assert await site.store.secret("acme", "source:near", "password") == PASSWORD

    told(story, tmp_path)
    assert (tmp_path / "copy.db").exists()
    files = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert [name for name, body in files.items() if PASSWORD.encode() in body] == []
    assert PASSWORD not in log.getvalue()
    assert [one for one in heard if PASSWORD in one] == []
