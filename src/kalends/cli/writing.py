"""Writing without an engine: a token must be had before Kalends runs for the first time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kalends.bus.commands import AnyCommand, PutPrincipal
from kalends.cli.session import ask
from kalends.errors import UserError

if TYPE_CHECKING:
    from kalends.config import Configuration


async def hand_over(configuration: Configuration, command: AnyCommand) -> Any:
    """Hand a command to the engine; without one, write a principal into the database itself."""
    try:
        return await ask(configuration, command)
    except UserError:
        if configuration.server.socket_path().exists() or not isinstance(command, PutPrincipal):
            raise
    return await _write(configuration, command)


async def _write(configuration: Configuration, command: PutPrincipal) -> None:
    from kalends.runtime import Runtime
    from kalends.store import open_keys, open_store
    from kalends.store.contract import Principal

    server = configuration.server
    server.directory().mkdir(parents=True, exist_ok=True)
    keys = await open_keys(server.database, server.key_path(), create=True)
    store = await open_store(server.database, keys, Runtime())
    principal = Principal(**command.principal)
    try:
        if principal.kind == "account":
            other = await store.account(principal.organization, principal.name)
            if other is not None and other.id != principal.id:
                raise UserError(
                    f"There is an account {principal.name!r} already. Choose another name, or "
                    f"remove it first: kalends token delete {other.id}"
                )
        await store.save_principal(principal)
    finally:
        await store.close()
