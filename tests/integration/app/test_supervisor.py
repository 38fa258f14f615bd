"""The supervisor over real processes: whatever they do, it keeps them, or ends telling why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from tests.patience import PATIENCE

CHILD = Path(__file__).with_name("child.py")
RUN = """
import asyncio, sys
from pathlib import Path
from kalends.app import supervisor
supervisor.HANGS_AFTER, supervisor.STOP_SECONDS = map(float, sys.argv[3:])
supervisor.BACKOFF = (0.1, 0.4, 0.8)
home = Path(sys.argv[1])
raise SystemExit(asyncio.run(supervisor._supervise(home, (sys.executable, sys.argv[2]))))
"""


@dataclass
class Home:
    """A supervisor with its two children."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def behave(self, **names: str) -> None:
        """Say how children behave from their next look on."""
        for name, word in names.items():
            beside = self.folder / f".{name}"
            beside.write_text(word)
            beside.replace(self.folder / name)

    def start(self, *, hangs_after: float = PATIENCE, stop_seconds: float = PATIENCE) -> None:
        """Start all three; short bounds only where they are what is tested: a machine stalls."""
        log = (self.folder / "output").open("ab")
        command = [sys.executable, "-c", RUN, str(self.folder), str(CHILD)]
        command += [str(hangs_after), str(stop_seconds)]
        self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def lines(self, name: str, word: str) -> list[tuple[float, int]]:
        """Return moment and process of each time a child did something."""
        file = self.folder / "log"
        parts = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
        return [(float(p[0]), int(p[3])) for p in parts if p[1:3] == [name, word]]

    def until(self, true: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not true():
            output = (self.folder / "output").read_text()
            assert time.monotonic() < deadline, f"never: {what}\n{output}"
            time.sleep(0.02)

    def up(self) -> None:
        """Wait until both children work."""
        self.until(lambda: bool(self.lines("engine", "lives")), "the engine lives")
        self.until(lambda: bool(self.lines("web", "lives")), "the web lives")

    def pid(self, name: str) -> int:
        """Return the process of a child's last start."""
        return self.lines(name, "started")[-1][1]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    home.behave(engine="live", web="live")
    yield home
    if home.process is not None and home.process.poll() is None:
        home.process.kill()
        home.process.wait()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_child_that_is_killed_is_started_again_and_its_sibling_lives_on(home: Home) -> None:
    home.start()
    home.up()
    web, engine = home.pid("web"), home.pid("engine")
    os.kill(engine, signal.SIGKILL)
    home.until(lambda: len(home.lines("engine", "started")) == 2, "the engine is back")
    assert home.pid("engine") != engine
    assert alive(web)
    assert home.pid("web") == web


def test_a_child_that_ends_again_and_again_is_started_ever_more_slowly(home: Home) -> None:
    home.behave(engine="1")
    home.start()
    home.until(lambda: len(home.lines("engine", "started")) >= 5, "five starts")
    moments = [moment for moment, _ in home.lines("engine", "started")]
    pauses = [later - sooner for sooner, later in pairwise(moments)]
    for pause, least in zip(pauses, (0.1, 0.4, 0.8, 0.8), strict=False):
        assert pause >= least
    home.behave(engine="live")  # what was wrong was mended
    count = len(home.lines("engine", "started"))
    home.until(lambda: len(home.lines("engine", "started")) > count, "started once more")
    home.until(lambda: alive(home.pid("engine")), "and it lives")


def test_a_child_that_hangs_is_noticed_killed_and_replaced(home: Home) -> None:
    home.start(hangs_after=2.0)
    home.up()
    home.behave(engine="hang")
    home.until(lambda: bool(home.lines("engine", "hangs")), "it hangs")
    home.behave(engine="live")
    hung, first = home.lines("engine", "hangs")[0]
    home.until(lambda: home.lines("engine", "started")[-1][0] > hung, "it is replaced")
    assert not alive(first)
    again = min(moment for moment, _ in home.lines("engine", "started") if moment > hung)
    assert again - hung >= 1.0  # it had a moment to come back
    assert "process.hangs" in (home.folder / "output").read_text()


def test_a_child_that_was_stopped_is_replaced_too(home: Home) -> None:
    home.start(hangs_after=2.0)
    home.up()
    first = home.pid("web")
    os.kill(first, signal.SIGSTOP)
    home.until(lambda: home.pid("web") != first, "it is replaced")
    home.until(lambda: not alive(first), "the stopped one is gone")


def test_what_no_restart_can_mend_ends_everything_with_its_code(home: Home) -> None:
    home.behave(engine="78")
    home.start()
    assert home.process is not None
    assert home.process.wait(PATIENCE) == 78
    assert len(home.lines("engine", "started")) == 1
    assert "process.unmendable" in (home.folder / "output").read_text()
    home.until(
        lambda: not any(alive(pid) for _, pid in home.lines("web", "started")), "web ended, too"
    )


def test_children_end_when_their_supervisor_is_killed(home: Home) -> None:
    home.start()
    home.up()
    children = [home.pid("engine"), home.pid("web")]
    assert home.process is not None
    home.process.kill()
    home.process.wait()
    home.until(lambda: not any(map(alive, children)), "no orphan lives")
    for name in ("engine", "web"):
        assert home.lines(name, "stopped")  # each by itself, in order


def test_it_stops_in_the_other_order_than_it_started(home: Home) -> None:
    home.start()
    home.up()
    assert home.process is not None
    home.process.terminate()
    assert home.process.wait(PATIENCE) == 0
    [(web, _)], [(engine, _)] = home.lines("web", "stopped"), home.lines("engine", "stopped")
    assert web < engine


def test_a_child_that_will_not_stop_is_killed_in_time(home: Home) -> None:
    home.behave(engine="deaf")
    home.start(stop_seconds=2.0)
    home.until(lambda: bool(home.lines("engine", "deaf")), "it hears nothing")
    home.until(lambda: bool(home.lines("web", "started")), "web is up")
    assert home.process is not None
    begun = time.monotonic()
    home.process.terminate()
    home.process.wait(2 * PATIENCE)
    assert time.monotonic() - begun < PATIENCE  # two seconds, on a machine of its own
    assert not alive(home.pid("engine"))


def test_a_second_one_on_the_same_database_is_refused_naming_the_first(tmp_path: Path) -> None:
    from kalends.app.lock import only_one

    config = tmp_path / "kalends.toml"
    config.write_text('[server]\ndatabase = "sqlite:///k.db"\n')
    with only_one(tmp_path / "kalends.lock"):
        done = subprocess.run(
            [sys.executable, "-m", "kalends", "serve", "-c", str(config)],
            capture_output=True, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip
    assert done.returncode == 2
    assert f"process {os.getpid()}" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "k.db").exists()
