"""Alarms: what somebody must look after, told once by mail and webhook, and once when it is over.

Looked at every half minute: stale sources, sources of which nothing can be read, refused
credentials, failing sinks, certificates near their end (30, 14, 7 and 1 day ahead; those of the
servers that alarms go through too), a due loop that lags. An alarm has a stable key; the same key
is told again only after a day. ``posts`` brings alarms to their channels.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

from kalends import observe
from kalends.engine.core import Core
from kalends.engine.due import LATE_SECONDS
from kalends.engine.gate import Shut
from kalends.engine.posts import INTERVAL, Alarm, Channel, Post
from kalends.engine.slot import Failing, Slot

log = observe.logger(__name__)

AGAIN: Final = 86_400.0
SINK_SECONDS: Final = 120.0
BARREN_SECONDS: Final = 120.0
"""A source that answers, and of which nothing can be read for so long, is told (a certificate that
was swapped, a sign-in page in front of it). Twice its poll, where that is longer."""
CERTIFICATE_DAYS: Final = (1, 7, 14, 30)


class Alarms:
    """Looks, compares with what was told, tells."""

    def __init__(self, core: Core, channels: Sequence[Channel]) -> None:
        self._core = core
        self._posts = [Post(channel) for channel in channels]
        self.active: dict[str, tuple[Alarm, float]] = {}
        """By key: the alarm and when it was raised."""

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self._core.runtime.sleep(INTERVAL)
            await self.look()

    async def look(self) -> list[Alarm]:
        """Look once; tell what is news, and what a channel could not be told; return the news."""
        now = self._core.runtime.monotonic()
        current = {alarm.key: alarm for alarm in self._found()}
        news: list[Alarm] = []
        for key, alarm in current.items():
            told = self.active.get(key)
            if told is None or now - told[1] >= AGAIN:
                self.active[key] = (alarm, now)
                news.append(alarm)
        for key in [key for key in self.active if key not in current]:
            alarm, _ = self.active.pop(key)
            if not any(_succeeds(one, key) for one in current):
                news.append(Alarm(key, alarm.text, over=True))
        await self._tell(news, now)
        return news

    async def _tell(self, news: list[Alarm], now: float) -> None:
        for alarm in news:
            log.warning("alarm.over" if alarm.over else "alarm", alarm=alarm.key)
        # At once: one that hangs keeps no other waiting.
        await asyncio.gather(*(post.tell(news, now) for post in self._posts))

    def _found(self) -> Iterable[Alarm]:
        yield from self._sources()
        yield from self._sinks()
        yield from self._certificates()
        for (owner, what, id), why in self._core.wiring.broken.items():
            yield Alarm(f"{what}-broken/{owner}/{id}", f"The {what} {id} cannot be opened: {why}")
        if self._core.due.behind > LATE_SECONDS:
            yield Alarm("due-lag", "Presence is more than ten seconds late.",
                        "Look at the load of this machine and its disk.")  # fmt: skip

    def _sources(self) -> Iterable[Alarm]:
        for slot in self._core.sync.slots.values():
            place = f"{slot.organization}/{slot.source}"
            trouble = slot.trouble
            why = trouble.message if trouble else "it does not answer"
            remedy = trouble.remedy if trouble else ""
            if slot.gate.shut is Shut.SIGN_IN:
                yield Alarm(f"sign-in/{place}", f"The source {place} refuses the sign-in.", remedy)
            elif slot.stale_marked:
                text = f"The calendars of {place} are stale: {why}."
                yield Alarm(f"source-stale/{place}", text, remedy)
            elif (failing := _barren(slot, self._core.runtime.now())) is not None:
                text = f"No calendar of {place} can be read: {failing.message}."
                yield Alarm(f"source-failing/{place}", text, failing.remedy)

    def _sinks(self) -> Iterable[Alarm]:
        now = self._core.runtime.now()
        for (owner, id), sink in self._core.wiring.sinks.items():
            figures = sink.pump.figures
            if figures.down_since is not None and now - figures.down_since > SINK_SECONDS:
                text = f"Nothing reaches the sink {owner}/{id}: {figures.code} {figures.message}"
                yield Alarm(f"sink-down/{owner}/{id}", text)

    def _certificates(self) -> Iterable[Alarm]:
        wiring, now = self._core.wiring, self._core.runtime.now()
        opened = [(name, one) for name, one in wiring.sources.items()]
        opened += [(name, sink.opened) for name, sink in wiring.sinks.items()]
        for (owner, id), one in opened:
            for client in wiring.opener.certified(one):
                place = f"{owner}/{id}"
                yield from _ending(f"certificate/{place}", f"The certificate of {place}",
                                   client.certificate_expires_at, now,
                                   "Renew it on that server.")  # fmt: skip
                yield from _ending(f"client-certificate/{place}",
                                   f"The certificate that {place} shows",
                                   client.client_certificate_expires_at, now,
                                   "Write a new one into its client_certificate.")  # fmt: skip
        for post in self._posts:
            if (secured := post.secured) is not None:
                yield from _ending(f"certificate/{secured.kind}",
                                   f"The certificate of the {secured.server}",
                                   secured.certificate_expires_at, now,
                                   "Renew it on that server.")  # fmt: skip
                if post.refused is not None:
                    yield Alarm(f"certificate-refused/{secured.kind}",
                                f"Alarms do not reach the {secured.server}: {post.refused}.",
                                post.refused.remedy)  # fmt: skip


def _ending(key: str, what: str, ends: float | None, now: float, remedy: str) -> Iterable[Alarm]:
    days = None if ends is None else days_left(ends - now)
    if days is not None:
        unit = "day" if days == 1 else "days"
        yield Alarm(f"{key}/{days}", f"{what} ends within {days} {unit}.", remedy)


def _succeeds(key: str, before: str) -> bool:
    """Tell whether an alarm takes another's place: a certificate whose end came nearer."""
    kinds = ("certificate/", "client-certificate/")
    return key.startswith(kinds) and key.rpartition("/")[0] == before.rpartition("/")[0]


def _barren(slot: Slot, now: float) -> Failing | None:
    """Return what keeps every calendar of a source that answers from being read, for long."""
    since = slot.barren_since()
    patience = max(BARREN_SECONDS, 2 * slot.poll_seconds)
    return slot.common_trouble() if since is not None and now - since > patience else None


def days_left(seconds: float) -> int | None:
    """Return the mark (30, 14, 7, 1 days) that was passed last; None: there is time."""
    return next((days for days in CERTIFICATE_DAYS if seconds <= days * 86_400), None)
