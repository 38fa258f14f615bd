"""What one publication does next: RFC 3903 section 4, as values in and values out.

=============  ============================  =================================================
operation      request                       what an answer means
=============  ============================  =================================================
initial        body, no SIP-If-Match         200: SIP-ETag names the state from now on
modify         body, SIP-If-Match            200: a new SIP-ETag; 412: state lost, initial
refresh        SIP-If-Match, no body         200: a new SIP-ETag; 412: state lost, initial
remove         SIP-If-Match, Expires 0       200 or 412: nothing is left there
=============  ============================  =================================================

423 names the shortest duration the server takes; 489, 415, 403 and their like are final until
somebody changes something; silence and 5xx are worth trying again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from sipmessage import Response

from kalends.wire.sip.message import BadMessage, number, parse_uri

MAX_EXPIRES: Final = 86_400
"""A server that wants longer soft state than a day is refused."""
MAX_PAUSE: Final = 3_600.0
"""Longest Retry-After obeyed, seconds."""
_MAX_ETAG: Final = 512


@dataclass(frozen=True, slots=True)
class Publish:
    """One thing to tell the server about one person."""

    target: str
    """Address of record: request URI and To. See ``message.address_of_record``."""
    body: bytes = b""
    """The document; empty: not at hand (refresh), or not needed (removal)."""
    etag: str = ""
    """Of the state the server holds; empty: none."""
    expires: int = 3600
    """Seconds the state should live; 0 removes it."""
    sender: str = ""
    """From, where it is not the person's own address."""
    refresh: bool = False
    """The server holds this very document under ``etag``: only its life is prolonged."""

    @property
    def sent_body(self) -> bytes:
        """Return the body of the request: a refresh has none, and an initial one always."""
        return b"" if self.refresh and self.etag else self.body

    def fields(self) -> Iterable[tuple[str, str]]:
        """Yield the header fields of the operation."""
        yield "Event", "presence"
        yield "Expires", str(self.expires)
        if self.etag:
            yield "SIP-If-Match", self.etag
        if self.sent_body:
            yield "Content-Type", "application/pidf+xml"

    def check(self) -> None:
        """Raise ``BadMessage`` where this cannot be said in SIP."""
        for uri in filter(None, (self.target, self.sender)):
            if parse_uri(uri).scheme not in ("sip", "sips"):
                raise BadMessage("presence is published for a sip: or sips: URI")
        if not self.body and not self.etag:
            raise BadMessage("a refresh or removal needs the ETag of what it is about")


@dataclass(frozen=True, slots=True)
class Published:
    """The server holds (or after a removal no longer holds) the state."""

    etag: str
    """For the next request about it; empty after a removal."""
    expires: int
    """Seconds the server keeps it; 0 after a removal."""


@dataclass(frozen=True, slots=True)
class Declined:
    """The state was not taken."""

    code: str
    """As in ``errors``: ``unreachable``, ``throttled``, ``sign-in``, ``denied`` …"""
    message: str
    """For an administrator; no personal data."""
    etag: str = ""
    """What the server still holds, as far as we know."""
    retry_after: float | None = None
    """Seconds; None: the caller's own back-off."""
    give_up: bool = False
    """Nothing will change by trying again."""


@dataclass(frozen=True, slots=True)
class Again:
    """Ask once more at once, like this."""

    publish: Publish


Step = Published | Declined | Again


def judge(asked: Publish, response: Response) -> Step:
    """Return what a final answer to a PUBLISH means (all but 401 and 407)."""
    code = response.code
    if code < 300:
        return _accepted(asked, response)
    if code == 412:
        return _state_lost(asked)
    if code == 423:
        return _too_brief(asked, response)
    if code in (408, 480, 491, 504) or (500 <= code < 600 and code not in (501, 505, 513)):
        return _later(asked, response)
    return _final(asked, code)


def _accepted(asked: Publish, response: Response) -> Step:
    if asked.expires == 0:
        return Published("", 0)
    etag = (response.headers.get("SIP-ETag") or "").strip()
    told = number(response, "Expires")
    expires = asked.expires if told is None else min(told, MAX_EXPIRES)
    if not etag or len(etag) > _MAX_ETAG or not etag.isprintable() or " " in etag:
        return Declined(
            "bad-answer",
            "the server accepted without a SIP-ETag: it is no presence server (RFC 3903)",
            give_up=True,
        )
    if expires == 0:
        return Declined("bad-answer", "the server accepted and forgot at once (Expires: 0)")
    return Published(etag, expires)


def _state_lost(asked: Publish) -> Step:
    if asked.expires == 0:
        return Published("", 0)
    if asked.body and asked.etag:
        return Again(replace(asked, etag=""))
    if asked.etag:
        return Declined("etag-lost", "the server lost the state: it is told anew", retry_after=0.0)
    return Declined("bad-answer", "412 to a publication without condition")


def _too_brief(asked: Publish, response: Response) -> Step:
    least = number(response, "Min-Expires")
    if least is None or least <= asked.expires or least > MAX_EXPIRES:
        return Declined(
            "refused",
            f"the server refuses Expires {asked.expires} (423) and says no usable Min-Expires",
            etag=asked.etag,
            give_up=True,
        )
    return Again(replace(asked, expires=least))


def _later(asked: Publish, response: Response) -> Step:
    told = number(response, "Retry-After")
    pause = None if told is None else min(float(told), MAX_PAUSE)
    code = "throttled" if told is not None else "unreachable"
    return Declined(code, f"the server answered {response.code}", asked.etag, pause)


_REASONS: Final = {
    403: ("denied", "the server forbids this account to publish for this person (403)"),
    404: ("not-found", "the server does not know this person's address (404)"),
    405: ("unsupported", "the server takes no PUBLISH (405): presence is not switched on there"),
    413: ("too-large", "the document is too large for the server (413)"),
    415: ("unsupported", "the server does not take application/pidf+xml (415)"),
    489: ("unsupported", "the server does not know the event package presence (489)"),
    501: ("unsupported", "the server takes no PUBLISH (501): presence is not switched on there"),
    513: ("too-large", "the document is too large for the server (513)"),
}


def _final(asked: Publish, code: int) -> Step:
    if code < 400:
        known = ("refused", f"the server redirects elsewhere ({code}): configure that address")
    else:
        known = _REASONS.get(code, ("refused", f"the server refused ({code})"))
    return Declined(*known, etag=asked.etag, give_up=True)


def refresh_in(expires: int, chance: float) -> float:
    """Return after how many seconds to refresh: min(expires − 30, 0.8 · expires), then earlier.

    ``chance`` in [0, 1) takes up to a tenth off, so that what was published in one burst is
    not refreshed in one. Below a minute half the duration is used.
    """
    latest = min(expires - 30, 0.8 * expires) if expires > 60 else expires / 2
    return latest * (1 - 0.1 * chance)
