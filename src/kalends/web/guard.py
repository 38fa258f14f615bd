"""What every request passes before a route sees it, and every answer on its way out.

Refused here: a Host that is not ours (DNS rebinding, threat 17), a change asked for by another
site's page (threat 16), a body of two lengths, or one too large or too slow, counted while it is
read. Added here: security headers, the request's id, one log line with the *route* (never path,
query or name).

Pure ASGI: a live stream flows through it chunk by chunk.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kalends import observe
from kalends.runtime import Runtime
from kalends.web.figures import Figures
from kalends.web.options import WebOptions
from kalends.web.problems import Problem, rendered

log = observe.logger(__name__)

MEGABYTE: Final = 1 << 20
"""Each that has come gives a body as long again as one of a few bytes has."""
_HOST: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.|(?=$|:)))+|\[[0-9a-f:.]+\]")
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})

_API_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
_PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types svelte-trusted-html"
)
_ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """The outermost layer of the application."""

    def __init__(
        self, app: ASGIApp, *, options: WebOptions, runtime: Runtime, figures: Figures
    ) -> None:
        self._app = app
        self._options = options
        self._runtime = runtime
        self._figures = figures
        self._hosts = options.allowed_hosts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass or refuse one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = self._runtime.monotonic()
        linger = min(LINGER, self._options.body_seconds)
        answer = _Answer(send, self._dress(scope), _Rest(receive, linger))
        try:
            limit = self._limit(scope)
            self._vet(scope, limit)
            body = _Body(receive, limit, self._options.body_seconds)
            await self._app(scope, body, answer)
        except Problem as problem:
            if answer.status:
                raise
            refusal = rendered(
                problem.status_code, problem.detail, problem.remedy, headers=problem.headers
            )
            await refusal(scope, receive, answer)
        finally:
            self._note(scope, answer.status, self._runtime.monotonic() - began)

    def _vet(self, scope: Scope, limit: int) -> None:
        headers = Headers(scope=scope)
        host = self._host(headers)
        _vet_length(headers, limit)
        if scope["method"] not in _SAFE and "authorization" not in headers:
            _vet_origin(headers, host)

    def _host(self, headers: Headers) -> str:
        given = headers.getlist("host")
        host = given[0].lower() if len(given) == 1 else ""
        name = _HOST.match(host)
        rest = host[name.end() :] if name else host
        if name is None or not re.fullmatch(r"(:\d{1,5})?", rest):
            raise Problem(400, "The Host header is missing, doubled or malformed.")
        if name[0] not in self._hosts:
            raise Problem(
                400,
                "This server does not answer to that host name.",
                "Let the operator add the name to [server] hosts, or set public_url.",
            )
        return host

    def _limit(self, scope: Scope) -> int:
        upload = scope["method"] == "PUT" and scope["path"].endswith(".ics")
        return self._options.upload_bytes if upload else self._options.body_bytes

    def _dress(self, scope: Scope) -> Callable[[MutableHeaders], None]:
        request_id = scope.setdefault("state", {})["request_id"] = secrets.token_hex(8)
        page = not scope["path"].startswith(("/api/", "/health/", "/metrics"))

        def dress(headers: MutableHeaders) -> None:
            for name, value in _ALWAYS.items():
                headers.setdefault(name, value)
            headers["X-Request-Id"] = request_id
            headers["Content-Security-Policy"] = _PAGE_POLICY if page else _API_POLICY
            if not page:
                headers.setdefault("Cache-Control", "no-store")
            if self._options.secure:
                headers["Strict-Transport-Security"] = "max-age=31536000"

        return dress

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path_format", None) or "none"
        self._figures.request(route, scope["method"], status, seconds)
        log.info(
            "web.request",
            method=scope["method"],
            route=route,
            status=status,
            seconds=round(seconds, 4),
            request_id=scope["state"]["request_id"],
        )


_CLOSED: Final = {"Connection": "close"}
"""What was sent behind a head that is refused is no further request."""
LINGER: Final = 5.0
"""Seconds in which what is still sent to a refused request is thrown away before the end."""


def _vet_length(headers: Headers, limit: int) -> None:
    """Refuse a body that says it is too large before it is sent, and one of two lengths.

    A proxy in front may believe the other length: what is body to one would be the next request
    to the other (RFC 9112, section 6.1).
    """
    length = headers.get("content-length")
    if length is None:
        return
    if "transfer-encoding" in headers:
        raise Problem(
            400,
            "The body has two lengths: Content-Length and Transfer-Encoding.",
            "Send one of them.",
            headers=_CLOSED,
        )
    if length.isdecimal() and int(length[:20]) > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> Problem:
    return Problem(
        413, f"The body is larger than {limit} bytes.", "Send a smaller one.", headers=_CLOSED
    )


def _vet_origin(headers: Headers, host: str) -> None:
    """Refuse a change that a page of another site asked for.

    Browsers send Origin with every unsafe request and Sec-Fetch-Site with all of them; programs
    send neither, and their bearer token is not sent by a browser on its own.
    """
    origin = headers.get("origin")
    site = headers.get("sec-fetch-site")
    if origin is None and site is None:
        if "cookie" not in headers:
            return
    elif site in (None, "same-origin") and (origin is None or urlsplit(origin).netloc == host):
        return
    raise Problem(403, "This change was asked for by another site.", "Use the console itself.")


class _Answer:
    """Watches the answer pass: dresses its headers, remembers its status.

    Whoever is refused while sending reads the answer only when all is sent. A connection closed
    with bytes unread is reset, and takes the answer with it: so those are taken first.
    """

    def __init__(self, send: Send, dress: Callable[[MutableHeaders], None], rest: _Rest) -> None:
        self._send = send
        self._dress = dress
        self._rest = rest
        self._closes = False
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            self._closes = headers.get("connection") == "close"
            self._dress(headers)
        elif self._closes and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            await self._rest.drop()
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)


class _Rest:
    """What is still sent of a request that is refused."""

    def __init__(self, receive: Receive, seconds: float) -> None:
        self._receive = receive
        self._seconds = seconds

    async def drop(self) -> None:
        """Take it and throw it away, for a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._seconds):
                while (await self._receive()).get("more_body", False):
                    pass


class _Body:
    """Counts a body while it is read; slow ones are given up, those that drip too."""

    def __init__(self, receive: Receive, limit: int, seconds: float) -> None:
        self._receive = receive
        self._limit = limit
        self._seconds = seconds
        self._read = 0
        self._whole = False
        self._began: float | None = None

    async def __call__(self) -> Any:
        if self._whole:  # what comes now is only the end of the connection
            return await self._receive()
        clock = asyncio.get_running_loop().time
        if self._began is None:
            self._began = clock()
        patience = self._seconds * (1 + self._read / MEGABYTE)
        try:
            async with asyncio.timeout_at(self._began + patience):
                message = await self._receive()
        except TimeoutError as late:
            raise Problem(408, "The body did not arrive in time.", "Send it faster.") from late
        self._read += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._read > self._limit:
            raise _too_large(self._limit)
        return message
