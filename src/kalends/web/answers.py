"""How answers are written: encoded once with msgspec, described by a model for OpenAPI."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import Header, Response

from kalends.web.problems import MEDIA_TYPE
from kalends.web.schemas import ProblemAnswer

_encode = msgspec.json.Encoder().encode


def json(value: Any, status: int = 200, **headers: str) -> Response:
    """Return an answer of plain values (and structs) as JSON."""
    return Response(
        _encode(value),
        status,
        media_type="application/json",
        headers={name.replace("_", "-"): text for name, text in headers.items()},
    )


_PROBLEM = {MEDIA_TYPE: {"schema": ProblemAnswer.model_json_schema()}}
"""What every problem is told as. Made once: the routes name it four hundred times."""

_TOLD = {
    400: "The request makes no sense here.",
    401: "Nobody is signed in.",
    403: "Not for this role.",
    404: "There is no such thing, or it is not this viewer's to see.",
    408: "The body did not arrive in time.",
    409: "Somebody else changed it first, or another one manages it.",
    412: "It is not what If-Match names any more.",
    410: "The past is forgotten.",
    413: "The body is too large.",
    422: "The request is not what this path takes.",
    429: "Too many tries.",
    503: "The engine does not answer, and nothing was changed; try again after Retry-After.",
    504: "The engine began this and has not confirmed it: look at what is so, then try again.",
}

READ = (400, 401, 403, 404, 422)
CHANGE = (400, 401, 403, 404, 408, 409, 413, 422, 503, 504)
REPLACE = (*CHANGE, 412)
"""Of what replaces or removes a thing that others may have changed meanwhile."""

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=300,
        description="The ETag it was read with: where it is not so any more, 412, and nothing is "
        "changed. Left out: whatever is there is replaced.",
    ),
]


def etag(tag: str) -> str:
    """Return an entity tag as the header writes it."""
    return f'"{tag}"'


def told(
    model: Any = None, *, errors: tuple[int, ...] = READ, status: int = 200, what: str = "Done"
) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of a route: its answer's model, and the problems it may tell."""
    responses: dict[int | str, dict[str, Any]] = {
        code: {"description": _TOLD[code], "content": _PROBLEM} for code in errors
    }
    if model is not None:
        responses[status] = {"model": model, "description": what}
    return responses
