"""An Exchange as far as notifications go, on virtual time, for the planner alone.

It delivers, loses, cuts, falls silent and forgets as real servers do; nothing here shares code with
the planner. ``told`` holds every hint with its time.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from kalends.calendars.notify.actions import (
    AskReply,
    Close,
    Glance,
    Open,
    Pull,
    Subscribe,
    Tell,
    Unsubscribe,
)
from kalends.calendars.notify.planner import Planner
from kalends.calendars.notify.values import Glanced, Key, Mode, Site
from kalends.calendars.notify.verdict import Verdict, What
from kalends.wire.ews.events import Event, Notification
from kalends.wire.ews.subscribe import Subscription
from kalends.wire.ews.versions import Version

LATENCY = 0.05
OFF = 1
"""Print of an automatic reply that is off."""
HEARTBEAT = 45.0
CHANGE = Event("ModifiedEvent", "mark")
STREAMS = Site("https://mail.example/EWS/Exchange.asmx", grouping="dag1")
PULLS = Site("https://old.example/EWS/Exchange.asmx", Mode.PULL, version=Version.E2007_SP1)


@dataclass
class Held:
    """A subscription on the server."""

    address: str
    pending: int = 0
    group: str = ""
    """Cookie of the group it was made for."""


@dataclass
class Wire:
    """A stream, as the server sees it."""

    subscriptions: tuple[str, ...]
    minutes: int
    deaf: bool = False
    """What the server writes never arrives."""
    mute: bool = False
    """Signs of life arrive, news does not."""


@dataclass
class Exchange:
    """The server and the network, driven by its own queue of events."""

    planner: Planner
    now: float = 1000.0
    down: bool = False
    busy_until: float = 0.0
    refusals: dict[str, Verdict] = field(default_factory=dict)
    """Address → what subscribing is answered with."""
    limit: int = 0
    """Subscriptions at once; 0: any."""
    names_dead_at_once: bool = True
    streams_offered: bool = True
    gathered: bool = False
    """A proxy passes nothing of a stream on before its end."""
    mute: bool = False
    """Streams opened now will bring signs of life and no news."""
    lingers: bool = False
    """A stream that another took over is not told so, and stays."""
    deaf: set[str] = field(default_factory=set)
    """Subscriptions that are called good and never served."""
    silent: set[str] = field(default_factory=set)
    """Addresses whose busy times are not told."""
    edits: Counter[str] = field(default_factory=Counter)
    """Address → how often its busy times changed."""
    replies: dict[str, int] = field(default_factory=dict)
    """Address → print of its automatic reply, where it is not ``OFF``."""
    tips: bool = True
    """False: nobody is told of automatic replies."""
    unlike: set[str] = field(default_factory=set)
    """Addresses whose replies are otherwise than their settings were known."""
    asked_reply: list[str] = field(default_factory=list)
    """Whose reply the next read is to ask for."""
    refusing: dict[str, Verdict] = field(default_factory=dict)
    """Address → what asking for busy times is refused with where it is the first asked for."""
    subscriptions: dict[str, Held] = field(default_factory=dict)
    wires: dict[int, Wire] = field(default_factory=dict)
    told: list[tuple[float, Key, bool]] = field(default_factory=list)
    log: list[object] = field(default_factory=list)
    """Every action, in order."""
    called_off: list[str] = field(default_factory=list)
    flying: int = 0
    most_flying: int = 0
    """Requests unanswered at once, at most."""
    _queue: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _number: int = 0

    # --- the world ----------------------------------------------------------------------------
    def change(self, address: str) -> None:
        """Somebody edits a calendar."""
        self.edits[address] += 1
        for key, held in self.subscriptions.items():
            if held.address == address:
                held.pending += 1
                self._flush(key)

    def deafen(self, address: str) -> None:
        """Never serve the subscription a mailbox has now."""
        self.deaf |= {key for key, held in self.subscriptions.items() if held.address == address}

    def kill(self, *addresses: str) -> None:
        """Forget subscriptions, as a restart does."""
        gone = [k for k, h in self.subscriptions.items() if not addresses or h.address in addresses]
        for key in gone:
            del self.subscriptions[key]
        if self.names_dead_at_once:
            for line, wire in list(self.wires.items()):
                dead = tuple(one for one in wire.subscriptions if one in gone)
                if dead:
                    self._end_naming(line, wire, dead)

    def cut(self, *, in_order: bool = False) -> None:
        """Break every connection; what is on its way is lost."""
        for line in list(self.wires):
            del self.wires[line]
            self._end(line, None if in_order else Verdict(What.DOWN))

    def silence(self) -> None:
        """Let every open connection hang, half closed."""
        for wire in self.wires.values():
            wire.deaf = True

    def heal(self) -> None:
        """End every fault; connections that hang go on hanging."""
        self.down, self.busy_until, self.limit = False, 0.0, 0
        self.gathered = self.mute = False
        self.refusals.clear()
        self.names_dead_at_once = True

    def poll(self, key: Key, site: Site = STREAMS, *, changed: bool = False) -> None:
        """The source reads a mailbox by its poll."""
        self.planner.register(key, address(key), site, self.now, changed=changed)

    # --- time ---------------------------------------------------------------------------------
    def advance(self, seconds: float) -> None:
        """Let time pass, doing everything at its moment."""
        self._obey()
        until = self.now + seconds
        steps = 0
        while True:
            steps += 1
            assert steps < 5_000 + 50 * seconds, "the planner spins"
            times = [until]
            if self._queue:
                times.append(self._queue[0][0])
            wake = self.planner.next_at()
            if wake is not None:
                times.append(max(wake, self.now))
            at = min(times)
            if at >= until and not (wake is not None and wake <= until):
                break
            self.now = at
            while self._queue and self._queue[0][0] <= at:
                heapq.heappop(self._queue)[2]()
                self._obey()
            self.planner.tick(self.now)
            self._obey()
            if at >= until:
                break
        self.now = until

    def of(self, kind: type) -> list[object]:
        """Return the actions of a kind so far."""
        return [one for one in self.log if isinstance(one, kind)]

    def hints(self, key: Key, since: float = 0.0) -> int:
        """Count the hints of a calendar since a moment."""
        return sum(1 for at, told, _ in self.told if told == key and at >= since)

    # --- obeying the planner ----------------------------------------------------------------
    def _obey(self) -> None:
        while actions := self.planner.take():
            for action in actions:
                self.log.append(action)
                self._do(action)

    def _do(self, action: object) -> None:
        match action:
            case Tell():
                self.told.append((self.now, action.key, action.sure))
            case Subscribe():
                self._fly()
                self._later(LATENCY, lambda: self._subscribe(action))
            case Unsubscribe():
                self.called_off.append(action.subscription)
                self._later(LATENCY, lambda: self._unsubscribe(action.subscription))
            case Open():
                self._later(LATENCY, lambda: self._open(action))
            case Close():
                self.wires.pop(action.line, None)
            case Pull():
                self._fly()
                self._later(LATENCY, lambda: self._pull(action))

            case AskReply():
                self.asked_reply.append(action.address)
            case Glance():
                self._later(LATENCY, lambda: self._glance(action))

    def _glance(self, asked: Glance) -> None:
        verdict = self.refusing.get(asked.addresses[0]) or self._trouble()
        if verdict is not None:
            self.planner.glance_failed(asked, verdict, self.now)
            return

        def look(address: str, day: int) -> int:
            told = day and address not in self.silent
            return 1000 * day + self.edits[address] if told else 0

        today = self.today
        prints = tuple(look(address, today) for address in asked.addresses)
        then = tuple(look(address, asked.day) for address in asked.addresses)
        off = OFF if self.tips else 0
        replies = tuple(self.replies.get(address, off) for address in asked.addresses)
        told = replies if asked.replies else ()
        found = Glanced(today, prints, then, told, frozenset(self.unlike))
        self.planner.glanced(asked, found, self.now)

    @property
    def today(self) -> int:
        return 1 + int(self.now // 86_400)

    def _fly(self) -> None:
        self.flying += 1
        self.most_flying = max(self.most_flying, self.flying)

    def _subscribe(self, asked: Subscribe) -> None:
        self.flying -= 1
        verdict = self._trouble() or self.refusals.get(asked.address)
        if verdict is None and asked.mode is Mode.STREAM and not self.streams_offered:
            verdict = Verdict(What.NOT_OFFERED)
        if verdict is None and self.limit and len(self.subscriptions) >= self.limit:
            verdict = Verdict(What.FULL)
        if verdict is not None:
            self.planner.refused(asked, verdict, self.now)
            return
        self._number += 1
        name = f"sub-{self._number}"
        cookie = dict(asked.route.cookies).get("X-BackEndOverrideCookie", f"be-{asked.group}")
        self.subscriptions[name] = Held(asked.address, group=cookie)
        mark = "" if asked.mode is Mode.STREAM else "0"
        cookies = (("X-BackEndOverrideCookie", cookie),)
        self.planner.subscribed(asked, Subscription(name, mark), self.now, cookies)

    def _unsubscribe(self, name: str) -> None:
        if self.subscriptions.pop(name, None) is None:
            return
        for line, wire in list(self.wires.items()):
            if name in wire.subscriptions and not wire.deaf:
                self._end_naming(line, wire, (name,))

    def _open(self, asked: Open) -> None:
        verdict = self._trouble()
        if verdict is not None:
            self.planner.ended(asked.line, verdict, self.now)
            return
        dead = tuple(one for one in asked.subscriptions if one not in self.subscriptions)
        wire = Wire(asked.subscriptions, asked.minutes, deaf=self.gathered, mute=self.mute)
        if dead:
            self._end_naming(asked.line, wire, dead)
            return
        for line, other in list(self.wires.items()):
            if set(other.subscriptions) & set(asked.subscriptions):
                if self.lingers:
                    other.subscriptions = ()
                    continue
                del self.wires[line]
                if not other.deaf:
                    self._say(line, trouble=Verdict(What.TAKEN))
        self.wires[asked.line] = wire
        self._say(asked.line)
        self._later(HEARTBEAT, lambda: self._beat(asked.line))
        self._later(asked.minutes * 60, lambda: self._finish(asked.line))
        for name in asked.subscriptions:
            self._flush(name)

    def _pull(self, asked: Pull) -> None:
        self.flying -= 1
        verdict = self._trouble()
        held = self.subscriptions.get(asked.subscription)
        if verdict is None and held is None:
            verdict = Verdict(What.GONE)
        if verdict is not None:
            self.planner.pull_failed(asked, verdict, self.now)
            return
        assert held is not None
        events = (CHANGE,) * min(held.pending, 50) or (Event("StatusEvent", asked.watermark),)
        more, held.pending = held.pending > 50, max(0, held.pending - 50)
        found = Notification(asked.subscription, events, asked.watermark, more)
        self.planner.pulled(asked, found, self.now)

    # --- streams ----------------------------------------------------------------------------
    def _flush(self, name: str) -> None:
        for line, wire in self.wires.items():
            held = self.subscriptions.get(name)
            if name in wire.subscriptions and held is not None and held.pending:
                held.pending = 0  # written; whether it arrives is another matter
                if not (wire.deaf or wire.mute or name in self.deaf):
                    self._say(line, (Notification(name, (CHANGE,)),))

    def _say(
        self,
        line: int,
        notifications: tuple[Notification, ...] = (),
        *,
        trouble: Verdict | None = None,
        closed: bool = False,
    ) -> None:
        wire = self.wires.get(line)

        def arrive() -> None:
            last = closed or trouble is not None
            if not last and (self.wires.get(line) is not wire or wire is None or wire.deaf):
                return
            self.planner.news(line, self.now, notifications, trouble=trouble, closed=closed)

        self._later(LATENCY, arrive)

    def _end(self, line: int, verdict: Verdict | None) -> None:
        self._later(LATENCY, lambda: self.planner.ended(line, verdict, self.now))

    def _end_naming(self, line: int, wire: Wire, dead: tuple[str, ...]) -> None:
        self.wires.pop(line, None)
        if wire.deaf:
            return
        gone = Verdict(What.GONE)
        self._later(LATENCY, lambda: self.planner.news(line, self.now, dead=dead, trouble=gone))

    def _beat(self, line: int) -> None:
        wire = self.wires.get(line)
        if wire is not None:
            if not wire.deaf:
                self._say(line)
            self._later(HEARTBEAT, lambda: self._beat(line))

    def _finish(self, line: int) -> None:
        wire = self.wires.pop(line, None)
        if wire is not None and not wire.deaf:
            self._say(line, closed=True)

    def _trouble(self) -> Verdict | None:
        if self.down:
            return Verdict(What.DOWN)
        if self.now < self.busy_until:
            return Verdict(What.BUSY, self.busy_until - self.now)
        return None

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._queue, (self.now + seconds, self._number, what))


def server(**options: object) -> Exchange:
    """Return a server with a fresh planner."""
    planner = Planner(random.Random(7), pull_seconds=30.0)
    return Exchange(planner, **options)  # type: ignore[arg-type]  # its own fields


def watch(exchange: Exchange, count: int, site: Site = STREAMS, first: int = 0) -> list[Key]:
    """Register mailboxes as the source does after a first read, and let them settle."""
    keys = [(f"p{number:04}", "main") for number in range(first, first + count)]
    for key in keys:
        exchange.planner.register(key, f"{key[0]}@acme.example", site, exchange.now)
    exchange.advance(30)
    return keys


def address(key: Key) -> str:
    """Return the address ``watch`` registers."""
    return f"{key[0]}@acme.example"
