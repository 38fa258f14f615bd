"""``/people``: entries with presence, searched and paged; creating and removing them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Path, Query, Response

from kalends.bus.commands import DeletePerson, PutPerson
from kalends.bus.tags import expected_tags, record_tag
from kalends.model.person import PersonRecord
from kalends.store.contract import PersonDocument
from kalends.web import answers, schemas, sight
from kalends.web.commands import send
from kalends.web.identity import AsAdministrator, InOrganization, Viewer
from kalends.web.problems import missing
from kalends.web.roster import PAGE, pages
from kalends.web.state import InWeb, Web

router = APIRouter(tags=["people"])

LOOKED: Final = 20_000
"""People looked at for one answer: a search of a larger organization goes on with ``next``."""
BREATH: Final = 50
PERSON: Final = r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$"
PersonPath = Annotated[str, Path(pattern=PERSON, description="Id of a person.", examples=["anna"])]


@router.get("/people", responses=answers.told(schemas.People, what="One page of people"))
async def people(
    web: InWeb,
    viewer: InOrganization,
    q: Annotated[
        str, Query(max_length=100, description="Words that name, number, title … begin with.")
    ] = "",
    department: Annotated[str | None, Query(max_length=200)] = None,
    after: Annotated[str, Query(max_length=128, description="Id to go on behind.")] = "",
    limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
) -> Response:
    """List people with their presence, ordered by id; a page may be short and have a ``next``."""
    revision = await web.reader.revision(viewer.organization)
    words = q.casefold().replace("-", " ").split()
    found: list[dict[str, Any]] = []
    looked, last = 0, after
    async for entry in _entries(web, viewer, after):
        if len(found) == limit or looked == LOOKED:
            return answers.json({"revision": revision, "people": found, "next": last})
        looked, last = looked + 1, entry["id"]
        wanted = department is None or entry["department"] == department
        if wanted and (not words or sight.matches(entry, words)):
            found.append(entry)
    return answers.json({"revision": revision, "people": found, "next": None})


async def _entries(web: Web, viewer: Viewer, after: str) -> AsyncIterator[dict[str, Any]]:
    now, eye = web.now(), viewer.eye
    async for page in pages(web.reader, viewer.organization, after):
        for count, change in enumerate(page):
            if count % BREATH == 0:
                await asyncio.sleep(0)  # streams and other requests go on meanwhile
            if eye.lists(change.stored.profile) and change.document is not None:
                yield sight.card(eye, change.document, change.stored, now)


async def listed(web: Web, viewer: Viewer, person: str) -> PersonDocument:
    """Return a person the viewer may know of; 404 otherwise."""
    document = await web.reader.person(viewer.organization, person)
    if document is None or not viewer.eye.lists(document.profile):
        raise missing("person")
    return document


@router.get("/people/{person}", responses=answers.told(schemas.Person, what="The entry"))
async def one(web: InWeb, viewer: InOrganization, person: PersonPath) -> Response:
    """Show one person with the presence."""
    document = await listed(web, viewer, person)
    stored = await web.reader.presence(viewer.organization, person)
    if stored is None:
        raise missing("person")
    return answers.json(sight.card(viewer.eye, document, stored, web.now()))


@router.get("/people/{person}/record", responses=answers.told(PersonRecord, what="The record"))
async def record(web: InWeb, viewer: AsAdministrator, person: PersonPath) -> Response:
    """Show a person's whole record, as ``PUT`` takes it."""
    document = await listed(web, viewer, person)
    return answers.json(
        msgspec.Raw(document.record), etag=answers.etag(record_tag(document.record))
    )


@router.put(
    "/people/{person}",
    responses=answers.told(schemas.Done, errors=answers.REPLACE, what="Stored"),
)
async def put(
    web: InWeb,
    viewer: AsAdministrator,
    person: PersonPath,
    body: schemas.PersonInput,
    if_match: answers.IfMatch = None,
) -> Response:
    """Create or replace a person's record; keys as in ``[[organizations.people]]``."""
    # keys left out stay out: the engine keeps the person's own preferences then
    record = body.model_dump(mode="json", exclude_unset=True)
    record |= {"id": person, "managed_by": "api"}
    command = PutPerson(
        organization=viewer.organization,
        actor=viewer.actor,
        record=record,
        expected=expected_tags(if_match),
    )
    answer = await send(web, command)
    return answers.json({"done": True, "result": answer.value})


@router.delete(
    "/people/{person}",
    responses=answers.told(schemas.Done, errors=answers.REPLACE, what="Removed"),
)
async def delete(
    web: InWeb, viewer: AsAdministrator, person: PersonPath, if_match: answers.IfMatch = None
) -> Response:
    """Remove a person with everything known of them."""
    await listed(web, viewer, person)
    command = DeletePerson(
        organization=viewer.organization,
        actor=viewer.actor,
        person=person,
        expected=expected_tags(if_match),
    )
    answer = await send(web, command)
    return answers.json({"done": True, "result": answer.value})
