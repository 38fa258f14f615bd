"""Where a credential may travel: scheme, host and port together (threat 3).

Addresses are read by the very parser that connects (yarl), so that no trick in an address is read
one way by the guard and another way by the client (threat 17).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from yarl import URL

from kalends.errors import RedirectRefused, UserError

_CLEAN: Final = re.compile(r"[!#-;=?-\[\]_a-z~]+\Z")  # RFC 3986 characters: nothing to quote
_HOST: Final = re.compile(r"[A-Za-z0-9._:%-]+\Z")  # IDNA is ASCII by now; an address has colons


class Origin(NamedTuple):
    """RFC 6454: what a credential is bound to."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = {"https": 443, "http": 80}.get(self.scheme)
        return f"{self.scheme}://{host}" + ("" if self.port == default else f":{self.port}")


def parse_url(text: str) -> URL:
    """Return an address as it will be sent: percent-encoding is kept to the letter.

    Credentials within the address and the fragment are dropped. Raises ``ValueError`` on what is
    not an absolute http(s) address.
    """
    url = URL(text, encoded=_CLEAN.match(text) is not None)
    host = url.raw_host or ""
    if url.scheme not in ("http", "https") or not url.port or not _HOST.match(host):
        raise ValueError(f"not an http(s) address: {url.scheme or 'no scheme'}")
    return url.with_user(None).with_fragment(None) if url.raw_user or url.fragment else url


def origin(url: URL) -> Origin:
    """Return the origin of an absolute address, host in lower case without a closing dot."""
    return Origin(url.scheme, (url.raw_host or "").lower().rstrip("."), url.port or 0)


class Home:
    """The origins that may see an endpoint's credential: its own and the listed hosts."""

    def __init__(self, url: str, allowed_hosts: Iterable[str] = ()) -> None:
        try:
            self.url = parse_url(url)
        except ValueError as error:
            raise UserError(f"url: {error}; write https://host/path") from error
        self.origin = origin(self.url)
        self._origins = {self.origin} | {_listed(host) for host in allowed_hosts}

    def address(self, text: str) -> URL:
        """Return a request's address; ``RedirectRefused`` where it leads elsewhere."""
        try:
            url = parse_url(text)
        except ValueError as error:
            raise RedirectRefused(f"{self.origin} names an address that is {error}") from error
        if origin(url) not in self._origins:
            raise RedirectRefused(f"{self.origin} leads to {origin(url)}")
        return url

    def follow(self, current: URL, location: str) -> URL:
        """Return where a redirect leads, resolved; ``RedirectRefused`` where it leads elsewhere."""
        try:
            target = current.join(URL(location, encoded=_CLEAN.match(location) is not None))
        except ValueError as error:
            raise RedirectRefused(f"{self.origin} redirects to no address") from error
        return self.address(str(target))


def _listed(host: str) -> Origin:
    """A listed host is ``host``, ``host:port`` or a whole ``https://…``; never plain http."""
    try:
        found = origin(parse_url(host if "://" in host else f"https://{host}"))
    except ValueError as error:
        raise UserError(
            f"allowed_hosts: {host!r} is no host name; write dav.example.com"
        ) from error
    if found.scheme != "https":
        raise UserError(f"allowed_hosts: {host!r}: credentials travel over https only")
    return found
