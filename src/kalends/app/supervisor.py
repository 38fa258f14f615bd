"""``kalends serve``: starts the processes, watches them, brings them back, ends them in order.

A process that ends by itself is started again, ever more slowly; one that does not beat for ten
seconds hangs and is killed. Only what no restart can mend (a wrong configuration, a second
instance) ends everything. On SIGTERM or SIGINT web ends first, then the engine, so that requests
under way are still answered; a process that does not end in time is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kalends import observe
from kalends.app.lock import only_one
from kalends.app.watched import BEAT, SUPERVISOR
from kalends.config import load
from kalends.errors import UserError

log = observe.logger(__name__)

NAMES: Final = ("engine", "web")
"""In the order of starting; ended the other way round."""
PROGRAM: Final = (sys.executable, "-m", "kalends")
HANGS_AFTER: Final = 10.0
START_SECONDS: Final = 60.0
"""How long a process may take to its first beat (a schema upgrade, a large database)."""
STOP_SECONDS: Final = 20.0
BACKOFF: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
CALM_SECONDS: Final = 60.0
"""After this long without an end, the back-off begins anew."""
UNMENDABLE: Final = 78
"""Exit code (EX_CONFIG of sysexits.h) of a process that no restart can help."""


def supervise(config: Path) -> int:
    """Run everything until told to stop; returns the exit code.

    Raises ``ConfigurationError`` or ``UserError`` before anything was started.
    """
    configuration = load(config)
    server = configuration.server
    observe.configure(server.log_level, json=server.log_format == "json")
    with only_one(server.directory() / "kalends.lock"):
        _must_be_free(*server.http_address())
        return asyncio.run(_supervise(config))


def _must_be_free(host: str, port: int) -> None:
    """Raise ``UserError`` where the page could not listen, before anything is started."""
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
    except OSError as error:
        raise UserError(
            f"Nobody can listen on {host} port {port}: {error.strerror}. End the program that "
            "does, or choose another address: [server] http."
        ) from None


async def _supervise(config: Path, program: Sequence[str] = PROGRAM) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    children = [Child(name, config, program) for name in NAMES]
    watches = [asyncio.create_task(child.keep(stop)) for child in children]
    await stop.wait()
    log.info("serve.stopping")
    for child, watch in reversed(list(zip(children, watches, strict=True))):
        await child.end()
        watch.cancel()
    await asyncio.gather(*watches, return_exceptions=True)
    return max(child.exit_code for child in children)


@dataclass
class Child:
    """One supervised process."""

    name: str
    config: Path
    program: Sequence[str] = PROGRAM
    """What is run, with the name and ``--config`` behind it."""
    process: asyncio.subprocess.Process | None = None
    restarts: int = 0
    exit_code: int = 0
    """What ``serve`` exits with because of this process."""
    beat_at: float = 0.0
    beaten: bool = False
    ending: bool = False

    async def keep(self, stop: asyncio.Event) -> None:
        """Keep the process running until told to stop."""
        quick = 0
        while not stop.is_set():
            started = time.monotonic()
            code = await self._live()
            if self.ending or stop.is_set():
                return
            if code == UNMENDABLE:
                log.error("process.unmendable", name=self.name, exit_code=code)
                self.exit_code = code
                stop.set()
                return
            quick = 0 if time.monotonic() - started > CALM_SECONDS else quick + 1
            pause = BACKOFF[min(quick, len(BACKOFF)) - 1] if quick else 0.0
            self.restarts += 1
            log.warning(
                "process.ended",
                name=self.name,
                exit_code=code,
                restarts=self.restarts,
                retry_in=pause,
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)

    async def end(self) -> None:
        """Ask the process to stop, and kill it where it does not."""
        self.ending = True
        process = self.process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)  # a stopped process could not even end
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            log.warning("process.killed", name=self.name, pid=process.pid)
            process.kill()
            await process.wait()

    async def _live(self) -> int:
        """Run the process once; returns its exit code."""
        reading, writing = os.pipe()
        try:
            self.process = await asyncio.create_subprocess_exec(
                *self.program, self.name, "--config", str(self.config),
                pass_fds=(writing,), stdin=asyncio.subprocess.DEVNULL,
                env={**os.environ, BEAT: str(writing), SUPERVISOR: str(os.getpid())},
            )  # fmt: skip
        finally:
            os.close(writing)
        log.info("process.started", name=self.name, pid=self.process.pid)
        with self._listening(reading):
            watch = asyncio.create_task(self._watch(self.process))
            try:
                return await self.process.wait()
            finally:
                watch.cancel()

    @contextlib.contextmanager
    def _listening(self, pipe: int) -> Iterator[None]:
        """Take the process' beats."""
        self.beat_at, self.beaten = time.monotonic(), False
        loop = asyncio.get_running_loop()
        os.set_blocking(pipe, False)

        def beat() -> None:
            try:
                taken = os.read(pipe, 4096)
            except BlockingIOError:
                return
            if not taken:
                loop.remove_reader(pipe)
            self.beat_at, self.beaten = time.monotonic(), True

        loop.add_reader(pipe, beat)
        try:
            yield
        finally:
            loop.remove_reader(pipe)
            os.close(pipe)

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """Kill the process when it hangs."""
        while True:
            await asyncio.sleep(1.0)
            patience = HANGS_AFTER if self.beaten else START_SECONDS
            if time.monotonic() - self.beat_at > patience:
                log.error("process.hangs", name=self.name, pid=process.pid, seconds=patience)
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                return
