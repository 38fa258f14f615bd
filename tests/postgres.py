"""A real PostgreSQL for tests: Debian's, in a temporary directory, on a Unix socket of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest


def programs() -> Path | None:
    """Return where initdb and postgres are, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb else None


def _run(command: Sequence[str | Path]) -> None:
    """Run as user postgres where we are root: PostgreSQL refuses to run as root."""
    environment = {"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}
    quiet = subprocess.DEVNULL
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        subprocess.run(
            command, check=True, stdout=quiet, env=environment,
            user=user.pw_uid, group=user.pw_gid, extra_groups=[],
        )  # fmt: skip
    else:
        subprocess.run(command, check=True, stdout=quiet, env=environment)


@dataclass(frozen=True)
class Server:
    """A PostgreSQL in a directory that also holds its socket."""

    programs: Path
    home: Path
    settings: tuple[str, ...]

    @property
    def dsn(self) -> str:
        """Return how its superuser reaches it."""
        return f"postgresql://kalends@/postgres?host={self.home}"

    def make(self) -> None:
        """Make its files."""
        words = ["-U", "kalends", "-A", "trust", "-k", "-E", "UTF8", "--no-sync"]
        _run([self.programs / "initdb", "-D", self.home / "data", *words])

    def start(self) -> None:
        """Start it, after a kill too, and wait until it lets people in."""
        fast = ["listen_addresses=", f"unix_socket_directories={self.home}", "shared_buffers=64MB"]
        given = [word for setting in (*fast, *self.settings) for word in ("-c", setting)]
        self._control("-l", self.home / "log", "-o", " ".join(given), "start")

    def stop(self) -> None:
        """Stop it without a word to anybody, as its processes end in a crash of one."""
        self._control("-m", "immediate", "stop")

    def kill(self) -> None:
        """Kill its first process, as a machine short of memory does, and wait for the others."""
        pids = (self.home / "data" / "postmaster.pid").read_text("ascii")
        first = psutil.Process(int(pids.split()[0]))
        others = first.children()
        first.kill()
        psutil.wait_procs([first, *others], timeout=30)

    def _control(self, *words: str | Path) -> None:
        _run([self.programs / "pg_ctl", "-D", self.home / "data", "-w", *words])


@contextmanager
def machine(*settings: str) -> Iterator[Server]:
    """Make a server that a test starts, kills and stops. Skips where none is installed."""
    bin_directory = programs()
    if bin_directory is None:
        pytest.skip("PostgreSQL is not installed (make packages)")
    with tempfile.TemporaryDirectory(prefix="pg") as directory:
        home = Path(directory)
        if os.geteuid() == 0:
            shutil.chown(home, "postgres")
        made = Server(bin_directory, home, settings)
        made.make()
        try:
            yield made
        finally:
            with suppress(subprocess.CalledProcessError):  # the test stopped it
                made.stop()


@contextmanager
def server(*settings: str) -> Iterator[str]:
    """Start a server; give its DSN (superuser). Skips where PostgreSQL is not installed."""
    with machine(*settings) as made:
        made.start()
        yield made.dsn
