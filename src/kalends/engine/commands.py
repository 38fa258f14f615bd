"""The only ways in: commands that web, calls and command line hand to the engine.

Place in the flow: the bus calls ``handle`` with a packed command and sends back the packed
answer. Who may send a command was settled by the process that took it from outside; here it is
validated, carried out, audited. An unforeseen fault is answered ``failed`` and logged; the engine
goes on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from kalends import observe
from kalends.bus.commands import (
    Answer,
    AnyCommand,
    Apply,
    Backup,
    ClearManual,
    DeleteCalendar,
    DeleteDocument,
    DeletePerson,
    DeletePrincipal,
    FindContacts,
    PatchPreferences,
    Ping,
    PutDocument,
    PutPerson,
    PutPrincipal,
    ReadNow,
    ResetCredential,
    SetLine,
    SetManual,
    TestDirectory,
    TestSink,
    TestSource,
    UploadCalendar,
    pack_answer,
    unpack_command,
)
from kalends.engine import command_contacts as contacts
from kalends.engine import command_documents as documents
from kalends.engine import command_operations as operations
from kalends.engine import command_people as people
from kalends.engine.answers import invalid, no
from kalends.engine.core import Core
from kalends.errors import ConfigurationError, Conflict, KalendsError, UserError

log = observe.logger(__name__)

_HANDLERS: Final[dict[type[Any], Callable[[Core, Any], Awaitable[Answer]]]] = {
    SetManual: people.set_manual,
    ClearManual: people.clear_manual,
    SetLine: people.set_line,
    PatchPreferences: people.patch_preferences,
    PutPerson: people.put_person,
    DeletePerson: people.delete_person,
    PutDocument: documents.put_document,
    DeleteDocument: documents.delete_document,
    Apply: documents.apply,
    UploadCalendar: operations.upload_calendar,
    DeleteCalendar: operations.delete_calendar,
    ReadNow: operations.read_now,
    TestSource: operations.test_source,
    TestSink: operations.test_sink,
    TestDirectory: contacts.test_directory,
    FindContacts: contacts.find_contacts,
    ResetCredential: operations.reset_credential,
    PutPrincipal: operations.put_principal,
    DeletePrincipal: operations.delete_principal,
    Backup: operations.backup,
    Ping: operations.ping,
}


async def handle(core: Core, command: AnyCommand) -> Answer:
    """Carry out a command; never raises but for cancellation."""
    try:
        return await _HANDLERS[type(command)](core, command)
    except ConfigurationError as error:
        return invalid(error.problems)
    except UserError as error:
        return no("invalid", str(error))
    except Conflict as error:
        return no("conflict", str(error))
    except KalendsError as error:
        log.exception("command.failed", name=type(command).__name__, exc_info=error)
        return no("failed", str(error))
    except Exception as error:  # a fault in one command must not end the engine
        log.exception("command.failed", name=type(command).__name__, exc_info=error)
        return no("failed", "The engine met a fault of its own; its log tells where.")


async def answer(core: Core, payload: bytes) -> bytes:
    """Answer a packed command."""
    try:
        command = unpack_command(payload)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        return pack_answer(no("invalid", f"This is no command: {error}"))
    return pack_answer(await handle(core, command))
