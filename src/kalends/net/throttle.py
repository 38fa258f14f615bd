"""How often and how many at once: one gate per endpoint, shared by everybody who uses it.

Two things close the gate. *Quiet*: the other side asked for silence (429, 503 with Retry-After);
afterwards one alone asks whether it is over, since many would only prolong it.
*Outage*: several conversations in a row failed; then one probe at a time is let through, first
after a second, at last every 30 seconds (promise 6), until one succeeds. Whoever comes meanwhile
is told when to come again and nothing is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from kalends.errors import Throttled, Unreachable
from kalends.runtime import Runtime

_LONGEST_QUIET: Final = 3600.0
"""A Retry-After beyond this is not believed whole: asking once an hour harms nobody."""
_FIRST_QUIET: Final = 5.0
"""After a 429 that names no time; doubled each time up to ``_LONGEST_OWN_QUIET``."""
_LONGEST_OWN_QUIET: Final = 300.0
_FAILURES_OF_OUTAGE: Final = 3
_FIRST_PROBE: Final = 1.0
_PROBE_EVERY: Final = 30.0


class Gate:
    """The gate of one endpoint."""

    def __init__(self, runtime: Runtime, name: str, connections: int) -> None:
        self._runtime = runtime
        self._name = name
        self._slots = asyncio.Semaphore(connections)
        self._quiet_until = 0.0
        self._quiets = 0
        self._failures = 0
        self._probe_at = 0.0
        self._probing = False

    def check(self) -> bool:
        """Raise ``Throttled`` or ``Unreachable`` while closed.

        Returns whether whoever passes now is the probe of an outage, or after a silence.
        """
        now = self._runtime.monotonic()
        if now < self._quiet_until:
            raise Throttled(f"{self._name} asked for silence", self._wall(self._quiet_until))
        if self._quiets and self._probing:
            raise Throttled(f"{self._name} is being tried", self._wall(now + _FIRST_PROBE))
        if self._failures < _FAILURES_OF_OUTAGE:
            return self._quiets > 0
        if now < self._probe_at:
            raise Unreachable(f"{self._name} does not answer", self._wall(self._probe_at))
        if self._probing:
            raise Unreachable(f"{self._name} is being tried", self._wall(now + _FIRST_PROBE))
        return True

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold one of the connections; raises what ``check`` raises."""
        self.check()
        async with self._slots:
            probing = self.check()  # it may have closed while we waited
            self._probing = self._probing or probing
            try:
                yield
            finally:
                if probing:
                    self._probing = False

    def answered(self) -> None:
        """Tell that the endpoint works."""
        self._failures = 0
        self._quiets = 0

    def failed(self) -> float | None:
        """Tell that a conversation failed; return when to come again, None: no outage yet."""
        self._failures += 1
        beyond = self._failures - _FAILURES_OF_OUTAGE
        if beyond < 0:
            return None
        wait = self._runtime.jitter(min(_PROBE_EVERY, _FIRST_PROBE * 2.0 ** min(beyond, 10)))
        self._probe_at = self._runtime.monotonic() + min(wait, _PROBE_EVERY)
        return self._wall(self._probe_at)

    def silenced(self, seconds: float | None) -> float:
        """Tell that the other side asked for silence; return when to come again (UTC seconds)."""
        if seconds is None:
            seconds = min(_LONGEST_OWN_QUIET, _FIRST_QUIET * 2.0 ** min(self._quiets, 10))
        self._quiets += 1
        until = self._runtime.monotonic() + min(max(seconds, 1.0), _LONGEST_QUIET)
        self._quiet_until = max(self._quiet_until, until)
        return self._wall(self._quiet_until)

    def _wall(self, monotonic: float) -> float:
        return self._runtime.now() + monotonic - self._runtime.monotonic()


def retry_after(value: str, now: float, date: str = "") -> float | None:
    """Return the seconds a ``Retry-After`` asks for (RFC 9110 section 10.2.3), None: unreadable.

    ``date`` is the answer's own: a moment is reckoned by the clock of whoever names it.
    """
    value = value.strip()
    if not value:
        return None  # nearly every answer
    if value.isascii() and value.isdigit():
        return float(min(int(value[:10]), 10**9))
    until, at = _moment(value), _moment(date)
    return None if until is None else max(0.0, until - (now if at is None else at))


def _moment(value: str) -> float | None:
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:  # "-0000": HTTP dates are UTC (RFC 9110 section 5.6.7)
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()
