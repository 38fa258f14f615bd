"""A real PostgreSQL for tests: Debian's, in a temporary directory, on a Unix socket of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

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


@contextmanager
def server(*settings: str) -> Iterator[str]:
    """Start a server; give its DSN (superuser). Skips where PostgreSQL is not installed."""
    bin_directory = programs()
    if bin_directory is None:
        pytest.skip("PostgreSQL is not installed (make packages)")
    with tempfile.TemporaryDirectory(prefix="pg") as directory:
        home = Path(directory)
        if os.geteuid() == 0:
            shutil.chown(home, "postgres")
        data = home / "data"
        initdb: list[str | Path] = [
            bin_directory / "initdb",
            "-D",
            data,
            "-U",
            "kalends",
            "-A",
            "trust",
            "-k",
        ]
        _run([*initdb, "-E", "UTF8", "--no-sync"])
        fast = ["listen_addresses=", f"unix_socket_directories={home}", "shared_buffers=64MB"]
        given = [word for setting in (*fast, *settings) for word in ("-c", setting)]
        control: list[str | Path] = [bin_directory / "pg_ctl", "-D", data, "-w", "-l", home / "log"]
        _run([*control, "-o", " ".join(given), "start"])
        try:
            yield f"postgresql://kalends@/postgres?host={home}"
        finally:
            _run([*control, "-m", "immediate", "stop"])
