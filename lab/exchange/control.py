"""Commands to a running emulator, over HTTP on a port of its own.

``POST /COMMAND`` with a JSON object of its arguments answers a JSON object; what cannot be
done is a 400 with ``{"error": …}``. From a shell:
``python -m lab.exchange.control URL COMMAND name=value``.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aiohttp import web

from lab.exchange.calendar import Appointment
from lab.exchange.counters import Counters
from lab.exchange.faults import Faults
from lab.exchange.mailbox import Mailbox
from lab.exchange.seed import Plan
from lab.exchange.seed import book as put
from lab.exchange.server import ExchangeServer

Arguments = dict[str, Any]
Command = Callable[[ExchangeServer, Arguments], Arguments]


def _box(server: ExchangeServer, arguments: Arguments) -> Mailbox:
    found = server.organization.mailbox(arguments["mailbox"])
    if found is None:
        raise ValueError(f"no such mailbox: {arguments['mailbox']}")
    return found


def _item(box: Mailbox, arguments: Arguments) -> Appointment:
    number = int(arguments.get("item") or max(box.items, default=0))
    if number not in box.items:
        raise ValueError(f"no such item: {number}")
    return box.items[number]


def _when(text: str | None, other: datetime) -> datetime:
    found = datetime.fromisoformat(text) if text else other
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def book(server: ExchangeServer, arguments: Arguments) -> Arguments:
    """``mailbox [subject start minutes busy]``: put an appointment into a calendar."""
    box = _box(server, arguments)
    start = _when(arguments.get("start"), server.organization.moment())
    end = start + timedelta(minutes=float(arguments.get("minutes", 30)))
    subject, busy = arguments.get("subject", "Booked"), arguments.get("busy", "Busy")
    made = put(server.organization, Plan(box.address, subject, start, end, busy=busy))
    return {"item": made.number, "start": start.isoformat(), "end": end.isoformat()}


def change(server: ExchangeServer, arguments: Arguments) -> Arguments:
    """``mailbox [item subject minutes]``: rename the latest item, or move it by minutes."""
    box = _box(server, arguments)
    item = _item(box, arguments)
    item.subject = arguments.get("subject", item.subject)
    by = timedelta(minutes=float(arguments.get("minutes", 0)))
    item.start, item.end = item.start + by, item.end + by
    box.changed(item, server.organization.moment())
    return {"item": item.number, "start": item.start.isoformat(), "end": item.end.isoformat()}


def delete(server: ExchangeServer, arguments: Arguments) -> Arguments:
    """``mailbox [item]``: delete the latest item."""
    box = _box(server, arguments)
    item = _item(box, arguments)
    box.remove(item, server.organization.moment())
    return {"item": item.number}


def faults(server: ExchangeServer, arguments: Arguments) -> Arguments:
    """``name=value …``: set faults; ``reset=true`` takes all of them back first.

    ``busy_seconds`` begins a time of being busy, which asking too early prolongs.
    """
    if arguments.pop("reset", False):
        server.faults = Faults()
    if "busy_seconds" in arguments:
        server.faults.busy_for(server.organization.now(), float(arguments.pop("busy_seconds")))
    known = {one.name: getattr(server.faults, one.name) for one in fields(Faults)}
    for name, value in arguments.items():
        if name not in known:
            raise ValueError(f"no such fault: {name}; there are {', '.join(known)}")
        old = known[name]
        setattr(server.faults, name, set(value) if isinstance(old, set) else value)
    values = {one.name: getattr(server.faults, one.name) for one in fields(Faults)}
    return {k: sorted(v) if isinstance(v, set) else v for k, v in values.items()}


def counters(server: ExchangeServer, arguments: Arguments) -> Arguments:
    """``[reset=true]``: what was counted, and what there is now."""
    counted = server.counters
    found = {one.name: getattr(counted, one.name) for one in fields(Counters)}
    if arguments.get("reset"):
        server.counters = Counters()
    return {
        **found,
        "requests_total": counted.requests.total(),
        "open_connections": len(server.transports),
        "open_streams": len(server.connected),
        "subscriptions": len(server.organization.subscriptions),
        "mailboxes": len(server.organization.mailboxes),
    }


def kill_subscriptions(server: ExchangeServer, arguments: Arguments) -> Arguments:
    """``[mailboxes=…]``: forget subscriptions, all of them or those of some mailboxes."""
    before = len(server.organization.subscriptions)
    server.organization.kill_subscriptions(*arguments.get("mailboxes", ()))
    return {"killed": before - len(server.organization.subscriptions)}


def drop_connections(server: ExchangeServer, arguments: Arguments) -> Arguments:
    """Close every connection, as a restart does."""
    chosen = list(server.transports)
    for one in chosen:
        one.close()
    return {"dropped": len(chosen)}


def move(server: ExchangeServer, arguments: Arguments) -> Arguments:
    """``mailbox [site database seconds]``: move a mailbox; its subscriptions end."""
    box = _box(server, arguments)
    server.organization.move(
        box.address,
        site=arguments.get("site", ""),
        database=int(arguments.get("database", 0)),
        seconds=float(arguments.get("seconds", 0)),
    )
    return {"mailbox": box.address}


def account(server: ExchangeServer, arguments: Arguments) -> Arguments:
    """``name [password enabled unlock]``: an account's state, and changing it."""
    found = server.organization.accounts.get(arguments["name"].lower())
    if found is None:
        raise ValueError(f"no such account: {arguments['name']}")
    found.password = arguments.get("password", found.password)
    found.enabled = bool(arguments.get("enabled", found.enabled))
    if arguments.get("unlock"):
        found.locked_until, found.failures = 0.0, 0
    return {
        "name": found.name,
        "enabled": found.enabled,
        "failures": found.failures,
        "locked": server.organization.locked(found),
    }


def grant(server: ExchangeServer, arguments: Arguments) -> Arguments:
    """``mailbox [actor right folder default]``: a delegate's right, or what everybody may know.

    Without ``folder`` the right is on the calendar; ``right=Owner`` is FullAccess.
    """
    box = _box(server, arguments)
    if "actor" in arguments:
        actor, right = arguments["actor"].lower(), arguments.get("right", "Reviewer")
        if arguments.get("folder", "calendar") == "calendar":
            box.delegates[actor] = right
        else:
            box.grants[actor, arguments["folder"]] = right
    box.default_right = arguments.get("default", box.default_right)
    return {"delegates": dict(box.delegates), "default": box.default_right}


def limits(server: ExchangeServer, arguments: Arguments) -> Arguments:
    """``[concurrency hanging subscriptions find_count lockout]``: other than the version's."""
    organization = server.organization
    organization.lockout = int(arguments.get("lockout", organization.lockout))
    for name, field in _LIMITS.items():
        setattr(server, field, int(arguments.get(name, getattr(server, field))))
    return {name: getattr(server, field) for name, field in _LIMITS.items()}


_LIMITS: Final = {
    "concurrency": "concurrency",
    "hanging": "hanging",
    "subscriptions": "subscription_limit",
    "find_count": "find_count",
}
COMMANDS: Final[dict[str, Command]] = {
    "book": book,
    "change": change,
    "delete": delete,
    "faults": faults,
    "counters": counters,
    "kill-subscriptions": kill_subscriptions,
    "drop-connections": drop_connections,
    "move": move,
    "account": account,
    "grant": grant,
    "limits": limits,
}


def application(server: ExchangeServer) -> web.Application:
    """Return the control port as an aiohttp application."""

    async def handle(request: web.Request) -> web.Response:
        command = COMMANDS.get(request.match_info["command"])
        if command is None:
            told = {"error": f"commands are {', '.join(COMMANDS)}"}
            return web.json_response(told, status=404)
        try:
            text = await request.text()
            return web.json_response(command(server, json.loads(text) if text else {}))
        except (ValueError, KeyError, TypeError) as problem:
            told = {"error": f"{type(problem).__name__}: {problem}"}
            return web.json_response(told, status=400)

    app = web.Application()
    app.router.add_route("*", "/{command}", handle)
    return app


@asynccontextmanager
async def serving(server: ExchangeServer, port: int = 0) -> AsyncIterator[str]:
    """Take commands on loopback until left; yields the URL."""
    runner = web.AppRunner(application(server), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def main(url: str, command: str, *words: str) -> None:
    """Send one command; print the answer."""
    arguments = {name: _value(text) for name, _, text in (one.partition("=") for one in words)}
    request = urllib.request.Request(f"{url}/{command}", json.dumps(arguments).encode())
    try:
        with urllib.request.urlopen(request) as answer:
            print(json.dumps(json.load(answer), indent=2))
    except urllib.error.HTTPError as refused:
        sys.exit(json.load(refused)["error"])


if __name__ == "__main__":
    main(*sys.argv[1:])
