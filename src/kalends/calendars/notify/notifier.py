"""What ``EwsSource`` holds of this package: mailboxes go in as they were read, hints come out."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from kalends.calendars.contract import Hearing, Hint
from kalends.calendars.notify.allowance import ceiling
from kalends.calendars.notify.callback import Callbacks
from kalends.calendars.notify.driver import Driver
from kalends.calendars.notify.pacing import POLLS_PER_SECOND, many, poll_after
from kalends.calendars.notify.planner import Planner
from kalends.calendars.notify.post import Post
from kalends.calendars.notify.values import Key, Mode, Site
from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.known import Access, Mailbox
from kalends.errors import Unreachable
from kalends.wire.ews.versions import Feature, offers

_SLOWEST_PULL: Final = 60.0
_FASTEST_PULL: Final = 10.0


class Notifier:
    """The notifications of one source."""

    def __init__(self, endpoint: ExchangeEndpoint) -> None:
        self._endpoint = endpoint
        self._wanted = endpoint.options.notify
        poll = float(endpoint.options.poll_seconds)
        self._planner = Planner(
            endpoint.runtime.random,
            pull_seconds=min(max(poll / 2, _FASTEST_PULL), _SLOWEST_PULL),
            parallel=max(1, endpoint.options.max_connections // 2),
            glance_beyond=many(POLLS_PER_SECOND),
        )
        options = endpoint.options
        self._callbacks = Callbacks(options.push_url, options.push_listen, self._called)
        """Open only while the source pushes."""
        post = Post(endpoint, self._callbacks.url)
        self._driver = Driver(endpoint.runtime, self._planner, post)
        self._sites: dict[Site, Site] = {}
        """Equal sites are one object: fifty thousand mailboxes share a few."""

    def seen(self, key: Key, mailbox: Mailbox, *, changed: bool = False) -> None:
        """Take up a mailbox that was just read, by whatever way worked.

        ``changed``: the read found a change since the last one, of which news should have come.
        """
        site = self._site(mailbox)
        if site is None:
            self._driver.forget(key)
        else:
            self._driver.register(key, mailbox.address, site, changed=changed)

    def take_news(self, key: Key) -> int:
        """See ``Planner.take_news``."""
        return self._planner.take_news(key)

    def forget(self, key: Key) -> None:
        """Drop a calendar that is no more."""
        self._driver.forget(key)

    def heard_by(self, key: Key) -> str:
        """Return ``streaming``, ``pull``, ``push``, ``waiting`` or ``poll``."""
        return self._planner.heard_by(key)

    def refresh_after(self, key: Key) -> float | None:
        """Return after how long a calendar need be polled again; None: as configured."""
        if self._planner.heard_by(key) not in (Mode.STREAM, Mode.PUSH, Mode.PULL):
            return None
        chance = self._endpoint.runtime.random
        return poll_after(len(self._planner), chance, POLLS_PER_SECOND)

    def counts(self) -> dict[str, int]:
        """Return how many mailboxes are heard by which mode."""
        return self._planner.counts()

    def mailbox(self, key: Key) -> Mailbox | None:
        """Return the mailbox of a calendar that was taken up."""
        address = self._planner.address(key)
        return None if address is None else Mailbox(address)

    def hearing(self, polled: int) -> Hearing:
        """Return how calendars are heard, beside so many that were never taken up."""
        counts = self._planner.counts()
        counts["poll"] = counts.get("poll", 0) + polled
        return Hearing(counts, self._planner.streams, self._planner.rebuilt)

    async def hints(self) -> AsyncGenerator[Hint, None]:
        """Yield hints, and work while somebody listens."""
        if self._wanted == "push":
            await self._listen()
        async with aclosing(self._driver.hints()) as told:
            async for hint in told:
                yield hint

    async def close(self) -> None:
        """Give subscriptions back."""
        await self._callbacks.close()
        await self._driver.close()

    @property
    def callbacks(self) -> Callbacks:
        """Return what servers that push call."""
        return self._callbacks

    async def _listen(self) -> None:
        try:
            await self._callbacks.open()
        except OSError as error:
            # Nothing is heard then; polling goes on, and the next try is seconds away.
            raise Unreachable(f"push_listen cannot be listened on ({error.strerror})") from error

    def _called(self, ticket: int, subscription: str | None, changes: int, lost: bool) -> bool:
        return self._driver.called(ticket, subscription, changes, lost)

    def _site(self, mailbox: Mailbox) -> Site | None:
        endpoint = self._endpoint
        known = endpoint.known(mailbox)
        mode = self._mode(mailbox)
        if mode is None or known.access in (None, Access.FREE_BUSY):
            return None
        impersonated = known.access is Access.IMPERSONATION
        server = endpoint.server(mailbox)
        site = Site(
            endpoint.url_of(mailbox),
            mode,
            known.grouping,
            endpoint.version(mailbox),
            impersonated,
            ceiling(server, mode, impersonated=impersonated),
        )
        return self._sites.setdefault(site, site)

    def _mode(self, mailbox: Mailbox) -> Mode | None:
        if self._wanted == "none":
            return None
        if self._wanted in ("pull", "push"):
            return Mode(self._wanted)
        streams = offers(self._endpoint.version(mailbox), Feature.STREAMING)
        return Mode.STREAM if streams else Mode.PULL
