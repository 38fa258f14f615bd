"""Whether a redirect may be followed with a credential (threat 3).

Without being asked, a credential follows only to the address's own domain and hosts below it, to
the hosts an administrator allowed, and to Microsoft's well-known service; always over https on its
own port, never twice to the same place. The rule is narrower than "same registrable domain": it
needs no list of public suffixes and cannot be fooled by one.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

ONLINE: Final = ("autodiscover-s.outlook.com", "autodiscover.outlook.com")
"""Exchange Online's own; where a domain lives there, DNS sends everybody to it."""
_HOST: Final = re.compile(r"[a-z0-9._:-]{1,253}")
"""Names as DNS has them (IDNA is ASCII), and addresses."""


class Verdict(StrEnum):
    """What becomes of a redirect."""

    FOLLOW = "follow"
    ASK = "ask"
    """Another domain: only after an administrator allowed its host."""
    REFUSE = "refuse"
    """Not https, another port, no host, or been there already."""


def judge(
    url: str, domain: str, *, tried: frozenset[str] = frozenset(), allowed: tuple[str, ...] = ()
) -> Verdict:
    """Judge the target of a redirect for an address of ``domain``.

    ``tried`` are places asked before (``place``); ``allowed`` are hosts, or domains as
    ``.example.com``.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return Verdict.REFUSE
    plain = parts.scheme == "https" and port in (None, 443) and parts.username is None
    if not plain or not _HOST.fullmatch(host):  # it may stand in what an administrator is told
        return Verdict.REFUSE
    if place(url) in tried:
        return Verdict.REFUSE
    return Verdict.FOLLOW if _is_known(host, domain, allowed) else Verdict.ASK


def host(url: str) -> str:
    """Return the host of a URL, and its port where that is another, as hosts are compared."""
    return urlsplit(url).netloc.lower().removesuffix(":443")


def place(url: str) -> str:
    """Return a URL in the one form in which places are compared."""
    try:
        parts = urlsplit(url.strip())
        return f"{parts.scheme}://{(parts.hostname or '').rstrip('.')}{parts.path}".lower()
    except ValueError:
        return url


def _is_known(host: str, domain: str, allowed: tuple[str, ...]) -> bool:
    names = (domain.lower(), "." + domain.lower(), *ONLINE, *(name.lower() for name in allowed))
    return any(host.endswith(name) if name.startswith(".") else host == name for name in names)
