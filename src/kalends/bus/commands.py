"""Commands that web, calls and command line hand to the engine, and its answers.

The engine is the only writer; these are the only ways in. A command names its actor (for audit
and ``set_by``); who may send it was settled by the process that took it from outside.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Command(msgspec.Struct, frozen=True, tag_field="command", kw_only=True):
    """Base: every command names its organization and actor."""

    organization: str
    actor: str
    """``account:…``, ``token:…``, ``cli``, ``phone:…``."""


class SetManual(Command, frozen=True, tag="set-manual"):
    """Set a person's manual presence."""

    person: str
    activity: str
    until: str | None = None
    """RFC 3339 with zone, or ``booking-end``, ``next-booking``, ``workday-end``, ``cleared``."""
    availability: str | None = None
    role: str | None = None
    note: str | None = None


class ClearManual(Command, frozen=True, tag="clear-manual"):
    """Go back to automation; also ends a hold."""

    person: str


class PatchPreferences(Command, frozen=True, tag="patch-preferences"):
    """Change a person's preferences; keys left out stay, null clears."""

    person: str
    changes: dict[str, Any]
    expected: tuple[str, ...] | None = None
    """Tags of which the record's must be one (``bus.tags``); None: whatever is stored."""


class PutPerson(Command, frozen=True, tag="put-person"):
    """Create or replace a person's record (``managed_by`` api)."""

    record: dict[str, Any]
    expected: tuple[str, ...] | None = None
    """Tags of which the stored one must be one (``bus.tags``); None: whatever is stored."""


class DeletePerson(Command, frozen=True, tag="delete-person"):
    """Remove a person."""

    person: str
    expected: tuple[str, ...] | None = None
    """Tags of which the stored one must be one (``bus.tags``); None: whatever is stored."""


class PutDocument(Command, frozen=True, tag="put-document"):
    """Create or replace organization settings, a source or a sink; secrets are split off."""

    kind: str
    id: str
    body: dict[str, Any]
    managed_by: str = "api"
    expected: tuple[str, ...] | None = None
    """Tags of which the stored one must be one (``bus.tags``); None: whatever is stored."""


class DeleteDocument(Command, frozen=True, tag="delete-document"):
    """Remove a source or sink."""

    kind: str
    id: str
    expected: tuple[str, ...] | None = None
    """Tags of which the stored one must be one (``bus.tags``); None: whatever is stored."""


class Apply(Command, frozen=True, tag="apply"):
    """Make organizations as a configuration file says (whole ``OrganizationDocument`` JSON).

    What the file no longer holds, and the file once brought, goes; what the API brought stays.
    ``organization`` is ``*`` for all. Answer: counts by kind of added, changed, removed.
    """

    organizations: list[dict[str, Any]]
    force: bool = False
    """Also when more than a tenth of an organization's people would go."""
    people: dict[str, list[msgspec.Raw]] = {}
    """By organization, beside those in its body: one packed record each, unpacked in turn."""
    progress: str = ""
    """Topic that is told now and then how many people of how many are written; empty: none."""


class UploadCalendar(Command, frozen=True, tag="upload-calendar"):
    """Replace a person's uploaded ICS calendar."""

    person: str
    name: str
    body: bytes


class DeleteCalendar(Command, frozen=True, tag="delete-calendar"):
    """Remove a person's uploaded calendar."""

    person: str
    name: str


class ReadNow(Command, frozen=True, tag="read-now"):
    """Read calendars of a source (None: all) or a person again, now."""

    source: str | None = None
    person: str | None = None


class TestSource(Command, frozen=True, tag="test-source"):
    """Check a source step by step; answer: list of steps."""

    source: str
    person: str | None = None


class TestSink(Command, frozen=True, tag="test-sink"):
    """Send one person's present view to a sink and tell what happened."""

    sink: str
    person: str | None = None


class FindContacts(Command, frozen=True, tag="find-contacts"):
    """Ask the organization's directories; one of ``query`` and ``number`` is given.

    Answer: ``directory.search.Found`` as plain values. Changes nothing and is not audited.
    """

    query: str | None = None
    number: str | None = None
    limit: int = 50


class TestDirectory(Command, frozen=True, tag="test-directory"):
    """Check a directory step by step; answer: list of steps."""

    directory: str


class ResetCredential(Command, frozen=True, tag="reset-credential"):
    """An operator's click: the breaker of an endpoint is closed, one sign-in may be tried."""

    endpoint: str


class SetLine(Command, frozen=True, tag="set-line"):
    """What a phone says now; None: unknown."""

    person: str
    state: str | None


class PutPrincipal(Command, frozen=True, tag="put-principal"):
    """Create a token or account; the secret itself stays with the one who made it."""

    principal: dict[str, Any]


class DeletePrincipal(Command, frozen=True, tag="delete-principal"):
    """Remove a token or account."""

    id: str


class Backup(Command, frozen=True, tag="backup"):
    """Copy the database to a file of this machine (command line only); SQLite."""

    path: str


class Ping(Command, frozen=True, tag="ping"):
    """Ask whether the engine lives; answer: its status (lag, sources, sinks)."""


AnyCommand = (
    SetManual
    | ClearManual
    | PatchPreferences
    | PutPerson
    | DeletePerson
    | PutDocument
    | DeleteDocument
    | Apply
    | UploadCalendar
    | DeleteCalendar
    | ReadNow
    | TestSource
    | TestSink
    | TestDirectory
    | FindContacts
    | ResetCredential
    | SetLine
    | PutPrincipal
    | DeletePrincipal
    | Backup
    | Ping
)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a command."""

    ok: bool
    value: Any = None
    code: str = ""
    """Where not ok: ``invalid``, ``not-found``, ``conflict``, ``stale`` (not what was expected),
    ``refused``, ``failed``."""
    message: str = ""
    problems: list[dict[str, str]] = []
    """For ``invalid``: {where, key, what, remedy}, all of them."""


_encoder = msgspec.msgpack.Encoder()
_commands: msgspec.msgpack.Decoder[AnyCommand] = msgspec.msgpack.Decoder(AnyCommand)
_answers = msgspec.msgpack.Decoder(Answer)


def pack_command(command: AnyCommand) -> bytes:
    """Return the bytes for ``Bus.request``."""
    return _encoder.encode(command)


def unpack_command(packed: bytes) -> AnyCommand:
    """Return the command; raises ``msgspec.ValidationError`` on anything else."""
    return _commands.decode(packed)


def pack_answer(answer: Answer) -> bytes:
    """Return the bytes of an answer."""
    return _encoder.encode(answer)


def unpack_answer(packed: bytes) -> Answer:
    """Return the answer; raises ``msgspec.ValidationError`` on anything else."""
    return _answers.decode(packed)
