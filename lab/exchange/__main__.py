"""``python -m lab.exchange``: an Exchange as a process of its own, with a port to command it by.

It prints one line of JSON when it is ready (the URLs of EWS and of its control port, how many
mailboxes, how long it took to make them), serves until it is ended, and says nothing more.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import resource
import signal
import ssl
import time
from pathlib import Path

from lab.exchange import control, crowd
from lab.exchange.seed import seed
from lab.exchange.serve import serving
from lab.exchange.server import ExchangeServer
from lab.exchange.versions import VERSIONS
from lab.exchange.zones import DAYS


def options() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m lab.exchange", description=__doc__)
    parser.add_argument("--version", default="2019", help=", ".join([*VERSIONS, "SE"]))
    parser.add_argument("--mailboxes", type=int, default=10, help="person1@… to personN@…")
    parser.add_argument("--appointments", type=int, default=20, help="in each mailbox")
    parser.add_argument("--people", default="", help="a file of lines: address, tab, name")
    parser.add_argument(
        "--always-at-work", action="store_true", help="work hours are all week, day and night"
    )
    parser.add_argument("--domain", default="example.test")
    parser.add_argument("--user", default="svc@example.test:secret", help="name:password")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--control-port", type=int, default=0, help="0: a free one")
    parser.add_argument(
        "--certificate", default="", help="certificate and key in one PEM file: TLS"
    )
    parser.add_argument("--minute", type=float, default=60.0, help="seconds a minute of EWS lasts")
    parser.add_argument("--backends", type=int, default=1)
    parser.add_argument("--auth", default="Basic", help="of Basic,NTLM,Negotiate,Bearer")
    parser.add_argument("--lockout", type=int, default=0, help="wrong passwords until locked")
    return parser.parse_args()


def _people(path: str) -> list[tuple[str, str]]:
    lines = Path(path).read_text("utf-8").splitlines() if path else []
    return [(address, name) for address, _, name in (one.partition("\t") for one in lines)]


def _tls(path: str) -> tuple[ssl.SSLContext | None, bytes]:
    if not path:
        return None, b""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path)
    return tls, Path(path).read_bytes()


async def main(chosen: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    begun = time.monotonic()
    server = ExchangeServer(named=chosen.version, backends=chosen.backends)
    server.organization.domain = chosen.domain
    server.remember = False
    server.minute = chosen.minute
    server.sign_in.schemes = tuple(chosen.auth.split(","))
    server.organization.lockout = chosen.lockout
    name, _, password = chosen.user.partition(":")
    people = _people(chosen.people)
    seed(server.organization, service=(name, password), people=people)
    crowd.populate(server.organization, chosen.mailboxes, chosen.appointments)
    if chosen.always_at_work:
        for box in server.organization.mailboxes.values():
            box.days, box.hours = DAYS, (0, 1440)
    ended = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, ended.set)
    async with (
        serving(server, chosen.port, *_tls(chosen.certificate)),
        control.serving(server, chosen.control_port) as commands,
    ):
        ready = {
            "ews": server.url,
            "control": commands,
            "version": server.version.name,
            "account": name,
            "mailboxes": chosen.mailboxes + len(people),
            "seconds": round(time.monotonic() - begun, 2),
            "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
        print(json.dumps(ready), flush=True)
        await ended.wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(options()))
