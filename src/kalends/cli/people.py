"""``people``, ``presence``, ``set``, ``clear``, ``timeline``, ``explain``: look at people, act.

Who may read the database and its key may see everything: the command line looks as an attendant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kalends.bus.commands import ClearManual, SetManual
from kalends.cli import moments
from kalends.cli.output import as_json, local, say, table
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
    with_reader,
)

if TYPE_CHECKING:
    from kalends.cli.views import Views
    from kalends.store.contract import Reader

PersonArgument = Annotated[str, typer.Argument(help="Id of a person.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("people")(people)
    app.command()(presence)
    app.command("set")(set_presence)
    app.command()(clear)
    app.command()(timeline)
    app.command()(explain)


def people(
    config: ConfigOption = DEFAULT_CONFIG,
    organization: OrganizationOption = None,
    find: Annotated[str, typer.Option(help="Part of a name, id, number or department.")] = "",
    json: JsonOption = False,
) -> None:
    """List everybody with their presence now."""

    async def work(reader: Reader, one: str) -> tuple[str, list[dict[str, Any]]]:
        views = await _views(reader, one)
        return views.zone, [row async for row in views.people(find.casefold())]

    zone, rows = run(with_reader(config, organization, work))
    if json:
        as_json(rows)
        return
    cells = [
        [
            row["id"],
            row["name"],
            row["extension"] or "",
            *_state(row["presence"], zone),
            "on trial" if row.get("stage") == "trial" else "",
        ]
        for row in rows
    ]
    columns = ["id", "name", "ext", "presence", "activity", "until", "back", "next", "", "stage"]
    empty = "Nobody matches." if find else "There are no people yet."
    table(columns, cells, empty=empty, least=("next", "back", "ext", "stage", "activity"))


def presence(
    person: PersonArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Show one person's presence."""

    async def work(reader: Reader, one: str) -> tuple[str, dict[str, Any]]:
        views = await _views(reader, one)
        return views.zone, await views.presence(person)

    zone, view = run(with_reader(config, organization, work))
    if json:
        as_json(view)
        return
    say(view["texts"]["sentence"])
    rows = [[key, _plain(value, zone)] for key, value in view.items() if key != "texts" and value]
    table(["", ""], rows, empty="")


def set_presence(
    person: PersonArgument,
    activity: Annotated[str, typer.Argument(help="meeting, lunch, available …")],
    until: Annotated[
        str | None,
        typer.Option(
            help="14:30, 2026-03-02T14:30+01:00, booking-end, next-booking, workday-end, cleared."
        ),
    ] = None,
    note: Annotated[str | None, typer.Option(help="Text that colleagues are told.")] = None,
    availability: Annotated[
        str | None, typer.Option(help="available, busy, away, dnd, offline.")
    ] = None,
    role: Annotated[str | None, typer.Option(help="work, private …")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Set a person's presence by hand; it wins until its end."""

    async def work() -> tuple[Any, str]:
        configuration = loaded(config)
        async with reading(configuration) as reader:
            one = await the_organization(reader, organization)
            views = await _views(reader, one)
            await views.known(person)
        command = SetManual(
            organization=one, actor="cli", person=person, activity=activity,
            until=moments.until(until, views.zone), note=note, availability=availability, role=role,
        )  # fmt: skip
        return await ask(configuration, command), views.zone

    told, zone = run(work())
    if json:
        as_json(told)
    else:
        state = told["presence"] or {"activity": activity, "until": None}
        until = f" until {local(state['until'], zone)}" if state["until"] else ""
        say(f"{person} is {state['activity']} by hand{until}. End it with: kalends clear {person}")


def clear(
    person: PersonArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Go back to what calendar, work hours and phone say."""

    async def work() -> Any:
        configuration = loaded(config)
        async with reading(configuration) as reader:
            one = await the_organization(reader, organization)
            await (await _views(reader, one)).known(person)
        return await ask(configuration, ClearManual(organization=one, actor="cli", person=person))

    told = run(work())
    if json:
        as_json(told)
    else:
        state = told["presence"]
        now = f" and is {state['activity'] or state['availability']} now" if state else ""
        say(f"{person} follows the calendar again{now}.")


def timeline(
    person: PersonArgument,
    days: Annotated[int, typer.Option(min=1, max=35, help="How many days ahead.")] = 7,
    config: ConfigOption = DEFAULT_CONFIG,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Show what lies ahead of a person."""

    async def work(reader: Reader, one: str) -> tuple[str, list[dict[str, Any]]]:
        views = await _views(reader, one)
        return views.zone, await views.timeline(person, days)

    zone, segments = run(with_reader(config, organization, work))
    if json:
        as_json(segments)
        return
    rows = [
        [local(s["start"], zone), local(s["end"], zone), s["availability"], s["activity"] or "",
         _called(s["booking"] or {}), s["note"] or ""]
        for s in segments
    ]  # fmt: skip
    table(
        ["from", "to", "presence", "activity", "subject", "note"],
        rows,
        empty="Nothing is booked.",
        least=("note",),
    )


def _called(booking: dict[str, Any]) -> str:
    """Return what a booking is called; a private one's subject is not kept."""
    return "(private)" if booking.get("private") else booking.get("subject") or ""


def explain(
    person: PersonArgument,
    at: Annotated[str | None, typer.Option(help="A moment to come: 14:30 or RFC 3339.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Tell why a person is shown as they are."""

    async def work(reader: Reader, one: str) -> dict[str, Any]:
        views = await _views(reader, one)
        return await views.explain(person, moments.moment(at, views.zone) if at else None)

    found = run(with_reader(config, organization, work))
    if json:
        as_json(found)
    else:
        say(found["text"])


async def _views(reader: Reader, organization: str) -> Views:
    from kalends.cli.views import Views

    return await Views.of(reader, organization)


def _state(row: dict[str, Any], zone: str) -> list[str]:
    following = row["next"]
    after = f"{local(following['start'], zone)} {following['activity'] or ''}" if following else ""
    return [
        row["availability"], row["activity"] or "", local(row["until"], zone),
        local(row["returns_at"], zone), after.strip(), "stale" if row["stale_since"] else "",
    ]  # fmt: skip


def _plain(value: Any, zone: str) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {_plain(v, zone)}" for k, v in value.items() if v)
    text = str(value)
    return local(text, zone) if text[10:11] == "T" and text.endswith("Z") else text
