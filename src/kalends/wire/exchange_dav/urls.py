"""Addresses in an Exchange store: made once, compared decoded, believed only in their path.

Servers answer with internal host names and plain http; only the path of an answer's address is
ever used, at the origin that was asked (threat 3). Within a store, characters that a path cannot
hold have spellings of Exchange's own, beside percent-encoding.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

_ESCAPES: Final = {
    "/": "_xF8FF_",
    "\\": "_xF8FE_",
    "?": "_x003F_",
    "~": "_x007E_",
    "\u20ac": "_x0080_",
}
_CLEAN: Final = "/:@!$&'()*+,;=%"
_SPELT: Final = re.compile("|".join(re.escape(one) for one in _ESCAPES))


def mailboxes(root: str, address: str) -> tuple[str, ...]:
    """Return where a mailbox may be below ``https://host/``, the surest first.

    Every byte outside letters, digits and ``-._@`` is percent-encoded; where the address holds a
    character that a store spells in its own way, that spelling is the second candidate.
    """
    spelt = _SPELT.sub(lambda found: _ESCAPES[found[0]], address)
    names = dict.fromkeys((address, spelt))
    return tuple(urljoin(root, f"/exchange/{_segment(name)}/") for name in names)


def folder(root: str, *names: str) -> str:
    """Return the address of a folder by its names as Outlook shows them."""
    spelt = (_SPELT.sub(lambda found: _ESCAPES[found[0]], name) for name in names)
    return urljoin(root, "/" + "".join(f"{_segment(name)}/" for name in spelt))


def path_of(href: str, base: str) -> str:
    """Return the path of an answer's address, as encoded there; a folder's ends with a slash."""
    try:
        path = urlsplit(urljoin(base, href.strip())).path
    except ValueError:
        path = ""
    # What may not stand in a request (a brace, a blank, a letter with an accent) is encoded.
    return quote(path, safe=_CLEAN) or "/"


def at_origin(path: str, base: str) -> str:
    """Return the address of an encoded path at the origin of ``base``."""
    parts = urlsplit(base)
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def plain(path: str) -> str:
    """Return a path to compare or hash: decoded once, without a closing slash, in lower case.

    The store compares names without regard to case.
    """
    return unquote(path).rstrip("/").lower()


def _segment(name: str) -> str:
    return quote(name, safe="@").replace("~", "%7E")
