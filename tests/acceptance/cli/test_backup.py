"""A running installation is copied, goes on from the copy, and tells nobody anything stale."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from kalends.store.vault import Vault
from tests.acceptance.backbone.installation import Installation, in_seconds, running, until

pytestmark = pytest.mark.slow


def kalends(site: Installation, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kalends", *words, "--config", str(site.config)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


async def told(site: Installation, person: str, availability: str) -> None:
    await until(
        lambda: site.last(person).get("availability") == availability, f"{person} {availability}"
    )


async def test_nothing_is_overwritten_unasked_nor_under_a_running_installation(
    tmp_path: Path,
) -> None:
    copy = tmp_path / "copy.db"
    async with running(tmp_path, ("anna",)) as site:
        await told(site, "anna", "available")
        assert kalends(site, "backup", str(copy)).returncode == 0
        assert copy.stat().st_mode & 0o777 == 0o600
        again = kalends(site, "backup", str(copy))
        assert (again.returncode, "--overwrite" in again.stderr) == (2, True)
        under = kalends(site, "restore", str(copy), "--overwrite")
        assert (under.returncode, "already runs" in under.stderr) == (2, True)
        assert site.stop() == 0
        unasked = kalends(site, "restore", str(copy))
        assert (unasked.returncode, "--overwrite" in unasked.stderr) == (2, True)
        assert kalends(site, "backup", str(copy), "--overwrite").returncode == 0  # nobody runs


async def test_what_was_so_when_the_copy_was_made_is_told_to_no_switchboard(
    tmp_path: Path,
) -> None:
    copy = tmp_path / "copy.db"
    async with running(tmp_path, ("anna", "bo")) as site:
        site.book("anna", "Later", in_seconds(86_400), 3600)  # else an empty calendar is doubted
        meeting = site.book("anna", "Möte", in_seconds(-60), 3600)
        await told(site, "anna", "busy")
        assert kalends(site, "backup", str(copy)).returncode == 0
        site.calendars.delete("anna", meeting)
        site.book("bo", "Möte", in_seconds(-60), 3600)
        await told(site, "anna", "available")
        await told(site, "bo", "busy")
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


async def test_a_copy_that_is_damaged_or_of_another_key_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    async with running(tmp_path, ("anna",)) as site:
        await told(site, "anna", "available")
        assert kalends(site, "backup", str(copy)).returncode == 0
        assert site.stop() == 0
        body = copy.read_bytes()
        (tmp_path / "torn.db").write_bytes(body[: len(body) // 2])
        (tmp_path / "none.db").write_text("no database")
        for name in ("torn.db", "none.db", "missing.db"):
            refused = kalends(site, "restore", str(tmp_path / name), "--overwrite")
            assert (refused.returncode, "Traceback" in refused.stderr) == (2, False), name
        key = tmp_path / "data" / "kalends.key"
        kept = key.read_text()
        key.unlink()
        missing = kalends(site, "restore", str(copy), "--overwrite")
        assert (missing.returncode, "key" in missing.stderr) == (2, True), missing.stderr
        Vault.load(key, create=True)
        wrong = kalends(site, "restore", str(copy), "--overwrite")
        assert (wrong.returncode, "does not open" in wrong.stderr) == (2, True), wrong.stderr
        key.write_text(kept)
        assert not list((tmp_path / "data").glob("*.restoring*"))
        site.start()
        await until(lambda: _answers(site), "nothing was lost by the refusals")


async def _answers(site: Installation) -> bool:
    return bool((await site.presence("anna"))["availability"] == "available")
