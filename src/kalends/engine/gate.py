"""When a source may be asked, and how often at once: pacing, back-off, outage, recovery.

Pure: time is an argument (monotonic seconds), chance a callable. The endpoint's gate and a
calendar's own back-off are different things: a server that is down shuts the gate for all its
calendars; one calendar that answers nonsense waits alone.

Promises kept here: at most one probe per 30 s to an endpoint that is down or refuses the
credential, Retry-After obeyed, at most ten reads at once after an outage (RELIABILITY promise 6),
no sign-in beyond what the breaker allows (promise 7; the breaker itself lives in ``net``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kalends.errors import (
    AccessDenied,
    NotFound,
    RetryLater,
    SignInNeeded,
    SourceTrouble,
    SuspiciouslyEmpty,
    Throttled,
)

PROBE_SECONDS: Final = 30.0
"""An endpoint that is down or refuses us is tried at most this often."""
RECOVERY_READS: Final = 10
"""Reads at once after an outage, until the backlog is worked off."""
STREAK: Final = 3
"""Failed connections in a row, over whatever calendars, that mean "the server is down"."""
LONGEST_THROTTLE: Final = 300.0
DENIED_SECONDS: Final = 300.0
DENIED_PROBES: Final = 12
"""A denied calendar is tried every five minutes for an hour, then hourly."""
DENIED_LATER_SECONDS: Final = 3600.0
BACKOFF_FIRST: Final = 30.0
BACKOFF_LONGEST: Final = 900.0
CONFIRM_SECONDS: Final = 60.0
"""A suddenly empty calendar is looked at again after this, and believed then."""

Chance = Callable[[], float]
"""Returns a number in [0, 1)."""


class Shut(StrEnum):
    """Why a gate is shut."""

    NO = ""
    DOWN = "unreachable"
    THROTTLED = "throttled"
    SIGN_IN = "sign-in"


@dataclass(slots=True)
class Gate:
    """Pacing of one endpoint."""

    connections: int
    """``max_connections`` of the source."""
    shut: Shut = Shut.NO
    opens_at: float = 0.0
    streak: int = 0
    throttles: int = 0
    in_flight: int = 0
    failing_since: float | None = None
    """First failure since the last success; None while all is well."""
    recovering: bool = False

    def free(self, now: float) -> int:
        """Return how many reads may start now."""
        if now < self.opens_at:
            return 0
        if self.shut in (Shut.DOWN, Shut.SIGN_IN):
            return 1 - min(1, self.in_flight)  # a single probe
        most = min(self.connections, RECOVERY_READS) if self.recovering else self.connections
        return max(0, most - self.in_flight)

    def succeeded(self) -> bool:
        """Note an answer; return whether the endpoint has just come back."""
        came_back = self.shut in (Shut.DOWN, Shut.SIGN_IN)
        self.recovering = self.recovering or came_back
        self.shut, self.opens_at, self.streak, self.throttles = Shut.NO, 0.0, 0, 0
        self.failing_since = None
        return came_back

    def failed(self, error: SourceTrouble, now: float, wall: float, chance: Chance) -> None:
        """Note a failure that concerns the endpoint; one calendar's own trouble does not."""
        if isinstance(error, SignInNeeded):
            self._fail(now)
            self._close(Shut.SIGN_IN, now + PROBE_SECONDS * (1 + 0.2 * chance()))
        elif isinstance(error, Throttled):
            self._fail(now)
            self.throttles += 1
            wait = min(LONGEST_THROTTLE, 5.0 * 2**self.throttles) * (1 + 0.2 * chance())
            if error.at is not None:
                wait = max(1.0, error.at - wall) * (1 + 0.05 * chance())
            self._close(Shut.THROTTLED, now + wait)
        elif isinstance(error, RetryLater):
            self._fail(now)
            self.streak += 1
            if self.streak >= STREAK or self.shut is Shut.DOWN:
                self._close(Shut.DOWN, now + PROBE_SECONDS * (1 + 0.2 * chance()))

    def reset(self) -> None:
        """Open at once: a new secret, or an operator's click."""
        self.shut, self.opens_at, self.streak, self.throttles = Shut.NO, 0.0, 0, 0

    def _fail(self, now: float) -> None:
        if self.failing_since is None:
            self.failing_since = now

    def _close(self, why: Shut, until: float) -> None:
        self.shut = why
        self.opens_at = max(self.opens_at, until)


def concerns_endpoint(error: SourceTrouble, *, own_credential: bool) -> bool:
    """Tell whether an error says something about the endpoint, not only about one calendar."""
    if isinstance(error, SignInNeeded):
        return not own_credential
    return isinstance(error, RetryLater) and not error.alone


def calendar_delay(error: SourceTrouble, failures: int, chance: Chance) -> float:
    """Return seconds until a failing calendar is tried again (``failures`` includes this one)."""
    if error.again is not None:
        return error.again * (1 + 0.1 * chance())
    if isinstance(error, SignInNeeded):
        return DENIED_LATER_SECONDS * (0.5 + 0.2 * chance())
    if isinstance(error, AccessDenied | NotFound):
        later = failures > DENIED_PROBES
        return (DENIED_LATER_SECONDS if later else DENIED_SECONDS) * (1 + 0.1 * chance())
    if isinstance(error, SuspiciouslyEmpty):
        return CONFIRM_SECONDS * (1 + 0.1 * chance())
    doubled = BACKOFF_FIRST * float(2 ** min(10, max(0, failures - 1)))
    return min(BACKOFF_LONGEST, doubled) * (1 + 0.2 * chance())


def stale_after(poll_seconds: float) -> float:
    """Return how many seconds of failing make calendars stale: with the poll that found it,
    two missed polls, and never more than two minutes in all where polls are frequent."""
    return min(60.0, poll_seconds)
