"""Run the demo: calendar server, ``kalends serve``, a webhook receiver that prints."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout, web
from rich.text import Text

from kalends.bus.commands import PutPrincipal
from kalends.cli.output import say
from kalends.cli.session import ask
from kalends.config import Configuration, load
from kalends.config.export import inline
from kalends.demo.calendar_server import PASSWORD, USER, CalendarServer
from kalends.demo.exchange_server import ExchangeServer
from kalends.demo.organization import people, week
from kalends.demo.servers import DemoServer
from kalends.errors import UserError
from kalends.web.tokens import Role, document, new_account
from kalends.wire.webhook import Secret

WEBHOOK_SECRET: Final = "whsec_ZGVtby1zZWNyZXQtb2Yta2FsZW5kcy0wMTIzNDU2Nzg5"  # noqa: S105 - the demo's own, between two processes on loopback
SIGN_IN: Final = "kalends-demo"
_READY_SECONDS: Final = 180
"""How long Kalends may take to start on a small or busy machine, 25 people's calendars included."""
_TRIES: Final = 40
"""How often Kalends is started again after its supervisor was killed; two a second."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the demo's servers listen, all on loopback."""

    http: int
    calendar: int
    webhook: int


def free_port(wanted: int) -> int:
    """Return ``wanted`` if nobody listens there, otherwise a free port."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
    raise UserError("No free port could be found on 127.0.0.1.")


async def run(directory: Path, *, port: int, sip_server: str | None, exchange: str = "") -> None:
    """Run until interrupted. State stays in ``directory``: the next run goes on from there.

    ``exchange``: the version of Exchange to emulate; empty: a CalDAV server.
    """
    this = asyncio.current_task()
    assert this is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    ports = Ports(free_port(port), free_port(5232), free_port(9000))
    calendars = directory / "calendars"
    server: DemoServer = CalendarServer(calendars, ports.calendar)
    if exchange:
        server = ExchangeServer(calendars, ports.calendar, exchange)
    say(f"Starting {server.title} with 25 people …")
    server.start()
    try:
        seed(server)
        config = directory / "kalends.toml"
        config.write_text(configuration_text(ports, server, sip_server), "utf-8")
        told = asyncio.Event()
        receiver = await _receive(ports.webhook, told)
        try:
            await _serve(load(config), server, ports, directory, told)
        finally:
            await receiver.cleanup()
    finally:
        server.stop()


def seed(server: DemoServer) -> None:
    """Write everybody's week; bookings made by hand stay."""
    now = datetime.now(UTC)
    for person in people():
        server.ensure_calendar(person.id, person.name)
        for booking in week(person, now):
            server.put(person.id, booking)


def configuration_text(ports: Ports, server: DemoServer, sip_server: str | None) -> str:
    """Return the demo's ``kalends.toml``: nothing in it is special to the demo."""
    lines = [
        "# Written by `kalends demo` at every start.",
        "[server]",
        'database = "sqlite:///kalends.db"',
        f'http = "127.0.0.1:{ports.http}"',
        "",
        "[[organizations]]",
        'id = "acme"',
        'name = "Acme AB"',
        'timezone = "Europe/Stockholm"',
        'language = "sv"',
        'domains = ["acme.example"]',
        "",
        "[[organizations.sources]]",
        *server.source(),
        f'username = "{USER}"',
        'password_env = "KALENDS_DEMO_PASSWORD"',
        "",
        "[[organizations.sinks]]",
        'id = "hook"',
        'kind = "webhook"',
        f'url = "http://127.0.0.1:{ports.webhook}/"',
        'secret_env = "KALENDS_DEMO_WEBHOOK_SECRET"',
    ]
    if sip_server:
        lines += ["", "[[organizations.sinks]]", 'id = "sip"', 'kind = "sip-publish"']
        lines += [f"server = {inline(sip_server)}"]
    for person in people():
        record: Mapping[str, Any] = {
            "id": person.id,
            "name": person.name,
            "department": person.department,
            "language": person.language,
            "emails": [f"{person.id}@acme.example"],
            "extension": person.extension,
            "sip": f"sip:{person.id}@acme.example",
            "calendars": [server.calendar(person)],
            **({"title": person.title} if person.title else {"kind": "room"}),
        }
        lines += ["", "[[organizations.people]]"]
        lines += [f"{key} = {inline(value)}" for key, value in record.items()]
    return "\n".join(lines) + "\n"


async def _serve(
    configuration: Configuration,
    server: DemoServer,
    ports: Ports,
    directory: Path,
    told: asyncio.Event,
) -> None:
    """Start ``kalends serve`` as anybody would, tell what to do, and wait for its end."""
    environment = os.environ | {
        "KALENDS_DEMO_PASSWORD": PASSWORD,
        "KALENDS_DEMO_WEBHOOK_SECRET": WEBHOOK_SECRET,
    }
    log = directory / "kalends.log"
    say("Starting Kalends …")
    process = await _started(configuration, environment, log)
    try:
        await _ready(process, ports, log)
        await _accounts(configuration)
        _tell(ports, server, directory)
        told.set()
        keeper = asyncio.create_task(_keep(server))
        tries = 0
        try:
            while (code := await process.wait()) == -signal.SIGKILL or (code and tries):
                if code == -signal.SIGKILL:
                    say("  (somebody killed the supervisor; starting Kalends again)")
                    tries = _TRIES
                else:  # what it had started is still ending, and holds the port
                    tries -= 1
                    await asyncio.sleep(0.5)
                process = await _started(configuration, environment, log)
        finally:
            keeper.cancel()
        if process.returncode:
            raise UserError(f"Kalends ended by itself; why stands in {log}.")
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await process.wait()


async def _started(
    configuration: Configuration, environment: Mapping[str, str], log: Path
) -> asyncio.subprocess.Process:
    with log.open("ab") as sink:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "kalends", "serve", "--config", str(configuration.path),
            env=environment, stdout=sink, stderr=sink,
        )  # fmt: skip


async def _ready(process: asyncio.subprocess.Process, ports: Ports, log: Path) -> None:
    """Wait until Kalends says itself that everything is there."""
    health = f"http://127.0.0.1:{ports.http}/health/ready"
    begun = time.monotonic()
    async with ClientSession(timeout=ClientTimeout(total=5)) as http:
        while process.returncode is None and time.monotonic() - begun < _READY_SECONDS:
            with contextlib.suppress(ClientError, OSError, TimeoutError):
                async with http.get(health) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.1)
    ended = process.returncode is not None
    what = "ended by itself" if ended else f"was not ready within {_READY_SECONDS} seconds"
    raise UserError(f"Kalends {what}; why stands in {log}.")


_ACCOUNTS: Final[tuple[tuple[str, Role, str | None], ...]] = (
    ("wilma", "attendant", "wilma"),
    ("anna", "member", "anna"),
    ("admin", "admin", None),
)


async def _accounts(configuration: Configuration) -> None:
    """Create the demo's sign-ins: an attendant, a member and an administrator."""
    for name, role, person in _ACCOUNTS:
        principal = new_account(
            role=role, name=name, organization="acme", person=person, password=SIGN_IN,
            now=int(datetime.now(UTC).timestamp()),
        )  # fmt: skip
        command = PutPrincipal(organization="acme", actor="cli", principal=document(principal))
        with contextlib.suppress(UserError):  # it is there from the last run
            await ask(configuration, command)


def _command() -> str:
    """Return how this very program is called from where the reader stands."""
    if shutil.which("kalends"):
        return "kalends"
    return os.path.relpath(Path(sys.executable).with_name("kalends"))


def _tell(ports: Ports, server: DemoServer, directory: Path) -> None:
    say("")
    say(Text(f"  http://127.0.0.1:{ports.http}/", style="bold"))
    say(f"  Sign in as wilma (telephonist), anna (herself) or admin; the password is {SIGN_IN}.")
    say("")
    say("  In another terminal:")
    kalends = _command()
    say(f'    {kalends} demo book emma "Möte med Volvo" --in 30s --for 5m')
    say(f"    {kalends} demo move emma --by 10m")
    say(f"    {kalends} demo cancel emma")
    say(f"    {kalends} people --config {os.path.relpath(directory / 'kalends.toml')}")
    say(f"  {server.invitation()}")
    say(f"  Logs and state: {directory}   End: Ctrl-C")
    say("")
    say("  What the webhook is told:")


async def _keep(server: DemoServer) -> None:
    """Start the calendar server again when somebody killed it."""
    while True:
        await asyncio.sleep(1)
        if server.ended():
            say("  (the calendar server ended; starting it again)")
            await asyncio.to_thread(server.start)
            await asyncio.to_thread(seed, server)


_TOLD: Final = web.AppKey("told", asyncio.Event)
"""Set once the reader knows where the page is: what webhooks say comes below that."""


async def _receive(port: int, told: asyncio.Event) -> web.AppRunner:
    """Listen for webhooks, check their signature, print them."""
    application = web.Application()
    application[_TOLD] = told
    application.router.add_post("/", _hook)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner


async def _hook(request: web.Request) -> web.Response:
    body = await request.read()
    id, told = request.headers["Webhook-Id"], int(request.headers["Webhook-Timestamp"])
    expected = Secret.parse(WEBHOOK_SECRET).sign(id, told, body)
    signatures = request.headers["Webhook-Signature"].split()
    if not any(hmac.compare_digest(expected, one) for one in signatures):
        return web.Response(status=401)
    await request.app[_TOLD].wait()
    data = json.loads(body)["data"]
    clock = datetime.now().astimezone().strftime("%H:%M:%S")
    line = (data.get("texts") or {}).get("sentence") or ""
    say(f"  {clock}  {data['person']:<10} {data['availability']:<10} {line}")
    return web.Response(status=204)
