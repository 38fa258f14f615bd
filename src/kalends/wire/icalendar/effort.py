"""How much processor time one booking may take (RELIABILITY promise 10).

``rules`` refuses what is known to run away; this catches the rest, such as a rule that can never
come true (30 February) and is searched until the year 9999. It counts the processor time of the
worker that expands (the timer belongs to the process, no clock is read) and works in the main
thread, where workers run; elsewhere the worker's own limit holds for the whole calendar.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

PER_BOOKING: Final = 0.25
"""Seconds of processor time."""


class TooMuch(Exception):
    """The effort for one booking was used up."""


@contextmanager
def bounded(seconds: float = PER_BOOKING) -> Iterator[None]:
    """Raise ``TooMuch`` inside the block once it has used so much processor time."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    armed = True

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if armed:
            raise TooMuch

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
