"""A process' start waits for a database that is not there yet, instead of ending.

After a power cut everything starts at once, and a PostgreSQL that recovers may take minutes. Ending
would tell systemd that no restart helps (exit code 78); so both processes wait, beat, and say why.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from kalends import observe
from kalends.errors import NotYet
from kalends.runtime import Runtime

T = TypeVar("T")

PAUSE: Final = 0.25
"""Seconds between two looks: at a first start the web waits for the engine, which is quick."""
SILENT: Final = 5.0
"""Seconds before anything is said: what is over by then is the order of a start."""
AGAIN: Final = 60.0
"""Seconds after which it is said again, for who looks at a log's end."""

log = observe.logger(__name__)


async def when_there(opened: Callable[[], Awaitable[T]], runtime: Runtime) -> T:
    """Return what ``opened`` returns, as soon as it does not raise ``NotYet`` any more."""
    tell_at = runtime.monotonic() + SILENT
    while True:
        try:
            return await opened()
        except NotYet as error:
            if runtime.monotonic() >= tell_at:
                log.warning("store.awaited", reason=str(error))
                tell_at = runtime.monotonic() + AGAIN
            await runtime.sleep(PAUSE)
