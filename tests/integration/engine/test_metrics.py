"""The engine's figures are those of what happened, and name nobody."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from kalends.bus.commands import Ping
from tests.integration.bad_input.site import EVERYBODY, Site, configuration, everybody_busy, told


async def figures(site: Site) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return every sample by name and labels, as Prometheus reads them."""
    text = (await site.handle(Ping(organization="*", actor="web"))).value["metrics"]
    assert not any(f'"{person}"' in text for person in EVERYBODY)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_figures_follow_what_happens(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        await site.apply(configuration(site))
        await everybody_busy(site)
        found = await figures(site)
        near = (("organization", "acme"), ("source", "near"))
        lamp = (("organization", "acme"), ("sink", "lamp"))
        assert found["kalends_people", ()] == 3
        assert found["kalends_calendars", ()] == 3
        assert found["kalends_calendars_stale", ()] == 0
        assert found["kalends_transitions_total", (("availability", "busy"),)] == 3
        assert found["kalends_evaluations_total", ()] >= 3
        assert found["kalends_due_people", ()] == 0
        assert found["kalends_due_lag_seconds", ()] == 0
        assert found["kalends_calendar_reads_total", near] >= 2
        assert found["kalends_published_total", lamp] >= 3
        assert found["kalends_sink_down", lamp] == 0
        assert found["kalends_breaker_open", near] == 0
        assert 0 <= found["kalends_sync_age_seconds", near] < 60
        assert not any(name == "kalends_calendar_failures_total" for name, _ in found)

        site.near.dav.faults.status["/"] = 401
        site.board.faults.down = True
        refused = (("code", "sign-in"), *near)
        down = (*near, ("why", "sign-in"))

        async def noticed() -> bool:
            return (await figures(site)).get(("kalends_source_shut", down)) == 1

        await site.until(noticed, "the refused sign-in shows")
        found = await figures(site)
        assert found["kalends_breaker_open", near] == 1
        assert found["kalends_calendar_failures_total", refused] >= 1

    told(story, tmp_path)
