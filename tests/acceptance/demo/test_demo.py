"""``kalends demo`` as a newcomer runs it: a page with people, a booking by one command, an end."""

import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.patience import PATIENCE

pytestmark = pytest.mark.slow


class Demo:
    """One running demo and what it has printed."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.directory = folder / "demo"
        self.log = folder / "out"
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [*KALENDS, "demo", "--directory", str(self.directory), *options],
                stdout=out,
                stderr=out,
            )

    def until(self, pattern: str) -> str:
        """Wait until a line matches, and return the first match."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = re.search(pattern, self.log.read_text("utf-8"))
            if found:
                return found[0]
            assert self.process.poll() is None, self.log.read_text("utf-8")
            assert time.monotonic() < deadline, f"never printed: {pattern}"
            time.sleep(0.05)  # a poll of a file, with a deadline

    def command(self, *words: str, check: bool = True) -> str:
        command = [*KALENDS, "demo", *words, "--directory", str(self.directory)]
        return subprocess.run(command, check=check, capture_output=True, text=True).stdout


KALENDS = [sys.executable, "-m", "kalends"]


@contextmanager
def running(tmp_path: Path, *options: str) -> Iterator[Demo]:
    demo = Demo(tmp_path, *options)
    try:
        yield demo
    finally:
        if demo.process.poll() is None:
            # Not SIGINT: who runs the tests in the background lets their children ignore it.
            demo.process.send_signal(signal.SIGTERM)
            demo.process.wait(PATIENCE)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    with running(tmp_path) as found:
        yield found


def test_a_newcomer_sees_a_booking_become_presence(demo: Demo) -> None:
    address = demo.until(r"http://127\.0\.0\.1:\d+/")
    with urllib.request.urlopen(f"{address}health/ready") as answer:
        assert answer.status == 200
    demo.until(r"Björn Åkesson är i möte")
    told = demo.command("book", "emma", "Möte med Volvo", "--in", "1s", "--for", "20s")
    assert told.startswith("Booked 'Möte med Volvo' for emma")
    demo.until(r"emma +busy +Emma Nyström är i möte")
    demo.until(r"(?s)Emma Nyström är i möte.*Emma Nyström är tillgänglig")
    assert "Möte med Volvo" in demo.command("list", "emma")
    demo.command("cancel", "emma")
    assert "Möte med Volvo" not in demo.command("list", "emma")


def test_the_same_on_an_exchange(tmp_path: Path) -> None:
    options = ("--calendar", "exchange", "--exchange-version", "2010_SP2")
    with running(tmp_path, *options) as demo:
        demo.until(r"Björn Åkesson är i möte")
        told = demo.command("book", "emma", "Möte med Volvo", "--in", "30m", "--for", "10m")
        assert told.startswith("Booked 'Möte med Volvo' for emma")
        assert demo.command("move", "emma", "--by", "-30m").startswith("Moved 'Möte med Volvo'")
        demo.until(r"emma +busy +Emma Nyström är i möte")
        assert "Möte med Volvo" in demo.command("list", "emma")
        demo.command("cancel", "emma")
        demo.until(r"(?s)Emma Nyström är i möte.*Emma Nyström är tillgänglig")
        assert "Möte med Volvo" not in demo.command("list", "emma")


def test_a_version_nobody_emulates_is_told_apart(tmp_path: Path) -> None:
    demo = Demo(tmp_path, "--calendar", "exchange", "--exchange-version", "2003")
    assert demo.process.wait(PATIENCE) == 2
    assert "'2003' is not emulated; there are 2007_SP1" in demo.log.read_text("utf-8")


def test_everything_ends_with_the_demo(demo: Demo) -> None:
    demo.until("What the webhook is told")
    children = psutil.Process(demo.process.pid).children(recursive=True)
    assert len(children) >= 4  # calendar server, supervisor, engine, web
    demo.process.send_signal(signal.SIGTERM)
    assert demo.process.wait(PATIENCE) in (0, -signal.SIGTERM)
    _, alive = psutil.wait_procs(children, timeout=PATIENCE)
    assert not alive


def test_a_killed_supervisor_comes_back(demo: Demo) -> None:
    address = demo.until(r"http://127\.0\.0\.1:\d+/")
    supervisor = next(
        one for one in psutil.Process(demo.process.pid).children() if "serve" in one.cmdline()
    )
    supervisor.kill()
    demo.until("starting Kalends again")
    deadline = time.monotonic() + PATIENCE
    while not ready(address):
        assert time.monotonic() < deadline and demo.process.poll() is None, demo.log.read_text()
        time.sleep(0.2)  # a poll of an address, with a deadline


def ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}health/ready", timeout=5) as answer:
            return int(answer.status) == 200
    except OSError:
        return False


def test_a_booking_without_a_demo_says_how_to_start_one(tmp_path: Path) -> None:
    command = [*KALENDS, "demo", "book", "emma", "--directory", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Start it in another terminal: kalends demo" in done.stderr
    assert "Traceback" not in done.stderr
