"""Puts the web process' application together: state, guard, routes, error forms, OpenAPI."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI, Response
from fastapi.routing import APIRoute
from starlette.routing import compile_path

from kalends import __version__
from kalends.bus.contract import Bus
from kalends.runtime import Runtime
from kalends.store.contract import Reader
from kalends.web.figures import Figures
from kalends.web.guard import Guard
from kalends.web.hubs import Hubs
from kalends.web.options import WebOptions
from kalends.web.pages import serve_console
from kalends.web.problems import HANDLERS, Problem, missing
from kalends.web.routes import (
    calendars,
    contacts,
    documents,
    explain,
    health,
    manual,
    organization,
    people,
    presence,
    principals,
    session,
    stream,
    trials,
)
from kalends.web.sessions import Sessions
from kalends.web.state import Web
from kalends.web.tenants import Tenants

_MODULES = (
    session,
    stream,
    presence,
    explain,
    manual,
    calendars,
    people,
    contacts,
    organization,
    principals,
    documents,
    trials,
)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
_DESCRIPTION = """
Calendar-driven presence. Sign in with `Authorization: Bearer <token>` or a session's cookie.
Times are UTC in RFC 3339; errors are `application/problem+json` (RFC 9457).
"""


def application(reader: Reader, bus: Bus, runtime: Runtime, options: WebOptions) -> FastAPI:
    """Return the application. It only reads the store; changes go to the engine over the bus."""
    web = _web(reader, bus, runtime, options)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with web.running():
            yield

    app = FastAPI(
        title="Kalends",
        description=_DESCRIPTION.strip(),
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        exception_handlers=HANDLERS,
    )
    app.state.web = web
    app.add_middleware(Guard, options=options, runtime=runtime, figures=web.figures)
    app.include_router(_api(), prefix="/api/v1")
    app.include_router(health.router)
    serve_console(app, options.console)
    return app


def _web(reader: Reader, bus: Bus, runtime: Runtime, options: WebOptions) -> Web:
    tenants = Tenants(reader, runtime)
    figures = Figures()
    return Web(
        reader=reader,
        bus=bus,
        runtime=runtime,
        options=options,
        tenants=tenants,
        sessions=Sessions(options.sessions, runtime),
        hubs=Hubs(reader, tenants, runtime, figures),
        figures=figures,
    )


def _api() -> APIRouter:
    api = APIRouter()
    for router in (*(module.router for module in _MODULES), health.status_router):
        for route in router.routes:
            api.routes.append(route)

    known = [
        (compile_path(route.path)[0], route.methods or set())
        for route in api.routes
        if isinstance(route, APIRoute)
    ]

    @api.api_route("/{path:path}", methods=list(_METHODS), include_in_schema=False)
    async def nothing(path: str) -> Response:
        """Answer what no other route does: another method of a known path, or nothing at all."""
        methods = sorted({m for place, some in known if place.match(f"/{path}") for m in some})
        if not methods:
            raise missing("path below /api/v1")
        raise Problem(
            405,
            "This method does not exist here.",
            "See the Allow header.",
            headers={"Allow": ", ".join(methods)},
        )

    return api
