"""How an operation says no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TEXTS: Final = {
    "ErrorAccessDenied": "Access is denied. Check credentials and try again.",
    "ErrorCalendarFolderIsInvalidForCalendarView": "CalendarView may be used on calendars only.",
    "ErrorCalendarViewRangeTooBig": "The specified view range exceeds the maximum range of "
    "two years.",
    "ErrorFolderNotFound": "The specified folder could not be found in the store.",
    "ErrorImpersonateUserDenied": "The account does not have permission to impersonate the "
    "requested user.",
    "ErrorImpersonationDenied": "The server to which the application is connected cannot "
    "impersonate the requested user due to insufficient permission.",
    "ErrorInvalidIdMalformed": "Id is malformed.",
    "ErrorInvalidServerVersion": "The specified server version is invalid.",
    "ErrorItemNotFound": "The specified object was not found in the store.",
    "ErrorMailboxMoveInProgress": "Mailbox move in progress. Try again later.",
    "ErrorNonExistentMailbox": "The SMTP address has no mailbox associated with it.",
    "ErrorSchemaValidation": "The request failed schema validation.",
    "ErrorServerBusy": "The server cannot service this request right now. Try again later.",
    "ErrorSubscriptionNotFound": "The subscription was not found.",
}


class Refusal(Exception):
    """One response message is an error (or, before any message, the whole request)."""

    def __init__(
        self, code: str, text: str = "", values: Mapping[str, str] | None = None, *, status: int = 0
    ) -> None:
        self.code = code
        self.text = text or TEXTS.get(code, f"The request was refused: {code}.")
        self.values = values or {}
        self.status = status
        """HTTP status where the whole request is refused without SOAP."""
        super().__init__(code)


class Fault(Refusal):
    """The whole request is refused with a SOAP fault."""
