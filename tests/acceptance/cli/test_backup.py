"""A running installation is copied, goes on from the copy, and tells nobody anything stale.

What is refused, and that nothing is lost then, is shown beside no engine: ``tests/unit/cli``.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.acceptance.backbone.installation import Installation, in_seconds, running, until
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow


def kalends(site: Installation, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kalends", *words, "--config", str(site.config)],
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip


async def told(site: Installation, person: str, availability: str) -> None:
    await until(
        lambda: site.last(person).get("availability") == availability, f"{person} {availability}"
    )


async def test_what_was_so_when_the_copy_was_made_is_told_to_no_switchboard(
    tmp_path: Path,
) -> None:
    copy = tmp_path / "copy.db"
    async with running(tmp_path, ("anna", "bo")) as site:
        site.book("anna", "Later", in_seconds(86_400), 3600)  # else an empty calendar is doubted
        meeting = site.book("anna", "Möte", in_seconds(-60), 3600)
        await told(site, "anna", "busy")
        assert kalends(site, "backup", str(copy)).returncode == 0
        assert copy.stat().st_mode & 0o777 == 0o600
        site.calendars.delete("anna", meeting)
        site.book("bo", "Möte", in_seconds(-60), 3600)
        await told(site, "anna", "available")
        await told(site, "bo", "busy")
        under = kalends(site, "restore", str(copy), "--overwrite")
        assert (under.returncode, "already runs" in under.stderr) == (2, True)
        assert site.stop() == 0
        highest = max(one.data["revision"] for one in site.told)
        before = len(site.told)

        begun = time.monotonic()
        restored = kalends(site, "restore", str(copy), "--overwrite")
        assert restored.returncode == 0, restored.stderr
        site.start()
        await until(
            lambda: {one.data["person"] for one in site.told[before:]} == {"anna", "bo"}, "told"
        )
        print(f"restored and told in {time.monotonic() - begun:.1f} s")
        news = [(one.data["person"], one.data["availability"]) for one in site.told[before:]]
        assert set(news) == {("anna", "available"), ("bo", "busy")}
        assert min(one.data["revision"] for one in site.told[before:]) > highest
        assert [one.name for one in site.config.parent.glob("data/*.replaced-*")]
