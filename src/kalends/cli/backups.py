"""``backup`` and ``restore``: a copy of a database in use, and going on from one.

Place: beside a running engine (``backup``), or without any (``restore``). The copy is sealed as the
original is; the key is not in it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kalends.bus.commands import Backup
from kalends.cli.output import as_json, say
from kalends.cli.session import DEFAULT_CONFIG, ConfigOption, JsonOption, ask, loaded, run
from kalends.errors import UserError

if TYPE_CHECKING:
    from kalends.config import Configuration

_MAGIC = b"SQLite format 3\0"
"""How every copy begins."""

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The copy.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(backup)
    app.command()(restore)


def backup(
    file: FileArgument,
    config: ConfigOption = DEFAULT_CONFIG,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a copy that is there.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Copy the database while Kalends runs, or while it does not; the copy is looked over."""
    from kalends.store.copies import examine

    configuration = loaded(config)
    target = file.resolve()
    _vacant(target, _database(configuration), overwrite=overwrite)
    run(_copy(configuration, target))
    examine(target)
    key, size = configuration.server.key_path(), target.stat().st_size
    if json:
        as_json({"file": str(target), "bytes": size, "key": str(key)})
        return
    say(f"Wrote {file} ({size / 1e6:.1f} MB), whole and sealed.")
    say(f"It is useless without the key: keep a copy of {key} elsewhere.")


def _vacant(target: Path, database: Path, *, overwrite: bool) -> None:
    """See that nothing is lost where a copy will be: neither the database nor what is no copy."""
    if not target.parent.is_dir():
        raise UserError(f"There is no directory {target.parent}.")
    if target.is_dir():
        raise UserError(f"{target} is a directory: name the file in it that shall be the copy.")
    if not target.exists():
        return
    if _is_of(target, database):
        raise UserError(f"{target} is the database itself. Choose another name for the copy.")
    if not overwrite:
        raise UserError(f"{target} is already there. Choose another name, or add --overwrite.")
    with target.open("rb") as there:
        if there.read(len(_MAGIC)) not in (_MAGIC, b""):
            raise UserError(f"{target} is no copy of a database. Choose another name.")


def _is_of(file: Path, database: Path) -> bool:
    """Tell whether a file is the database, or one that SQLite keeps beside it."""
    from kalends.store.replacing import SIDE_FILES, beside

    sides = (beside(database, side) for side in ("", *SIDE_FILES))
    return any(side.exists() and file.samefile(side) for side in sides)


def restore(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="The copy. Leave it out where PostgreSQL has put its copy back by its own means."
        ),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace the database that is there; it is kept."),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Go on from a copy. Kalends must not run; nobody is told anything stale when it starts."""
    from kalends.app.lock import only_one

    configuration = loaded(config)
    going_on = _going_on(configuration, file, overwrite=overwrite)
    server = configuration.server
    with (
        only_one(server.directory() / "kalends.lock"),
        only_one(server.directory() / "kalends.engine.lock"),
    ):
        made = run(going_on())
    if json:
        # Of PostgreSQL no more than its name: the rest may hold a password.
        told = server.database.removeprefix("sqlite:///")
        told = "postgresql" if told == server.database else told
        as_json({"database": told, "made": made or None})
        return
    at = (
        datetime.fromtimestamp(made, UTC).isoformat(timespec="seconds")
        if made
        else "a time before any calendar was read"
    )
    say(f"Restored what was so at {at}. Start with: kalends serve --config {config}")
    say("Sinks are told once every calendar was read again. Tokens and accounts are as they were")
    say("then: delete those revoked since. Keep an eye on: kalends token list")


def _going_on(
    configuration: Configuration, file: Path | None, *, overwrite: bool
) -> Callable[[], Coroutine[Any, Any, int]]:
    """Return what goes on from a copy; ``UserError`` where it would not be what was meant."""
    if not configuration.server.database.startswith("sqlite:///"):
        if file is not None:
            raise UserError(
                "PostgreSQL puts its copies back itself (pg_restore). Do that, then run "
                "`kalends restore` without a file: it makes what was put back fit to go on from."
            )
        return partial(_put_back, configuration)
    if file is None:
        raise UserError("Name the copy to go on from: kalends restore FILE.")
    database = _database(configuration)
    if not file.is_file():
        raise UserError(f"There is no file {file}.")
    if _is_of(file, database):
        raise UserError(f"{file} is the database itself: there is nothing to go on from.")
    if database.exists() and not overwrite:
        raise UserError(
            f"{database} is already there. To go on from the copy instead, add --overwrite; what "
            "is there now is kept beside it."
        )
    return partial(_restore, configuration, file, database)


def _database(configuration: Configuration) -> Path:
    """Return the database's file; ``UserError`` where it is none of ours to copy."""
    database = configuration.server.database
    if not database.startswith("sqlite:///"):
        raise UserError(
            "Kalends copies no PostgreSQL: use pg_dump, pg_basebackup or your provider's backups; "
            "after putting a copy back run `kalends restore`."
        )
    return Path(database.removeprefix("sqlite:///"))


async def _copy(configuration: Configuration, target: Path) -> None:
    """Let the engine copy; where none runs, do it here."""
    if not _runs(configuration):
        await _copy_here(configuration, target)
        return
    command = Backup(organization="*", actor="cli", path=str(target))
    await ask(configuration, command, seconds=3600)


def _runs(configuration: Configuration) -> bool:
    from kalends.app.lock import only_one

    try:
        with only_one(configuration.server.directory() / "kalends.engine.lock"):
            return False
    except UserError:
        return True


async def _copy_here(configuration: Configuration, target: Path) -> None:
    from kalends.app.lock import only_one
    from kalends.runtime import Runtime
    from kalends.store import open_store
    from kalends.store.vault import Vault

    server = configuration.server
    if not _database(configuration).exists():
        raise UserError(f"There is no database at {_database(configuration)} yet.")
    with only_one(server.directory() / "kalends.engine.lock"):
        vault = Vault.load(server.key_path(), create=False)
        store = await open_store(server.database, vault, Runtime())
        try:
            await store.backup(target)
        finally:
            await store.close()


async def _restore(configuration: Configuration, file: Path, database: Path) -> int:
    from kalends.store.copies import examine, mark, prepare
    from kalends.store.replacing import replace

    made = examine(file)
    with _staged(file, database) as staged:
        await _opens(configuration, staged)
        now = datetime.now(UTC)
        prepare(staged, made, int(now.timestamp()))
        stamp = now.strftime("%Y%m%dT%H%M%SZ")
        # The mark first: what is stale is never without it.
        replace(database, staged, stamp, partial(mark, configuration.server.directory()))
    return made


@contextmanager
def _staged(file: Path, database: Path) -> Iterator[Path]:
    """Lend a copy of the copy, beside where it shall be; gone afterwards, unless it was moved."""
    from kalends.store.replacing import SIDE_FILES, beside

    database.parent.mkdir(parents=True, exist_ok=True)
    staged = beside(database, ".restoring")
    every = [staged, *(beside(staged, side) for side in SIDE_FILES)]
    for left in every:  # by a restore that was killed: its log must not be taken for this copy's
        left.unlink(missing_ok=True)
    try:
        for side in ("", "-wal"):  # a copy that somebody else made may have its newest part there
            part = beside(file, side)
            if part.exists():
                beside(staged, side).touch(0o600)
                shutil.copyfile(part, beside(staged, side))
        yield staged
    finally:
        for one in every:
            one.unlink(missing_ok=True)


async def _opens(configuration: Configuration, staged: Path) -> None:
    """Bring the copy's schema up to date, and see that our key opens what is sealed in it."""
    from kalends.runtime import Runtime
    from kalends.store import open_store
    from kalends.store.copies import opens
    from kalends.store.vault import CannotOpen, Vault

    server = configuration.server
    vault = Vault.load(server.key_path(), create=False)
    store = await open_store(f"sqlite:///{staged}", vault, Runtime())
    try:
        await opens(store)
    except CannotOpen:
        raise _other_key(configuration) from None
    finally:
        await store.close()


async def _put_back(configuration: Configuration) -> int:
    """Make a PostgreSQL database that was put back fit to go on from."""
    from kalends.runtime import Runtime
    from kalends.store.copies import mark, prepare_postgresql
    from kalends.store.vault import CannotOpen, Vault

    server = configuration.server
    vault = Vault.load(server.key_path(), create=False)
    mark(server.directory())  # first: what is stale is never without its mark
    try:
        return await prepare_postgresql(server.database, vault, Runtime())
    except CannotOpen:
        raise _other_key(configuration) from None


def _other_key(configuration: Configuration) -> UserError:
    return UserError(
        f"The key {configuration.server.key_path()} does not open this copy. Put the one there "
        "that belongs to it."
    )
