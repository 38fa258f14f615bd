"""``/sources``, ``/sinks``, ``/directories``: what an administrator connects, tests, credentials.

Secrets go in and never come out. Addresses set here are vetted; private ranges are open only
where the operator's own file opens them (the engine and ``net`` see to it by ``managed_by``).
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, Literal, get_args

from fastapi import APIRouter, Body, Path, Query, Response

from kalends.bus.commands import (
    DeleteDocument,
    PutDocument,
    ReadNow,
    ResetCredential,
    TestDirectory,
    TestSink,
    TestSource,
)
from kalends.bus.tags import document_tag, expected_tags
from kalends.store.contract import Document
from kalends.web import answers, schemas
from kalends.web.commands import TEST_SECONDS, send, steps
from kalends.web.identity import AsAdministrator, Viewer
from kalends.web.problems import missing
from kalends.web.state import InWeb, Web

Kind = Literal["source", "sink", "directory"]
_PATHS: Final[dict[Kind, str]] = {
    "source": "/sources",
    "sink": "/sinks",
    "directory": "/directories",
}
IdPath = Annotated[
    str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", description="Its id.", examples=["dav"])
]
_SECRETS: Final = frozenset({"password", "secret", "token", "client_secret", "passphrase"})
Written = Annotated[
    dict[str, Any],
    Body(
        description="Keys of the kind, as in the configuration file.",
        examples=[{"kind": "ics", "url": "https://calendars.example/anna.ics"}],
    ),
]


def told(document: Document) -> dict[str, Any]:
    """Return a document as the API tells it. The store holds no secret; none leaves in any case."""
    body = {k: v for k, v in json.loads(document.body).items() if k not in _SECRETS}
    about = {"id": document.id, "managed_by": document.managed_by, "version": document.version}
    return body | about


async def found(web: Web, viewer: Viewer, kind: Kind, id: str) -> Document:
    """Return one source, sink or directory; 404 where there is none."""
    for document in await web.reader.documents(viewer.organization, kind):
        if document.id == id:
            return document
    raise missing(kind)


def _listing(api: APIRouter, kind: Kind) -> None:
    @api.get(_PATHS[kind], responses=answers.told(schemas.Documents, what="All of them"))
    async def listing(web: InWeb, viewer: AsAdministrator) -> Response:
        """List them, ordered by id."""
        documents = await web.reader.documents(viewer.organization, kind)
        return answers.json({"items": [told(document) for document in documents]})

    @api.get(
        f"{_PATHS[kind]}/{{id}}", responses=answers.told(schemas.DocumentAnswer, what="As written")
    )
    async def show(web: InWeb, viewer: AsAdministrator, id: IdPath) -> Response:
        """Show one, without its secrets."""
        return _shown(await found(web, viewer, kind, id))


def _shown(document: Document) -> Response:
    return answers.json(told(document), etag=answers.etag(document_tag(document.version)))


def _writing(api: APIRouter, kind: Kind) -> None:
    @api.put(
        f"{_PATHS[kind]}/{{id}}",
        responses=answers.told(schemas.DocumentAnswer, errors=answers.REPLACE, what="Stored"),
    )
    async def put(
        web: InWeb,
        viewer: AsAdministrator,
        id: IdPath,
        body: Written,
        if_match: answers.IfMatch = None,
    ) -> Response:
        """Create or replace one; it counts within seconds. A secret left out stays as it was."""
        written = {k: v for k, v in body.items() if k not in ("version", "managed_by")}
        command = PutDocument(
            organization=viewer.organization,
            actor=viewer.actor,
            kind=kind,
            id=id,
            body=written | {"id": id},
            expected=expected_tags(if_match),
        )
        await send(web, command)
        return _shown(await found(web, viewer, kind, id))

    @api.delete(
        f"{_PATHS[kind]}/{{id}}",
        responses=answers.told(schemas.Done, errors=answers.REPLACE, what="Removed"),
    )
    async def delete(
        web: InWeb, viewer: AsAdministrator, id: IdPath, if_match: answers.IfMatch = None
    ) -> Response:
        """Remove one, with what was read from it or remembered of it."""
        await found(web, viewer, kind, id)
        command = DeleteDocument(
            organization=viewer.organization,
            actor=viewer.actor,
            kind=kind,
            id=id,
            expected=expected_tags(if_match),
        )
        answer = await send(web, command)
        return answers.json({"done": True, "result": answer.value})


def _testing(api: APIRouter, kind: Kind) -> None:
    @api.post(
        f"{_PATHS[kind]}/{{id}}/test",
        responses=answers.told(schemas.Steps, errors=answers.CHANGE, what="What was found"),
    )
    async def test(
        web: InWeb,
        viewer: AsAdministrator,
        id: IdPath,
        person: Annotated[
            str | None, Query(max_length=128, description="Only with this person.")
        ] = None,
    ) -> Response:
        """Try it step by step, in the order a newcomer would, and tell what to do."""
        await found(web, viewer, kind, id)
        taken = steps(await send(web, _test(kind, viewer, id, person), seconds=TEST_SECONDS))
        return answers.json({"ok": all(step.get("ok") for step in taken), "steps": taken})


def _resetting(api: APIRouter, kind: Kind) -> None:
    @api.post(
        f"{_PATHS[kind]}/{{id}}/credential/reset",
        responses=answers.told(schemas.Done, errors=answers.CHANGE, what="The breaker is closed"),
    )
    async def reset(web: InWeb, viewer: AsAdministrator, id: IdPath) -> Response:
        """Let one sign-in be tried after the credential was refused and stopped (invariant 9)."""
        await found(web, viewer, kind, id)
        command = ResetCredential(organization=viewer.organization, actor=viewer.actor, endpoint=id)
        answer = await send(web, command)
        return answers.json({"done": True, "result": answer.value})


def _test(
    kind: Kind, viewer: Viewer, id: str, person: str | None
) -> TestSource | TestSink | TestDirectory:
    organization, actor = viewer.organization, viewer.actor
    match kind:
        case "source":
            return TestSource(organization=organization, actor=actor, source=id, person=person)
        case "sink":
            return TestSink(organization=organization, actor=actor, sink=id, person=person)
        case "directory":
            return TestDirectory(organization=organization, actor=actor, directory=id)


def _routes() -> APIRouter:
    api = APIRouter(tags=["sources, sinks, directories"])
    for kind in get_args(Kind):
        _listing(api, kind)
        _writing(api, kind)
        _testing(api, kind)
        if kind != "directory":  # its account is its source's
            _resetting(api, kind)
    return api


router = _routes()


@router.post(
    "/sources/{id}/read",
    responses=answers.told(schemas.Done, errors=answers.CHANGE, what="It will be read now"),
)
async def read(web: InWeb, viewer: AsAdministrator, id: IdPath) -> Response:
    """Read the source's calendars again, now."""
    await found(web, viewer, "source", id)
    answer = await send(
        web, ReadNow(organization=viewer.organization, actor=viewer.actor, source=id)
    )
    return answers.json({"done": True, "result": answer.value})
