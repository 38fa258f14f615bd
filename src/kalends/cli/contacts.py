"""``contacts``: who is it, and how are they reached?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kalends.bus.commands import FindContacts
from kalends.cli.output import as_json, complain, table
from kalends.cli.session import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    OrganizationOption,
    ask,
    loaded,
    reading,
    run,
    the_organization,
)
from kalends.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from kalends.directory.contract import Contact
    from kalends.directory.search import Found
    from kalends.store.contract import Reader


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(contacts)


def contacts(
    query: Annotated[
        str, typer.Argument(help="Beginnings of words, or a telephone number's last digits.")
    ] = "",
    number: Annotated[
        str | None, typer.Option(help="A whole telephone number: whose is it?")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=50)] = 20,
    config: ConfigOption = DEFAULT_CONFIG,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Find own people and contacts of the connected directories, by name or number."""
    if bool(query.strip()) == (number is not None):
        raise UserError("Say a name (kalends contacts berg) or a number (--number +46812345678).")
    found = run(_find(config, organization, query, number, limit))
    if json:
        import msgspec

        as_json(msgspec.to_builtins(found))
        return
    rows = [
        [
            one.name,
            one.company or one.department,
            ", ".join(f"{number.kind} {number.number}" for number in one.numbers),
            ", ".join(one.emails),
            one.directory + (f"/{one.folder}" if one.folder else ""),
        ]
        for one in found.contacts
    ]
    table(
        ["name", "company", "numbers", "mail", "directory"],
        rows,
        empty="Nobody matches.",
        least=("mail", "directory"),
    )
    for missing in found.incomplete:
        complain(f"{missing.directory}: {missing.message} {missing.remedy}".rstrip())


async def _find(
    config: Path, organization: str | None, query: str, number: str | None, limit: int
) -> Found:
    import msgspec

    from kalends.directory.search import Found, Incomplete, merged

    configuration = loaded(config)
    async with reading(configuration) as reader:
        one = await the_organization(reader, organization)
        own = await _own(reader, one, query, number, limit)
    command = FindContacts(
        organization=one, actor="cli", query=query or None, number=number, limit=limit
    )
    try:
        told = msgspec.convert(await ask(configuration, command), Found)
    except UserError as error:
        told = Found(incomplete=(Incomplete("*", str(error)),))
    return Found(merged((*own, *told.contacts), query, limit), told.incomplete)


async def _own(
    reader: Reader, organization: str, query: str, number: str | None, limit: int
) -> tuple[Contact, ...]:
    from kalends.cli.views import Views
    from kalends.directory.book import Book
    from kalends.directory.people import contact

    views = await Views.of(reader, organization)
    book = Book([contact(entry, views.numbers) async for entry in views.people("")])
    if number is None:
        return book.search(query, limit)
    return tuple(one for form in views.numbers.alike(number) for one in book.lookup(form))
