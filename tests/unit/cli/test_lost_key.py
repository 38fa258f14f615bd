"""A database whose key is missing: nothing makes another one, which would hide what is wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from kalends.cli import main
from kalends.errors import UserError
from kalends.runtime import Runtime
from kalends.store import open_keys, open_store

MISSING = "Restore it from where the key is kept"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory with a configuration and no database yet."""
    monkeypatch.delenv("KALENDS_KEY", raising=False)
    (tmp_path / "kalends.toml").write_text(
        '[server]\ndatabase = "sqlite:///k.db"\n[[organizations]]\nid = "acme"\nname = "Acme"\n'
    )
    return tmp_path


def lost(folder: Path) -> None:
    """Make a database with its key, and lose the key."""
    asyncio.run(_begin(f"sqlite:///{folder}/k.db", folder / "kalends.key"))
    (folder / "kalends.key").unlink()


async def _begin(database: str, key: Path) -> None:
    keys = await open_keys(database, key, create=True)
    await (await open_store(database, keys, Runtime())).close()


def said(
    folder: Path,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> str:
    """Run a command that fails; return what it says."""
    monkeypatch.setattr("sys.argv", ["kalends", *words, "--config", str(folder / "kalends.toml")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code
    return " ".join(capsys.readouterr().err.split())


COMMANDS = [["people"], ["token", "create", "--role", "admin", "backup"], ["check"]]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: str(words[0]))
def test_a_lost_key_is_named_and_none_is_made(
    folder: Path,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lost(folder)
    assert MISSING in said(folder, words, monkeypatch, capsys)
    assert not (folder / "kalends.key").exists()


def test_the_engine_makes_none_for_a_database_that_was_written(folder: Path) -> None:
    lost(folder)
    with pytest.raises(UserError, match=MISSING):
        asyncio.run(open_keys(f"sqlite:///{folder}/k.db", folder / "kalends.key", create=True))
    assert not (folder / "kalends.key").exists()


def test_who_only_reads_leaves_no_key_where_there_is_no_database(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "There is no database" in said(folder, ["people"], monkeypatch, capsys)
    assert not (folder / "kalends.key").exists()
