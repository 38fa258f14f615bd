"""The SQL that leads from one schema to the next, written by Alembic.

Place: ``schema.upgrade`` imports this where a database is new or old, and nowhere else: Alembic is
twelve megabytes that no running process needs. It works offline here (it only writes SQL): so one
way serves apsw and asyncpg, and no second database driver opens the file. The scripts lie in
``migrations/versions``.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import as_file, files
from typing import TextIO, cast

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Dialect

from kalends.store import migrations


def scripts() -> ScriptDirectory:
    """Return what is in ``migrations``."""
    with as_file(files(migrations)) as directory:
        return ScriptDirectory(str(directory))


def statements(current: str | None, head: str, version_table: str, dialect: Dialect) -> list[str]:
    """Return the statements that lead from the current version (None: empty) to ``head``."""
    found: list[str] = []
    directory = scripts()
    environment = EnvironmentContext(
        Config(),
        directory,
        fn=lambda revision, _context: directory._upgrade_revs(head, revision),
        as_sql=True,
        starting_rev=current,
        destination_rev=head,
    )
    with environment:
        environment.configure(
            dialect_name=dialect.name,
            version_table=version_table,
            literal_binds=True,
            output_buffer=cast("TextIO", _Collector(found.append)),
        )
        environment.run_migrations()
    return found


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
