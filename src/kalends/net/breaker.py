"""The breaker of a credential: a wrong password must not lock an account (promise 7).

Directories lock an account after a few failed sign-ins. So a credential gets at most two failed
sign-ins in any hour, whoever tries: other sources, processes, nodes, the process after a restart.
Sooner only with a new secret, which has another fingerprint, or when an operator resets it.

How that is kept: a secret is on *trial* until it has worked in this process. On trial only one
request of the process goes out at a time, and unless the store knows the secret as good, the try
is *reserved* first: stored, durable, as if it had failed already, by compare-and-set. A crash in
the middle of a try therefore counts as a failure, and two processes cannot spend the same try. So
does a try that was sent and not answered in time: some servers let a wrong password wait.

The limits: a password changed while requests are on their way costs as many failures as were on
their way (at most ``max_connections`` of the endpoint), and once per process that had used it.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Protocol

import msgspec

from kalends import observe
from kalends.errors import Conflict, SignInNeeded
from kalends.model.breaker import Breaker
from kalends.model.times import rfc3339
from kalends.net.contract import Credential
from kalends.runtime import Runtime

WINDOW: Final = 3600
"""Seconds in which …"""
TRIES: Final = 2
"""… this many failed sign-ins may happen."""
_RETRIES_OF_CONFLICT: Final = 10

log = observe.logger(__name__)


class BreakerStore(Protocol):
    """The part of ``Store`` that breakers need."""

    async def breaker(self, organization: str, endpoint: str) -> Breaker | None:
        """Return the state of a credential."""

    async def save_breaker(self, breaker: Breaker) -> None:
        """Compare and set, durable; ``Conflict`` where another process was faster."""


class MemoryBreakers:
    """Breaker states of one process: for checks from the command line, and tests."""

    def __init__(self) -> None:
        self._states: dict[tuple[str, str], Breaker] = {}

    async def breaker(self, organization: str, endpoint: str) -> Breaker | None:
        """See ``BreakerStore``."""
        return self._states.get((organization, endpoint))

    async def save_breaker(self, breaker: Breaker) -> None:
        """See ``BreakerStore``."""
        key = (breaker.organization, breaker.endpoint)
        stored = self._states.get(key)
        if (stored.version if stored else 0) != breaker.version:
            raise Conflict("the breaker's state was changed by somebody else")
        self._states[key] = msgspec.structs.replace(breaker, version=breaker.version + 1)


class Outcome(Enum):
    """What came of one sign-in."""

    WORKED = "worked"
    REFUSED = "refused"
    UNANSWERED = "sent, but no answer in time: it may well have been refused"
    UNKNOWN = "nothing was learned about the credential"


@dataclass(slots=True)
class Attempt:
    """One sign-in on its way; whoever makes it says what came of it."""

    outcome: Outcome = Outcome.UNKNOWN


@dataclass(slots=True)
class _Secret:
    """What this process knows about one secret."""

    proven: bool = False
    trial: asyncio.Lock = field(default_factory=asyncio.Lock)


class Breakers:
    """All credentials of one process."""

    def __init__(self, runtime: Runtime, store: BreakerStore) -> None:
        self._runtime = runtime
        self._store = store
        self._secrets: dict[tuple[str, str], _Secret] = {}

    @asynccontextmanager
    async def attempt(self, organization: str, credential: Credential) -> AsyncIterator[Attempt]:
        """Wrap one sign-in; ``SignInNeeded`` at once while the breaker is open."""
        ledger = _Ledger(self._runtime, self._store, organization, credential.fingerprint)
        secret = self._secrets.setdefault((organization, credential.fingerprint), _Secret())
        attempt = Attempt()
        async with secret.trial:
            on_trial = not secret.proven
            if on_trial:
                reserved = await ledger.reserve()
                try:
                    yield attempt
                finally:
                    secret.proven = attempt.outcome is Outcome.WORKED
                    await ledger.conclude(attempt.outcome, reserved)
        if not on_trial:  # side by side, the lock let go
            try:
                yield attempt
            finally:
                if attempt.outcome is Outcome.REFUSED:
                    secret.proven = False
                    await ledger.refused(None)

    async def open_until(self, organization: str, credential: Credential) -> int | None:
        """Return until when this secret is not tried, None: it may be tried now."""
        ledger = _Ledger(self._runtime, self._store, organization, credential.fingerprint)
        return await ledger.open_until()

    async def reset(self, organization: str, credential: Credential) -> None:
        """Forget failures: an operator says that the account is in order again."""
        ledger = _Ledger(self._runtime, self._store, organization, credential.fingerprint)
        await ledger.reset()


class _Ledger:
    """The stored count of one secret."""

    def __init__(
        self, runtime: Runtime, store: BreakerStore, organization: str, fingerprint: str
    ) -> None:
        self._runtime = runtime
        self._store = store
        self._empty = Breaker(organization, f"credential/{fingerprint}", fingerprint)

    async def reserve(self) -> int | None:
        """Store a try before it is made, unless the secret is known as good; return its time."""
        for _ in range(_RETRIES_OF_CONFLICT):
            state, now = await self._state(), self._now()
            until = _closed_until(state.failures, now)
            if until is not None:
                raise _stopped(until)
            if state.version and state.open_until is None:
                return None  # it worked when it was used last
            at = self._later()
            try:
                await self._save(state, (*state.failures, at), at)
            except Conflict:
                continue
            return at
        raise SignInNeeded("other processes are trying this credential", self._now() + 60)

    async def conclude(self, outcome: Outcome, reserved: int | None) -> None:
        """Store what came of a try."""
        if outcome is Outcome.REFUSED:
            await self.refused(reserved)
        elif outcome is Outcome.WORKED and reserved is not None:
            await self._change(lambda failures, _now: (_without(failures, reserved), None))
        elif outcome is Outcome.UNKNOWN and reserved is not None:
            await self._change(lambda failures, now: (_without(failures, reserved), now))

    async def refused(self, reserved: int | None) -> None:
        """Store a failed sign-in, unless its reservation is the record already."""
        if reserved is None:
            at = self._later()
            await self._change(lambda failures, now: ((*failures, at), now))
        log.warning("credential.refused", organization=self._empty.organization)

    async def open_until(self) -> int | None:
        """Return until when nothing is tried."""
        state = await self._state()
        return _closed_until(state.failures, self._now())

    async def reset(self) -> None:
        """Forget all failures, without believing that the secret is good."""
        await self._change(lambda _failures, now: ((), now))

    async def _change(
        self, change: Callable[[tuple[int, ...], int], tuple[tuple[int, ...], int | None]]
    ) -> None:
        while True:  # somebody wins every round: this ends
            state = await self._state()
            failures, flag = change(state.failures, self._now())
            try:
                await self._save(state, failures, flag)
            except Conflict:
                continue
            return

    async def _state(self) -> Breaker:
        state = await self._store.breaker(self._empty.organization, self._empty.endpoint)
        return state or self._empty

    async def _save(self, state: Breaker, failures: tuple[int, ...], flag: int | None) -> None:
        now = self._now()
        recent = _recent(failures, now)
        until = flag if flag is None else _closed_until(recent, now) or flag
        await self._store.save_breaker(
            msgspec.structs.replace(state, failures=recent, open_until=until)
        )

    def _now(self) -> int:
        return int(self._runtime.now())

    def _later(self) -> int:
        """Return now, rounded up: what is recorded must not leave the window a moment early."""
        return math.ceil(self._runtime.now())


def _recent(failures: tuple[int, ...], now: int) -> tuple[int, ...]:
    """Return failures that still count; far in the future they come from a clock set back."""
    return tuple(sorted(at for at in failures if now - WINDOW < at < now + WINDOW))


def _closed_until(failures: tuple[int, ...], now: int) -> int | None:
    recent = _recent(failures, now)
    return recent[-TRIES] + WINDOW if len(recent) >= TRIES else None


def _without(failures: tuple[int, ...], at: int) -> tuple[int, ...]:
    rest = list(failures)
    if at in rest:
        rest.remove(at)
    return tuple(rest)


def _stopped(until: int) -> SignInNeeded:
    return SignInNeeded(
        f"not tried again before {rfc3339(until)}: {TRIES} sign-ins failed within an hour", until
    )
