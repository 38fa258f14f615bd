"""``/contacts``: who is it, and how are they reached: own people and connected directories.

Own people are told as the viewer may see them, from the store; the engine asks the directories,
which share the endpoints of the sources. With the engine away the own people are still found.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Response

from kalends.bus.commands import FindContacts
from kalends.directory.book import Book
from kalends.directory.contract import MOST, Contact
from kalends.directory.people import contact
from kalends.directory.search import SECONDS, Found, Incomplete, merged
from kalends.errors import UserError
from kalends.web import answers, schemas, sight
from kalends.web.commands import send
from kalends.web.identity import InOrganization, Viewer
from kalends.web.problems import Problem
from kalends.web.roster import pages
from kalends.web.state import InWeb, Web

router = APIRouter(tags=["contacts"])

_LEAST_LETTERS = 2


@router.get("/contacts", responses=answers.told(schemas.Contacts, what="Who was found"))
async def contacts(
    web: InWeb,
    viewer: InOrganization,
    query: Annotated[
        str | None,
        Query(
            min_length=_LEAST_LETTERS,
            max_length=100,
            description="Beginnings of words of name, company, department, title or address; "
            "or the last four or more digits of a number.",
            examples=["berg"],
        ),
    ] = None,
    number: Annotated[
        str | None,
        Query(
            max_length=40,
            description="A whole telephone number, in any form: whose is it?",
            examples=["+46812345678"],
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 20,
    own: Annotated[bool, Query(description="Whether own people are told, too.")] = True,
) -> Response:
    """Find contacts by text or by number; own people come first.

    ``incomplete`` names directories whose contacts are missing, and why.
    """
    if (query is None) == (number is None):
        raise Problem(400, "Ask with either query or number.", "Add ?query=berg or ?number=+468….")
    people = await _own(web, viewer, query, number, limit) if own else ()
    told = await _outside(web, viewer, query, number, limit)
    whole = Found(merged((*people, *told.contacts), query or "", limit), told.incomplete)
    return answers.json(msgspec.to_builtins(whole))


async def _own(
    web: Web, viewer: Viewer, query: str | None, number: str | None, limit: int
) -> tuple[Contact, ...]:
    """Return own people, as this viewer may know of them."""
    eye, now, numbers = viewer.eye, web.now(), viewer.tenant.numbers
    found: list[Contact] = []
    try:
        forms = numbers.alike(number) if number is not None else ()
    except UserError as error:
        raise Problem(422, str(error), "Write it with + and country code.") from None
    async for page in pages(web.reader, viewer.organization):
        book = Book(
            contact(sight.card(eye, change.document, change.stored, now), numbers)
            for change in page
            if change.document is not None and eye.lists(change.stored.profile)
        )
        if query is not None:
            found += book.search(query, limit)
        for form in forms:
            found += book.lookup(form)
    return tuple(found)


async def _outside(
    web: Web, viewer: Viewer, query: str | None, number: str | None, limit: int
) -> Found:
    command = FindContacts(
        organization=viewer.organization, actor=viewer.actor,
        query=query, number=number, limit=limit,
    )  # fmt: skip
    try:
        answer = await send(web, command, seconds=SECONDS + 1)
    except Problem as silent:
        if silent.status_code != 503:
            raise
        remedy = "Own people are told all the same; see /health/ready."
        return Found(incomplete=(Incomplete("*", "The engine does not answer.", remedy),))
    value: Any = answer.value or {}
    return msgspec.convert(value, Found)
