"""Runs with the Kerberos extra beside Kalends: guarded clients, told what to do line by line.

``options`` make a client; other lines have it ask for its page, and tell what came of it: ``later``
moves its clock on, ``anew`` closes its connections before, ``password`` is another one.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from dataclasses import dataclass
from typing import Any

from kalends.errors import KalendsError, SourceTrouble
from kalends.model.http import Request
from kalends.net.account import account
from kalends.net.breaker import MemoryBreakers
from kalends.net.client import http_factory
from kalends.net.contract import Credential, HttpOptions, SignInOptions
from kalends.net.guarded import GuardedClient
from kalends.runtime import Runtime


class Options(HttpOptions, SignInOptions):
    """A source with a service account."""


@dataclass(frozen=True)
class Server:
    """The network's part of ``[server]``."""

    allowed_networks: tuple[str, ...] = ()


class Told:
    """A client that does as it is told."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._password: str | None = options.pop("password", None)
        self._options = Options(**options)
        self._ahead = 0.0
        runtime = Runtime(now=lambda: time.time() + self._ahead)
        self._factory = http_factory(runtime, Server(), MemoryBreakers())
        self._client = self._made()

    async def sends(self, told: dict[str, Any]) -> dict[str, Any]:
        """Ask for the page, after what was told; return what came of it."""
        self._ahead += told.get("later", 0.0)
        self._password = told.get("password", self._password)
        if told.get("anew"):
            await self.close()
            self._client = self._made()
        try:
            answer = await self._client.send(Request("GET", self._options.url))
        except KalendsError as error:
            remedy = error.remedy if isinstance(error, SourceTrouble) else ""
            return {"error": type(error).__name__, "text": str(error), "remedy": remedy}
        return {"status": answer.status, "body": answer.body.decode()}

    async def close(self) -> None:
        """Close the client's connections."""
        await self._client.close()

    def _made(self) -> GuardedClient:
        def credential() -> Credential | None:
            return account(self._options, lambda _field: self._password)

        return self._factory("acme", "source", self._options, credential, trusted=True)


async def main() -> None:
    """Serve clients, one after the other, each in its own domain."""
    said, sys.stdout = sys.stdout, sys.stderr  # the log is not for the test
    clients: dict[int, Told] = {}
    while line := await asyncio.to_thread(sys.stdin.readline):
        told = json.loads(line)
        number = told.pop("client")
        if "options" in told:
            os.environ.update(told["environment"])
            clients[number] = Told(told["options"])
            continue
        print(json.dumps(await clients[number].sends(told)), file=said, flush=True)
    for client in clients.values():
        await client.close()


if __name__ == "__main__":
    asyncio.run(main())
