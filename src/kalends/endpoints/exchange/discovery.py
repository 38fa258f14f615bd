"""Finds the server of a mailbox: ``wire.autodiscover`` with the guarded client at its hands.

Where it worked once is asked first from then on, so that a large organization costs one request
per mailbox. A failed sign-in at one candidate does not end it, a second one does; every candidate
that may not see the credential is told to the administrator and not asked.

A host that refuses the credential where another takes it (the domain's web site, say) costs one
failed sign-in a day: the first walk of a source is made by one mailbox while the others wait for
what it learns. Two of them at once would use up what the breaker allows in an hour (promise 7).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from kalends.endpoints.exchange.clients import Clients
from kalends.endpoints.exchange.options import ExchangeOptions
from kalends.errors import NotFound, RetryLater, SignInNeeded, SourceTrouble, Unreachable
from kalends.model.http import Request, Response
from kalends.net.contract import Limits
from kalends.wire.autodiscover.candidates import Candidate, Service
from kalends.wire.autodiscover.outcome import Found
from kalends.wire.autodiscover.redirects import host
from kalends.wire.autodiscover.walk import Walk

Records = Callable[[str], Awaitable[list[Service]]]
"""Looks up the SRV records of a name; empty where there are none."""

_LIMITS: Final = Limits(seconds=20.0, body_bytes=1 << 20)
_REASONS: Final = 3
"""Told to the administrator; the rest is more of the same."""
_SHUNNED_SECONDS: Final = 86_400.0
"""A host that refused a credential which another one took is not asked again for so long."""


class Discovery:
    """Autodiscover for the mailboxes of one source."""

    def __init__(
        self,
        clients: Clients,
        options: ExchangeOptions,
        records: Records,
        now: Callable[[], float],
    ) -> None:
        self._clients = clients
        self._options = options
        self._records = records
        self._now = now
        self._worked: Candidate | None = None
        self._first = asyncio.Lock()
        self._shunned: dict[str, float] = {}
        """Host → until when (monotonic)."""

    async def find(self, address: str) -> Found:
        """Return where a mailbox is.

        Raises ``NotFound`` where nobody knows it, ``SignInNeeded``, ``Unreachable`` where no
        candidate could be asked.
        """
        if self._worked is not None:
            return await self._find(address)
        async with self._first:
            return await self._find(address)

    async def _find(self, address: str) -> Found:
        walk = self._walk(address)
        lost: list[RetryLater] = []
        refusals: dict[str, SignInNeeded] = {}
        while not walk.done:
            where = walk.ask().candidate.where
            try:
                await self._step(walk)
            except RetryLater as error:
                lost.append(error)
                walk.failed(error.code)
            except SignInNeeded as error:
                refusals[host(where)] = error
                walk.told(Response(401))
            except SourceTrouble as error:
                walk.failed(error.code)
        if walk.signed_in:
            self._shunned |= dict.fromkeys(refusals, self._now() + _SHUNNED_SECONDS)
        if walk.found is not None:
            self._worked = walk.answered
            return walk.found
        if refusals and walk.sign_in_needed:
            raise list(refusals.values())[-1]
        raise _nothing(walk, lost)

    def _walk(self, address: str) -> Walk:
        now = self._now()
        shunned = frozenset(host for host, until in self._shunned.items() if now < until)
        try:
            return Walk(address, self._clients.allowed, self._options.domain, self._worked, shunned)
        except ValueError as error:
            raise NotFound("the person's address is none that mail could reach") from error

    async def _step(self, walk: Walk) -> None:
        ask = walk.ask()
        if ask.request is None:
            walk.services(await self._records(ask.candidate.where))
            return
        walk.told(await self._send(ask.candidate, ask.request))

    async def _send(self, candidate: Candidate, request: Request) -> Response:
        clients = self._clients
        if candidate.credential:
            client = await clients.signed(candidate.where)
        else:
            client = await clients.unsigned(candidate.where)
        return await client.send(request, limits=_LIMITS, follow=False)


def _nothing(walk: Walk, lost: list[RetryLater]) -> SourceTrouble:
    """Return why nothing was found; a network that failed says nothing about the mailbox."""
    told = "; ".join(walk.reasons[:_REASONS])
    if (lost or walk.troubled) and not any("it says" in reason for reason in walk.reasons):
        at = lost[-1].at if lost else None
        return Unreachable(f"Autodiscover could not be asked: {told}", at)
    trouble = NotFound(f"Autodiscover knows no server for this address: {told}")
    hosts = sorted({url.split("/")[2] for url in walk.refused})
    if hosts:
        names = ", ".join(f'"{host}"' for host in hosts)
        trouble.remedy = f"If these hosts are yours, allow them: allowed_hosts = [{names}]."
    else:
        trouble.remedy = "Correct the person's address, or give the source its url."
    return trouble
