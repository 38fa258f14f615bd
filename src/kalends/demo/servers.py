"""The calendar servers a demo can run on, and which of them a running demo has."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from kalends.demo.calendar_server import CalendarServer
from kalends.demo.choices import DIRECTORIES
from kalends.demo.exchange_server import ExchangeServer
from kalends.demo.organization import DemoBooking, DemoPerson
from kalends.errors import UserError


class DemoServer(Protocol):
    """A calendar server in a process of its own, and writing into it."""

    @property
    def title(self) -> str:
        """What it is called where the demo speaks of it."""

    def start(self) -> None:
        """Start it and wait until it answers; ``UserError`` where it does not."""

    def stop(self) -> None:
        """End it."""

    def ended(self) -> bool:
        """Tell whether it was started and runs no more."""

    def answers(self) -> bool:
        """Tell whether a server listens and is not failing."""

    def ensure_calendar(self, name: str, title: str) -> None:
        """Create a person's calendar unless it is there."""

    def put(self, calendar: str, booking: DemoBooking) -> None:
        """Write a booking; the same uid replaces the one before."""

    def booking(self, calendar: str, uid: str) -> DemoBooking | None:
        """Return a booking; None where it is not there."""

    def delete(self, calendar: str, uid: str) -> bool:
        """Remove a booking; False where it was not there."""

    def uids(self, calendar: str) -> list[str]:
        """Return the uids of a calendar, ordered."""

    def source(self) -> list[str]:
        """Return its ``[[organizations.sources]]`` in kalends.toml, from ``id`` on."""

    def calendar(self, person: DemoPerson) -> Mapping[str, Any]:
        """Return a person's entry of ``calendars`` in kalends.toml."""

    def invitation(self) -> str:
        """Return how other clients reach it."""


_KINDS: Final[dict[str, Callable[[Path, int], DemoServer]]] = {
    "caldav": CalendarServer,
    "ews": ExchangeServer,
}


def running(directory: Path | None) -> DemoServer:
    """Return the server of the demo that runs; ``UserError`` where none does.

    ``directory``: where its files are; None: of the usual places the one started last.
    """
    places = DIRECTORIES.values() if directory is None else (directory,)
    configs = [config for place in places if (config := place.resolve() / "kalends.toml").exists()]
    if not configs:
        named = directory or " or ".join(str(place) for place in places)
        raise UserError(f"No demo runs in {named}. Start it in another terminal: kalends demo")
    for config in sorted(configs, key=lambda one: one.stat().st_mtime, reverse=True):
        server = _server(config)
        if server.answers():
            return server
    raise UserError("The demo's calendar server does not answer. Start it with: kalends demo")


def _server(config: Path) -> DemoServer:
    source = tomllib.loads(config.read_text("utf-8"))["organizations"][0]["sources"][0]
    port = urlsplit(source["url"]).port or 0
    return _KINDS[source["kind"]](config.parent / "calendars", port)
