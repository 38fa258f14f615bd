"""What a writer expects to find: entity tags, and whether they still hold (RFC 9110 section 13).

Place in the flow: web tells a tag with what it shows (``ETag``) and passes on what a client wants
it to be (``If-Match``); the engine, the only writer, compares under the lock it writes under.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final

ANY: Final = "*"
"""Expected where whatever there is may be replaced, as long as there is something."""
_STRONG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')


def record_tag(record: bytes) -> str:
    """Return the tag of a person's record. Its version will not do: it counts profiles, too."""
    return blake2b(record, digest_size=9).hexdigest()


def document_tag(version: int) -> str:
    """Return the tag of a document: its version, which counts changes of its secrets, too."""
    return f"v{version}"


def expected_tags(header: str | None) -> tuple[str, ...] | None:
    """Return what an ``If-Match`` header names; None: there is none. Weak tags never match."""
    if header is None:
        return None
    if header.strip() == ANY:
        return (ANY,)
    return tuple(tag for weak, tag in _STRONG.findall(header) if not weak)


def holds(expected: tuple[str, ...] | None, found: str | None) -> bool:
    """Tell whether what is stored (None: nothing) is what a writer expects."""
    if expected is None:
        return True
    return found is not None and (ANY in expected or found in expected)
