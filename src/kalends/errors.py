"""The tree of errors, named by what the caller does next.

::

    KalendsError
     ├── UserError            show the text to the person at the keyboard, no traceback
     │    ├── ConfigurationError   every problem at once, each with file, line, key, remedy
     │    ├── NotYet               a process waits and tries again: nothing was written wrong
     │    └── Forgotten            a question about the past: nothing of it is kept (web: 410)
     ├── SourceTrouble        a read or a delivery failed; what is known stays (invariant 1)
     │    ├── RetryLater           try again, not before ``at``
     │    │    ├── Throttled            the other side asked for silence
     │    │    └── Unreachable          no connection, time-out, 5xx
     │    │         └── NotBegun             nothing was done, and nothing will be: ask again
     │    ├── SignInNeeded         the credential was refused: tell the breaker, ask a human
     │    ├── AccessDenied         signed in, but this calendar is not ours to read
     │    ├── NotFound             the calendar, person or resource is not there
     │    ├── CursorExpired        forget the cursor, read everything again
     │    ├── BadAnswer            the answer is not what the protocol allows
     │    │    ├── TooLarge             a size, time or depth limit was passed
     │    │    └── SuspiciouslyEmpty    a full calendar became empty at once
     │    └── Refused              our own guard said no, before anything was sent
     │         ├── AddressRefused       the address is not public and not opened
     │         ├── RedirectRefused      a redirect to another origin
     │         └── CertificateRefused   the certificate is not the pinned or a trusted one
     ├── BadBooking           one booking is broken: skip it, count it
     ├── Conflict             somebody else changed it first: read again
     ├── StaleOwner           this process lost its shard's lease: stop writing
     └── StoreFailed          what was to be stored is not durable: nothing was acknowledged

Texts never carry subjects, attendees, bodies or secrets: they reach logs and health pages.
"""

from __future__ import annotations

from dataclasses import dataclass


class KalendsError(Exception):
    """Root of everything Kalends raises on purpose."""


class UserError(KalendsError):
    """The text tells a person what was wrong, where, and what to do; no traceback is shown."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a configuration."""

    where: str
    """File and line, or the API path: ``kalends.toml:14``."""
    key: str
    """Dotted key: ``organizations[0].people[3].emails``."""
    what: str
    """What is wrong, in one sentence."""
    remedy: str
    """What to write instead."""

    def __str__(self) -> str:
        return f"{self.where}: {self.key}: {self.what} {self.remedy}".rstrip()


class ConfigurationError(UserError):
    """Everything wrong with a configuration, told at once; nothing was started or changed."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class NotYet(UserError):
    """What is needed is not there *now* (a database that is down, or still being made).

    A command shows the text; a process that is to run for years waits.
    """


class Forgotten(UserError):
    """The question is about a moment that has passed, and nothing about it is kept."""


class SourceTrouble(KalendsError):
    """A conversation with an outside system failed; presence does not change because of it."""

    code = "trouble"
    """Stable word for health pages, metrics and logs."""
    remedy = ""
    """What an administrator can do about it; may be empty."""
    again: float | None = None
    """Seconds until one calendar is worth another try; None: as this class of trouble has it."""


class RetryLater(SourceTrouble):
    """Try again, not before ``at`` (UTC seconds; None: the driver's own back-off decides)."""

    code = "retry"
    alone = False
    """Only this calendar is concerned: its endpoint answers."""

    def __init__(self, message: str, at: float | None = None) -> None:
        super().__init__(message)
        self.at = at


class Throttled(RetryLater):
    """The other side asked for silence (429, 503 with Retry-After, ErrorServerBusy)."""

    code = "throttled"
    remedy = "Lower max_connections or raise poll_seconds for this source."


class Unreachable(RetryLater):
    """No connection, a time-out, or a server error."""

    code = "unreachable"
    remedy = "Check that the server runs and that a firewall lets this machine reach it."


class NotBegun(Unreachable):
    """Whoever was asked has not begun what was asked for, and never will: it may be asked again.

    Any other ``Unreachable`` leaves open what became of it.
    """


class SignInNeeded(SourceTrouble):
    """The credential was refused. The breaker counts it; nobody tries again by himself."""

    code = "sign-in"
    remedy = "Check user name and password of the service account, then set the new secret."

    def __init__(self, message: str, at: float | None = None) -> None:
        super().__init__(message)
        self.at = at
        """UTC seconds before which this secret is not tried again; None: at once."""


class AccessDenied(SourceTrouble):
    """Signed in, but this one calendar may not be read."""

    code = "denied"
    remedy = "Let the owner share the calendar with the service account (read is enough)."


class NotFound(SourceTrouble):
    """The calendar, person or resource is not there."""

    code = "not-found"
    remedy = "Check the calendar's address, or leave it out to have it found by e-mail."


class CursorExpired(SourceTrouble):
    """The cursor is no longer known there: forget it and read everything again."""

    code = "cursor"


class BadAnswer(SourceTrouble):
    """The answer is not what the protocol allows (HTML, truncated, malformed)."""

    code = "bad-answer"
    remedy = (
        "Open the address in a browser: a sign-in page or a proxy may be answering. Set url to the "
        "calendar service itself."
    )


class SourceFault(SourceTrouble):
    """Kalends itself stumbled over what was read: a fault of ours, met by one calendar."""

    code = "fault"
    remedy = "Look into the log of the engine, and report what it says of calendar.failed."


class TooLarge(BadAnswer):
    """A limit of size, time or depth was passed while reading."""

    code = "too-large"
    remedy = "Remove old bookings from the calendar, or raise the limit of this source."


class SuspiciouslyEmpty(BadAnswer):
    """A calendar with bookings became empty at once; it is believed when it is seen again."""

    code = "emptied"
    remedy = "If the calendar really is empty, nothing need be done: it is believed later."


class Refused(SourceTrouble):
    """Our own guard refused before anything was sent."""

    code = "refused"


class AddressRefused(Refused):
    """The connected address is not public, and the operator has not opened its range."""

    code = "address"
    remedy = "Let the operator open the range in [server] allowed_networks."


class RedirectRefused(Refused):
    """A redirect leads to another origin, where this credential must not travel."""

    code = "redirect"
    remedy = "Write the address the server redirects to into the source, if it is yours."


class CertificateRefused(Refused):
    """The certificate is neither trusted nor pinned, expired, or for another host."""

    code = "certificate"
    remedy = "Renew the server's certificate, or set ca_file or certificate_pins."


class BadBooking(KalendsError):
    """One booking cannot be understood: it is skipped and counted, the rest lives."""

    def __init__(self, uid: str, reason: str) -> None:
        super().__init__(f"booking {uid}: {reason}")
        self.uid = uid
        self.reason = reason


class Conflict(KalendsError):
    """Somebody else changed it first: read again and decide again."""


class StaleOwner(KalendsError):
    """This process lost the lease of a shard; its writes are refused (epoch fence)."""


class StoreFailed(KalendsError):
    """The database could not store it (full or failing disk, lost connection): it is not durable.

    After a failed write to disk the store acknowledges nothing more until it is opened again.
    """
