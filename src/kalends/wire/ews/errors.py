"""What a response code means for what the caller does next: a table, not a chain of ifs.

Every error raised by this room is one of ``kalends.errors`` and also an ``Answered``: it carries
the ``Fault`` the server told and the ``Row`` of the table below. The codec reads no clock: where
the server names a time of silence it stands in ``Fault.back_off``, and the endpoint turns it into
``RetryLater.at``. ``MessageText`` is left out of every text: it may name people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from kalends.errors import (
    AccessDenied,
    BadAnswer,
    Conflict,
    CursorExpired,
    KalendsError,
    NotFound,
    Refused,
    SignInNeeded,
    Throttled,
    Unreachable,
)


class Reaction(StrEnum):
    """What to do about a code; the words are stable (health pages, documentation)."""

    BACK_OFF = "back-off"
    """Stop all traffic of that budget for the time told, else back off with jitter; keep what is
    known, mark it stale, ask for less at once."""
    REDISCOVER = "rediscover"
    """Autodiscover the mailbox again (at most once an hour), subscribe anew, retry."""
    RESYNC = "resync"
    """Forget the sync state or the stored id and read everything again."""
    RESUBSCRIBE = "resubscribe"
    """The subscription is gone: a new one without the old watermark, then read the window."""
    WAIT_OTHER_STREAM = "other-stream"
    """A newer connection reads these subscriptions: let this one end, do not open another."""
    FULL = "full"
    """No more subscriptions are allowed: nothing else of the budget is meant; poll the others."""
    POLL = "poll"
    """No notifications with these rights: poll this mailbox."""
    NARROW = "narrow"
    """Ask for less: split the window by time, or the batch."""
    PERSON_MISCONFIGURED = "person"
    """One person's address is wrong: tell the administrator, try again daily."""
    LEARN_ALIAS = "alias"
    """The answer holds the primary address: remember it."""
    OUT_OF_SCOPE = "out-of-scope"
    """This mailbox is not in the scope of the role: probe it again, slower and slower."""
    ROLE_MISSING = "role-missing"
    """The account may impersonate nobody through this server: not tried anew for each mailbox."""
    DENIED = "denied"
    """No right, or gone; after a notification simply ignore it."""
    STOP_CREDENTIAL = "stop-credential"
    """Stop this credential everywhere at once, before the directory locks it."""
    STEP_DOWN = "step-down"
    """Ask once more in an older version; if that is refused too, fail loudly: our mistake."""
    REREAD = "re-read"
    """Somebody else changed the item: read it again, apply once more."""
    KEEP_TIMES = "keep-times"
    """Its body cannot be read: keep the item's times."""
    MISS = "miss"
    """An ordinary empty answer."""
    USE_ANYWAY = "use-anyway"
    """A warning with usable data."""
    FAIL = "fail"
    """Nothing sensible but to tell it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What the server said."""

    code: str
    """``ErrorServerBusy``; the inner code where the outer one only wraps it."""
    back_off: float | None = None
    """Seconds of silence the server asks for; None: it names none."""
    values: Mapping[str, str] = field(default_factory=dict)
    """``MessageXml`` by name (``PrimarySmtpAddress`` …); may hold addresses: not for logs."""
    status: int = 200
    """HTTP status it came with."""


class Row(NamedTuple):
    """One line of the table."""

    reaction: Reaction
    error: type[Answered]
    remedy: str = ""
    """What an administrator can do; empty: nothing need be done."""


class Answered(KalendsError):
    """An error the server told; always also one of the classes of ``kalends.errors``."""

    remedy: str
    again: float | None

    def __init__(self, message: str, fault: Fault, row: Row) -> None:
        super().__init__(message)
        self.fault = fault
        self.row = row
        if row.remedy:
            self.remedy = row.remedy

    @property
    def reaction(self) -> Reaction:
        """What to do."""
        return self.row.reaction


class EwsThrottled(Answered, Throttled):
    """The budget is spent; ``fault.back_off`` tells for how long."""


class EwsUnreachable(Answered, Unreachable):
    """The server, or the mailbox behind it, cannot answer now."""


class EwsSignInNeeded(Answered, SignInNeeded):
    """The credential is of no use any more."""


class EwsAccessDenied(Answered, AccessDenied):
    """Signed in, but not for this mailbox or folder."""


class EwsNotFound(Answered, NotFound):
    """Mailbox, folder or item is not there (or may not be seen)."""


class EwsCursorExpired(Answered, CursorExpired):
    """A stored state, id, watermark or subscription is no longer known."""


class EwsBadAnswer(Answered, BadAnswer):
    """The server refuses what we ask, or fails in a way of its own."""

    remedy = "Report it with the code: Kalends asked something this server does not understand."


class EwsConflict(Answered, Conflict):
    """Somebody else changed the item first."""


class NotOffered(Refused):
    """This version of Exchange has no such thing; nothing was sent."""

    code = "not-offered"
    remedy = "Nothing need be done: another way is taken for this version."


UNPUBLISHED: Final = "Publish /EWS without forms-based sign-on: a page for people answers there."
"""What to do where a sign-on page stands before the service."""

_FORBIDDEN: Final = (
    "The server forbids /EWS itself: check EwsEnabled (Get-CASMailbox, Get-OrganizationConfig), "
    "EwsApplicationAccessPolicy (Kalends calls itself Kalends/...), and who may reach the virtual "
    "directory."
)
_BUSY: Final = Row(
    Reaction.BACK_OFF,
    EwsThrottled,
    "Lower max_connections, or give the service account its own throttling policy.",
)
_LATER: Final = Row(Reaction.BACK_OFF, EwsUnreachable, "Check the health of the Exchange server.")
_MOVED: Final = Row(Reaction.REDISCOVER, EwsUnreachable)
_RESYNC: Final = Row(Reaction.RESYNC, EwsCursorExpired)
_GONE: Final = Row(Reaction.RESUBSCRIBE, EwsCursorExpired)
_NARROW: Final = Row(Reaction.NARROW, EwsThrottled)
_PERSON: Final = Row(
    Reaction.PERSON_MISCONFIGURED, EwsNotFound, "Correct or remove this person's e-mail address."
)
_DENIED: Final = Row(
    Reaction.DENIED,
    EwsAccessDenied,
    "Give the service account rights on this mailbox (see the guide for your version).",
)
_ABSENT: Final = Row(
    Reaction.DENIED,
    EwsNotFound,
    "It may be a missing right: give the service account rights on this mailbox.",
)
_STOP: Final = Row(
    Reaction.STOP_CREDENTIAL, EwsSignInNeeded, "Unlock or renew the service account, then tell us."
)
_STEP: Final = Row(Reaction.STEP_DOWN, EwsBadAnswer)
_KEEP: Final = Row(Reaction.KEEP_TIMES, EwsBadAnswer, "Open and save the item in Outlook.")
_REREAD: Final = Row(Reaction.REREAD, EwsConflict)

TABLE: Final[Mapping[str, Row]] = {
    **dict.fromkeys(
        (
            "ErrorServerBusy",
            "ErrorExceededConnectionCount",
            "ErrorTooManyObjectsOpened",
        ),
        _BUSY,
    ),
    **dict.fromkeys(
        (
            "ErrorInternalServerTransientError",
            "ErrorInternalServerError",
            "ErrorMailboxStoreUnavailable",
            "ErrorADUnavailable",
            "ErrorADOperation",
            "ErrorTimeoutExpired",
            "ErrorNotEnoughMemory",
            "ErrorInsufficientResources",
            "ErrorNoRespondingCASInDestinationSite",
            "ErrorProxyRequestProcessingFailed",
            "ErrorBatchProcessingStopped",
        ),
        _LATER,
    ),
    **dict.fromkeys(
        (
            "ErrorConnectionFailed",
            "ErrorMailboxMoveInProgress",
            "ErrorCrossSiteRequest",
            "ErrorMailboxLogonFailed",
            "ErrorMailboxFailover",
            "ErrorWrongServerVersion",
        ),
        _MOVED,
    ),
    **dict.fromkeys(
        (
            "ErrorInvalidSyncStateData",
            "ErrorSyncFolderNotFound",
            "ErrorInvalidId",
            "ErrorInvalidIdEmpty",
            "ErrorInvalidIdMalformed",
            "ErrorInvalidIdMalformedEwsLegacyIdFormat",
            "ErrorInvalidFolderId",
            "ErrorInvalidChangeKey",
        ),
        _RESYNC,
    ),
    **dict.fromkeys(
        (
            "ErrorInvalidWatermark",
            "ErrorEventNotFound",
            "ErrorReadEventsFailed",
            "ErrorExpiredSubscription",
            "ErrorInvalidSubscription",
            "ErrorInvalidPullSubscriptionId",
            "ErrorSubscriptionNotFound",
            "ErrorSubscriptionUnsubsribed",  # (sic)
            "ErrorMissedNotificationEvents",
            "ErrorSubscriptionAccessDenied",  # another account or cookie made it
        ),
        _GONE,
    ),
    "ErrorNewEventStreamConnectionOpened": Row(Reaction.WAIT_OTHER_STREAM, EwsUnreachable),
    "ErrorExceededSubscriptionCount": Row(
        Reaction.FULL,
        EwsThrottled,
        "Changes show within poll_seconds; a larger EWSMaxSubscriptions shows them at once.",
    ),
    "ErrorSubscriptionDelegateAccessNotSupported": Row(
        Reaction.POLL,
        EwsAccessDenied,
        "Changes show within poll_seconds; impersonation would show them within a second.",
    ),
    **dict.fromkeys(
        (
            "ErrorExceededFindCountLimit",
            "ErrorCalendarViewRangeTooBig",
            "ErrorTimeIntervalTooBig",
            "ErrorResultSetTooBig",
        ),
        _NARROW,
    ),
    **dict.fromkeys(
        (
            "ErrorNonExistentMailbox",
            "ErrorMailRecipientNotFound",
            "ErrorInvalidSmtpAddress",
            "ErrorMissingEmailAddress",
        ),
        _PERSON,
    ),
    "ErrorNameResolutionNoMailbox": Row(
        Reaction.PERSON_MISCONFIGURED,
        EwsNotFound,
        "The service account has no mailbox: name one it may impersonate in the directory's "
        "mailbox key.",
    ),
    "ErrorNonPrimarySmtpAddress": Row(Reaction.LEARN_ALIAS, EwsNotFound),
    "ErrorImpersonateUserDenied": Row(
        Reaction.OUT_OF_SCOPE,
        EwsAccessDenied,
        "Widen the management scope of the ApplicationImpersonation role to this mailbox.",
    ),
    "ErrorImpersonationDenied": Row(
        Reaction.ROLE_MISSING,
        EwsAccessDenied,
        "Assign ApplicationImpersonation to the service account (2007: both extended rights).",
    ),
    "ErrorImpersonationFailed": _LATER,
    **dict.fromkeys(
        ("ErrorAccessDenied", "ErrorNoFreeBusyAccess", "ErrorCannotAccessFolder"), _DENIED
    ),
    **dict.fromkeys(("ErrorFolderNotFound", "ErrorItemNotFound"), _ABSENT),
    **dict.fromkeys(
        (
            "ErrorAccountDisabled",
            "ErrorPasswordExpired",
            "ErrorPasswordChangeRequired",
        ),
        _STOP,
    ),
    **dict.fromkeys(
        (
            "ErrorSchemaValidation",
            "ErrorInvalidRequest",
            "ErrorInvalidServerVersion",
            "ErrorIncorrectSchemaVersion",
            "ErrorInvalidSchemaVersionForMailboxVersion",
        ),
        _STEP,
    ),
    **dict.fromkeys(
        (
            "ErrorItemCorrupt",
            "ErrorCorruptData",
            "ErrorContentConversionFailed",
            "ErrorMimeContentConversionFailed",
        ),
        _KEEP,
    ),
    **dict.fromkeys(
        (
            "ErrorIrresolvableConflict",
            "ErrorStaleObject",
            "ErrorChangeKeyRequired",
            "ErrorChangeKeyRequiredForWriteOperations",  # missing, or stale
        ),
        _REREAD,
    ),
    "ErrorNameResolutionNoResults": Row(Reaction.MISS, EwsNotFound),
    "ErrorNameResolutionMultipleResults": Row(Reaction.USE_ANYWAY, EwsBadAnswer),
}
"""Response code → row. What is not listed here is ``UNKNOWN``."""

UNKNOWN: Final = Row(Reaction.FAIL, EwsBadAnswer)


def row_of(code: str) -> Row:
    """Return the row of a code; every ``ErrorInvalidIdMalformed…`` is a stale id."""
    if code.startswith("ErrorInvalidIdMalformed"):
        return _RESYNC
    return TABLE.get(code, UNKNOWN)


def error_of(fault: Fault) -> Answered:
    """Return the error to raise for a fault."""
    row = row_of(fault.code)
    return row.error(f"Exchange answers {fault.code or 'an error without a code'}", fault, row)


def http_error(status: int, back_off: float | None = None) -> Answered:
    """Return the error for an answer that is no envelope, by its HTTP status alone."""
    row = _by_status(status)
    fault = Fault(f"HTTP {status}", back_off, status=status)
    return row.error(f"Exchange answers {status} without an envelope", fault, row)


def _by_status(status: int) -> Row:
    if status == 401:
        return _STOP
    if status == 403:
        return Row(Reaction.DENIED, EwsAccessDenied, _FORBIDDEN)
    if status in (404, 410):
        return Row(Reaction.REDISCOVER, EwsNotFound, "Check url: there is no EWS at this address.")
    if status in (429, 503):
        return _BUSY
    if status == 456:  # Exchange Online: the account is blocked or must change its password
        return _STOP
    if status in (302, 440):  # a sign-on form stands before the service
        return Row(Reaction.FAIL, EwsBadAnswer, UNPUBLISHED)
    return _LATER if status >= 500 else UNKNOWN
