"""Row-level security on PostgreSQL: what each role may see of whom (RELIABILITY threat 14).

Two roles that own nothing and cannot sign in; the database's user takes one per transaction:

- ``kalends_engine`` reads and writes the rows of the organization its transaction names, or of
  every organization where it names ``*`` (the due index, retention);
- ``kalends_reader`` only reads, and looks across organizations only where names and figures are
  (``ACROSS``), never into records, plans, secrets or uploads.

Security is forced: it binds the tables' owner too.
"""

from __future__ import annotations

from typing import Final

from kalends.store.tables import TENANT_TABLES, metadata

ENGINE: Final = "kalends_engine"
READER: Final = "kalends_reader"
ACROSS: Final = frozenset({"organization", "document", "principal", "state", "calendar"})
"""Tables a reader may look across: ``organizations``, ``principal``, ``summary``."""

_NAMED: Final = "(SELECT current_setting('kalends.organization', true))"

HOW_TO: Final = (
    f"Let a superuser run: CREATE ROLE {ENGINE} NOLOGIN; CREATE ROLE {READER} NOLOGIN; "
    f"GRANT {ENGINE}, {READER} TO the user in [server] database; and make that user the owner of "
    "the database (ALTER DATABASE … OWNER TO …)."
)

MISSING_ROLES: Final = f"""\
SELECT role FROM unnest(ARRAY['{ENGINE}', '{READER}']) AS role
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role)"""  # noqa: S608 (constants)

OPEN_TO_OWNER: Final = """\
SELECT format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', oid::regclass) FROM pg_class
WHERE relforcerowsecurity AND pg_get_userbyid(relowner) = current_user"""
"""Gives what lets a change of schema see the rows it moves; ``protect`` closes it again.

Forced, security hides every row from the owner too, and what is moved would be nothing."""


def create_role(role: str) -> list[str]:
    """Return the statements that make a role and let the present user take it."""
    return [f"CREATE ROLE {role} NOLOGIN", f"GRANT {role} TO CURRENT_USER"]


def protect() -> list[str]:
    """Return the statements that put every table under security; they may be run again."""
    statements = [
        f"GRANT USAGE ON SCHEMA public TO {ENGINE}, {READER}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {ENGINE}",
    ]
    for table in metadata.sorted_tables:
        statements += [
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table.name} TO {ENGINE}",
            f"GRANT SELECT ON {table.name} TO {READER}",
        ]
    for table in TENANT_TABLES:
        statements += _protect(table.name)
    return statements


def _protect(table: str) -> list[str]:
    across = [ENGINE, READER] if table in ACROSS else [ENGINE]
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"DROP POLICY IF EXISTS own ON {table}",
        f"CREATE POLICY own ON {table} USING (organization = {_NAMED})",
        f"DROP POLICY IF EXISTS every ON {table}",
        f"CREATE POLICY every ON {table} TO {', '.join(across)} USING ({_NAMED} = '*')",
    ]
