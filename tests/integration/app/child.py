"""A process as the supervisor starts it: it notes its start, then behaves as its file says.

``python child.py NAME --config DIRECTORY``: ``DIRECTORY/NAME`` holds ``live``, ``hang``, ``deaf``
or an exit code. Starts, stops and ends are lines of ``DIRECTORY/log``.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from kalends.app.watched import end_with_parent, until_stopped

NAME, HOME = sys.argv[1], Path(sys.argv[3])


def note(word: str) -> None:
    """Add a line to the log, whole."""
    line = f"{time.monotonic():.3f} {NAME} {word} {os.getpid()}\n"
    with (HOME / "log").open("a") as log:
        log.write(line)


async def live() -> None:
    """Work until stopped; look whether to hang."""
    note("lives")
    try:
        while True:
            if (HOME / NAME).read_text() == "hang":
                note("hangs")
                time.sleep(600)  # the loop itself hangs
            await asyncio.sleep(0.05)
    finally:
        note("stopped")


def main() -> int:
    """Behave."""
    end_with_parent()
    note("started")
    behaviour = (HOME / NAME).read_text()
    if behaviour.isdecimal():
        return int(behaviour)
    if behaviour == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        note("deaf")
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        time.sleep(600)
    asyncio.run(until_stopped(live()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
