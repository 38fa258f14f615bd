"""What somebody meets who tries Kalends for the first time."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from kalends.cli import main
from kalends.cli.output import as_json, ready_streams, say
from kalends.model.presence import Presence
from kalends.model.profile import Profile
from kalends.model.vocabulary import Availability, Stage
from kalends.runtime import Runtime
from kalends.store import open_store
from kalends.store.contract import Document, Evaluated, PersonDocument
from kalends.store.vault import Vault


class Terminal:
    """Runs the command line with one configuration."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.config = folder / "kalends.toml"
        self._patch, self._capsys = monkeypatch, capsys
        self.config.write_text(
            '[server]\ndatabase = "sqlite:///k.db"\n[[organizations]]\nid = "acme"\nname = "Acme"\n'
        )

    def __call__(self, *words: str) -> tuple[int, str]:
        """Return the exit code and what was printed and complained."""
        self._patch.setattr("sys.argv", ["kalends", *words, "--config", str(self.config)])
        try:
            main()
            code: object = 0
        except SystemExit as ended:
            code = ended.code
        printed = self._capsys.readouterr()
        assert isinstance(code, int)
        return code, printed.out + printed.err


@pytest.fixture
def kalends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    monkeypatch.setenv("KALENDS_PASSWORD", "long enough for anybody")
    return Terminal(tmp_path, monkeypatch, capsys)


async def on_trial(folder: Path) -> None:
    """Store Anna, busy, on trial."""
    vault = Vault.load(folder / "kalends.key", create=True)
    store = await open_store(f"sqlite:///{folder}/k.db", vault, Runtime())
    settings = Document("acme", "organization", "acme", b'{"id":"acme","name":"Acme"}', "file")
    await store.save_documents([settings])
    profile = Profile("anna", "Anna Berg", "en", "UTC", "", stage=Stage.TRIAL)
    record = b'{"id":"anna","name":"Anna Berg"}'
    await store.save_people([PersonDocument("acme", "anna", record, profile, "api")], now=1)
    facts = await store.facts("acme", "anna")
    assert facts is not None
    busy = Presence(since=1, availability=Availability.BUSY, activity="meeting")
    told = Evaluated("acme", "anna", facts.input_version, busy, None, 1, changed=True)
    await store.commit_batch([told], now=1)
    await store.close()


def test_people_on_trial_are_shown_as_they_will_be_told_once_live(
    tmp_path: Path, kalends: Terminal
) -> None:
    asyncio.run(on_trial(tmp_path))
    code, told = kalends("people")
    assert code == 0
    assert all(word in told for word in ("busy", "meeting", "on trial")), told
    assert "Anna Berg" in kalends("presence", "anna")[1]


def test_a_token_made_before_the_first_start_is_listed(kalends: Terminal) -> None:
    assert kalends("token", "create", "wall", "--role", "attendant")[0] == 0
    for words in (("token", "list"), ("token", "list", "--organization", "acme")):
        code, told = kalends(*words)
        assert (code, "wall" in told) == (0, True), told


def test_an_account_that_is_there_already_is_not_made_again(kalends: Terminal) -> None:
    assert kalends("account", "create", "bob")[0] == 0
    code, told = kalends("account", "create", "Bob")
    assert (code, "already" in told, "kalends token delete a-" in told) == (2, True, True), told


def test_a_copy_that_is_not_there_is_what_is_told_first(tmp_path: Path, kalends: Terminal) -> None:
    kalends("token", "create", "x")  # so that there is a database
    code, told = kalends("restore", str(tmp_path / "nowhere.db"))
    assert (code, "There is no file" in told, "--overwrite" in told) == (2, True, False), told


def test_a_copy_is_one_file(tmp_path: Path, kalends: Terminal) -> None:
    kalends("token", "create", "x")
    assert kalends("backup", str(tmp_path / "copy.db"))[0] == 0
    assert kalends("restore", str(tmp_path / "copy.db"), "--overwrite")[0] == 0
    assert [one.name for one in tmp_path.glob("copy.db*")] == ["copy.db"]


def test_nobody_misses_what_nobody_reads() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "kalends", "version"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert done.stderr == b""


def test_what_a_locale_has_no_letter_for_ends_no_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    printed = TextIOWrapper(BytesIO(), "latin-1", write_through=True)
    monkeypatch.setattr("sys.stdout", printed)
    ready_streams()
    say("Åsa → Łukasz…")
    as_json({"name": "Łukasz"})
    told = printed.buffer.getvalue().decode("latin-1")
    first, _, rest = told.partition("\n")
    assert first == "Åsa ? ?ukasz?"
    assert json.loads(rest) == {"name": "Łukasz"}
