"""``WWW-Authenticate`` read into challenges (RFC 9110 section 11.6.1). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

_ITEM: Final = re.compile(
    r"""[\s,]*
    (?:
        (?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*
            (?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s,"]+))
      | (?P<scheme>[!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:\s+(?P<token>[A-Za-z0-9._~+/-]+=*)(?=\s*(?:,|$)))?
    )""",
    re.VERBOSE,
)
_LONGEST: Final = 8192


@dataclass(frozen=True, slots=True)
class Challenge:
    """One scheme the server would accept."""

    scheme: str
    """In lower case: ``basic``, ``digest``, ``ntlm``, ``negotiate``, ``bearer``."""
    parameters: dict[str, str] = field(default_factory=dict)
    """Names in lower case."""
    token: str = ""
    """The token68 of NTLM and Negotiate."""


def challenges(header: str) -> list[Challenge]:
    """Return the challenges of a header (several joined by commas); what is broken is left out."""
    found: list[Challenge] = []
    place, text = 0, header[:_LONGEST]
    while item := _ITEM.match(text, place):
        place = item.end()
        if item["scheme"]:
            found.append(Challenge(item["scheme"].lower(), {}, item["token"] or ""))
        elif found:
            quoted = item["quoted"]
            value = item["plain"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            found[-1].parameters.setdefault(item["name"].lower(), value)
    return found
