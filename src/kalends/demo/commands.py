"""``kalends demo`` and its ``book``, ``move``, ``cancel``, ``list``."""

from __future__ import annotations

import asyncio
import contextlib
import re
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from icalendar import Calendar
from kalends.cli.output import as_json, local, say, table
from kalends.cli.session import JsonOption
from kalends.demo.calendar_server import CalendarServer
from kalends.demo.organization import ZONE, DemoBooking, people
from kalends.errors import UserError

app = typer.Typer(
    help="A small organization on a real calendar server, on this machine.",
    invoke_without_command=True,
)

DirectoryOption = Annotated[
    Path, typer.Option("--directory", help="Where the demo keeps its files.")
]
DEFAULT = Path("var/demo")


@app.callback()
def demo(
    context: typer.Context,
    directory: DirectoryOption = DEFAULT,
    port: Annotated[int, typer.Option(help="Port of the page; another where taken.")] = 8080,
    sip_server: Annotated[
        str | None, typer.Option(help="Publish to a SIP presence server: sip:host:port.")
    ] = None,
) -> None:
    """Run the demo until Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    from kalends.demo.run import run

    directory.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(asyncio.CancelledError):  # SIGTERM
        asyncio.run(run(directory.resolve(), port=port, sip_server=sip_server))


@app.command()
def book(
    person: Annotated[str, typer.Argument(help="Id of a person: emma.")],
    subject: Annotated[str, typer.Argument(help='Subject: "Möte med Volvo".')] = "Möte",
    start: Annotated[
        str, typer.Option("--in", help="When it begins, from now: 30s, 5m, 2h.")
    ] = "0s",
    length: Annotated[str, typer.Option("--for", help="How long: 90s, 30m, 2h.")] = "5m",
    private: Annotated[bool, typer.Option(help="Mark it private.")] = False,
    show_as: Annotated[str, typer.Option(help="busy, free, tentative, oof, elsewhere.")] = "busy",
    category: Annotated[list[str] | None, typer.Option(help="Category; may be repeated.")] = None,
    directory: DirectoryOption = DEFAULT,
) -> None:
    """Book an appointment in the demo's calendar server."""
    words = {"elsewhere": "WORKINGELSEWHERE"}
    begin = datetime.now(UTC).astimezone(ZONE).replace(microsecond=0) + _span(start)
    booking = DemoBooking(
        f"{_known(person)}-hand-{begin:%Y%m%d%H%M%S}", subject, begin, begin + _span(length),
        show_as=words.get(show_as, show_as.upper()), private=private,
        categories=tuple(category or ()),
    )  # fmt: skip
    _server(directory).put(person, booking)
    say(f"Booked {subject!r} for {person}: {begin:%H:%M:%S} to {begin + _span(length):%H:%M:%S}.")


@app.command()
def move(
    person: Annotated[str, typer.Argument(help="Id of a person.")],
    by: Annotated[str, typer.Option(help="How far: 10m, -5m.")] = "10m",
    directory: DirectoryOption = DEFAULT,
) -> None:
    """Move the booking made last with ``book``."""
    server = _server(directory)
    uid = _last(server, _known(person))
    event = _event(server, person, uid)
    start, end = event["DTSTART"].dt + _span(by), event["DTEND"].dt + _span(by)
    show_as = str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "BUSY"))
    moved = DemoBooking(uid, str(event["SUMMARY"]), start, end, show_as=show_as,
                        private=str(event.get("CLASS")) == "PRIVATE")  # fmt: skip
    server.put(person, moved)
    say(f"Moved {moved.subject!r}: {start:%H:%M:%S} to {end:%H:%M:%S}.")


@app.command()
def cancel(
    person: Annotated[str, typer.Argument(help="Id of a person.")],
    directory: DirectoryOption = DEFAULT,
) -> None:
    """Remove the booking made last with ``book``."""
    server = _server(directory)
    server.delete(_known(person), _last(server, person))
    say("Cancelled.")


@app.command("list")
def list_bookings(
    person: Annotated[str, typer.Argument(help="Id of a person.")],
    directory: DirectoryOption = DEFAULT,
    json: JsonOption = False,
) -> None:
    """Show a person's bookings as they stand in the calendar server."""
    server = _server(directory)
    found: list[tuple[str, list[str]]] = []
    for uid in server.uids(_known(person)):
        event = _event(server, person, uid)
        start, end = (event[name].dt for name in ("DTSTART", "DTEND"))
        series = "weekly" if event.get("RRULE") else ""
        found.append((str(start), [_when(start), _when(end), str(event["SUMMARY"]), series]))
    rows = [row for _, row in sorted(found, key=lambda one: one[0])]
    if json:
        as_json([dict(zip(("from", "to", "subject", "series"), row, strict=True)) for row in rows])
    else:
        table(["from", "to", "subject", ""], rows, empty="No bookings.")


def _when(moment: Any) -> str:
    if isinstance(moment, datetime):
        return local(moment.isoformat(), str(ZONE))
    return str(moment)


def _server(directory: Path) -> CalendarServer:
    config = directory.resolve() / "kalends.toml"
    if not config.exists():
        raise UserError(f"No demo runs in {directory}. Start it in another terminal: kalends demo")
    data = tomllib.loads(config.read_text("utf-8"))
    url = data["organizations"][0]["sources"][0]["url"]
    server = CalendarServer(directory.resolve() / "calendars", int(url.rstrip("/").split(":")[-1]))
    if not server.answers():
        raise UserError("The demo's calendar server does not answer. Start it with: kalends demo")
    return server


def _known(person: str) -> str:
    ids = [one.id for one in people()]
    if person not in ids:
        raise UserError(f"There is no {person!r} in the demo; there are: {', '.join(ids)}")
    return person


def _last(server: CalendarServer, person: str) -> str:
    made = [uid for uid in server.uids(person) if uid.startswith(f"{person}-hand-")]
    if not made:
        raise UserError(f"{person} has no booking made with `kalends demo book`.")
    return made[-1]


def _event(server: CalendarServer, person: str, uid: str) -> Any:
    body = server.get(person, uid)
    if body is None:
        raise UserError("The booking is not there any more.")
    return Calendar.from_ical(body).walk("VEVENT")[0]


def _span(text: str) -> timedelta:
    match = re.fullmatch(r"(-?)(\d+)([smhd])", text.strip())
    if match is None:
        raise UserError(f"{text!r} is not a span of time; write 30s, 5m, 2h or 1d.")
    unit = {"s": 1, "m": 60, "h": 3600, "d": 86400}[match[3]]
    return timedelta(seconds=int(match[2]) * unit * (-1 if match[1] else 1))
