"""A supervised process' side: it beats, it ends with its parent, it stops when asked.

The beat comes from the event loop, so a loop that hangs does not beat. The supervisor hands over
the writing end of a pipe by its number (``KALENDS_BEAT``); a process started by hand has none.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Coroutine
from typing import Any, Final

from kalends import observe

BEAT: Final = "KALENDS_BEAT"
SUPERVISOR: Final = "KALENDS_SUPERVISOR"
BEAT_SECONDS: Final = 1.0
TURN_SECONDS: Final = 0.0005
"""How long a thread keeps the interpreter when the event loop wants it: Python's own five
milliseconds, after every look at a socket, make a read of ten thousand bookings felt by all."""
_PR_SET_PDEATHSIG: Final = 1

log = observe.logger(__name__)


def end_with_parent() -> None:
    """Let the kernel end this process when its supervisor dies; Ctrl-C is the supervisor's."""
    parent = os.environ.get(SUPERVISOR)
    if parent is None:
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):  # it died before we asked
        os.kill(os.getpid(), signal.SIGTERM)


async def until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Do a process' work until it ends, or is asked to stop; it is then cancelled and awaited."""
    sys.setswitchinterval(TURN_SECONDS)
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    if SUPERVISOR not in os.environ:
        loop.add_signal_handler(signal.SIGINT, stop.set)
    beating = asyncio.create_task(_beat(stop))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            log.info("process.stopping", pid=os.getpid())
            task.cancel()
        await asyncio.gather(task, return_exceptions=stop.is_set())
    finally:
        beating.cancel()
        stopping.cancel()


async def _beat(stop: asyncio.Event) -> None:
    number = os.environ.get(BEAT)
    if number is None:
        return
    pipe = int(number)
    os.set_blocking(pipe, False)
    while True:
        try:
            os.write(pipe, b".")
        except BlockingIOError:
            pass  # the supervisor is slow; it has beats enough to read
        except OSError:
            stop.set()  # the supervisor is gone
            return
        await asyncio.sleep(BEAT_SECONDS)
