"""How an alarm gets to its channels: told once, owed while a channel is away, no storm.

Place in the flow: ``alarms`` finds what is news; a ``Post`` brings it to one channel
(``channels``), tries again what could not be told, and looks once a day at the certificate of the
server it goes through: a mail server is asked for nothing for months, and then it matters.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, runtime_checkable

from kalends import observe
from kalends.errors import CertificateRefused

log = observe.logger(__name__)

INTERVAL: Final = 30.0
"""Seconds between two looks for alarms."""
TELL_SECONDS: Final = 60.0
"""A channel that takes longer is tried again at the next look."""
LONGEST_PAUSE: Final = 900.0
MOST_AT_ONCE: Final = 100
LOOK_SECONDS: Final = 86_400.0
"""A server's certificate is looked at so often, where nothing was sent meanwhile …"""
LOOK_AGAIN: Final = 3600.0
"""… and again so soon where that failed."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing somebody must look after. No personal data."""

    key: str
    """Stable: ``source-stale/acme/dav``."""
    text: str
    remedy: str = ""
    over: bool = False
    """It has ended."""


class Channel(Protocol):
    """Where alarms go."""

    async def tell(self, alarms: Sequence[Alarm]) -> None:
        """Send; what is raised is logged, and told again at the next look."""


@runtime_checkable
class Secured(Protocol):
    """A channel through a server whose certificate is looked after."""

    kind: str
    """In keys of alarms: ``mail``."""

    @property
    def server(self) -> str:
        """What people call it: ``mail server mail.acme.example``."""

    @property
    def certificate_expires_at(self) -> float | None:
        """When the certificate seen last ends, UTC seconds; None: none was seen."""

    async def look(self) -> None:
        """Connect to see the certificate, and tell nothing."""


@dataclass(slots=True)
class Post:
    """A channel, and what it could not be told yet."""

    channel: Channel
    owed: dict[str, Alarm] = field(default_factory=dict)
    """By key: only the last word about a thing is still worth telling."""
    failures: int = 0
    again_at: float = 0.0
    """Monotonic seconds before which a channel that failed is left alone."""

    look_at: float = 0.0
    """Monotonic seconds at which the server's certificate is looked at next."""
    refused: CertificateRefused | None = None
    """Why its certificate was refused, where it was when it was met last."""

    @property
    def secured(self) -> Secured | None:
        """Return the channel where it goes through a server with a certificate."""
        return self.channel if isinstance(self.channel, Secured) else None

    async def tell(self, news: Sequence[Alarm], now: float) -> None:
        """Tell news, and what is owed; what cannot be told stays owed."""
        for alarm in news:
            self._owe(alarm)
        if self.owed and now >= self.again_at:
            await self._send(now)
        elif self.secured is not None and now >= self.look_at:
            await self._look(self.secured, now)

    async def _send(self, now: float) -> None:
        told = list(self.owed.values())[:MOST_AT_ONCE]
        try:
            async with asyncio.timeout(TELL_SECONDS):
                await self.channel.tell(told)
        except Exception as error:  # an alarm that cannot be sent must not stop the engine
            log.exception("alarm.unsent", exc_info=error)
            self.failures += 1
            self.again_at = now + min(LONGEST_PAUSE, INTERVAL * 2 ** (self.failures - 1))
            self._met(error)
            return
        self.failures = 0
        self.look_at = now + LOOK_SECONDS
        self._met(None)
        for alarm in told:
            self.owed.pop(alarm.key, None)

    async def _look(self, secured: Secured, now: float) -> None:
        self.look_at = now + LOOK_SECONDS
        try:
            async with asyncio.timeout(TELL_SECONDS):
                await secured.look()
        except Exception as error:  # whatever it is, alarms are looked for all the same
            log.exception("alarm.server", exc_info=error)
            self.look_at = now + LOOK_AGAIN
            self._met(error)
            return
        self._met(None)

    def _met(self, error: Exception | None) -> None:
        """Note what became of a meeting; only one that works ends a refusal."""
        if error is None or isinstance(error, CertificateRefused):
            self.refused = error

    def _owe(self, alarm: Alarm) -> None:
        """Note what is to be told; what began and ended untold need not be."""
        known = self.owed.pop(alarm.key, None)
        if not (alarm.over and known is not None and not known.over):
            self.owed[alarm.key] = alarm
