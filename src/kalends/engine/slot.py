"""One opened source with its pacing: what waits to be read, what is being read, how it fares.

Place in the flow: ``sync`` moves calendars from the agenda into a slot's queues and starts as
many reads as the slot's gate allows. ``refresh`` does one read.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Flag

from kalends.calendars.contract import CalendarSource, Forgets
from kalends.engine.debounce import Debounce, Key
from kalends.engine.gate import Gate

DAY = 86_400.0
STORING = 64
"""Answers that may wait to be stored before no more calendars are asked."""


class After(Flag):
    """What is owed to a calendar once its read is finished."""

    NOTHING = 0
    AGAIN = 1
    """There was news meanwhile: read once more."""
    POLL = 2
    """Its poll has to be entered anew."""


@dataclass(frozen=True, slots=True)
class Failing:
    """Why a calendar cannot be read, though its endpoint may be well."""

    since: float
    """Wall seconds of the first failure since the last success; of an endpoint's, its last."""
    code: str
    message: str
    remedy: str


@dataclass(slots=True)
class Slot:
    """A source of one organization, open."""

    number: int
    organization: str
    source: str
    reader: CalendarSource
    poll_seconds: float
    gate: Gate
    debounce: Debounce
    hinted: deque[Key] = field(default_factory=deque)
    """Calendars with news, first come first served; read before the others."""
    doubted: dict[Key, None] = field(default_factory=dict)
    """Calendars whose news may have been missed; read after those with news."""
    waiting: OrderedDict[Key, None] = field(default_factory=OrderedDict)
    """Calendars whose poll has come, first come first served."""
    sooner: set[Key] = field(default_factory=set)
    """Calendars to be read again for their news before their poll comes: one call each."""
    early: set[Key] = field(default_factory=set)
    """Calendars whose poll comes early: their last one failed, or there was more to it."""
    reading: dict[Key, After] = field(default_factory=dict)
    """Calendars being read, and what is owed to them afterwards."""
    storing: set[Key] = field(default_factory=set)
    """Those of them whose source has answered: they take no connection any more."""
    trouble: Failing | None = None
    """The endpoint's last trouble, in words: the error itself would keep alive what was read."""
    closed: bool = False
    """Let go of: what is still being read counts no more."""
    failing: dict[Key, Failing] = field(default_factory=dict)
    """Calendars that fail by themselves."""
    last_success: float | None = None
    """Wall seconds of the last answer, for the sync age."""
    stale_marked: bool = False
    """Whether all calendars were marked stale in this outage."""
    mark_again: float = 0.0
    """Not marked before (monotonic seconds): the store was in trouble."""
    relocate: bool = False
    """The source's address was changed: addresses that were located are located anew."""
    moved: set[Key] = field(default_factory=set)
    """Calendars that may not be where they were located any more."""
    full_reads: int = 0
    """Reconciling full reads running now; at most one."""
    reread: set[Key] | None = None
    """After the clock went back: calendars read whole since. What was forgotten as finished may
    lie ahead again. None: no need."""
    reads: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    """Failed reads by the code of their trouble."""
    skipped: dict[Key, int] = field(default_factory=dict)
    """Calendars of which broken bookings were left out at their last read, and how many."""

    @property
    def pause(self) -> float:
        """Seconds between two polls of a calendar; uploads are only looked after."""
        return DAY / 4 if self.reader.capabilities.uploads else self.poll_seconds

    def wants(self) -> bool:
        """Tell whether anything waits."""
        return bool(self.hinted or self.doubted or self.waiting)

    def startable(self, now: float) -> Iterator[tuple[Key, bool]]:
        """Yield (calendar, hinted) to start reading now, marking each as being read."""
        while self.wants() and self.gate.free(now) > 0 and len(self.storing) < STORING:
            key, hinted = self._next()
            owed = After.AGAIN if hinted else After.POLL
            if key in self.reading:
                self.reading[key] |= owed
                continue
            self.reading[key] = After.NOTHING if hinted else owed
            self.gate.in_flight += 1
            yield key, hinted

    def _next(self) -> tuple[Key, bool]:
        """Remove and return who is read next, and whether for a hint."""
        if self.hinted:
            key = self.hinted.popleft()
            self.doubted.pop(key, None)
            return key, True
        if self.doubted:
            key = next(iter(self.doubted))
            del self.doubted[key]
            return key, True
        key, _ = self.waiting.popitem(last=False)
        return key, False

    def answered(self, key: Key) -> None:
        """Note that the source has answered: while that is stored, another may be asked."""
        if key in self.reading and key not in self.storing:
            self.storing.add(key)
            self.gate.in_flight -= 1

    def finished(self, key: Key) -> bool:
        """Note the end of a read, whatever came of it; tell whether its next poll is owed."""
        if key in self.storing:
            self.storing.remove(key)
        else:
            self.gate.in_flight -= 1
        owed = self.reading.pop(key, After.NOTHING)
        if After.AGAIN in owed:
            self.hinted.append(key)
        if not self.wants():
            self.gate.recovering = False
        return After.POLL in owed

    def common_trouble(self) -> Failing | None:
        """Return what most of the failing calendars suffer from; None where all are well."""
        codes = Counter(one.code for one in self.failing.values())
        if not codes:
            return None
        [(worst, _)] = codes.most_common(1)
        return min(
            (one for one in self.failing.values() if one.code == worst),
            key=lambda one: one.since,
        )

    def barren_since(self) -> float | None:
        """Return since when (wall seconds) calendars fail and none was read; None: it is well.

        What began to fail before the last success tells nothing: one calendar may be gone for
        weeks, and a read that was under way ends well after the first failure of many.
        """
        last = self.last_success
        return min(
            (one.since for one in self.failing.values() if last is None or one.since > last),
            default=None,
        )

    def left_out(self, key: Key, count: int) -> None:
        """Note how many broken bookings a calendar has now."""
        if count:
            self.skipped[key] = count
        else:
            self.skipped.pop(key, None)

    def drop_poll(self, key: Key) -> bool:
        """Drop the poll of a calendar that has come already; False: it is still to come."""
        if key in self.waiting:
            del self.waiting[key]
            return True
        if After.POLL in self.reading.get(key, After.NOTHING):
            self.reading[key] &= ~After.POLL
            return True
        return False

    def forget(self, key: Key) -> None:
        """Drop what is remembered of a calendar that is no more."""
        self.failing.pop(key, None)
        self.moved.discard(key)
        self.skipped.pop(key, None)
        self.doubted.pop(key, None)
        self.sooner.discard(key)
        self.early.discard(key)
        self.debounce.forget(key)
        if isinstance(self.reader, Forgets):
            self.reader.forget(*key)
