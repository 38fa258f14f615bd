"""``kalends demo`` and its ``book``, ``move``, ``cancel``, ``list``."""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kalends.cli.output import as_json, local, say, table
from kalends.cli.session import JsonOption
from kalends.demo.choices import DIRECTORIES, VERSIONS
from kalends.demo.organization import ZONE, DemoBooking, people
from kalends.errors import UserError

if TYPE_CHECKING:
    from kalends.demo.servers import DemoServer

_SHOWN = {
    "busy": "BUSY",
    "free": "FREE",
    "tentative": "TENTATIVE",
    "oof": "OOF",
    "elsewhere": "WORKINGELSEWHERE",
}

app = typer.Typer(
    help="A small organization on a real calendar server, on this machine.",
    invoke_without_command=True,
)

DirectoryOption = Annotated[
    Path | None,
    typer.Option(
        "--directory",
        help="Where the demo keeps its files; var/demo or var/demo-exchange where not told.",
        show_default=False,
    ),
]


@app.callback()
def demo(
    context: typer.Context,
    directory: DirectoryOption = None,
    port: Annotated[int, typer.Option(help="Port of the page; another where taken.")] = 8080,
    sip_server: Annotated[
        str | None, typer.Option(help="Publish to a SIP presence server: sip:host:port.")
    ] = None,
    calendar: Annotated[
        str, typer.Option(help="Where calendars lie: caldav, exchange.")
    ] = "caldav",
    exchange_version: Annotated[
        str, typer.Option(help=f"Version of the emulated Exchange: {', '.join(VERSIONS)}.")
    ] = "2016",
) -> None:
    """Run the demo until Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    from kalends.demo.run import run

    if calendar not in ("caldav", "exchange"):
        raise UserError(f"{calendar!r} is no calendar server of the demo; say caldav or exchange.")
    if exchange_version not in VERSIONS:
        raise UserError(f"{exchange_version!r} is not emulated; there are {', '.join(VERSIONS)}.")
    version = exchange_version if calendar == "exchange" else ""
    place = directory or DIRECTORIES[calendar]
    place.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(asyncio.CancelledError):  # SIGTERM
        asyncio.run(run(place.resolve(), port=port, sip_server=sip_server, exchange=version))


@app.command()
def book(
    person: Annotated[str, typer.Argument(help="Id of a person: emma.")],
    subject: Annotated[str, typer.Argument(help='Subject: "Möte med Volvo".')] = "Möte",
    start: Annotated[
        str, typer.Option("--in", help="When it begins, from now: 30s, 5m, 2h.")
    ] = "0s",
    length: Annotated[str, typer.Option("--for", help="How long: 90s, 30m, 2h.")] = "5m",
    private: Annotated[bool, typer.Option("--private", help="Mark it private.")] = False,
    show_as: Annotated[str, typer.Option(help="busy, free, tentative, oof, elsewhere.")] = "busy",
    category: Annotated[list[str] | None, typer.Option(help="Category; may be repeated.")] = None,
    directory: DirectoryOption = None,
) -> None:
    """Book an appointment in the demo's calendar server."""
    if show_as not in _SHOWN:
        raise UserError(f"{show_as!r} is no way to show a booking; say {', '.join(_SHOWN)}.")
    begin = datetime.now(UTC).astimezone(ZONE).replace(microsecond=0) + _span(start)
    booking = DemoBooking(
        f"{_known(person)}-hand-{begin:%Y%m%d%H%M%S}", subject, begin, begin + _span(length),
        show_as=_SHOWN[show_as], private=private,
        categories=tuple(category or ()),
    )  # fmt: skip
    _running(directory).put(person, booking)
    say(f"Booked {subject!r} for {person}: {begin:%H:%M:%S} to {begin + _span(length):%H:%M:%S}.")


@app.command()
def move(
    person: Annotated[str, typer.Argument(help="Id of a person.")],
    by: Annotated[str, typer.Option(help="How far: 10m, -5m.")] = "10m",
    directory: DirectoryOption = None,
) -> None:
    """Move the booking made last with book."""
    server = _running(directory)
    uid = _last(server, _known(person))
    found = _booking(server, person, uid)
    moved = replace(found, start=found.start + _span(by), end=found.end + _span(by))
    server.put(person, moved)
    say(f"Moved {moved.subject!r}: {moved.start:%H:%M:%S} to {moved.end:%H:%M:%S}.")


@app.command()
def cancel(
    person: Annotated[str, typer.Argument(help="Id of a person.")],
    directory: DirectoryOption = None,
) -> None:
    """Remove the booking made last with book."""
    server = _running(directory)
    server.delete(_known(person), _last(server, person))
    say("Cancelled.")


@app.command("list")
def list_bookings(
    person: Annotated[str, typer.Argument(help="Id of a person.")],
    directory: DirectoryOption = None,
    json: JsonOption = False,
) -> None:
    """Show a person's bookings as they stand in the calendar server."""
    server = _running(directory)
    found: list[tuple[str, list[str]]] = []
    for uid in server.uids(_known(person)):
        one = _booking(server, person, uid)
        series = "weekly" if one.rule else ""
        found.append((str(one.start), [_when(one.start), _when(one.end), one.subject, series]))
    rows = [row for _, row in sorted(found, key=lambda one: one[0])]
    if json:
        as_json([dict(zip(("from", "to", "subject", "series"), row, strict=True)) for row in rows])
    else:
        table(["from", "to", "subject", ""], rows, empty="No bookings.")


def _running(directory: Path | None) -> DemoServer:
    from kalends.demo.servers import running

    return running(directory)


def _when(moment: Any) -> str:
    if isinstance(moment, datetime):
        return local(moment.isoformat(), str(ZONE))
    return str(moment)


def _known(person: str) -> str:
    ids = [one.id for one in people()]
    if person not in ids:
        raise UserError(f"There is no {person!r} in the demo; there are: {', '.join(ids)}")
    return person


def _last(server: DemoServer, person: str) -> str:
    made = [uid for uid in server.uids(person) if uid.startswith(f"{person}-hand-")]
    if not made:
        raise UserError(f"{person} has no booking made with `kalends demo book`.")
    return made[-1]


def _booking(server: DemoServer, person: str, uid: str) -> DemoBooking:
    found = server.booking(person, uid)
    if found is None:
        raise UserError("The booking is not there any more.")
    return found


def _span(text: str) -> timedelta:
    match = re.fullmatch(r"(-?)(\d+)([smhd])", text.strip())
    if match is None:
        raise UserError(f"{text!r} is not a span of time; write 30s, 5m, 2h or 1d.")
    unit = {"s": 1, "m": 60, "h": 3600, "d": 86400}[match[3]]
    return timedelta(seconds=int(match[2]) * unit * (-1 if match[1] else 1))
