"""Requests and answers as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.exchange.streams import Stream


@dataclass(frozen=True, slots=True)
class Ask:
    """One request."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""


@dataclass(slots=True)
class Reply:
    """One answer."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    challenges: list[str] = field(default_factory=list)
    """Values of WWW-Authenticate, each a header of its own on a socket."""
    stream: Stream | None = None
    """Set for GetStreamingEvents: what follows for minutes, envelope after envelope."""
