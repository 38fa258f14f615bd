"""Promise 7 with real processes, killed in the middle of a sign-in, and the real store."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

from aiohttp import web

from tests.acceptance.net.conftest import Network, eventually

TRY = """
import asyncio, sys
from pathlib import Path
from types import SimpleNamespace
from kalends.errors import SignInNeeded
from kalends.model.http import Request
from kalends.net.client import http_factory
from kalends.net.contract import Credential, HttpOptions
from kalends.runtime import Runtime
from kalends.store import open_store
from kalends.store.vault import Vault

async def main(directory, url, password):
    runtime = Runtime()
    vault = Vault.load(Path(directory) / "key", create=True)
    store = await open_store(f"sqlite:///{directory}/kalends.db", vault, runtime)
    factory = http_factory(runtime, SimpleNamespace(allowed_networks=()), store)
    credential = Credential("svc", password)
    client = factory("acme", "dav", HttpOptions(url=url), lambda: credential, trusted=True)
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
    """A server whose password is ``right``; it thinks about every wrong one."""

    def __init__(self) -> None:
        self.failed = 0
        self.thinking = asyncio.Event()
        self.slow = False

    async def answer(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") == "Basic c3ZjOnJpZ2h0":
            return web.Response(text="in")
        self.failed += 1
        self.thinking.set()
        if self.slow:
            await asyncio.sleep(60)
        return web.Response(status=401, headers={"WWW-Authenticate": "Basic"})


async def start(directory: Path, url: str, password: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", TRY, str(directory), url, password, stdout=subprocess.PIPE
    )


async def told(process: asyncio.subprocess.Process) -> str:
    output, _ = await process.communicate()
    return output.decode().split()[-1]


async def test_processes_killed_in_the_middle_of_a_sign_in_do_not_lock_the_account(
    network: Network, tmp_path: Path
) -> None:
    directory = Directory()
    server = await network.serve(directory.answer)
    directory.slow = True
    for _ in range(2):
        process = await start(tmp_path, server.url, "wrong")
        await asyncio.wait_for(directory.thinking.wait(), 20)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        directory.thinking.clear()
    directory.slow = False
    assert await told(await start(tmp_path, server.url, "wrong")) == "stopped"
    assert directory.failed == 2
    assert await told(await start(tmp_path, server.url, "right")) == "in"


async def test_a_restart_does_not_forget_refusals(network: Network, tmp_path: Path) -> None:
    directory = Directory()
    server = await network.serve(directory.answer)
    outcomes = [await told(await start(tmp_path, server.url, "wrong")) for _ in range(3)]
    assert outcomes == ["refused", "refused", "stopped"]
    await eventually(lambda: directory.failed == 2)
