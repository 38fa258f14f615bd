"""The only ways in: commands that web, calls and command line hand to the engine.

Place in the flow: the bus calls ``handle`` with a packed command and sends back the packed
answer. Who may send a command was settled by the process that took it from outside; here it is
validated, carried out, audited. An unforeseen fault is answered ``failed`` and logged; the engine
goes on. A command is begun while its asker waits, or never (``bus.contract``): the look at the
clock comes last, behind every wait for others who write.
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
from kalends.bus.contract import Begin
from kalends.engine import command_contacts as contacts
from kalends.engine import command_documents as documents
from kalends.engine import command_operations as operations
from kalends.engine import command_people as people
from kalends.engine.answers import invalid, no
from kalends.engine.core import Core
from kalends.errors import ConfigurationError, Conflict, KalendsError, NotBegun, UserError

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
_IN_TURN: Final = (PatchPreferences, PutPerson, DeletePerson, PutDocument, DeleteDocument)
"""Read, decided and written while nobody else writes to people or documents of an organization."""


async def at_once() -> None:
    """Begin what nobody waits for."""


async def handle(core: Core, command: AnyCommand, begin: Begin = at_once) -> Answer:
    """Carry out a command; raises nothing but ``NotBegun``."""
    try:
        return await _carry_out(core, command, begin)
    except NotBegun:
        log.warning("command.expired", name=type(command).__name__)
        raise
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


async def _carry_out(core: Core, command: AnyCommand, begin: Begin) -> Answer:
    if isinstance(command, Apply):  # holds several organizations, once it has read the file
        return await documents.apply(core, command, begin)
    handler = _HANDLERS[type(command)]
    if not isinstance(command, _IN_TURN):
        await begin()
        return await handler(core, command)
    async with core.locks[command.organization]:
        await begin()
        return await handler(core, command)


async def answer(core: Core, payload: bytes, begin: Begin) -> bytes:
    """Answer a packed command."""
    try:
        command = unpack_command(payload)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        return pack_answer(no("invalid", f"This is no command: {error}"))
    return pack_answer(await handle(core, command, begin))
