"""The engine's figures for Prometheus, labelled by source, sink and availability, never by person.

The engine opens no port: web asks for this text over the bus (``Ping``) and serves it with its
own at ``/metrics``.
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from kalends.calendars.contract import Hears
from kalends.engine.core import Core
from kalends.engine.gate import Shut
from kalends.store.contract import Summary

PLACE = ["organization", "source"]
SINK = ["organization", "sink"]
HEARD = ("streaming", "pull", "push", "waiting", "poll")


def exposition(core: Core, summary: Summary) -> str:
    """Return the exposition format."""
    registry = CollectorRegistry()
    registry.register(_Figures(core, summary))
    return generate_latest(registry).decode()


class _Figures(Collector):
    """Reads the parts' own figures when asked."""

    def __init__(self, core: Core, summary: Summary) -> None:
        self._core = core
        self._summary = summary

    def collect(self) -> Iterable[Metric]:
        """Yield every figure."""
        yield from self._due()
        yield from self._sources()
        yield from self._hearing()
        yield from self._sinks()
        yield from self._totals()

    def _due(self) -> Iterable[Metric]:
        figures = self._core.due.figures
        oldest = self._summary.oldest_due_at
        lag = 0.0 if oldest is None else max(0.0, self._core.runtime.now() - oldest)
        yield GaugeMetricFamily(
            "kalends_due_lag_seconds", "How late the most overdue person is.", lag
        )
        yield GaugeMetricFamily("kalends_due_people", "People due now.", self._summary.due)
        yield CounterMetricFamily("kalends_evaluations", "Presences evaluated.", figures.evaluated)
        yield CounterMetricFamily(
            "kalends_set_aside", "People whose evaluation failed and who are tried again later.",
            figures.set_aside,
        )  # fmt: skip
        transitions = CounterMetricFamily(
            "kalends_transitions", "Changes of presence.", labels=["availability"]
        )
        for word, count in sorted(figures.transitions.items()):
            transitions.add_metric([word], count)
        yield transitions

    def _sources(self) -> Iterable[Metric]:
        now = self._core.runtime.now()
        age = GaugeMetricFamily(
            "kalends_sync_age_seconds", "Seconds since a source answered last.", labels=PLACE
        )
        shut = GaugeMetricFamily(
            "kalends_source_shut", "1 while a source is down, throttled or refuses the sign-in.",
            labels=[*PLACE, "why"],
        )  # fmt: skip
        breaker = GaugeMetricFamily(
            "kalends_breaker_open", "1 while the credential of a source is not tried.",
            labels=PLACE,
        )  # fmt: skip
        waiting = GaugeMetricFamily(
            "kalends_calendars_waiting", "Calendars waiting to be read.", labels=PLACE
        )
        reads = CounterMetricFamily("kalends_calendar_reads", "Calendar reads.", labels=PLACE)
        failures = CounterMetricFamily(
            "kalends_calendar_failures", "Failed calendar reads.", labels=[*PLACE, "code"]
        )
        skipped = GaugeMetricFamily(
            "kalends_bookings_skipped", "Broken bookings left out of the calendars read.",
            labels=PLACE,
        )  # fmt: skip
        for slot in self._core.sync.slots.values():
            place = [slot.organization, slot.source]
            if slot.last_success is not None:
                age.add_metric(place, max(0.0, now - slot.last_success))
            shut.add_metric([*place, slot.gate.shut.value or "none"], float(bool(slot.gate.shut)))
            breaker.add_metric(place, float(slot.gate.shut is Shut.SIGN_IN))
            waiting.add_metric(place, len(slot.waiting) + len(slot.hinted))
            reads.add_metric(place, slot.reads)
            for code, count in sorted(slot.failures.items()):
                failures.add_metric([*place, code], count)
            skipped.add_metric(place, sum(slot.skipped.values()))
        yield from (age, shut, breaker, waiting, reads, failures, skipped)

    def _hearing(self) -> Iterable[Metric]:
        heard = GaugeMetricFamily(
            "kalends_calendars_heard", "Calendars by how changes are heard of.",
            labels=[*PLACE, "mode"],
        )  # fmt: skip
        streams = GaugeMetricFamily(
            "kalends_notification_streams", "Open streams of notifications.", labels=PLACE
        )
        rebuilt = CounterMetricFamily(
            "kalends_subscriptions_rebuilt", "Subscriptions that ended and were made anew.",
            labels=PLACE,
        )  # fmt: skip
        for slot in self._core.sync.slots.values():
            if not isinstance(slot.reader, Hears):
                continue
            place, told = [slot.organization, slot.source], slot.reader.hearing()
            for mode in HEARD:
                heard.add_metric([*place, mode], told.calendars.get(mode, 0))
            streams.add_metric(place, told.streams)
            rebuilt.add_metric(place, told.rebuilt)
        yield from (heard, streams, rebuilt)

    def _sinks(self) -> Iterable[Metric]:
        lag = GaugeMetricFamily(
            "kalends_delivery_lag_seconds", "Boundary to delivery, of the last one.", labels=SINK
        )
        down = GaugeMetricFamily("kalends_sink_down", "1 while nothing arrives.", labels=SINK)
        waiting = GaugeMetricFamily("kalends_sink_waiting", "States waiting.", labels=SINK)
        published = CounterMetricFamily("kalends_published", "States delivered.", labels=SINK)
        failed = CounterMetricFamily("kalends_publish_failures", "Failed tries.", labels=SINK)
        replaced = CounterMetricFamily(
            "kalends_transitions_replaced", "Transitions replaced by the present.", labels=SINK
        )
        for name, sink in self._core.wiring.sinks.items():
            place, figures = list(name), sink.pump.figures
            lag.add_metric(place, figures.lag)
            down.add_metric(place, float(figures.down_since is not None))
            waiting.add_metric(place, sink.pump.waiting)
            published.add_metric(place, figures.published)
            failed.add_metric(place, figures.failed)
            replaced.add_metric(place, sink.pump.replaced)
        yield from (lag, down, waiting, published, failed, replaced)

    def _totals(self) -> Iterable[Metric]:
        yield GaugeMetricFamily("kalends_people", "People.", self._summary.people)
        yield GaugeMetricFamily("kalends_calendars", "Calendars.", self._summary.calendars)
        yield GaugeMetricFamily(
            "kalends_calendars_stale", "Calendars marked stale.", self._summary.stale
        )
