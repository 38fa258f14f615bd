"""The WAL goes into the database file beside the writer, not within its commits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from kalends.store import checkpoints
from kalends.store.checkpoints import Checkpoints
from kalends.store.sqlite import connect
from tests.contract.store.test_sqlite_files import Disk, disk  # noqa: F401 (a fixture)
from tests.patience import PATIENCE

PAGES = 10


@pytest.fixture(autouse=True)
def a_few_pages_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "WAL_PAGES", PAGES)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kalends.db"


class Made:
    """Checkpoints with what they told."""

    def __init__(self, path: Path, vfs: str | None = None) -> None:
        self.writer = connect(path, vfs=vfs)
        self.writer.execute("CREATE TABLE filled (bytes)")
        self.done = threading.Event()
        self.failures: list[apsw.Error] = []
        self.under = Checkpoints(self.writer, lambda: connect(path, vfs=vfs), self._failed, delay=0)

    def _failed(self, error: apsw.Error) -> None:
        self.failures.append(error)
        self.done.set()

    def fill(self) -> None:
        self.writer.execute("INSERT INTO filled VALUES (randomblob(?))", (4096 * 2 * PAGES,))


@pytest.fixture
def made(path: Path) -> Iterator[Made]:
    made = Made(path)
    yield made
    made.under.close()
    made.writer.close()


def test_a_grown_wal_goes_into_the_file_though_the_writer_does_nothing(
    made: Made, path: Path
) -> None:
    before = path.stat().st_size
    made.fill()
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.01)):
        if path.stat().st_size >= before + 4096 * 2 * PAGES:
            break
        pause.wait(0.01)
    assert path.stat().st_size >= before + 4096 * 2 * PAGES
    assert made.failures == []


def test_a_checkpoint_that_fails_is_told(path: Path, disk: Disk) -> None:  # noqa: F811
    made = Made(path, vfs="faulty")
    made.writer.execute("PRAGMA synchronous=OFF")  # the writer itself meets no fault
    disk.sync_fails = True
    made.fill()
    assert made.done.wait(PATIENCE)
    assert isinstance(made.failures[0], apsw.IOError)
    disk.sync_fails = False
    made.under.close()
    made.writer.close()
