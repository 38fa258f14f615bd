"""The console: frames a second in Chromium, 5,000 people in the list, 2,000 changes a second.

A real web process over a SQLite store; changes are committed as the engine commits them. The list
is scrolled all the while, and every frame the browser draws is counted. Chromium draws without a
graphics card here, on the cores that also serve. Run alone with ``python -m benchmarks.console``.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import shutil
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure
from benchmarks.stream import KEY, PEOPLE, _change, _fill, _web
from kalends.bus.local import open_bus
from kalends.runtime import Runtime
from kalends.store import open_store
from kalends.store.vault import Vault

RATE = 2_000
SECONDS = 8
LEAST_FRAMES = 55.0

SCROLL = """(seconds) => new Promise((tell) => {
  const list = document.querySelector('.scroller');
  const times = [];
  const begun = performance.now();
  let last = begun;
  function frame(now) {
    times.push(now - last);
    last = now;
    list.scrollTop += 20;
    if (now - begun < seconds * 1000) requestAnimationFrame(frame);
    else {
      times.sort((a, b) => a - b);
      tell([times.length / seconds, times[Math.floor(times.length * 0.99)]]);
    }
  }
  requestAnimationFrame(frame);
})"""


async def measure(chromium: str) -> list[Figure]:
    """Return the frame rate, and how long the slowest of a hundred frames takes."""
    with tempfile.TemporaryDirectory() as directory:
        database, runtime = f"sqlite:///{directory}/kalends.db", Runtime()
        store = await open_store(database, Vault(KEY), runtime)
        bus = await open_bus(Path(directory) / "bus", runtime, hub=True)
        token = await _fill(store)
        spawn = multiprocessing.get_context("spawn")
        ours, theirs = spawn.Pipe()
        web = spawn.Process(target=_web, args=(database, Path(directory) / "bus", theirs))
        web.start()
        try:
            port = await asyncio.to_thread(ours.recv)
            changing = asyncio.create_task(_change(store, bus, RATE, SECONDS + 6))
            rate, slow = await _watch(chromium, f"http://127.0.0.1:{port}", token)
            await changing
        finally:
            web.terminate()
            web.join()
            await bus.close()
            await store.close()
    what = f"console, {PEOPLE} people at {RATE} changes/s"
    return [
        Figure(f"{what}, frames", round(rate, 1), "/s", LEAST_FRAMES, rate >= LEAST_FRAMES),
        Figure(f"{what}, slowest of 100 frames", round(slow, 1), "ms", 50, slow <= 50),
    ]


async def _watch(chromium: str, base: str, token: str) -> tuple[float, float]:
    from playwright.async_api import async_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    flags += ["--disable-component-update"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=flags)
        page: Any = await browser.new_page(viewport={"width": 1360, "height": 820})
        await page.request.post(f"{base}/api/v1/session", data={"token": token})
        await page.goto(base)
        await page.get_by_role("option").first.wait_for()
        rate, slow = await page.evaluate(SCROLL, SECONDS)
        await browser.close()
    return float(rate), float(slow)


def figures() -> list[Figure]:
    """Measure where there are a browser and a built console."""
    import kalends.web

    chromium = shutil.which("chromium")
    if chromium is None or not (Path(kalends.web.__file__).parent / "console").is_dir():
        print("  left out: needs Debian's chromium and `make console`")
        return []
    return asyncio.run(measure(chromium))


if __name__ == "__main__":
    for figure in figures():
        print(figure)
