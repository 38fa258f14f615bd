"""When two hrefs are the same, and how one is written (RFC 4918 section 8.3, RFC 3986).

Servers escape too much or too little, answer full URLs with internal host names, and forget
slashes. An href is therefore kept as its decoded path; the host part of an answer is never
followed here: a request for a path goes to the origin that was asked (threat 3).
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

_SAFE: Final = "/:@!$&'()*+,;=~"


def path_of(href: str, base: str) -> str:
    """Return the decoded absolute path of an href in an answer from ``base``."""
    text = href.strip()
    try:
        parts = urlsplit(text)
        path = parts.path if parts.scheme in ("http", "https") or text.startswith("/") else ""
        if not path:
            path = urlsplit(urljoin(base, quote(unquote(text), safe=_SAFE))).path
    except ValueError:
        path = "/"
    return unquote(path) or "/"


def written(path: str) -> str:
    """Return a decoded path as it stands in a request."""
    return quote(path, safe=_SAFE)


def at_origin(path: str, base: str) -> str:
    """Return the URL of a decoded path at the origin of ``base``."""
    parts = urlsplit(base)
    return urlunsplit((parts.scheme, parts.netloc, written(path), "", ""))


def same(one: str, other: str) -> bool:
    """Tell whether two decoded paths name one resource; a closing slash makes no difference."""
    return one.rstrip("/") == other.rstrip("/")


def digest(path: str) -> bytes:
    """Return eight bytes that stand for a path in cursors."""
    return blake2b(path.rstrip("/").encode("utf-8", "surrogateescape"), digest_size=8).digest()
