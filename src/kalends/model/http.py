"""Requests and answers as values: what sans-IO codecs build and parse, what ``net`` carries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT", "SEARCH"})
"""Methods that may be sent again where nobody knows whether they were heard."""


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
    """Names in lower case; repeated headers joined by ``, `` (RFC 9110 section 5.3), but
    ``set-cookie`` by line breaks."""
    body: bytes = b""
    url: str = ""
    """Where the answer came from, after allowed redirects."""

    def header(self, name: str) -> str:
        """Return a header by its name in any case, or an empty text."""
        return self.headers.get(name.lower(), "")


def cookies(set_cookie: str) -> dict[str, str]:
    """Return names and values of a ``set-cookie`` header, attributes left out (RFC 6265).

    No cookie is kept between requests: who needs one sends it back as a header of his own.
    """
    found = {}
    for line in set_cookie.splitlines():
        name, given, value = line.partition(";")[0].partition("=")
        if given and name.strip():
            found[name.strip()] = value.strip()
    return found
