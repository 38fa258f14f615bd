"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table and index."""
    _audit()
    _breaker()
    _calendar()
    _day_key()
    _document()
    _email()
    _lease()
    _organization()
    _person()
    _plan()
    _principal()
    _secret()
    _sink()
    _sink_row()
    _state()
    _transition()
    _upload()


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", COUNT, nullable=False),
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("audit_at", "audit", ["at"])
    op.create_index("audit_organization", "audit", ["organization", "number"])


def _breaker() -> None:
    op.create_table(
        "breaker",
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("endpoint", TEXT, nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("failures", sa.LargeBinary(), nullable=False),
        sa.Column("open_until", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organization", "endpoint"),
        sqlite_with_rowid=False,
    )


def _calendar() -> None:
    op.create_table(
        "calendar",
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("url", TEXT, nullable=True),
        sa.Column("cursor", sa.LargeBinary(), nullable=True),
        sa.Column("window_start", sa.BigInteger(), nullable=False),
        sa.Column("window_end", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.Column("reconciled_at", sa.BigInteger(), nullable=True),
        sa.Column("stale_since", sa.BigInteger(), nullable=True),
        sa.Column("health", TEXT, nullable=False),
        sa.Column("message", TEXT, nullable=False),
        sa.Column("remedy", TEXT, nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("skipped", sa.BigInteger(), nullable=False),
        sa.Column("bookings", sa.BigInteger(), nullable=False),
        sa.Column("next_probe_at", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("first_end", sa.BigInteger(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("organization", "person", "source", "name"),
    )
    op.create_index(
        "calendar_first_end",
        "calendar",
        ["first_end"],
        sqlite_where=sa.text("first_end IS NOT NULL"),
        postgresql_where=sa.text("first_end IS NOT NULL"),
    )
    op.create_index(
        "calendar_source", "calendar", ["organization", "source", "person"], unique=False
    )
    op.create_index(
        "calendar_stale",
        "calendar",
        ["organization", "person", "stale_since"],
        sqlite_where=sa.text("stale_since IS NOT NULL"),
        postgresql_where=sa.text("stale_since IS NOT NULL"),
    )


def _day_key() -> None:
    op.create_table(
        "day_key",
        sa.Column("day", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day"),
    )


def _document() -> None:
    op.create_table(
        "document",
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("managed_by", TEXT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organization", "kind", "id"),
    )


def _email() -> None:
    op.create_table(
        "email",
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("email", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("organization", "email", "person"),
        sqlite_with_rowid=False,
    )
    op.create_index("email_person", "email", ["organization", "person"])


def _lease() -> None:
    op.create_table(
        "lease",
        sa.Column("shard", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shard"),
    )


def _organization() -> None:
    op.create_table(
        "organization",
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organization"),
    )


def _person() -> None:
    op.create_table(
        "person",
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("managed_by", TEXT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("organization", "person"),
    )


def _plan() -> None:
    op.create_table(
        "plan",
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("first_end", sa.BigInteger(), nullable=True),
        sa.Column("profile", sa.LargeBinary(), nullable=False),
        sa.Column("timeline", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("organization", "person"),
    )
    op.create_index(
        "plan_first_end",
        "plan",
        ["first_end"],
        sqlite_where=sa.text("first_end IS NOT NULL"),
        postgresql_where=sa.text("first_end IS NOT NULL"),
    )


def _principal() -> None:
    op.create_table(
        "principal",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("folded", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=True),
        sa.Column("secret_hash", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "principal_account",
        "principal",
        ["organization", "folded"],
        unique=True,
        sqlite_where=sa.text("kind = 'account'"),
        postgresql_where=sa.text("kind = 'account'"),
    )


def _secret() -> None:
    op.create_table(
        "secret",
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("endpoint", TEXT, nullable=False),
        sa.Column("field", TEXT, nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("organization", "endpoint", "field"),
        sqlite_with_rowid=False,
    )


def _sink() -> None:
    op.create_table(
        "sink",
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("sink", TEXT, nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("organization", "sink"),
        sqlite_with_rowid=False,
    )


def _sink_row() -> None:
    op.create_table(
        "sink_row",
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("sink", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("memory", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organization", "sink", "person"),
    )
    op.create_index(
        "sink_row_due",
        "sink_row",
        ["organization", "sink", "due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )


def _state() -> None:
    op.create_table(
        "state",
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("shard", sa.BigInteger(), nullable=False),
        sa.Column("lane", sa.BigInteger(), nullable=False),
        sa.Column("queued_at", sa.BigInteger(), nullable=True),
        sa.Column("next_change_at", sa.BigInteger(), nullable=True),
        sa.Column("input_version", sa.BigInteger(), nullable=False),
        sa.Column("dirty", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("evaluated_at", sa.BigInteger(), nullable=False),
        sa.Column("presence", sa.LargeBinary(), nullable=True),
        sa.Column("manual", sa.LargeBinary(), nullable=True),
        sa.Column("hold", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("organization", "person"),
    )
    op.create_index(
        "state_due",
        "state",
        ["next_change_at", "shard"],
        sqlite_where=sa.text("next_change_at IS NOT NULL"),
        postgresql_where=sa.text("next_change_at IS NOT NULL"),
    )
    op.create_index(
        "state_queue",
        "state",
        ["lane", "queued_at", "shard"],
        sqlite_where=sa.text("queued_at IS NOT NULL"),
        postgresql_where=sa.text("queued_at IS NOT NULL"),
    )
    op.create_index("state_revision", "state", ["organization", "revision"])


def _transition() -> None:
    op.create_table(
        "transition",
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=True),
        sa.Column("after", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("organization", "revision"),
    )
    op.create_index("transition_at", "transition", ["at"])


def _upload() -> None:
    op.create_table(
        "upload",
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("organization", "person", "name"),
    )
