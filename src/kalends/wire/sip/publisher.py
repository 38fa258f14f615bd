"""Many publications over one flow: how many at once, how fast, and with which sign-in.

Place in the flow: ``sinks.sip_publish`` hands over a batch, ``endpoints.sip`` moves the bytes,
this decides what goes out when. Three rules keep a server and a credential whole:

- *Window and rate*: at most ``window`` requests are unanswered and at most ``max_per_second``
  begin, however many people change at nine o'clock.
- *Probe first*: until the server has answered one request to satisfaction (after a start, a
  silence, a refused sign-in) only one request is out. A dead server is not flooded, and a wrong
  password is tried once, not once per person.
- *A refused credential rests*: the sign-in that follows a fresh challenge and is refused closes
  the gate for ``rest_seconds``, or until another credential is configured (invariant 9).

A request too long for a datagram goes over TCP, and so does everything after it; where the
server has no TCP, over UDP all the same (RFC 3261 section 18.1.1).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Final

from sipmessage import Request, Response

from kalends.wire.sip.digest import Digest
from kalends.wire.sip.message import MAX_MESSAGE, BadMessage, request
from kalends.wire.sip.publication import Again, Declined, Publish, Published, judge
from kalends.wire.sip.transactions import (
    Answered,
    ClientTransactions,
    Event,
    Flow,
    Lost,
    Silent,
    Timers,
    TooLong,
    Transport,
)

SignIn = Callable[[], tuple[str, str] | None]
"""Returns user name and password as they are now; None: there is no credential."""

_MAX_TRIES: Final = 8
"""Requests for one publication: challenge, stale nonce, 423, 412, a lost connection …"""
_USER_AGENT: Final = "Kalends"


@dataclass(frozen=True, slots=True)
class Limits:
    """How hard one server may be worked."""

    window: int = 256
    """Unanswered requests at once."""
    max_per_second: float = 500.0
    """Requests begun per second; repetitions by timer E are not counted."""
    rest_seconds: float = 1800.0
    """How long a refused credential rests: at most two refusals an hour."""
    probe_seconds: float = 30.0
    """How long a server that fell silent is left alone."""
    datagram: int = 1300
    """Bytes of a request that still goes out by UDP."""


class _Work:
    """One publication on its way to an outcome."""

    __slots__ = (
        "began",
        "call_id",
        "cseq",
        "fresh",
        "key",
        "lost",
        "publish",
        "signed",
        "tag",
        "tries",
    )

    def __init__(self, key: int, publish: Publish, token: Callable[[], str]) -> None:
        self.key = key
        self.publish = publish
        self.call_id = token()
        self.tag = token()
        self.cseq = 0
        self.tries = 0
        self.signed = False
        self.fresh = False  # answers a challenge that this very publication was given
        self.lost = False  # a connection broke under it before
        self.began = 0.0


Outcome = tuple[int, Published | Declined]


class Publisher:
    """A sans-IO user agent that publishes. See the module for its rules.

    ``submit`` work, tell it of flows (``connected``, ``disconnected``, ``unreachable``), bytes
    (``receive``) and time (``tick``); after each call fetch ``data_to_send`` and ``outcomes``.
    """

    def __init__(
        self,
        token: Callable[[], str],
        sign_in: SignIn,
        transport: Transport,
        limits: Limits | None = None,
        timers: Timers | None = None,
    ) -> None:
        self._token = token
        self._sign_in = sign_in
        self._limits = limits or Limits()
        self._transactions = ClientTransactions(token, timers)
        self._digest = Digest(token)
        self._queue: deque[_Work] = deque()
        self._out: dict[str, _Work] = {}
        self._outcomes: list[Outcome] = []
        self._configured = self._transport = transport
        self._datagram = self._limits.datagram
        self._flows: dict[Transport, Flow] = {}
        self._credential: tuple[str, str] | None = None
        self._abandoned: list[Flow] = []
        self.proven = False
        """Whether the server has answered to satisfaction since it last failed to."""
        self.refusals = 0
        """How often a sign-in was refused, ever."""
        self.signed = 0
        """How many requests carried the credential, ever."""
        self._answered_at = float("-inf")
        self._begin_at = float("-inf")
        self._closed: tuple[float, Declined] | None = None
        self._forbidden = 0
        self._least_expires = 0

    # --- what the sink asks -----------------------------------------------------------------
    def submit(self, key: int, publish: Publish, now: float) -> None:
        """Take one publication; its outcome will carry ``key``."""
        try:
            publish.check()
        except BadMessage as error:
            self._outcomes.append((key, Declined("refused", str(error), give_up=True)))
            return
        if self._gate(now):
            if 0 < publish.expires < self._least_expires:
                publish = replace(publish, expires=self._least_expires)
            self._queue.append(_Work(key, publish, self._token))
            self._pump(now)
        else:
            self._decline(key, publish, now)

    def cancel(self, keys: Collection[int]) -> set[int]:
        """Drop work that has not begun, without an outcome; return its keys."""
        dropped = {work.key for work in self._queue if work.key in keys and not work.tries}
        self._queue = deque(work for work in self._queue if work.key not in dropped)
        return dropped

    def outcomes(self) -> list[Outcome]:
        """Return and forget what became of publications."""
        ready, self._outcomes = self._outcomes, []
        return ready

    @property
    def wants(self) -> Transport | None:
        """Return the transport a connection is wanted over; None: there is one, or no work."""
        return self._transport if self._queue and self._flow is None else None

    @property
    def _flow(self) -> Flow | None:
        return self._flows.get(self._transport)

    # --- what the shell tells ---------------------------------------------------------------
    def connected(self, flow: Flow, now: float) -> None:
        """Use this flow from now on."""
        self._flows[flow.transport] = flow
        self._pump(now)

    def disconnected(self, flow: Flow, reason: str, now: float) -> None:
        """Tell that a flow broke; what was out on it is asked again once."""
        if self._flows.get(flow.transport) == flow:
            del self._flows[flow.transport]
        self._transactions.lost(flow, reason)
        self._settle(now)

    def unreachable(
        self, message: str, now: float, *, code: str = "unreachable", pause: float | None = None
    ) -> None:
        """Tell that no connection can be had: everything waiting is given back.

        ``pause`` is how long the others should wait before they try; None: ``probe_seconds``.
        """
        if self._transport is not self._configured:  # no TCP there: long datagrams then
            self._transport = self._configured
            self._datagram = MAX_MESSAGE
            self._pump(now)
            return
        self.proven = False
        seconds = self._limits.probe_seconds if pause is None else pause
        self._close(now, seconds, Declined(code, message), gate=False)

    def abandoned(self) -> list[Flow]:
        """Return and forget flows that nobody answers on: close them, and find another way."""
        ready, self._abandoned = self._abandoned, []
        return ready

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        """Take one message; never raises."""
        self._transactions.receive(data, flow, now)
        self._settle(now)

    def tick(self, now: float) -> None:
        """Do everything whose time has come."""
        self._transactions.tick(now)
        self._settle(now)

    def data_to_send(self) -> list[tuple[Flow, bytes]]:
        """Return and forget what has to go out, in order."""
        return self._transactions.data_to_send()

    def next_deadline(self) -> float | None:
        """Return when ``tick`` wants to be called next; None: only input changes anything."""
        deadline = self._transactions.next_deadline()
        if self._queue and self._flow is not None and len(self._out) < self._window:
            return self._begin_at if deadline is None else min(deadline, self._begin_at)
        return deadline

    # --- sending ----------------------------------------------------------------------------
    @property
    def _window(self) -> int:
        return self._limits.window if self.proven else 1

    def _pump(self, now: float) -> None:
        while (
            self._queue
            and self._flow is not None
            and len(self._out) < self._window
            and now >= self._begin_at
        ):
            # A slot every 1/rate seconds; what a late tick missed may be made up for 50 ms.
            slot = 1 / self._limits.max_per_second
            self._begin_at = max(self._begin_at, now - 0.05) + slot
            self._begin(self._queue.popleft(), self._flow, now)

    def _begin(self, work: _Work, flow: Flow, now: float) -> None:
        work.tries += 1
        work.cseq += 1
        work.began = now
        try:
            branch = self._transactions.send(
                self._request(work), flow, now, datagram=self._datagram
            )
        except TooLong:
            self._transport = Transport.TCP
            self._queue.appendleft(work)
        except BadMessage as error:
            self._outcomes.append((work.key, Declined("refused", str(error), give_up=True)))
        else:
            self._out[branch] = work

    def _request(self, work: _Work) -> Request:
        publish = work.publish
        fields = [
            ("Max-Forwards", "70"),
            ("From", f"<{publish.sender or publish.target}>;tag={work.tag}"),
            ("To", f"<{publish.target}>"),
            ("Call-ID", work.call_id),
            ("CSeq", f"{work.cseq} PUBLISH"),
            ("User-Agent", _USER_AGENT),
            *publish.fields(),
        ]
        built = request("PUBLISH", publish.target, fields, publish.sent_body)
        work.signed = False
        if credential := self._current_credential():
            for name, value in self._digest.fields(*credential, "PUBLISH", str(built.uri)):
                built.headers.add(name, value)
                work.signed = True
        self.signed += work.signed
        return built

    def _current_credential(self) -> tuple[str, str] | None:
        credential = self._sign_in()
        if credential != self._credential:
            self._credential = credential
            self._digest.forget()
        return credential

    # --- outcomes ---------------------------------------------------------------------------
    def _settle(self, now: float) -> None:
        for event in self._transactions.events():
            work = self._out.pop(event.branch, None)
            if work is not None:
                self._event(event, work, now)
        self._pump(now)

    def _event(self, event: Event, work: _Work, now: float) -> None:
        match event:
            case Answered(_, response):
                self._answered_at = now
                self._answered(response, work, now)
            case Silent():
                self._silent(work, now)
            case Lost(_, reason):
                work.tries += _MAX_TRIES if work.lost else 0
                work.lost = True
                self._again_or(work, Declined("unreachable", reason, work.publish.etag))

    def _answered(self, response: Response, work: _Work, now: float) -> None:
        if response.code in (401, 407):
            self._challenged(response, work, now)
            return
        if response.code == 403 and work.signed and not self.proven:
            self._maybe_refused(now)
        elif response.code not in (403, 503):
            self.proven = True
            self._forbidden = 0
        step = judge(work.publish, response)
        if isinstance(step, Again):
            if response.code == 423:
                self._least_expires = max(self._least_expires, step.publish.expires)
            work.publish = step.publish
            self._again_or(work, Declined("bad-answer", "the server changes its mind endlessly"))
            return
        self._outcomes.append((work.key, step))
        if response.code == 503 and isinstance(step, Declined) and step.retry_after:
            self._close(now, step.retry_after, step, gate=True)

    def _again_or(self, work: _Work, otherwise: Declined) -> None:
        if work.tries < _MAX_TRIES:
            self._queue.appendleft(work)
        else:
            self._outcomes.append((work.key, otherwise))

    def _silent(self, work: _Work, now: float) -> None:
        declined = Declined("unreachable", "the server does not answer", work.publish.etag)
        self._outcomes.append((work.key, declined))
        if self._answered_at < work.began:  # not one lost answer: nobody is there
            self._abandon(now)

    def _abandon(self, now: float) -> None:
        """A connection may be dead without knowing, an address may have moved: start afresh."""
        if self._flow is not None:
            self._abandoned.append(self._flow)
            del self._flows[self._transport]
        self.unreachable("the server does not answer", now)

    # --- sign-in ----------------------------------------------------------------------------
    def _challenged(self, response: Response, work: _Work, now: float) -> None:
        if self._credential is None:
            self._refuse(work, "the server asks for a sign-in and none is configured", now)
            return
        challenge = self._digest.challenged(response)
        if challenge is None:
            self._refuse(work, "the server offers no digest sign-in we know", now)
        elif work.signed and work.fresh and not challenge.stale:
            self._refuse(work, "user name or password is refused", now)
        else:
            self.proven = self.proven and (challenge.stale or not work.signed)
            work.fresh = True
            self._again_or(work, Declined("sign-in", "the server challenges endlessly"))

    def _maybe_refused(self, now: float) -> None:
        """Some servers say 403 to a wrong password: twice in a row without success is enough."""
        self._forbidden += 1
        if self._forbidden >= 2:
            self._forbidden = 0
            self._shut(now, "the server forbids whatever this account publishes (403)")

    def _refuse(self, work: _Work, message: str, now: float) -> None:
        self._outcomes.append((work.key, Declined("sign-in", message, work.publish.etag)))
        self._shut(now, message)

    def reopen(self) -> None:
        """Let a refused credential be tried again: somebody says that it is in order."""
        if self._closed is not None and self._closed[1].code == "sign-in":
            self._closed = None
        self._forbidden = 0

    def _shut(self, now: float, message: str) -> None:
        self.proven = False
        self.refusals += 1
        self._digest.forget()
        self._close(now, self._limits.rest_seconds, Declined("sign-in", message), gate=True)

    def _close(self, now: float, seconds: float, why: Declined, *, gate: bool) -> None:
        """Give everything waiting back; with ``gate`` take nothing more for so long."""
        if gate:
            self._closed = (now + seconds, why)
        waiting, self._queue = self._queue, deque()
        for work in waiting:
            self._outcomes.append(
                (work.key, Declined(why.code, why.message, work.publish.etag, seconds))
            )

    def _gate(self, now: float) -> bool:
        if self._closed is None:
            return True
        until, why = self._closed
        if now < until and (why.code != "sign-in" or self._sign_in() == self._credential):
            return False
        self._closed = None
        return True

    def _decline(self, key: int, publish: Publish, now: float) -> None:
        until, why = self._closed or (now, Declined("unreachable", "closed"))
        self._outcomes.append((key, Declined(why.code, why.message, publish.etag, until - now)))
