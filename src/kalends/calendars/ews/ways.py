"""In which way a mailbox may be read: the best that works, and a better one tried now and then.

``access = "auto"`` tries impersonation, then delegate access, then busy times, and remembers what
worked. Rights take minutes to become active: while a mailbox is read in a lesser way, the better
ones are tried every five minutes for an hour, then hourly, as the engine does with a mailbox that
is denied in every way. A refusal of this kind touches no breaker: the account did sign in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from kalends.calendars.ews.rights import grant
from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.known import ORDER, Access, Mailbox
from kalends.errors import AccessDenied, SourceTrouble
from kalends.wire.ews.errors import Answered, Reaction

SOON: Final = 300.0
SOON_TRIES: Final = 12
LATER: Final = 3600.0
_REFUSALS: Final = frozenset({Reaction.OUT_OF_SCOPE, Reaction.ROLE_MISSING, Reaction.DENIED})


class _Nobody(NamedTuple):
    """A server where impersonation is tried for nobody new."""

    until: float = 0.0
    """Monotonic."""
    tries: int = 0


class Ways:
    """What each mailbox of a source allows."""

    def __init__(self, endpoint: ExchangeEndpoint) -> None:
        self._endpoint = endpoint
        self._nobody: dict[str, _Nobody] = {}
        """By server: where the account has no such role, which one mailbox is enough to find out.
        On 2007 it is a right on each server of its own."""

    def order(self, mailbox: Mailbox) -> tuple[Access, ...]:
        """Return the ways to try now, first to last."""
        wanted = self._endpoint.options.access
        if wanted != "auto":
            return (Access(wanted),)
        known = self._endpoint.known(mailbox)
        now = self._endpoint.runtime.monotonic()
        ways: tuple[Access, ...] = ORDER
        if known.access is not None and now < known.next_try:
            ways = ORDER[ORDER.index(known.access) :]
        # Who is read so finds out alone: others behind the same address may lie at another server.
        if known.access is not Access.IMPERSONATION and now < self._nobody_at(mailbox).until:
            ways = tuple(one for one in ways if one is not Access.IMPERSONATION)
        return ways or (Access.IMPERSONATION,)

    def worked(self, mailbox: Mailbox, access: Access, *, refused: bool) -> None:
        """Note that a mailbox was read in some way, after better ways were ``refused`` or not."""
        known = self._endpoint.known(mailbox)
        known.access = access
        if access is Access.IMPERSONATION:
            known.tries, known.next_try = 0, 0.0
            self._nobody.pop(self._endpoint.url_of(mailbox), None)
        elif refused:
            known.tries += 1
            # A role that is missing for everybody is tried for everybody at once.
            until = self._nobody_at(mailbox).until
            nobody = self._endpoint.runtime.monotonic() < until
            known.next_try = until if nobody else self._again(known.tries)

    def refused(self, mailbox: Mailbox, access: Access, error: Answered) -> None:
        """Note that a way was refused."""
        if access is Access.IMPERSONATION and error.reaction is Reaction.ROLE_MISSING:
            tries = self._nobody_at(mailbox).tries + 1
            self._nobody[self._endpoint.url_of(mailbox)] = _Nobody(self._again(tries), tries)

    def denied(self, mailbox: Mailbox, refusals: Mapping[Access, Answered]) -> SourceTrouble:
        """Return why a mailbox cannot be read in any way, with the command that would help."""
        told = ", ".join(f"{access} {error.fault.code}" for access, error in refusals.items())
        trouble = AccessDenied(f"the mailbox lets the account in by none of: {told}")
        best = next(iter(refusals))
        trouble.remedy = self.command(mailbox, best)
        return trouble

    def command(self, mailbox: Mailbox, access: Access) -> str:
        """Return what an administrator types to allow a way of reading a mailbox."""
        endpoint = self._endpoint
        user = endpoint.options.username or "the service account"
        address = endpoint.known(mailbox).primary or mailbox.address
        return grant(access, endpoint.server(mailbox), user, address)

    def _nobody_at(self, mailbox: Mailbox) -> _Nobody:
        return self._nobody.get(self._endpoint.url_of(mailbox), _Nobody())

    def _again(self, tries: int) -> float:
        wait = SOON if tries <= SOON_TRIES else LATER
        return self._endpoint.runtime.monotonic() + self._endpoint.runtime.jitter(wait)


def refuses(error: Answered) -> bool:
    """Tell whether an error says that this way of reading is not allowed, others may be.

    An answer without an envelope speaks of the server, and a wrong address stays wrong.
    """
    return error.reaction in _REFUSALS and not error.fault.code.startswith("HTTP ")
