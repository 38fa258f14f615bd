"""The demo's Exchange: what is put in is there, in every version, and after it was killed."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from kalends.demo.choices import VERSIONS
from kalends.demo.exchange_server import ExchangeServer
from kalends.demo.organization import ZONE, DemoBooking
from kalends.demo.run import free_port
from kalends.demo.servers import running
from kalends.errors import UserError

pytestmark = pytest.mark.slow
START = datetime(2026, 3, 27, 9, tzinfo=ZONE)  # a Friday; summer time begins on Sunday
MEETING = DemoBooking(
    "emma-hand-1", "Möte & <mer>", START, START + timedelta(hours=1), private=True,
    show_as="OOF", categories=("Kund",),
)  # fmt: skip
ROOT = Path(__file__).parents[3]


@contextmanager
def exchange(directory: Path, version: str = "2016") -> Iterator[ExchangeServer]:
    server = ExchangeServer(directory, free_port(0), version)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_booking_is_there_as_it_was_put_in(tmp_path: Path, version: str) -> None:
    weekly = DemoBooking(
        "emma-lunch", "Lunch", START, START + timedelta(minutes=45),
        rule="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    )  # fmt: skip
    whole = DemoBooking("emma-off", "Semester", date(2026, 3, 2), date(2026, 3, 7), show_as="OOF")
    with exchange(tmp_path, version) as server:
        for one in (MEETING, weekly, whole):
            server.put("emma", one)
        assert server.uids("emma") == ["emma-hand-1", "emma-lunch", "emma-off"]
        assert server.booking("emma", "emma-hand-1") == MEETING
        assert server.booking("emma", "emma-off") == whole
        found = server.booking("emma", "emma-lunch")
        assert found is not None
        assert (found.start, "BYDAY=MO,TU,WE,TH,FR" in found.rule) == (weekly.start, True)
        server.put("emma", replace(MEETING, subject="Senare"))
        again = ExchangeServer(tmp_path, server.port, version)  # as a command in another terminal
        moved = again.booking("emma", "emma-hand-1")
        assert moved is not None
        assert moved.subject == "Senare"
        assert again.delete("emma", "emma-hand-1")
        assert again.booking("emma", "emma-hand-1") is None
        assert server.uids("anna") == []


def test_what_was_booked_by_hand_is_put_in_again_after_it_was_killed(tmp_path: Path) -> None:
    with exchange(tmp_path) as server:
        server.put("emma", MEETING)
        server.put("emma", replace(MEETING, uid="emma-lunch"))
        assert server.process is not None
        server.process.kill()
        server.process.wait()
        assert (server.ended(), server.answers()) == (True, False)
        server.start()
        server.ensure_calendar("emma", "Emma")
        assert server.uids("emma") == ["emma-hand-1"]
        assert server.booking("emma", "emma-hand-1") == MEETING


def test_a_command_finds_the_server_of_the_demo_that_runs(tmp_path: Path) -> None:
    with exchange(tmp_path / "calendars") as server:
        lines = ["[[organizations]]", "[[organizations.sources]]", *server.source()]
        (tmp_path / "kalends.toml").write_text("\n".join(lines), "utf-8")
        assert running(tmp_path).title == "an emulated Exchange 2016"
    with pytest.raises(UserError, match="does not answer"):
        running(tmp_path)


def test_a_wheel_carries_the_emulator_and_it_runs_from_there(tmp_path: Path) -> None:
    console = ROOT / "src/kalends/web/console/index.html"
    if not console.exists():
        pytest.skip("the console is not built (make console): a wheel carries it")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "installed")
        names = packed.namelist()
    assert not any(one.startswith("lab/") for one in names)
    place = tmp_path / "installed" / "kalends" / "demo" / "emulators"
    done = subprocess.run(
        [sys.executable, "-m", "lab.exchange", "--help"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(place)}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert "--exchange-version" not in done.stdout
    assert "--mailboxes" in done.stdout
