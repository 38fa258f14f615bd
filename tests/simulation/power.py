"""A disk that loses power: what was not synced is lost, kept or torn, sector by sector.

Place: under SQLite, as its VFS, over the machine's own files. Vocabulary: a *medium* is one file as
the platters hold it; a *moment* is an instant at which the power may go: before each write and
around each sync; an *image* is what is found when the power is back. Many images can be taken of
one run, each at a moment of its own: whoever asks for one goes on as if nothing had happened.

Harsher than most disks, within what SQLite asks of one (https://www.sqlite.org/atomiccommit.html):
writes since the last sync survive in any order or not at all, a sector half, a file's end without
its middle; a file nobody synced may not be there, one that was deleted may be back. Bytes nobody
wrote are left alone.
"""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

SECTOR = 512
TORN = 0.25
"""Share of the lost sectors of which the beginning survives."""

Image = Mapping[str, bytes]
"""File name → contents."""

_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes that were handed to the disk."""

    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    """A file made shorter."""

    size: int


@dataclass(slots=True)
class Medium:
    """One file: what is surely there, and what was asked for since."""

    durable: bytearray = field(default_factory=bytearray)
    waiting: list[Write | Truncate] = field(default_factory=list)
    sure: bool = True
    """Whether the file itself is there for certain."""

    def synced(self) -> None:
        """Everything asked for is there now."""
        for change in self.waiting:
            _carry_out(self.durable, change)
        self.waiting.clear()
        self.sure = True

    def left(self, chance: random.Random) -> bytes | None:
        """Return what a power cut leaves of it; None where the file is gone."""
        if not self.sure and chance.random() < 0.5:
            return None
        found = bytearray(self.durable)
        survives = _way(chance, len(self.waiting))
        for number, change in enumerate(self.waiting):
            if isinstance(change, Truncate):
                if survives(number):
                    _carry_out(found, change)
                continue
            for part in _sectors(change):
                if survives(number):
                    _carry_out(found, part)
                elif chance.random() < TORN:
                    torn = part.data[: chance.randrange(len(part.data))]
                    _carry_out(found, Write(part.offset, torn))
        return bytes(found)


def _way(chance: random.Random, count: int) -> Callable[[int], bool]:
    """Return which waiting changes survive: the first, the last, or some, sector by sector."""
    at = chance.randrange(count + 1)
    share = chance.choice((0.0, 0.1, 0.5, 0.9, 1.0))
    ways: list[Callable[[int], bool]] = [
        lambda number: number < at,
        lambda number: number >= at,
        lambda number: chance.random() < share,
    ]
    return chance.choice(ways)


def _sectors(change: Write) -> list[Write]:
    """Cut a write where the disk's sectors end."""
    parts, begin = [], change.offset
    end = change.offset + len(change.data)
    while begin < end:
        stop = min(end, begin - begin % SECTOR + SECTOR)
        parts.append(Write(begin, change.data[begin - change.offset : stop - change.offset]))
        begin = stop
    return parts


def _carry_out(content: bytearray, change: Write | Truncate) -> None:
    if isinstance(change, Truncate):
        del content[change.size :]
        return
    if len(content) < change.offset:
        content.extend(bytes(change.offset - len(content)))
    content[change.offset : change.offset + len(change.data)] = change.data


class Disk(apsw.VFS):
    """SQLite's files on a disk whose power may go at any moment."""

    def __init__(self) -> None:
        self.called = f"power-{next(_numbers)}"
        super().__init__(self.called, base="")
        self.lies = False
        """Whether the disk says that it has synced, and has not."""
        self.moment: Callable[[], None] = lambda: None
        """Called whenever the power might go; may take an image."""
        self.lock = threading.RLock()
        self._media: dict[str, Medium] = {}
        self._deleted: dict[str, Medium] = {}

    def image(self, chance: random.Random) -> Image:
        """Return what would be found if the power went now."""
        with self.lock:
            found = {name: medium.left(chance) for name, medium in self._media.items()}
            for name, medium in self._deleted.items():
                if chance.random() < 0.5:
                    found[name] = medium.left(chance)
        return {name: content for name, content in found.items() if content is not None}

    def xOpen(self, name: Any, flags: Any) -> Any:  # noqa: N802 (SQLite's name)
        """Open a file over the machine's own."""
        return File(self, name, flags)

    def xDelete(self, name: str, sync: bool) -> None:  # noqa: N802 (SQLite's name)
        """Delete a file; until its directory is synced it may come back."""
        self.moment()
        with self.lock:
            super().xDelete(name, sync)
            gone = self._media.pop(Path(name).name, None)
            self._deleted.pop(Path(name).name, None)
            if gone is not None and not sync:
                self._deleted[Path(name).name] = gone

    def medium(self, path: Path) -> Medium:
        """Return the medium of a file that is opened."""
        with self.lock:
            if path.name not in self._media:
                there = path.exists()
                content = bytearray(path.read_bytes()) if there else bytearray()
                self._media[path.name] = Medium(content, sure=there)
                self._deleted.pop(path.name, None)
            return self._media[path.name]

    def sync(self, medium: Medium) -> None:
        """Put on the platters what waits; with a new file its directory, as SQLite does it."""
        with self.lock:
            if not medium.sure:
                self._deleted.clear()
            medium.synced()

    def forget(self) -> None:
        """Begin anew with what is in the files: the power is back."""
        with self.lock:
            self._media.clear()
            self._deleted.clear()


class File(apsw.VFSFile):
    """A file of such a disk."""

    def __init__(self, disk: Disk, name: Any, flags: Any) -> None:
        self._disk = disk
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._medium = disk.medium(Path(path))
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 (SQLite's name)
        """Hand bytes to the disk."""
        self._disk.moment()
        with self._disk.lock:
            super().xWrite(data, offset)
            self._medium.waiting.append(Write(offset, bytes(data)))

    def xTruncate(self, size: int) -> None:  # noqa: N802 (SQLite's name)
        """Make the file shorter."""
        self._disk.moment()
        with self._disk.lock:
            super().xTruncate(size)
            self._medium.waiting.append(Truncate(size))

    def xSync(self, flags: int) -> None:  # noqa: N802 (SQLite's name)
        """Put on the platters what waits; the machine's own disk need not be troubled."""
        del flags
        self._disk.moment()
        if not self._disk.lies:
            self._disk.sync(self._medium)
        self._disk.moment()


def put_back(image: Image, directory: Path, chance: random.Random) -> None:
    """Let the machine come back: the files as they were found, the index of the WAL as rubbish."""
    for old in directory.glob("kalends.db*"):
        old.unlink()
    for name, content in image.items():
        (directory / name).write_bytes(content)
        (directory / name).chmod(0o600)
    if "kalends.db" in image:
        (directory / "kalends.db-shm").write_bytes(chance.randbytes(32768))
        (directory / "kalends.db-shm").chmod(0o600)
