"""Help and mistakes answer at once: the command line imports no heavy room before it needs one."""

from __future__ import annotations

import subprocess
import sys


def test_help_imports_neither_store_nor_engine_nor_web() -> None:
    code = "import sys, kalends.cli; print(*(name for name in sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = (
        "sqlalchemy", "fastapi", "aiohttp", "holidays", "icalendar", "lxml", "babel", "argon2",
        "kalends.engine.engine",
    )  # fmt: skip
    assert set(heavy).isdisjoint(told.stdout.split())
