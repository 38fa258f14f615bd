"""The schema's version: what this program knows, what a database has, what is missing between.

Place: at ``open_store``. The engine migrates (``migrating`` writes the SQL, the driver runs it); a
reader checks, and refuses an older or newer schema.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from sqlalchemy.engine import Dialect

from kalends.errors import NotYet, UserError
from kalends.store import migrations


def _versions() -> tuple[str, ...]:
    scripts = (files(migrations) / "versions").iterdir()
    return tuple(sorted(one.name.partition("_")[0] for one in scripts if one.name[:1].isdigit()))


VERSIONS: Final = _versions()
"""Every version there was, oldest first: the numbers before the names of the migrations."""
HEAD: Final = VERSIONS[-1]
"""The version this program works with."""
VERSION_TABLE: Final = "kalends_schema"
CURRENT_SQL: Final = f"SELECT version_num FROM {VERSION_TABLE}"  # noqa: S608 (a constant)


def upgrade(current: str | None, dialect: Dialect) -> list[str]:
    """Return the statements that lead from the current version (None: empty) to ``HEAD``.

    Raises ``UserError`` where the database was written by a newer Kalends.
    """
    check_known(current)
    if current == HEAD:
        return []
    from kalends.store import migrating  # see there: not for a database that is up to date

    return migrating.statements(current, HEAD, VERSION_TABLE, dialect)


def check_known(current: str | None) -> None:
    """Raise ``UserError`` where a newer Kalends wrote the database."""
    if current is not None and current not in VERSIONS:
        raise UserError(
            f"The database has schema {current}, which this Kalends ({HEAD}) does not know: "
            "a newer one wrote it. Install that version, or restore a backup made before it."
        )


def check_current(current: str | None) -> None:
    """Raise ``NotYet`` where a reader's database is not at ``HEAD`` yet, as ``check_known``."""
    check_known(current)
    if current != HEAD:
        raise NotYet(
            f"The database has schema {current or 'none'}, this Kalends needs {HEAD}. "
            "Start `kalends serve` of this version once: it brings the database up to date."
        )
