"""Promise 7 with real processes, killed in the middle of a sign-in, and the real store."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp import web

from kalends.errors import SignInNeeded
from kalends.model.http import Request
from kalends.net.contract import Credential, HttpOptions, SignInOptions
from kalends.net.guarded import GuardedClient
from kalends.runtime import Runtime
from tests.acceptance.net.conftest import Network, eventually
from tests.acceptance.net.windows import Windows
from tests.patience import PATIENCE

WAYS = ["basic", "ntlm"]
RIGHT = "Basic QUNNRVxzdmM6cmlnaHQ="

TRY = """
import asyncio, sys
from pathlib import Path
from types import SimpleNamespace
from kalends.errors import SignInNeeded
from kalends.model.http import Request
from kalends.net.client import http_factory
from kalends.net.contract import Credential, HttpOptions, SignInOptions
from kalends.runtime import Runtime
from kalends.store import open_store
from kalends.store.vault import Vault

class Options(HttpOptions, SignInOptions):
    pass

async def main(directory, url, password, auth):
    runtime = Runtime()
    vault = Vault.load(Path(directory) / "key", create=True)
    store = await open_store(f"sqlite:///{directory}/kalends.db", vault, runtime)
    factory = http_factory(runtime, SimpleNamespace(allowed_networks=()), store)
    credential = Credential("ACME\\svc", password)
    client = factory("acme", "dav", Options(url=url, auth=auth), lambda: credential, trusted=True)
    try:
        await client.send(Request("GET", url))
        print("in")
    except SignInNeeded as error:
        print("stopped" if "not tried again" in str(error) else "refused")
    await client.close()
    await store.close()

asyncio.run(main(*sys.argv[1:]))
"""


class Directory:
    """A server whose password is ``right``; it may think about every wrong one."""

    def __init__(self, auth: str) -> None:
        self._windows = Windows(self._think) if auth == "ntlm" else None
        self._failed = 0
        self.thinking = asyncio.Event()
        self.slow = False

    @property
    def failed(self) -> int:
        return self._windows.refused if self._windows else self._failed

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if self._windows is not None:
            refused = self.failed
            response = await self._windows.answer(request)
            if self.failed > refused:
                await self._think(request)
            return response
        if request.headers.get("Authorization") == RIGHT:
            return web.Response(text="in")
        self._failed += 1
        await self._think(request)
        return web.Response(status=401, headers={"WWW-Authenticate": "Basic"})

    async def _think(self, request: web.Request) -> web.Response:
        self.thinking.set()
        if self.slow:
            await asyncio.sleep(60)
        return web.Response(text="in")


async def start(directory: Path, url: str, password: str, auth: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", TRY, str(directory), url, password, auth, stdout=subprocess.PIPE
    )


async def told(process: asyncio.subprocess.Process) -> str:
    output, _ = await process.communicate()
    return output.decode().split()[-1]


@pytest.fixture(autouse=True)
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "users"
    file.write_text("ACME:svc:right\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(file))


@pytest.mark.parametrize("auth", WAYS)
async def test_processes_killed_in_the_middle_of_a_sign_in_do_not_lock_the_account(
    network: Network, tmp_path: Path, auth: str
) -> None:
    directory = Directory(auth)
    server = await network.serve(directory.answer)
    directory.slow = True
    for _ in range(2):
        process = await start(tmp_path, server.url, "wrong", auth)
        await asyncio.wait_for(directory.thinking.wait(), PATIENCE)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        directory.thinking.clear()
    directory.slow = False
    assert await told(await start(tmp_path, server.url, "wrong", auth)) == "stopped"
    assert directory.failed == 2
    assert await told(await start(tmp_path, server.url, "right", auth)) == "in"


async def test_a_restart_does_not_forget_refusals(network: Network, tmp_path: Path) -> None:
    auth = "basic"
    directory = Directory(auth)
    server = await network.serve(directory.answer)
    outcomes = [await told(await start(tmp_path, server.url, "wrong", auth)) for _ in range(3)]
    assert outcomes == ["refused", "refused", "stopped"]
    await eventually(lambda: directory.failed == 2)


class Service(HttpOptions, SignInOptions):
    """A source with a service account."""


@pytest.mark.parametrize("auth", WAYS)
async def test_a_wrong_password_costs_two_failed_sign_ins_in_any_of_24_hours(
    network: Network, auth: str
) -> None:
    directory = Directory(auth)
    server = await network.serve(directory.answer)
    dice = random.Random(7)
    wall, failed = 1_800_000_000.0, list[float]()
    runtime = Runtime(now=lambda: wall, monotonic=lambda: wall)
    wrong = Credential("ACME\\svc", "wrong")

    def started() -> GuardedClient:
        return network.client(
            server.url, credential=wrong, runtime=runtime, options=Service, auth=auth
        )

    clients = [started() for _ in range(3)]
    for _ in range(24 * 12):
        wall += 300 * dice.uniform(0.5, 1.5)
        if dice.random() < 0.05:
            clients[dice.randrange(3)] = started()
        before = directory.failed
        for client in clients:
            with pytest.raises(SignInNeeded):
                await client.send(Request("POST", server.url))
        failed += [wall] * (directory.failed - before)
    assert max(sum(at <= one < at + 3600 for one in failed) for at in failed) == 2
    assert len(failed) >= 2 * 20
