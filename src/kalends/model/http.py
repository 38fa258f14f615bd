"""Requests and answers as values: what sans-IO codecs build and parse, what ``net`` carries."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. Credentials are no part of it: the client adds them, to one origin."""

    method: str
    url: str
    """Absolute."""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer, wholly read and within limits."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    """Names in lower case; repeated headers joined by ``, `` (RFC 9110 section 5.3)."""
    body: bytes = b""
    url: str = ""
    """Where the answer came from, after allowed redirects."""

    def header(self, name: str) -> str:
        """Return a header by its name in any case, or an empty text."""
        return self.headers.get(name.lower(), "")
