"""Errors as ``application/problem+json`` (RFC 9457): what was wrong, where, what to do.

Vocabulary: ``title`` names the status, ``detail`` says what was wrong with this request,
``remedy`` what to do; ``problems`` lists every mistake of a document, each with its key. Nothing
a client sent is echoed, and no traceback leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from kalends import observe
from kalends.errors import (
    ConfigurationError,
    Forgotten,
    KalendsError,
    RetryLater,
    StoreFailed,
    UserError,
)

log = observe.logger(__name__)

MEDIA_TYPE = "application/problem+json"


class Problem(HTTPException):
    """Something to tell the client; raised anywhere while a request is answered."""

    def __init__(
        self,
        status: int,
        detail: str,
        remedy: str = "",
        *,
        problems: list[dict[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.remedy = remedy
        self.problems = problems or []


def missing(what: str) -> Problem:
    """Return the 404 for something this viewer cannot see, whether or not it exists elsewhere."""
    return Problem(404, f"There is no such {what}.", "Check the id; lists tell the known ones.")


def rendered(
    status: int,
    detail: str,
    remedy: str = "",
    problems: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the answer that tells a problem."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if remedy:
        body["remedy"] = remedy
    if problems:
        body["problems"] = problems
    return Response(
        msgspec.json.encode(body), status, media_type=MEDIA_TYPE, headers=dict(headers or {})
    )


_PLAIN = {
    404: ("There is nothing here.", "See /api/v1/openapi.json for what there is."),
    405: ("This method does not exist here.", "See the Allow header."),
    400: ("The request could not be read.", "Send a body of UTF-8 JSON with its content type."),
}


async def on_http(_request: Request, error: Exception) -> Response:
    """Tell a ``Problem``, or what the framework raised."""
    if isinstance(error, Problem):
        return rendered(
            error.status_code, error.detail, error.remedy, error.problems, error.headers
        )
    assert isinstance(error, HTTPException)
    plain = (HTTPStatus(error.status_code).phrase + ".", "")
    detail, remedy = _PLAIN.get(error.status_code, plain)
    return rendered(error.status_code, detail, remedy, headers=error.headers)


async def on_validation(_request: Request, error: Exception) -> Response:
    """Tell every mistake in parameters and body, with where it stands."""
    assert isinstance(error, RequestValidationError | ValidationError)
    problems = [told(one) for one in error.errors()]
    detail = "The request is not what this path takes."
    return rendered(422, detail, "Correct the places listed in problems.", problems)


def told(error: Mapping[str, Any], where: str = "request") -> dict[str, str]:
    """Return one pydantic error as {where, key, what, remedy}, without what was sent."""
    location = [str(part) for part in error["loc"]]
    if location and location[0] in ("body", "query", "path", "header"):
        where, *location = location
    return {"where": where, "key": ".".join(location), "what": str(error["msg"]), "remedy": ""}


async def on_user_error(_request: Request, error: Exception) -> Response:
    """Tell our own complaint about what was sent."""
    if isinstance(error, ConfigurationError):
        listed = [
            {"where": p.where, "key": p.key, "what": p.what, "remedy": p.remedy}
            for p in error.problems
        ]
        remedy = "Correct the places listed in problems."
        return rendered(422, "The document has mistakes.", remedy, listed)
    if isinstance(error, Forgotten):
        return rendered(410, str(error), "Ask about now or what lies ahead.")
    return rendered(422, str(error), "Change the request as told.")


async def on_retry(_request: Request, error: Exception) -> Response:
    """Tell that something behind us is away for the moment."""
    log.warning("web.unavailable", exc_info=error)
    return rendered(
        503,
        "A part of Kalends that this needs does not answer.",
        "Try again shortly; see /health/ready for what is missing.",
        headers={"Retry-After": "5"},
    )


async def on_crash(_request: Request, error: Exception) -> Response:
    """Tell nothing but that it is our fault; the log says where."""
    log.error("web.failed", exc_info=error)
    return rendered(500, "Kalends failed to answer this.", "Look into the log of the web process.")


HANDLERS: dict[int | type[Exception], Any] = {
    HTTPException: on_http,
    RequestValidationError: on_validation,
    ValidationError: on_validation,
    UserError: on_user_error,
    RetryLater: on_retry,
    StoreFailed: on_retry,  # a database that is away comes back
    KalendsError: on_crash,
    Exception: on_crash,
}
"""Exception handlers of the application."""
