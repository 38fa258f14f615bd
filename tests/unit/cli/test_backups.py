"""``kalends backup`` and ``kalends restore`` beside no engine: what is written, what is refused."""

from __future__ import annotations

import time
from datetime import datetime, tzinfo
from pathlib import Path

import apsw
import pytest

from kalends.app.lock import only_one
from kalends.cli import main
from kalends.model.presence import Presence
from kalends.model.profile import Profile
from kalends.runtime import Runtime
from kalends.store import open_store
from kalends.store.contract import Document, Evaluated, PersonDocument
from kalends.store.copies import marked
from kalends.store.units.restoring import A_SECOND
from kalends.store.vault import Vault


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """Return a directory with a configuration and a database of one person."""
    (tmp_path / "kalends.toml").write_text(
        '[server]\ndatabase = "sqlite:///k.db"\n[[organizations]]\nid = "acme"\nname = "Acme"\n'
    )
    vault = Vault.load(tmp_path / "kalends.key", create=True)
    store = await open_store(f"sqlite:///{tmp_path}/k.db", vault, Runtime())
    settings = Document("acme", "organization", "acme", b'{"id":"acme","name":"Acme"}', "file")
    await store.save_documents([settings])
    profile = Profile("anna", "Anna Berg", "en", "UTC", "")
    record = b'{"id":"anna","name":"Anna Berg"}'
    await store.save_people([PersonDocument("acme", "anna", record, profile, "api")], now=1)
    facts = await store.facts("acme", "anna")
    assert facts is not None
    told = Evaluated("acme", "anna", facts.input_version, Presence(since=1), None, 1, changed=True)
    await store.commit_batch([told], now=1)
    await store.close()
    return tmp_path


class Terminal:
    """Runs the command line in a directory."""

    def __init__(
        self,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self._folder, self._patch, self._capsys = folder, monkeypatch, capsys

    def __call__(self, *words: str) -> tuple[int, str]:
        """Return the exit code and what was printed and complained."""
        config = str(self._folder / "kalends.toml")
        self._patch.setattr("sys.argv", ["kalends", *words, "--config", config])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = self._capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, printed.out + printed.err


@pytest.fixture
def kalends(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    return Terminal(folder, monkeypatch, capsys)


def revisions(path: Path) -> tuple[int, int]:
    """Return the organization's revision and Anna's, as stored."""
    connection = apsw.Connection(str(path))
    try:
        [[organization]] = connection.execute("SELECT revision FROM organization").fetchall()
        [[anna]] = connection.execute("SELECT revision FROM state").fetchall()
        return int(str(organization)), int(str(anna))
    finally:
        connection.close()


def test_a_copy_is_made_looked_over_and_gone_on_from(folder: Path, kalends: Terminal) -> None:
    copy = folder / "copy.db"
    assert kalends("backup", str(copy))[0] == 0
    assert copy.stat().st_mode & 0o777 == 0o600
    before, begun = revisions(folder / "k.db"), int(time.time())
    code, told = kalends("restore", str(copy), "--overwrite")
    assert code == 0, told
    after = revisions(folder / "k.db")
    assert begun * A_SECOND <= after[0] <= int(time.time()) * A_SECOND
    assert after[0] - after[1] == before[0] - before[1]
    assert revisions(copy) == before  # the copy itself stays as it was
    assert marked(folder)
    [kept] = folder.glob("k.db.replaced-*Z")
    assert revisions(kept) == before
    assert "kalends token list" in told
    assert not list(folder.glob("*.restoring*"))


def test_nothing_is_overwritten_unasked(folder: Path, kalends: Terminal) -> None:
    copy = folder / "copy.db"
    kalends("backup", str(copy))
    for words in (("backup", str(copy)), ("restore", str(copy))):
        code, told = kalends(*words)
        assert (code, "--overwrite" in told) == (2, True), told
    assert kalends("backup", str(copy), "--overwrite")[0] == 0
    code, told = kalends("backup", str(folder / "nowhere" / "copy.db"))
    assert (code, "no directory" in told) == (2, True)


def test_the_database_is_neither_a_place_for_a_copy_nor_one(
    folder: Path, kalends: Terminal
) -> None:
    database, link = folder / "k.db", folder / "link.db"
    link.symlink_to(database)
    before = database.read_bytes()
    for place in (database, link):
        for words in (("backup", str(place)), ("restore", str(place))):
            code, told = kalends(*words, "--overwrite")
            assert (code, "the database itself" in told) == (2, True), told
    assert database.read_bytes() == before
    assert not list(folder.glob("*.replaced-*"))


def test_a_copy_takes_the_place_of_a_copy_only(folder: Path, kalends: Terminal) -> None:
    config, key = folder / "kalends.toml", folder / "kalends.key"
    before = config.read_bytes(), key.read_bytes()
    for place in (config, key):
        code, told = kalends("backup", str(place), "--overwrite")
        assert (code, "no copy of a database" in told) == (2, True), told
    assert (config.read_bytes(), key.read_bytes()) == before
    code, told = kalends("backup", str(folder))
    assert (code, "is a directory" in told) == (2, True), told


def test_what_a_plain_copy_has_in_its_log_is_gone_on_from_too(
    folder: Path, kalends: Terminal
) -> None:
    copy = folder / "plain.db"
    writer = apsw.Connection(str(folder / "k.db"))
    writer.execute("PRAGMA journal_mode=WAL").fetchall()
    writer.execute("PRAGMA wal_autocheckpoint=0").fetchall()
    writer.execute("UPDATE organization SET revision = 4711")
    for side in ("", "-wal"):  # as cp and rsync do
        copy.with_name(copy.name + side).write_bytes((folder / f"k.db{side}").read_bytes())
    writer.close()
    code, told = kalends("restore", str(copy), "--overwrite")
    assert code == 0, told
    after = revisions(folder / "k.db")
    assert after[0] - after[1] == 4711 - 1


def test_each_life_that_goes_on_from_a_copy_gives_out_revisions_of_its_own(
    folder: Path, kalends: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = folder / "copy.db"
    kalends("backup", str(copy))
    given: set[int] = set()
    for restored in (1_800_000_000, 1_800_000_001, 1_800_000_600):
        monkeypatch.setattr("kalends.cli.backups.datetime", _at(restored))
        assert kalends("restore", str(copy), "--overwrite")[0] == 0
        first = revisions(folder / "k.db")[0]
        life = set(range(first, first + 1000))  # what it gives out until it is lost in turn
        assert not given & life
        assert not given or max(given) < first
        given |= life


def _at(moment: int) -> type[datetime]:
    class Stopped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Stopped:
            return cls.fromtimestamp(moment, tz)

    return Stopped


def test_a_running_installation_is_not_replaced(folder: Path, kalends: Terminal) -> None:
    copy = folder / "copy.db"
    kalends("backup", str(copy))
    with only_one(folder / "kalends.engine.lock"):
        code, told = kalends("restore", str(copy), "--overwrite")
    assert (code, "already runs" in told) == (2, True)
    assert not marked(folder)


def test_what_cannot_be_gone_on_from_is_refused_and_nothing_is_lost(
    folder: Path, kalends: Terminal
) -> None:
    copy = folder / "copy.db"
    kalends("backup", str(copy))
    body, now = copy.read_bytes(), revisions(folder / "k.db")
    (folder / "torn.db").write_bytes(body[: len(body) // 2])
    (folder / "none.db").write_text("this is no database at all")
    for name in ("torn.db", "none.db", "missing.db"):
        code, told = kalends("restore", str(folder / name), "--overwrite")
        assert (code, "Traceback" in told) == (2, False), (name, told)
    key = folder / "kalends.key"
    key.unlink()
    code, told = kalends("restore", str(copy), "--overwrite")
    assert (code, "key" in told) == (2, True), told
    Vault.load(key, create=True)
    code, told = kalends("restore", str(copy), "--overwrite")
    assert (code, "does not open this copy" in told) == (2, True), told
    assert revisions(folder / "k.db") == now
    assert not marked(folder)


def test_postgresql_is_left_to_its_own_means(folder: Path, kalends: Terminal) -> None:
    config = folder / "kalends.toml"
    config.write_text(config.read_text().replace("sqlite:///k.db", "postgresql://x/y"))
    code, told = kalends("backup", str(folder / "copy.db"))
    assert (code, "pg_basebackup" in told) == (2, True)
