"""The web process' own figures for Prometheus. Labels: routes and availabilities, never people."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Figures:
    """Counters of one web process, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "kalends_web_requests", "Requests answered, by route.",
            ("route", "method", "status"), registry=self._registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "kalends_web_seconds", "Seconds until an answer was complete, by route.",
            ("route",), registry=self._registry, buckets=(0.005, 0.02, 0.1, 0.3, 1, 5),
        )  # fmt: skip
        self.streams = Gauge(
            "kalends_web_streams", "Live streams open now.", registry=self._registry
        )
        self.frames = Counter(
            "kalends_web_frames", "Frames made for live streams (not copies sent).",
            registry=self._registry,
        )  # fmt: skip
        self.sign_ins = Counter(
            "kalends_web_sign_ins", "Sign-ins, by outcome.", ("outcome",), registry=self._registry
        )
        self.engine = Gauge(
            "kalends_engine_up", "Whether the engine answered last.", registry=self._registry
        )

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answer; a stream's length is no answering time."""
        known = method if method in _METHODS else "other"
        self._requests.labels(route, known, str(status or 499)).inc()
        if not route.endswith("/stream"):
            self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Return the exposition format."""
        return generate_latest(self._registry)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
