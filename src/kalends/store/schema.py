"""The schema's version: Alembic writes the SQL of what is missing, the driver runs it.

Place: at ``open_store``. The scripts lie in ``migrations/versions``. Alembic works offline here
(it only writes SQL): so one way serves apsw and asyncpg, and no second database driver opens the
file. The engine migrates; a reader checks, and refuses an older or newer schema.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import as_file, files
from typing import Final, TextIO, cast

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Dialect

from kalends.errors import UserError
from kalends.store import migrations

VERSION_TABLE: Final = "kalends_schema"
CURRENT_SQL: Final = f"SELECT version_num FROM {VERSION_TABLE}"  # noqa: S608 (a constant)


@cache
def _scripts() -> ScriptDirectory:
    with as_file(files(migrations)) as directory:
        return ScriptDirectory(str(directory))


def head() -> str:
    """Return the version this program works with."""
    found = _scripts().get_current_head()
    assert found is not None
    return found


def upgrade(current: str | None, dialect: Dialect) -> list[str]:
    """Return the statements that lead from the current version (None: empty) to ``head``.

    Raises ``UserError`` where the database was written by a newer Kalends.
    """
    check_known(current)
    if current == head():
        return []
    statements: list[str] = []
    environment = EnvironmentContext(
        Config(),
        _scripts(),
        fn=lambda revision, _context: _scripts()._upgrade_revs(head(), revision),
        as_sql=True,
        starting_rev=current,
        destination_rev=head(),
    )
    with environment:
        environment.configure(
            dialect_name=dialect.name,
            version_table=VERSION_TABLE,
            literal_binds=True,
            output_buffer=cast("TextIO", _Collector(statements.append)),
        )
        environment.run_migrations()
    return statements


class _Collector:
    """A file of sorts: Alembic writes one statement, a semicolon and a blank line at a time."""

    def __init__(self, take: Callable[[str], None]) -> None:
        self._take = take

    def write(self, text: str) -> None:
        """Take one statement."""
        told = [line for line in text.splitlines() if not line.startswith("--")]
        statement = "\n".join(told).strip().rstrip(";")
        if statement:
            self._take(statement)

    def flush(self) -> None:
        """Do nothing."""


def check_known(current: str | None) -> None:
    """Raise ``UserError`` where a newer Kalends wrote the database."""
    known = {script.revision for script in _scripts().walk_revisions()}
    if current is not None and current not in known:
        raise UserError(
            f"The database has schema {current}, which this Kalends ({head()}) does not know: "
            "a newer one wrote it. Install that version, or restore a backup made before it."
        )


def check_current(current: str | None) -> None:
    """Raise ``UserError`` where a reader's database is not at ``head``."""
    check_known(current)
    if current != head():
        raise UserError(
            f"The database has schema {current or 'none'}, this Kalends needs {head()}. "
            "Start `kalends serve` of this version once: it brings the database up to date."
        )
