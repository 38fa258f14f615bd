"""``GET /presence/stream``: everybody's presence as server-sent events (``web.hub``)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.types import Receive, Scope, Send

from kalends.web import answers, tokens
from kalends.web.frames import GZIP_HEADER, Band, Frame
from kalends.web.hub import Listener
from kalends.web.identity import (
    InOrganization,
    Viewer,
    acting,
    cookie_name,
    principal_of,
)
from kalends.web.problems import Problem
from kalends.web.state import InWeb, Web

router = APIRouter(tags=["presence"])

STUCK: Final = 30.0
"""Seconds a client may take for one frame before it is dropped."""
MEDIA_TYPE: Final = "text/event-stream"


@router.get(
    "/presence/stream",
    response_class=Response,
    responses={
        **answers.told(errors=(*answers.READ, 503)),
        200: {"description": "Events, for ever", "content": {MEDIA_TYPE: {}}},
    },
)
async def stream(
    request: Request,
    web: InWeb,
    viewer: InOrganization,
    last_event_id: Annotated[
        str | None, Header(max_length=40, description="Revision to go on from.")
    ] = None,
    since: Annotated[
        int | None,
        Query(ge=0, le=1 << 62, description="The same, where headers cannot be set."),
    ] = None,
    accept_encoding: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """Follow presences: a snapshot first, or what changed since ``Last-Event-ID``."""
    hub = web.hubs.of(viewer.organization)
    if hub is None or web.hubs.count() >= web.options.streams:
        raise Problem(
            503, "There are too many streams.", "Come back later.", headers={"Retry-After": "10"}
        )
    last = _revision(last_event_id)
    sign_in = _SignIn(request, web, viewer)
    listener = Listener(band(viewer), viewer.eye, sign_in.holds, sign_in.same)
    frames = hub.follow(listener, last if last is not None else since)
    return EventStream(frames, web, gzip="gzip" in accept_encoding)


def band(viewer: Viewer) -> Band:
    """Return the class of viewers this one belongs to."""
    department = viewer.person.department if viewer.person is not None else ""
    return Band(viewer.role, department, viewer.language)


def _person(viewer: Viewer) -> str | None:
    return viewer.person.person if viewer.person is not None else None


def _revision(text: str | None) -> int | None:
    """Return the revision of Last-Event-ID; what is none of ours asks for a snapshot."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


class _SignIn:
    """The sign-in of a running stream: whether it holds, and means the same."""

    def __init__(self, request: Request, web: Web, viewer: Viewer) -> None:
        self._authorization = request.headers.get("authorization")
        self._cookie = request.cookies.get(cookie_name(web))
        self._web = web
        self._viewer = viewer

    async def holds(self) -> bool:
        """Tell whether the session and its principal last; asks no store."""
        if not tokens.usable(self._viewer.principal, self._web.runtime.now()):
            return False
        if self._viewer.session is None:
            return True
        return await self._web.sessions.find(self._cookie or "") is not None

    async def same(self) -> bool:
        """Tell whether to go on; the client comes back where only its band changed."""
        who = await principal_of(self._web, self._authorization, self._cookie)
        if who is None:
            return False
        before = self._viewer
        try:
            now = await acting(self._web, who, before.organization, before.language)
        except Problem:
            return False
        return band(now) == band(before) and _person(now) == _person(before)


class EventStream(Response):
    """Sends frames until the client goes, is stuck, or the server stops."""

    media_type = MEDIA_TYPE

    def __init__(self, frames: AsyncIterator[Frame], web: Web, *, gzip: bool) -> None:
        headers = {
            "Cache-Control": "no-store, no-transform",
            "X-Accel-Buffering": "no",
            "Vary": "Accept-Encoding",
        }
        if gzip:
            headers["Content-Encoding"] = "gzip"
        super().__init__(headers=headers)
        del self.headers["content-length"]
        self._frames = frames
        self._web = web
        self._gzip = gzip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        sending = asyncio.create_task(self._send(send))
        leaving = asyncio.create_task(_left(receive))
        self._web.figures.streams.inc()
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._web.figures.streams.dec()
            for task in (sending, leaving):
                task.cancel()
            ends = await asyncio.gather(sending, leaving, return_exceptions=True)
        failed = ends[0]
        if isinstance(failed, Exception) and not isinstance(failed, TimeoutError | OSError):
            raise failed

    async def _send(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        if self._gzip:
            await send(_chunk(GZIP_HEADER))
        async for frame in self._frames:
            async with asyncio.timeout(STUCK):
                await send(_chunk(frame.packed if self._gzip else frame.plain))
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _chunk(body: bytes) -> dict[str, object]:
    return {"type": "http.response.body", "body": body, "more_body": True}


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
