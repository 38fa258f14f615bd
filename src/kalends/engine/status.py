"""How the engine fares, for ``Ping``: health pages, readiness, metrics of other processes.

No personal data: sources, sinks and figures only. An organization sees its own, the provider all.
"""

from __future__ import annotations

from typing import Any

from kalends.engine.core import Core
from kalends.engine.due import LATE_SECONDS
from kalends.engine.metrics import exposition
from kalends.engine.slot import Slot
from kalends.engine.wiring import OpenSink


async def status(core: Core, organization: str | None) -> dict[str, Any]:
    """Return the status of one organization, None: of all, with metrics."""
    summary = await core.store.summary(core.now())
    told: dict[str, Any] = {
        "now": core.now(),
        "ready": core.due.behind <= LATE_SECONDS,
        "due_lag": round(core.due.figures.lag, 3),
        "sources": [
            source_status(core, slot)
            for slot in core.sync.slots.values()
            if organization in (None, slot.organization)
        ],
        "sinks": [
            sink_status(core, sink)
            for (owner, _), sink in core.wiring.sinks.items()
            if organization in (None, owner)
        ],
        "broken": [
            {"organization": owner, "kind": what, "id": id, "message": why}
            for (owner, what, id), why in core.wiring.broken.items()
            if organization in (None, owner)
        ],
    }
    if organization is None:
        told["people"] = summary.people
        told["due"] = summary.due
        told["calendars"] = summary.calendars
        told["stale"] = summary.stale
        told["metrics"] = exposition(core, summary)
    return told


def source_status(core: Core, slot: Slot) -> dict[str, Any]:
    """Return how one source fares."""
    now = core.runtime.monotonic()
    state, message, remedy = _standing(core, slot)
    return {
        "organization": slot.organization,
        "id": slot.source,
        "state": state,
        "message": message,
        "remedy": remedy,
        "failing_seconds": None
        if slot.gate.failing_since is None
        else round(now - slot.gate.failing_since, 1),
        "last_success": slot.last_success,
        "waiting": len(slot.waiting) + len(slot.hinted),
        "reading": len(slot.reading),
        "failing_calendars": len(slot.failing),
        "reads": slot.reads,
        "failures": slot.failures.total(),
        "failures_by_code": dict(slot.failures),
        "skipped_bookings": sum(slot.skipped.values()),
        "calendars_with_skipped": len(slot.skipped),
    }


def _standing(core: Core, slot: Slot) -> tuple[str, str, str]:
    """Return a source's state, what is wrong, and what to do.

    The state is ``ok``; ``partly`` where some calendars fail; else the code of the trouble that
    keeps everything from being read.
    """
    if slot.gate.shut:
        trouble = slot.trouble
        told = (trouble.message, trouble.remedy) if trouble else ("", "")
        return slot.gate.shut.value, *told
    common = slot.common_trouble()
    if common is None:
        return "ok", "", ""
    state = "partly" if slot.barren_since() is None else common.code
    return state, common.message, common.remedy


def sink_status(core: Core, sink: OpenSink) -> dict[str, Any]:
    """Return how one sink fares."""
    del core
    figures = sink.pump.figures
    return {
        "organization": sink.pump.organization,
        "id": sink.pump.name,
        "state": "ok" if figures.down_since is None else "down",
        "down_since": figures.down_since,
        "code": figures.code,
        "message": figures.message,
        "cursor": sink.pump.cursor,
        "waiting": sink.pump.waiting,
        "published": figures.published,
        "failed": figures.failed,
        "lag": round(figures.lag, 3),
    }
