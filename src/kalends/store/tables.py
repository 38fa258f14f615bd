"""The tables, once for both databases. Place: under ``statements`` and ``migrations``.

What a column holds is told by the values of ``contract``; here stands why it lies where it does.

- Every key begins with ``organization``: row-level security on PostgreSQL and every statement's
  WHERE hang on it. The provider's own rows carry an empty one.
- ``state`` is the hot table: a morning burst rewrites 100,000 of its rows in a second, scattered
  over all of it, so a row is numbers and nothing else, and many lie on a page. What an evaluation
  only reads lies in ``plan``, what it makes in ``shown``. On SQLite it lies in the order of its
  key, as do the people of one second in ``state_due``: a burst goes through both from front to
  back and writes every page once.
- ``shown`` is what is shown of everybody, in the order of revisions: a burst appends to it, and
  who follows revisions reads it from front to back. A person's row is the one with the revision
  that ``state`` names. Others were replaced: they go in the same transaction, after a burst a
  little later (``replaced``).
- ``state`` is in two queues at once, so that a boundary never waits behind a policy change:
  ``next_change_at`` is the next known boundary, ``queued_at`` with ``lane`` an input not yet seen.
- Columns named in a comment as sealed are opened by ``sealing`` alone.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

metadata = MetaData()

_Text = Text().with_variant(Text(collation="C"), "postgresql")  # order as SQLite's BINARY
_Count = BigInteger().with_variant(Integer(), "sqlite")


def _key(name: str) -> Column[str]:
    return Column(name, _Text, primary_key=True)


def _organization() -> Column[str]:
    return _key("organization")


organization = Table(
    "organization",
    metadata,
    _organization(),
    Column("revision", BigInteger, nullable=False),
)

document = Table(
    "document",
    metadata,
    _organization(),
    _key("kind"),
    _key("id"),
    Column("body", LargeBinary, nullable=False),
    Column("managed_by", _Text, nullable=False),
    Column("version", BigInteger, nullable=False),
)

person = Table(
    "person",
    metadata,
    _organization(),
    _key("person"),
    Column("managed_by", _Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("record", LargeBinary, nullable=False),
)

email = Table(
    "email",
    metadata,
    _organization(),
    _key("email"),
    _key("person"),
    Index("email_person", "organization", "person"),
    sqlite_with_rowid=False,
)

state = Table(
    "state",
    metadata,
    _organization(),
    _key("person"),
    Column("shard", BigInteger, nullable=False),
    Column("lane", BigInteger, nullable=False),
    Column("queued_at", BigInteger),
    Column("next_change_at", BigInteger),
    Column("input_version", BigInteger, nullable=False),
    Column("dirty", Boolean, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("evaluated_at", BigInteger, nullable=False),
    Column("manual", LargeBinary),  # sealed
    Column("hold", LargeBinary),  # sealed
    sqlite_with_rowid=False,
)
Index(
    "state_due",
    state.c.next_change_at,
    state.c.organization,
    state.c.person,
    sqlite_where=state.c.next_change_at.is_not(None),
    postgresql_where=state.c.next_change_at.is_not(None),
)
Index(
    "state_queue",
    state.c.lane,
    state.c.queued_at,
    state.c.shard,
    sqlite_where=state.c.queued_at.is_not(None),
    postgresql_where=state.c.queued_at.is_not(None),
)

shown = Table(
    "shown",
    metadata,
    _organization(),
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("person", _Text, nullable=False),
    Column("presence", LargeBinary, nullable=False),  # sealed
    sqlite_with_rowid=False,
)

replaced = Table(
    "replaced",
    metadata,
    _organization(),
    Column("below", BigInteger, nullable=False),  # replaced rows of ``shown`` lie below this …
    Column("after", BigInteger, nullable=False),  # … and behind this revision
    sqlite_with_rowid=False,
)

plan = Table(
    "plan",
    metadata,
    _organization(),
    _key("person"),
    Column("first_end", BigInteger),  # end of the first segment: what purge looks for
    Column("profile", LargeBinary, nullable=False),
    Column("timeline", LargeBinary),  # sealed
)
Index(
    "plan_first_end",
    plan.c.first_end,
    sqlite_where=plan.c.first_end.is_not(None),
    postgresql_where=plan.c.first_end.is_not(None),
)

calendar = Table(
    "calendar",
    metadata,
    _organization(),
    _key("person"),
    _key("source"),
    _key("name"),
    Column("url", _Text),
    Column("cursor", LargeBinary),
    Column("window_start", BigInteger, nullable=False),
    Column("window_end", BigInteger, nullable=False),
    Column("read_at", BigInteger),
    Column("reconciled_at", BigInteger),
    Column("stale_since", BigInteger),
    Column("health", _Text, nullable=False),
    Column("message", _Text, nullable=False),
    Column("remedy", _Text, nullable=False),
    Column("failures", BigInteger, nullable=False),
    Column("skipped", BigInteger, nullable=False),
    Column("bookings", BigInteger, nullable=False),
    Column("next_probe_at", BigInteger),
    Column("digest", LargeBinary),  # keyed: tells unchanged content without opening it
    Column("first_end", BigInteger),  # end of the first booking: what purge looks for
    Column("content", LargeBinary),  # sealed: bookings, work hours, automatic reply
)
Index("calendar_source", calendar.c.organization, calendar.c.source, calendar.c.person)
Index(
    "calendar_stale",
    calendar.c.organization,
    calendar.c.person,
    calendar.c.stale_since,
    sqlite_where=calendar.c.stale_since.is_not(None),
    postgresql_where=calendar.c.stale_since.is_not(None),
)
Index(
    "calendar_first_end",
    calendar.c.first_end,
    sqlite_where=calendar.c.first_end.is_not(None),
    postgresql_where=calendar.c.first_end.is_not(None),
)

upload = Table(
    "upload",
    metadata,
    _organization(),
    _key("person"),
    _key("name"),
    Column("at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),  # sealed; lives until it is replaced or deleted
)

transition = Table(
    "transition",
    metadata,
    _organization(),
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("person", _Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("before", LargeBinary),  # sealed
    Column("after", LargeBinary, nullable=False),  # sealed
)

sink = Table(
    "sink",
    metadata,
    _organization(),
    _key("sink"),
    Column("cursor", BigInteger),
    Column("leads_to", LargeBinary),  # digest of the receiver and of what it is told
    sqlite_with_rowid=False,
)

sink_row = Table(
    "sink_row",
    metadata,
    _organization(),
    _key("sink"),
    _key("person"),
    Column("revision", BigInteger, nullable=False),
    Column("memory", LargeBinary),  # sealed
    Column("digest", LargeBinary),
    Column("due_at", BigInteger),
    Column("failures", BigInteger, nullable=False),
)
Index(
    "sink_row_due",
    sink_row.c.organization,
    sink_row.c.sink,
    sink_row.c.due_at,
    sqlite_where=sink_row.c.due_at.is_not(None),
    postgresql_where=sink_row.c.due_at.is_not(None),
)

breaker = Table(
    "breaker",
    metadata,
    _organization(),
    _key("endpoint"),
    Column("fingerprint", _Text, nullable=False),
    Column("failures", LargeBinary, nullable=False),
    Column("open_until", BigInteger),
    Column("version", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

secret = Table(
    "secret",
    metadata,
    _organization(),
    _key("endpoint"),
    _key("field"),
    Column("value", LargeBinary, nullable=False),  # sealed, lasting
    sqlite_with_rowid=False,
)

principal = Table(
    "principal",
    metadata,
    _key("id"),
    Column("organization", _Text, nullable=False),
    Column("kind", _Text, nullable=False),
    Column("name", _Text, nullable=False),
    Column("folded", _Text, nullable=False),  # the name as sign-in compares it
    Column("role", _Text, nullable=False),
    Column("person", _Text),
    Column("secret_hash", _Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("disabled", Boolean, nullable=False),
)
Index(
    "principal_account",
    principal.c.organization,
    principal.c.folded,
    unique=True,
    sqlite_where=principal.c.kind == "account",
    postgresql_where=principal.c.kind == "account",
)

audit = Table(
    "audit",
    metadata,
    Column("number", _Count, primary_key=True),
    Column("organization", _Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", _Text, nullable=False),
    Column("action", _Text, nullable=False),
    Column("target", _Text, nullable=False),
    Index("audit_organization", "organization", "number"),
    Index("audit_at", "at"),
)

lease = Table(
    "lease",
    metadata,
    Column("shard", BigInteger, primary_key=True, autoincrement=False),
    Column("owner", _Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
)

day_key = Table(
    "day_key",
    metadata,
    Column("day", BigInteger, primary_key=True, autoincrement=False),
    Column("value", LargeBinary, nullable=False),  # sealed under the master key
)

TENANT_TABLES = tuple(table for table in metadata.sorted_tables if "organization" in table.c)
"""Tables under row-level security, and what deleting an organization empties."""
