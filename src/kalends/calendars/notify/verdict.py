"""What an error means for notifications: the reaction table of ``wire.ews``, narrowed to a few.

An error of one mailbox never stops its group; an error of the way there never blames a mailbox.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from kalends.errors import (
    AccessDenied,
    CursorExpired,
    KalendsError,
    NotFound,
    RetryLater,
    SignInNeeded,
    Throttled,
)
from kalends.wire.ews.errors import Answered, NotOffered, Reaction


class What(StrEnum):
    """What to do about an error."""

    BUSY = "busy"
    """The budget asks for silence: this group is quiet for so long."""
    DOWN = "down"
    """Nothing answers: this group tries again, slower and slower."""
    GONE = "gone"
    """The subscription is no more: a new one, and a look."""
    FULL = "full"
    """No more subscriptions are allowed: this mailbox is polled."""
    POLL = "poll"
    """No notifications with these rights: this mailbox is polled."""
    MAILBOX = "mailbox"
    """Something is with this mailbox alone (moved, denied, its database): it rests."""
    SIGN_IN = "sign-in"
    """The credential is stopped: everything waits for a new one."""
    NOT_OFFERED = "not-offered"
    """The server is too old for this mode."""
    TAKEN = "taken"
    """A newer stream reads these subscriptions."""


class Verdict(NamedTuple):
    """What an error means."""

    what: What
    wait: float | None = None
    """Seconds of silence the other side asks for; None: our own back-off decides."""


_BY_REACTION: Final = {
    Reaction.REDISCOVER: What.MAILBOX,
    Reaction.RESUBSCRIBE: What.GONE,
    Reaction.WAIT_OTHER_STREAM: What.TAKEN,
    Reaction.POLL: What.POLL,
    Reaction.FULL: What.FULL,
    Reaction.STOP_CREDENTIAL: What.SIGN_IN,
}
_SIGN_IN_SECONDS: Final = 300.0


def judge(error: KalendsError, now: float) -> Verdict:
    """Return what an error means; ``now`` is wall time, as ``RetryLater.at`` is."""
    if isinstance(error, NotOffered):
        return Verdict(What.NOT_OFFERED)
    wait = _wait(error, now)
    if isinstance(error, Answered):
        return Verdict(_answered(error), wait)
    if isinstance(error, SignInNeeded):
        return Verdict(What.SIGN_IN, wait or _SIGN_IN_SECONDS)
    if isinstance(error, Throttled):
        return Verdict(What.BUSY, wait)
    if isinstance(error, CursorExpired):
        return Verdict(What.GONE)
    if isinstance(error, AccessDenied | NotFound):
        return Verdict(What.MAILBOX)
    return Verdict(What.DOWN, wait)


def _answered(error: Answered) -> What:
    if error.reaction is Reaction.BACK_OFF and isinstance(error, RetryLater):
        # One mailbox that ails says nothing about the way there.
        return What.MAILBOX if error.alone else _shared(error)
    return _BY_REACTION.get(error.reaction, What.MAILBOX)


def _shared(error: RetryLater) -> What:
    return What.BUSY if isinstance(error, Throttled) else What.DOWN


def _wait(error: KalendsError, now: float) -> float | None:
    at = getattr(error, "at", None)
    if at is not None:
        return max(0.0, float(at) - now)
    return error.fault.back_off if isinstance(error, Answered) else None
