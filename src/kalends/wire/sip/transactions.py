"""Client transactions for every request but INVITE: RFC 3261 section 17.1.2, figure 6.

::

                   send ─► trying ──1xx──► proceeding
                              │ ▲ E          │ ▲ E      E: send again (datagrams only)
                              │ └┘           │ └┘       F: 64·T1 without a final answer
                              ├──────2xx-6xx─┴──► completed ──K──► gone
                              └──F, flow lost───► gone, and the user is told

A completed transaction only absorbs repeated answers for T4; on a stream it is gone at once.
Answers are matched by branch and method (17.1.3) on the flow the request went out by: an answer
to a request nobody asked is dropped.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from sipmessage import Request, Response

from kalends.wire.sip.message import (
    MAX_MESSAGE,
    BadMessage,
    Essentials,
    essentials,
    read,
    write,
)

MAGIC: Final = "z9hG4bK"
"""Begins every branch of RFC 3261 (section 8.1.1.7)."""


class TooLong(BadMessage):
    """The request does not fit a datagram safely: use a stream (RFC 3261 section 18.1.1)."""


class Transport(StrEnum):
    """How a flow carries messages; the value is the word of the Via."""

    UDP = "UDP"
    TCP = "TCP"
    TLS = "TLS"

    @property
    def reliable(self) -> bool:
        """Whether the transport itself repeats what was lost."""
        return self is not Transport.UDP


class Flow(NamedTuple):
    """One socket's path to one peer; the shell knows which socket it means."""

    transport: Transport
    local: str
    """``host:port`` as it stands in Via, IPv6 in brackets."""
    number: int = 0
    """Distinguishes connections, also to the same peer."""


@dataclass(frozen=True, slots=True)
class Timers:
    """Table 4 of RFC 3261, in seconds."""

    t1: float = 0.5
    """Estimate of a round trip."""
    t2: float = 4.0
    """Longest interval between repetitions."""
    t4: float = 5.0
    """How long a message stays in the network."""

    @property
    def f(self) -> float:
        """Return how long a request waits for its final answer."""
        return 64 * self.t1


class Answered(NamedTuple):
    """The final answer to a request."""

    branch: str
    response: Response


class Silent(NamedTuple):
    """Timer F: nobody answered in time (to the user the same as 408, section 8.1.3.1)."""

    branch: str


class Lost(NamedTuple):
    """The flow broke before an answer came."""

    branch: str
    reason: str


Event = Answered | Silent | Lost


class _State(StrEnum):
    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"


class _Transaction:
    """One request on its way. ``repeat_at`` is timer E, ``end_at`` timer F, later K."""

    __slots__ = ("data", "end_at", "flow", "interval", "method", "repeat_at", "state")

    def __init__(self, data: bytes, method: str, flow: Flow, now: float, timers: Timers) -> None:
        self.data = data
        self.method = method
        self.flow = flow
        self.state = _State.TRYING
        self.interval = timers.t1
        self.repeat_at = None if flow.transport.reliable else now + timers.t1
        self.end_at = now + timers.f

    def deadline(self) -> float:
        return self.end_at if self.repeat_at is None else min(self.repeat_at, self.end_at)

    def repeat(self, now: float, timers: Timers) -> None:
        proceeding = self.state is _State.PROCEEDING
        self.interval = timers.t2 if proceeding else min(2 * self.interval, timers.t2)
        self.repeat_at = now + self.interval

    def complete(self, now: float, timers: Timers) -> None:
        self.state = _State.COMPLETED
        self.data = b""
        self.repeat_at = None
        self.end_at = now if self.flow.transport.reliable else now + timers.t4


class ClientTransactions:
    """All outstanding requests of one user agent, with one heap of deadlines.

    Give it what arrives (``receive``), what the clock says (``tick``) and broken flows
    (``lost``); fetch ``data_to_send`` and ``events`` after each call.
    """

    def __init__(self, token: Callable[[], str], timers: Timers | None = None) -> None:
        self._token = token
        self.timers = timers or Timers()
        self._transactions: dict[str, _Transaction] = {}
        self._deadlines: list[tuple[float, str]] = []
        self._outbox: list[tuple[Flow, bytes]] = []
        self._events: list[Event] = []
        self.dropped = 0
        """Messages that were malformed or nobody's."""

    def __len__(self) -> int:
        return len(self._transactions)

    def send(self, request: Request, flow: Flow, now: float, *, datagram: int = MAX_MESSAGE) -> str:
        """Send a request and return the branch that its events will carry.

        The Via is added here (``rport``: RFC 3581). Raises ``BadMessage`` where the request
        cannot be written, ``TooLong`` where it has more bytes than ``datagram`` and the flow
        is one of datagrams; nothing is sent then.
        """
        branch = MAGIC + self._token()
        via = f"SIP/2.0/{flow.transport} {flow.local};rport;branch={branch}"
        request.headers.set("Via", via)
        data = write(request)
        if len(data) > datagram and not flow.transport.reliable:
            raise TooLong(f"{len(data)} bytes")
        transaction = _Transaction(data, request.method, flow, now, self.timers)
        self._transactions[branch] = transaction
        self._plan(branch, transaction)
        self._outbox.append((flow, data))
        return branch

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        """Take one message that arrived on a flow; never raises."""
        try:
            message = read(data)
            named = essentials(message)
        except BadMessage:
            self.dropped += 1
            return
        if isinstance(message, Response):
            self._answered(message, named, flow, now)
        else:
            self.dropped += 1  # we serve nobody yet

    def _answered(self, response: Response, named: Essentials, flow: Flow, now: float) -> None:
        transaction = self._transactions.get(named.branch)
        if transaction is None or (transaction.method, transaction.flow) != (named.method, flow):
            self.dropped += 1
        elif transaction.state is _State.COMPLETED:
            pass  # a repetition: our request was repeated too, both are done with
        elif 100 <= response.code < 200:
            transaction.state = _State.PROCEEDING
        elif 200 <= response.code < 700:
            transaction.complete(now, self.timers)
            self._plan(named.branch, transaction)
            self._events.append(Answered(named.branch, response))
        else:
            self.dropped += 1

    def tick(self, now: float) -> None:
        """Do everything whose time has come."""
        while self._deadlines and self._deadlines[0][0] <= now:
            planned, branch = heapq.heappop(self._deadlines)
            transaction = self._transactions.get(branch)
            if transaction is None or transaction.deadline() != planned:
                continue  # answered or replanned meanwhile
            self._due(branch, transaction, now)

    def _due(self, branch: str, transaction: _Transaction, now: float) -> None:
        if transaction.end_at <= now:
            del self._transactions[branch]
            if transaction.state is not _State.COMPLETED:
                self._events.append(Silent(branch))
            return
        transaction.repeat(now, self.timers)
        self._outbox.append((transaction.flow, transaction.data))
        self._plan(branch, transaction)

    def lost(self, flow: Flow, reason: str) -> None:
        """Give up what waits on a broken flow (17.1.4)."""
        for branch in [key for key, found in self._transactions.items() if found.flow == flow]:
            if self._transactions.pop(branch).state is not _State.COMPLETED:
                self._events.append(Lost(branch, reason))

    def _plan(self, branch: str, transaction: _Transaction) -> None:
        heapq.heappush(self._deadlines, (transaction.deadline(), branch))

    def next_deadline(self) -> float | None:
        """Return when ``tick`` wants to be called next; None: nothing waits."""
        while self._deadlines:
            planned, branch = self._deadlines[0]
            transaction = self._transactions.get(branch)
            if transaction is not None and transaction.deadline() == planned:
                return planned
            heapq.heappop(self._deadlines)
        return None

    def data_to_send(self) -> list[tuple[Flow, bytes]]:
        """Return and forget what has to go out, in order."""
        ready, self._outbox = self._outbox, []
        return ready

    def events(self) -> list[Event]:
        """Return and forget what happened."""
        ready, self._events = self._events, []
        return ready
