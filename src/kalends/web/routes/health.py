"""``/health/live``, ``/health/ready``, ``/metrics``: for supervisors and monitors."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from kalends.bus.commands import Ping
from kalends.errors import KalendsError
from kalends.web import answers, schemas
from kalends.web.commands import send
from kalends.web.identity import AsOperator, cookie_name, principal_of
from kalends.web.problems import Problem
from kalends.web.state import InWeb

router = APIRouter(tags=["operations"])
status_router = APIRouter(tags=["operations"])
"""Below ``/api/v1``."""

_PATIENCE: Final = 2.0
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


@router.get("/health/live")
async def live() -> dict[str, str]:
    """Tell that this process answers."""
    return {"status": "live"}


@router.get("/health/ready", responses={503: {"description": "Not ready, with reasons"}})
async def ready(web: InWeb) -> Response:
    """Tell whether everything is there: the store can be read, the engine answers."""
    reasons = []
    try:
        async with asyncio.timeout(_PATIENCE):
            await web.reader.organizations()
    except (KalendsError, OSError, TimeoutError):
        reasons.append(_reason("store", "The database cannot be read."))
    status = await web.ping()
    if status is None:
        reasons.append(_reason("engine", "The engine does not answer; reads go on, changes wait."))
    elif status.get("ready") is False:
        reasons.append(_reason("catch-up", "The engine is catching up on what was due meanwhile."))
    body: dict[str, Any] = {"ready": not reasons, "reasons": reasons}
    return answers.json(body, 503, Retry_After="5") if reasons else answers.json(body)


def _reason(what: str, detail: str) -> dict[str, str]:
    return {"what": what, "detail": detail}


async def _monitor(request: Request, web: InWeb) -> None:
    """Let monitors on listed networks in, and tokens of administrators.

    A proxy on this machine would make everybody local: what it forwards needs a token.
    """
    address = request.client.host if request.client is not None else ""
    direct = not any(name in request.headers for name in _FORWARDED)
    if direct and web.options.is_local(address):
        return
    cookie = request.cookies.get(cookie_name(web))
    who = await principal_of(web, request.headers.get("authorization"), cookie)
    if who is None or who.principal.role not in ("admin", "provider"):
        raise Problem(403, "Metrics are for this machine, or for an administrator's token.")


@status_router.get(
    "/status",
    responses=answers.told(schemas.Status, errors=(*answers.READ, 503), what="As the engine tells"),
)
async def status(web: InWeb, viewer: AsOperator) -> Response:
    """Tell how the organization's sources and sinks fare, as the engine sees them now."""
    answer = await send(web, Ping(organization=viewer.organization, actor=viewer.actor))
    told = answer.value if isinstance(answer.value, dict) else {}
    return answers.json({name: value for name, value in told.items() if name != "metrics"})


@router.get("/metrics", dependencies=[Depends(_monitor)], response_class=Response)
async def metrics(web: InWeb) -> Response:
    """Tell figures for Prometheus: the engine's, and this process' own."""
    status = await web.ping()
    web.figures.engine.set(status is not None)
    text = web.figures.text()
    engines = (status or {}).get("metrics")
    if isinstance(engines, str):
        text = engines.encode() + text
    return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})
