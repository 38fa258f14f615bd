"""Calendars that are one iCalendar file: over HTTP, in the operator's file system, or uploaded.

Place in the flow: *feed → bookings*. The whole feed is read at once; conditional requests
(RFC 9110 section 13) and a digest of the body make an unchanged feed cheap. What is not a whole
calendar (a sign-in page, an empty or cut-off body) raises and wipes nothing.

The cursor remembers what the stored bookings stand for: the feed's version, a digest, the window,
and a digest of the owner's facts (a new zone or address changes what the same feed means).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from hashlib import blake2b
from typing import Final
from urllib.parse import quote, unquote, urljoin, urlsplit

import msgspec

from kalends.calendars.contract import (
    CalendarRef,
    Capabilities,
    Hint,
    Previous,
    Reading,
    Skipped,
    Step,
    Unchanged,
)
from kalends.calendars.expansion import Expansion
from kalends.calendars.steps import checked, unread
from kalends.endpoints.dav import DavEndpoint, read_file
from kalends.errors import (
    AccessDenied,
    BadAnswer,
    NotFound,
    Refused,
    SourceTrouble,
    SuspiciouslyEmpty,
    TooLarge,
)
from kalends.model.http import Request, Response
from kalends.model.times import Interval
from kalends.wire.icalendar.expand import Owner

_ACCEPT: Final = "text/calendar, text/plain;q=0.5, */*;q=0.1"
_BEGIN: Final = re.compile(rb"^BEGIN:(\w+)", re.MULTILINE)


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """What the stored bookings stand for."""

    start: int
    end: int
    owner: bytes
    digest: bytes
    etag: str = ""
    modified: str = ""


class Feed(msgspec.Struct, frozen=True):
    """A body with its version; no body: not modified."""

    body: bytes | None
    etag: str = ""
    modified: str = ""


class IcsSource:
    """``CalendarSource`` for calendar files."""

    def __init__(
        self, endpoint: DavEndpoint, *, uploads: bool = False, description: bool = False
    ) -> None:
        self._endpoint = endpoint
        self._uploads = uploads
        self._description = description

    @property
    def capabilities(self) -> Capabilities:
        """See ``CalendarSource``."""
        return Capabilities(
            finds_by_email="{email}" in self._endpoint.options.url,
            uploads=self._uploads,
            work_hours=True,
        )

    async def locate(self, ref: CalendarRef) -> tuple[str, ...]:
        """Try the source's address with each of the person's e-mail addresses in it."""
        if not self.capabilities.finds_by_email:
            return ()
        for email in ref.emails:
            url = self._address_of(email)
            response = await self._endpoint.send(_request(url, None), ref)
            try:
                _accept(response)
            except (NotFound, AccessDenied):
                continue
            return (url,)
        return ()

    async def read(
        self,
        ref: CalendarRef,
        window: Interval,
        cursor: bytes | None,
        previous: Previous,
        *,
        full: bool = False,
    ) -> Reading | Unchanged:
        """See ``CalendarSource``."""
        owner = Owner(
            ref.timezone,
            ref.emails,
            description=self._description,
            ours=not self._address(ref),  # written by the engine, when it was uploaded
        )
        known = None if full else _cursor(cursor, window, owner)
        feed = await self._fetch(ref, known)
        if feed.body is None:
            return Unchanged(cursor)
        now = Cursor(
            window.start,
            window.end,
            _digest(repr(owner).encode()),
            _digest(feed.body),
            feed.etag,
            feed.modified,
        )
        if known is not None and known.digest == now.digest:
            kept = msgspec.structs.replace(now, start=known.start, end=known.end)
            return Unchanged(msgspec.msgpack.encode(kept))
        expanded = await Expansion(self._endpoint.runtime, owner).feed(feed.body, window)
        if _hollow(feed.body) and await previous():
            raise SuspiciouslyEmpty("the feed is a calendar without any appointment, at once")
        return Reading(
            bookings=expanded.bookings,
            cursor=msgspec.msgpack.encode(now),
            window=window,
            skipped=tuple(Skipped(*broken) for broken in expanded.broken),
            work_hours=expanded.work_hours,
            refresh_after=expanded.refresh_after,
        )

    async def check(self, refs: tuple[CalendarRef, ...]) -> AsyncIterator[Step]:
        """See ``CalendarSource``."""
        hosts: dict[str, bool] = {}
        for ref in refs:
            try:
                url = self._address(ref)
            except SourceTrouble as error:
                yield unread(ref, error)
                continue
            if not url and self.capabilities.finds_by_email:
                url = self._address_of(next(iter(ref.emails), ""))
            host = urlsplit(url).netloc if url.startswith("http") else ""
            if host and host not in hosts:
                async for step in checked(self._endpoint, _request(url, None), ref):
                    yield step
                    hosts[host] = step.ok
            if hosts.get(host, True):  # what failed for the host is not tried for each calendar
                yield await self._tried(ref)

    async def _tried(self, ref: CalendarRef) -> Step:
        name = f"{ref.person}/{ref.name}"
        try:
            feed = await self._fetch(await self._at_home(ref), None)
            expansion = Expansion(self._endpoint.runtime, Owner(ref.timezone))
            found = await expansion.feed(feed.body or b"", Interval(0, 1))
        except SourceTrouble as error:
            return unread(ref, error)
        detail = f"{len(feed.body or b'')} bytes, {len(found.broken)} bookings skipped"
        return Step("calendar", name, True, detail)

    async def hints(self) -> AsyncIterator[Hint]:
        """Feeds give no hints."""
        return
        yield

    async def close(self) -> None:
        """Nothing is kept here; the endpoint closes its own connections."""

    # --- where the bytes come from ------------------------------------------------------------
    async def _fetch(self, ref: CalendarRef, known: Cursor | None) -> Feed:
        url = self._address(ref)
        if not url:
            return await self._uploaded(ref)
        if url.startswith("file:"):
            return await self._file(ref, url, known)
        return await self._http(ref, url, known)

    async def _at_home(self, ref: CalendarRef) -> CalendarRef:
        """Return where a calendar is that is looked for by e-mail."""
        if ref.url is not None or not self.capabilities.finds_by_email:
            return ref
        found = await self.locate(ref)
        if not found:
            raise NotFound("none of this person's addresses has a calendar here")
        return replace(ref, url=found[0])

    def _address_of(self, email: str) -> str:
        return self._endpoint.options.url.replace("{email}", quote(email, safe=""))

    def _address(self, ref: CalendarRef) -> str:
        """Return where a feed is; empty: uploaded."""
        base = self._endpoint.options.url
        url = ref.url or ("" if "{email}" in base or self._uploads else base)
        scheme, colon, rest = url.partition(":")
        if colon and scheme.lower() in ("webcal", "webcals"):
            return "https:" + rest
        if not url or url.startswith("file:"):
            return url
        return urljoin(base, url)

    async def _uploaded(self, ref: CalendarRef) -> Feed:
        uploaded = self._endpoint.place.uploaded
        body = await uploaded(ref.person, ref.name) if uploaded is not None else None
        if body is None:
            raise NotFound("nothing has been uploaded yet, and the calendar has no address")
        return Feed(self._bounded(body))

    async def _file(self, ref: CalendarRef, url: str, known: Cursor | None) -> Feed:
        if not (ref.trusted and self._endpoint.place.trusted):
            raise Refused("files may be named in the operator's own configuration file only")
        path = unquote(urlsplit(url).path)
        version, body = await self._endpoint.runtime.offload(
            read_file, path, self._endpoint.options.max_bytes
        )
        if known is not None and known.etag == version:
            return Feed(None, version)
        return Feed(self._bounded(body), version)

    async def _http(self, ref: CalendarRef, url: str, known: Cursor | None) -> Feed:
        response = await self._endpoint.send(_request(url, known), ref)
        if response.status == 304 and known is not None:
            return Feed(None)
        _accept(response)
        return Feed(
            self._bounded(response.body), response.header("etag"), response.header("last-modified")
        )

    def _bounded(self, body: bytes) -> bytes:
        if len(body) > self._endpoint.options.max_bytes:
            raise TooLarge(f"the feed is larger than {self._endpoint.options.max_bytes} bytes")
        return body


def _request(url: str, known: Cursor | None) -> Request:
    headers = [("Accept", _ACCEPT)]
    if known is not None and known.etag:
        headers.append(("If-None-Match", known.etag))
    elif known is not None and known.modified:
        headers.append(("If-Modified-Since", known.modified))
    return Request("GET", url, tuple(headers))


def _accept(response: Response) -> None:
    """Raise unless the answer is a calendar; ``expand`` looks closer."""
    if response.status in (404, 410):
        raise NotFound(f"there is no feed at this address ({response.status})")
    if response.status == 403:
        raise AccessDenied("the server does not let us read this feed (403)")
    if response.status != 200:
        raise BadAnswer(f"the server answers {response.status} instead of a calendar")
    if response.body.lstrip()[:200].lower().startswith((b"<!doctype html", b"<html")):
        raise BadAnswer("the answer is a web page, not a calendar: a sign-in page perhaps")


def _cursor(packed: bytes | None, window: Interval, owner: Owner) -> Cursor | None:
    """Return a cursor that still stands for the asked window and owner."""
    if packed is None:
        return None
    try:
        known = msgspec.msgpack.decode(packed, type=Cursor)
    except msgspec.DecodeError:
        return None
    covers = known.start <= window.start and window.end <= known.end
    return known if covers and known.owner == _digest(repr(owner).encode()) else None


def _hollow(body: bytes) -> bool:
    """Tell whether nothing stands in a calendar; past appointments are something."""
    found = set(_BEGIN.findall(body.upper()))
    return not found & {b"VEVENT", b"VFREEBUSY", b"VAVAILABILITY"}


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=12).digest()
