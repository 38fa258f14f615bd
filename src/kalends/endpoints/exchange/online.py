"""Exchange Online over EWS, which ends: what that looks like, and what to do about it.

Microsoft switches EWS off tenant by tenant from 1 October 2026, unless ``EWSEnabled`` is set and
the application is on the tenant's list, and for everybody on 1 April 2027. A tenant that is
switched off refuses every mailbox at once; that is no wrong password, and nobody should go looking
for one.
"""

from __future__ import annotations

from typing import Final

from kalends.endpoints.exchange.known import Mailbox
from kalends.errors import SignInNeeded, SourceTrouble
from kalends.net.signin import NoGrant
from kalends.wire.ews.errors import Answered

ENDS: Final = (
    "Exchange Online ends EWS on 1 April 2027 for everybody; its successor is Microsoft Graph"
)
_END: Final = 1_806_537_600.0
"""2027-04-01T00:00:00Z."""
_MANY: Final = 3
"""Mailboxes refused in a row, none answering in between, that mean: all of them."""


def days_left(now: float) -> int:
    """Return how many days EWS has left there; 0: none."""
    return max(0, int((_END - now) // 86_400))


class EwsDisabled(SignInNeeded):
    """The tenant has no EWS any more."""

    remedy = (
        "Let the tenant's administrator set EWSEnabled and add this application to "
        "EWSAllowedAppIDs (possible until 1 April 2027), or move this source to Microsoft Graph."
    )


class Refusals:
    """Counts refusals of a tenant that say nothing about single mailboxes."""

    def __init__(self) -> None:
        self._refused: set[Mailbox] = set()
        self._granted = True
        """Not so: no token was to be had last, so that nobody was asked."""

    def answered(self) -> None:
        """Note that somebody was served."""
        self._refused.clear()
        self._granted = True

    def judged(self, mailbox: Mailbox, error: SourceTrouble) -> SourceTrouble:
        """Return what a refusal of Exchange Online means."""
        told = error.fault.code if isinstance(error, Answered) else ""
        signed_in = isinstance(error, SignInNeeded) and not isinstance(error, Answered)
        if told not in ("HTTP 401", "HTTP 403") and not signed_in:
            return error
        self._granted = self._granted and not isinstance(error, NoGrant)
        if signed_in and not self._granted:
            return error  # a refusal of the token's issuer, or the breaker's for the same reason
        self._refused.add(mailbox)
        # A token was granted: a 401 is not about a password. One 403 may be about one mailbox.
        if told == "HTTP 403" and len(self._refused) < _MANY:
            return error
        at = error.at if isinstance(error, SignInNeeded) else None
        return EwsDisabled("Exchange Online refuses every mailbox: EWS is switched off there", at)
