"""What a server counted, for whoever watches it from outside."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counters:
    """Figures since the start, or since they were last reset."""

    requests: Counter[str] = field(default_factory=Counter)
    """Operation → requests that reached it."""
    statuses: Counter[int] = field(default_factory=Counter)
    """HTTP status → answers, whatever was asked."""
    sign_in_failures: int = 0
    """Requests with a credential that was refused."""
    connections: int = 0
    """TCP connections accepted."""
    streams: int = 0
    """Streaming connections opened."""
    at_once: int = 0
    """The most requests in work at the same time, streams left out."""
    bytes_sent: int = 0
    """Of bodies, streams included."""
