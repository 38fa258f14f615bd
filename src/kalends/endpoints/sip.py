"""One SIP server, spoken to: the shell around ``wire.sip.publisher``.

Place in the flow: a sink hands over a batch of publications and waits for all of them; one
publisher holds the state of everything under way, one timer waits for its next deadline, one
socket per transport carries it. There is no task, thread or timer per person.

The credential is guarded by ``net.breaker`` like every other: while it is on trial one batch at
a time goes ahead, in it one request, and a refusal counts wherever else the credential is used.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from kalends import observe
from kalends.endpoints.sip_sockets import Line, Lines
from kalends.errors import SignInNeeded, SourceTrouble
from kalends.net.breaker import Attempt, Breakers, Outcome
from kalends.net.contract import Credential
from kalends.runtime import Runtime
from kalends.wire.sip.publication import Declined, Publish, Published
from kalends.wire.sip.publisher import Limits, Publisher
from kalends.wire.sip.transactions import Flow, Timers, Transport

log = observe.logger(__name__)

Result = Published | Declined

REFUSED_PAUSE: Final = 5.0
"""Seconds to leave a server alone that is not running: it may be starting again."""


@dataclass(slots=True)
class _Batch:
    """One ``publish`` call that waits for all its results."""

    results: list[Result | None]
    open: int
    done: asyncio.Future[None]


@dataclass(slots=True)
class _Work:
    """Whom an outcome belongs to."""

    batches: dict[int, tuple[_Batch, int]] = field(default_factory=dict)
    last: int = 0

    def add(self, batch: _Batch, index: int) -> int:
        self.last += 1
        self.batches[self.last] = (batch, index)
        return self.last


class SipEndpoint:
    """Publishes at one server with one credential."""

    def __init__(
        self,
        runtime: Runtime,
        organization: str,
        transport: Transport,
        lines: Lines,
        credential: Callable[[], Credential | None],
        breakers: Breakers,
        limits: Limits,
        timers: Timers | None = None,
    ) -> None:
        self._runtime = runtime
        self._organization = organization
        self._credential = credential
        self._breakers = breakers
        self._lines = lines
        self._open: dict[Flow, Line] = {}
        self._connecting: dict[Transport, asyncio.Task[None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._work = _Work()
        self._closed = False
        self._publisher = Publisher(
            lambda: secrets.token_hex(8), self._sign_in, transport, limits, timers
        )

    def _sign_in(self) -> tuple[str, str] | None:
        credential = self._credential()
        return None if credential is None else (credential.username, credential.secret)

    async def publish(self, publishes: Sequence[Publish]) -> list[Result]:
        """Carry out all of these; one result each, in order. Raises nothing but cancellation."""
        credential = self._credential()
        if credential is None:
            return await self._deliver(publishes)
        try:
            async with self._breakers.attempt(self._organization, credential) as attempt:
                return await self._attempt(publishes, attempt)
        except SignInNeeded as refusal:
            pause = None if refusal.at is None else max(0.0, refusal.at - self._runtime.now())
            return [
                Declined(refusal.code, str(refusal), publish.etag, pause) for publish in publishes
            ]

    async def _attempt(self, publishes: Sequence[Publish], attempt: Attempt) -> list[Result]:
        refusals, signed = self._publisher.refusals, self._publisher.signed
        try:
            return await self._deliver(publishes)
        finally:
            if self._publisher.refusals > refusals:
                attempt.outcome = Outcome.REFUSED
            elif self._publisher.proven:
                attempt.outcome = Outcome.WORKED
            elif self._publisher.signed > signed:
                attempt.outcome = Outcome.UNANSWERED

    async def _deliver(self, publishes: Sequence[Publish]) -> list[Result]:
        if self._closed or not publishes:
            return [Declined("unreachable", "closed", publish.etag) for publish in publishes]
        future = asyncio.get_running_loop().create_future()
        batch = _Batch([None] * len(publishes), len(publishes), future)
        now = self._runtime.monotonic()
        keys = [self._work.add(batch, index) for index in range(len(publishes))]
        for key, publish in zip(keys, publishes, strict=True):
            self._publisher.submit(key, publish, now)
        self._turn()
        try:
            await future
        finally:
            for key in keys:
                self._work.batches.pop(key, None)
            if not future.done() or future.cancelled():
                self._publisher.cancel(set(keys))
        return [result for result in batch.results if result is not None]

    async def close(self) -> None:
        """Hang up; what still waits is told so."""
        self._closed = True
        for task in list(self._connecting.values()):
            task.cancel()
        await asyncio.gather(*self._connecting.values(), return_exceptions=True)
        if self._timer is not None:
            self._timer.cancel()
        for line in self._open.values():
            line.close()
        self._open.clear()
        for key in list(self._work.batches):
            self._outcome(key, Declined("unreachable", "closed"))

    # --- the wheel: after every input, let out what the publisher has to say -----------------
    def _turn(self) -> None:
        for flow, data in self._publisher.data_to_send():
            if (line := self._open.get(flow)) is not None:
                line.send(data)
        for flow in self._publisher.abandoned():
            self._abandon(flow)
        for key, result in self._publisher.outcomes():
            self._outcome(key, result)
        wanted = self._publisher.wants
        if wanted is not None and wanted not in self._connecting and not self._closed:
            self._connecting[wanted] = asyncio.create_task(self._connect(wanted))
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self._publisher.next_deadline()
        if deadline is not None and not self._closed:
            pause = max(0.0, deadline - self._runtime.monotonic())
            self._timer = asyncio.get_running_loop().call_later(pause, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._publisher.tick(self._runtime.monotonic())
        self._turn()

    def _outcome(self, key: int, result: Result) -> None:
        batch, index = self._work.batches.pop(key, (None, 0))
        if batch is None:
            return  # nobody waits any more
        batch.results[index] = result
        batch.open -= 1
        if batch.open == 0 and not batch.done.done():
            batch.done.set_result(None)

    # --- lines -------------------------------------------------------------------------------
    async def _connect(self, transport: Transport) -> None:
        try:
            line = await self._lines.open(transport, self)
        except SourceTrouble as trouble:
            log.warning("sip.unreachable", organization=self._organization, code=trouble.code)
            self._publisher.unreachable(
                str(trouble),
                self._runtime.monotonic(),
                code=trouble.code,
                pause=REFUSED_PAUSE if trouble.code == "unreachable" else None,
            )
        else:
            self._open[line.flow] = line
            self._publisher.connected(line.flow, self._runtime.monotonic())
        finally:
            self._connecting.pop(transport, None)
        self._turn()

    def _abandon(self, flow: Flow) -> None:
        self._lines.next_address()
        if (line := self._open.pop(flow, None)) is not None:
            line.close()

    def received(self, line: Line, message: bytes) -> None:
        """See ``sip_sockets.Receiver``."""
        self._publisher.receive(message, line.flow, self._runtime.monotonic())
        self._turn()

    def broken(self, line: Line, reason: str) -> None:
        """See ``sip_sockets.Receiver``."""
        if self._open.pop(line.flow, None) is None:
            return
        now = self._runtime.monotonic()
        self._publisher.disconnected(line.flow, reason, now)
        if line.flow.transport is Transport.UDP:  # ICMP: asking again at once is no use
            self._publisher.unreachable(reason, now, pause=REFUSED_PAUSE)
        self._turn()
