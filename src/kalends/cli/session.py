"""What most commands need first: the configuration, a reader, a line to the engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from kalends.errors import ConfigurationError, NotBegun, Problem, Unreachable, UserError

if TYPE_CHECKING:
    from kalends.bus.commands import Answer, AnyCommand
    from kalends.bus.contract import Bus
    from kalends.config import Configuration
    from kalends.store.contract import Reader

T = TypeVar("T")

ConfigOption = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="KALENDS_CONFIG", help="The configuration file."),
]
OrganizationOption = Annotated[
    str | None,
    typer.Option(
        "--organization", "-o", help="Which organization; needed where there are several."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

DEFAULT_CONFIG = Path("kalends.toml")


def loaded(config: Path) -> Configuration:
    """Return the configuration; every mistake is told at once."""
    from kalends.config import load

    return load(config)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work to its end; what would be logged is told by the command itself."""
    from kalends import observe

    observe.configure("critical", json=False)
    return asyncio.run(work)


@asynccontextmanager
async def reading(configuration: Configuration) -> AsyncIterator[Reader]:
    """Lend a reader on the configured database."""
    from kalends.runtime import Runtime
    from kalends.store import open_keys, open_reader

    server = configuration.server
    keys = await open_keys(server.database, server.key_path())
    reader = await open_reader(server.database, keys, Runtime())
    try:
        yield reader
    finally:
        await reader.close()


async def ask(
    configuration: Configuration,
    command: AnyCommand,
    seconds: float = 30.0,
    heard: tuple[str, Callable[[bytes], None]] | None = None,
) -> Any:
    """Hand a command to the running engine and return the value of its answer.

    ``heard``: a topic the engine tells something on meanwhile, and who is told. Raises
    ``UserError`` where no engine runs, or it refuses, or has not confirmed what it began.
    """
    return value_of(await _answer(configuration, command, seconds, heard))


async def _answer(
    configuration: Configuration,
    command: AnyCommand,
    seconds: float,
    heard: tuple[str, Callable[[bytes], None]] | None,
) -> Answer:
    from kalends.bus.commands import pack_command, unpack_answer
    from kalends.bus.local import open_bus
    from kalends.runtime import Runtime

    try:
        bus = await open_bus(configuration.server.socket_path(), Runtime(), hub=False)
        hearing = asyncio.create_task(_hear(bus, *heard)) if heard else None
        try:
            return unpack_answer(await bus.request(pack_command(command), seconds=seconds))
        finally:
            if hearing is not None:
                hearing.cancel()
            await bus.close()
    except Unreachable as silent:
        raise UserError(_why(configuration, silent)) from None


def _why(configuration: Configuration, silent: Unreachable) -> str:
    """Return what somebody at a terminal is told of an engine's silence."""
    from kalends.bus.serving import NOBODY

    if not isinstance(silent, NotBegun):
        return (
            "The engine began this and has not confirmed it; it may be done, now or later, or not. "
            "Look at what is so before you try again."
        )
    if str(silent) == NOBODY:
        return (
            "Kalends is not running on this configuration (no engine answers at "
            f"{configuration.server.socket_path()}). Start it with: "
            f"kalends serve --config {configuration.path}"
        )
    return (
        "The engine does not answer; nothing was changed, and nothing will be by itself. Try again "
        "shortly. What it is at stands in the output of kalends serve."
    )


async def _hear(bus: Bus, topic: str, told: Callable[[bytes], None]) -> None:
    async for message in bus.listen(topic):
        told(message.payload)


def value_of(answer: Answer) -> Any:
    """Return an answer's value, or raise what it says."""
    if answer.ok:
        return answer.value
    if answer.problems and not any(problem["key"] for problem in answer.problems):
        told = (f"{problem['what']} {problem['remedy']}".strip() for problem in answer.problems)
        raise UserError("\n".join(told))
    if answer.problems:
        raise ConfigurationError([Problem(**problem) for problem in answer.problems])
    raise UserError(answer.message or "The engine refused, without saying why.")


async def the_organization(reader: Reader, wanted: str | None) -> str:
    """Return the organization meant; ``UserError`` where that is not clear."""
    known = await reader.organizations()
    if wanted is None and len(known) == 1:
        return known[0]
    if wanted in known:
        return str(wanted)
    if not known:
        raise UserError(
            "There is no organization in the database yet. Start Kalends with: kalends serve"
        )
    named = (
        f"There is no organization {wanted!r}." if wanted else "There are several organizations."
    )
    raise UserError(f"{named} Choose with --organization: {', '.join(known)}")


async def with_reader(
    config: Path, wanted: str | None, work: Callable[[Reader, str], Awaitable[T]]
) -> T:
    """Load the configuration, open the database, settle the organization, do the work."""
    async with reading(loaded(config)) as reader:
        return await work(reader, await the_organization(reader, wanted))
