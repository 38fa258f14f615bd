"""One SIP server, spoken to: the shell around ``wire.sip.publisher``.

Place in the flow: a sink hands over a batch of publications and waits for all of them; one
publisher holds the state of everything under way, one timer waits for its next deadline, one
socket per transport carries it. There is no task, thread or timer per person.

The credential is guarded by ``net.breaker`` like every other: while it is on trial one batch at
a time goes ahead, in it one request, and a refusal counts wherever else the credential is used.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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

    publishes: Sequence[Publish]
    results: list[Result | None]
    open: int
    done: asyncio.Future[None]


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
        self._waiting: dict[int, tuple[_Batch, int]] = {}
        self._keys = itertools.count()
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

    async def reset(self) -> None:
        """Forget failed sign-ins: an operator says that the account is in order again."""
        credential = self._credential()
        if credential is not None:
            await self._breakers.reset(self._organization, credential)
        self._publisher.reopen()

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
        batch = _Batch(publishes, [None] * len(publishes), len(publishes), future)
        now = self._runtime.monotonic()
        keys = [next(self._keys) for _ in publishes]
        self._waiting |= {key: (batch, index) for index, key in enumerate(keys)}
        for key, publish in zip(keys, publishes, strict=True):
            self._publisher.submit(key, publish, now)
        self._turn()
        try:
            await future
        except asyncio.CancelledError:
            self._orphan(batch, keys)
            raise
        return [result for result in batch.results if result is not None]

    def _orphan(self, batch: _Batch, keys: list[int]) -> None:
        """Nobody will learn these results: drop what has not begun, take back what arrived."""
        for key in self._publisher.cancel(keys):
            del self._waiting[key]
        for publish, result in zip(batch.publishes, batch.results, strict=True):
            self._take_back(publish, result)
        self._turn()

    def _take_back(self, publish: Publish, result: Result | None) -> None:
        """Remove a publication whose ETag is lost: it would contradict the next one."""
        if isinstance(result, Published) and result.etag:
            removal = replace(publish, body=b"", etag=result.etag, expires=0, refresh=False)
            self._publisher.submit(next(self._keys), removal, self._runtime.monotonic())

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
        for key in list(self._waiting):
            self._outcome(key, Declined("unreachable", "closed"))

    # --- the wheel: after every input, let out what the publisher has to say -----------------
    def _turn(self) -> None:
        self._send()
        for flow in self._publisher.abandoned():
            self._abandon(flow)
        for key, result in self._publisher.outcomes():
            self._outcome(key, result)
        self._send()  # what an orphan's end has brought up
        wanted = self._publisher.wants
        if wanted is not None and wanted not in self._connecting and not self._closed:
            self._connecting[wanted] = asyncio.create_task(self._connect(wanted))
        self._arm()

    def _send(self) -> None:
        for flow, data in self._publisher.data_to_send():
            if (line := self._open.get(flow)) is not None:
                line.send(data)

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
        batch, index = self._waiting.pop(key, (None, 0))
        if batch is None:
            return
        if batch.done.cancelled():
            self._take_back(batch.publishes[index], result)
            return
        batch.results[index] = result
        batch.open -= 1
        if batch.open == 0:
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
