"""The console's source: types hold, every word in every language, and it stays small."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.console.conftest import BUILT

ROOT = Path(__file__).resolve().parents[3]
CONSOLE = ROOT / "console"


def test_svelte_check_finds_nothing() -> None:
    if not (CONSOLE / "node_modules/svelte-check").exists():
        pytest.skip("the console's packages are not installed: make console")
    tool = [sys.executable, str(ROOT / "tools/build_console.py"), "--check"]
    done = subprocess.run(tool, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr


def test_the_built_console_is_small_and_loads_nothing_from_elsewhere() -> None:
    if not BUILT.exists():
        pytest.skip("the console is not built: make console")
    files = [file for file in BUILT.parent.rglob("*") if file.suffix in (".js", ".css", ".html")]
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) <= 80_000
    page = BUILT.read_text("utf-8")
    assert "http://" not in page
    assert "https://" not in page
    assert "<style" not in page
    assert "style=" not in page


def test_placeholders_are_the_same_in_every_language() -> None:
    directory = CONSOLE / "src/lib/words"
    english = _places(directory / "en.ts")
    others = [file for file in directory.glob("??.ts") if file.stem != "en"]
    assert len(others) == 11
    for file in others:
        assert _places(file) == english, file.stem


def _places(file: Path) -> dict[str, set[str]]:
    text = file.read_text("utf-8")
    entries = re.findall(r'^  (\w+):\s+"([^"]*)"', text, re.MULTILINE)
    return {key: set(re.findall(r"\{\w+\}", words)) for key, words in entries}
