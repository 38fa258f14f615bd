"""What may go wrong with one connection."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

Ending = Literal["close", "reset", "hang"]


@dataclass(frozen=True)
class Fault:
    """How one connection misbehaves; all of it together, in this order."""

    delay: float = 0.0
    """Seconds before anything passes."""
    answer: bytes | None = None
    """Said instead of what the server would say, once a request's head has come."""
    cut_after: int | None = None
    """Bytes from the server that pass; then the connection ends as ``ending`` says."""
    ending: Ending = "close"
    """``close``: an orderly end in the middle; ``reset``: as when a machine or a firewall dies;
    ``hang``: nothing more is said, nothing is closed."""
    deaf: bool = False
    """Bytes from the client never reach the server."""
    half_close: bool = False
    """The client is told at once that nothing more will come, though the server still listens."""
    bytes_per_second: float | None = None
    """How fast the server's bytes pass."""


def http_answer(status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    """Return the bytes of an HTTP/1.1 answer that ends its connection."""
    fields = {"Content-Length": str(len(body)), "Connection": "close", **(headers or {})}
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
