"""The reaction table of ``wire.ews.errors`` as deeds: one small handler per reaction.

A handler is given the conversation that met the fault, changes what is remembered, and says whether
asking once more makes sense; where not, the error goes to the caller, who reacts to what is his
(a cursor, a subscription, a window too wide). Nothing here waits: silence is the budget's to keep,
later tries are the driver's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from kalends.endpoints.exchange.known import Known, Mailbox
from kalends.errors import RetryLater, Throttled
from kalends.wire.ews.errors import Answered, Reaction
from kalends.wire.ews.versions import ServerVersion, Version, agree

DAILY: Final = 86_400.0
SERVER_WIDE: Final = frozenset(
    {"ErrorADUnavailable", "ErrorADOperation", "ErrorNotEnoughMemory", "ErrorInsufficientResources"}
)
"""Troubles of the server itself, whichever mailbox was asked for."""
_BY_VERSION: Final = frozenset({"ErrorInvalidServerVersion", "ErrorIncorrectSchemaVersion"})
_BY_MAILBOX: Final = "ErrorInvalidSchemaVersionForMailboxVersion"


class Ways(Protocol):
    """What handlers may do to the endpoint."""

    def silence(self, seconds: float | None) -> float:
        """Stop the budget; return until when (UTC seconds)."""

    def now(self) -> float:
        """Return UTC seconds."""

    def ails(self, mailbox: Mailbox) -> bool:
        """Note that a mailbox cannot answer; tell whether it is alone in that."""

    async def rediscover(self, mailbox: Mailbox) -> bool:
        """Look for a mailbox again; tell whether it is elsewhere now."""

    async def refuse_credential(self, mailbox: Mailbox) -> None:
        """Tell the breaker that the credential is of no use."""


@dataclass(slots=True)
class Conversation:
    """One operation on its way to an answer."""

    mailbox: Mailbox
    known: Known
    asked: Version
    """Version of the request that was refused."""
    server: ServerVersion | None = None
    """What the server said it is."""
    version: Version | None = None
    """To be tried instead of what is remembered; remembered where it works."""
    of_mailbox: bool = False
    """``version`` says something about this mailbox, not about its server."""
    by_version: bool = False
    """It was the version that was complained of: ``version`` is right whatever else is refused."""
    done: set[Reaction] = field(default_factory=set)
    """What has been tried already: nothing is tried twice."""


Handler = Callable[[Ways, Conversation, Answered], Awaitable[bool]]


async def back_off(ways: Ways, talk: Conversation, error: Answered) -> bool:
    """Silence the budget where it is spent; else this mailbox rests, by itself."""
    wait = error.fault.back_off
    if isinstance(error, Throttled):
        error.at = ways.silence(wait)
    elif isinstance(error, RetryLater):
        if wait is not None:
            error.at = ways.now() + wait
        error.alone = error.fault.code not in SERVER_WIDE and ways.ails(talk.mailbox)
    return False


async def rediscover(ways: Ways, talk: Conversation, error: Answered) -> bool:
    """Look where the mailbox is now, at most once an hour."""
    if isinstance(error, RetryLater):
        error.alone = ways.ails(talk.mailbox)
    if Reaction.REDISCOVER in talk.done:
        return False
    return await ways.rediscover(talk.mailbox)


async def step_down(ways: Ways, talk: Conversation, error: Answered) -> bool:
    """Ask in an older version: as far down as versions are refused, once for anything else.

    Once for good: what works in an older version is remembered, and a server that now and then
    dislikes something else is never led below the version next to its own.
    """
    del ways
    code = error.fault.code
    talk.by_version = code in _BY_VERSION or code == _BY_MAILBOX
    below = talk.server is not None and talk.asked < talk.server.newest
    if not talk.by_version and (below or Reaction.STEP_DOWN in talk.done):
        return False
    # A front end that understands us says nothing about the mailbox behind it.
    server = talk.server if code in _BY_VERSION else None
    talk.version = agree(talk.asked, server)
    talk.of_mailbox = code == _BY_MAILBOX
    return talk.version is not None


async def learn_alias(ways: Ways, talk: Conversation, error: Answered) -> bool:
    """Remember the primary address that the answer names."""
    del ways
    told = [value.lower() for value in error.fault.values.values() if "@" in value]
    if Reaction.LEARN_ALIAS in talk.done or not told:
        return False
    talk.known.primary = told[0]
    return True


async def daily(ways: Ways, talk: Conversation, error: Answered) -> bool:
    """A wrong address does not become right by asking: once a day is enough.

    But it may have been right: its mailbox may have left this server for another, or the primary
    address that an alias had may have been taken away.
    """
    error.again = DAILY
    if Reaction.PERSON_MISCONFIGURED in talk.done:
        return False
    renamed, talk.known.primary = bool(talk.known.primary), ""
    return await ways.rediscover(talk.mailbox) or renamed


async def stop_credential(ways: Ways, talk: Conversation, error: Answered) -> bool:
    """Stop the credential everywhere, before the directory locks the account."""
    del error
    await ways.refuse_credential(talk.mailbox)
    return False


async def void(ways: Ways, talk: Conversation, error: Answered) -> bool:
    """The caller begins anew. A mailbox that moved shows so, perhaps to a newer server."""
    del ways, error
    talk.known.version = None
    return False


async def tell(ways: Ways, talk: Conversation, error: Answered) -> bool:
    """The caller reacts: it is his cursor, subscription, window, item or right."""
    del ways, talk, error
    return False


HANDLERS: Final[Mapping[Reaction, Handler]] = {
    Reaction.BACK_OFF: back_off,
    Reaction.REDISCOVER: rediscover,
    Reaction.STEP_DOWN: step_down,
    Reaction.LEARN_ALIAS: learn_alias,
    Reaction.PERSON_MISCONFIGURED: daily,
    Reaction.STOP_CREDENTIAL: stop_credential,
    Reaction.RESYNC: void,
    Reaction.RESUBSCRIBE: void,
    **dict.fromkeys(
        (
            Reaction.WAIT_OTHER_STREAM,
            Reaction.FULL,
            Reaction.POLL,
            Reaction.NARROW,
            Reaction.OUT_OF_SCOPE,
            Reaction.ROLE_MISSING,
            Reaction.DENIED,
            Reaction.REREAD,
            Reaction.KEEP_TIMES,
            Reaction.MISS,
            Reaction.USE_ANYWAY,
            Reaction.FAIL,
        ),
        tell,
    ),
}
"""Every reaction has its handler."""


async def react(ways: Ways, talk: Conversation, error: Answered) -> bool:
    """Do what a fault asks for; return whether to ask once more."""
    again = await HANDLERS[error.reaction](ways, talk, error)
    talk.done.add(error.reaction)
    return again
