"""The console: frames a second in Chromium, 5,000 people in the list, 2,000 changes a second.

A real web process over a SQLite store; changes are committed as the engine commits them. The list
is scrolled all the while, and every frame the browser draws is counted. Chromium draws without a
graphics card here, on the cores that also serve.

How many frames there are says what this machine can do beside everything else it does. What a frame
costs says what the page asks of any machine: Chromium's own trace of the same seconds, in processor
time of the page's thread (scripts, style and layout, paint) and of those that raster. Run alone
with ``python -m benchmarks.console``.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure
from benchmarks.stream import PEOPLE, change, served
from kalends import observe

RATE = 2_000
SECONDS = 8
LEAST_FRAMES = 55.0
MOST_MS = 8.0
"""Of the page's thread for a frame of 16.7 ms: as much again is left for a slower machine."""
TRACED = ["-*", "devtools.timeline", "v8", "disabled-by-default-v8.gc", "blink", "cc"]
KINDS = {
    "script": ("FunctionCall", "EventDispatch", "FireAnimationFrame", "TimerFire", "RunMicrotasks",
               "EvaluateScript", "MinorGC", "MajorGC", "V8."),
    "layout": ("UpdateLayoutTree", "Layout", "LocalFrameView", "Document::"),
    "paint": ("PrePaint", "Paint", "Layerize", "Commit"),
}  # fmt: skip
"""What Chromium calls it, by the beginning of the name; what has none is the page's, too."""

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
    async with served() as it:
        changing = asyncio.create_task(change(it.store, it.bus, RATE, SECONDS + 6))
        rate, slow, costs = await _watch(chromium, f"http://127.0.0.1:{it.port}", it.token)
        await changing
    what = f"console, {PEOPLE} people at {RATE} changes/s"
    page = sum(costs[kind] for kind in (*KINDS, "other"))
    parts = ", ".join(f"{kind} {cost:.1f}" for kind, cost in costs.items())
    return [
        Figure(f"{what}, frames", round(rate, 1), "/s", LEAST_FRAMES, rate >= LEAST_FRAMES),
        Figure(f"{what}, slowest of 100 frames", round(slow, 1), "ms", 50, slow <= 50),
        Figure(f"{what}, a frame ({parts})", round(page, 1), "ms", MOST_MS, page <= MOST_MS),
    ]


async def _watch(chromium: str, base: str, token: str) -> tuple[float, float, dict[str, float]]:
    from playwright.async_api import async_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    flags += ["--disable-component-update"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=flags)
        page: Any = await browser.new_page(viewport={"width": 1360, "height": 820})
        await page.request.post(f"{base}/api/v1/session", data={"token": token})
        await page.goto(base)
        await page.get_by_role("option").first.wait_for()
        rate, slow = await page.evaluate(SCROLL, SECONDS / 2)
        await browser.start_tracing(page=page, categories=TRACED)
        traced, _ = await page.evaluate(SCROLL, SECONDS / 2)
        events = json.loads(await browser.stop_tracing())["traceEvents"]
        await browser.close()
    frames = traced * SECONDS / 2
    return float(rate), float(slow), {kind: ms / frames for kind, ms in costs(events).items()}


def costs(events: list[dict[str, Any]]) -> dict[str, float]:
    """Return milliseconds of processor time by kind: the page's thread, and all that raster."""
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    spent = dict.fromkeys((*KINDS, "other", "raster"), 0.0)
    within: dict[tuple[int, int], list[tuple[float, str]]] = {thread: [] for thread in main}
    for event in sorted(events, key=lambda one: (one["ts"], -one.get("dur", 0))):
        if event["ph"] != "X" or "tdur" not in event:
            continue
        if event["name"] == "RasterTask":
            spent["raster"] += event["tdur"] / 1000
        open_events = within.get((event["pid"], event["tid"]))
        if open_events is None:
            continue
        while open_events and event["ts"] >= open_events[-1][0]:
            open_events.pop()
        kind = _kind(event["name"])
        if open_events:
            spent[open_events[-1][1]] -= event["tdur"] / 1000  # what lies within counts by itself
            kind = kind or open_events[-1][1]
        spent[kind or "other"] += event["tdur"] / 1000
        open_events.append((event["ts"] + event["dur"], kind or "other"))
    return spent


def _kind(name: str) -> str | None:
    return next((kind for kind, begin in KINDS.items() if name.startswith(begin)), None)


def figures() -> list[Figure]:
    """Measure where there are a browser and a built console."""
    import kalends.web

    chromium = shutil.which("chromium")
    if chromium is None or not (Path(kalends.web.__file__).parent / "console").is_dir():
        print("  left out: needs Debian's chromium and `make console`")
        return []
    observe.configure("error")
    return asyncio.run(measure(chromium))


if __name__ == "__main__":
    for figure in figures():
        print(figure)
