"""States in the order of their key, and so the people who are due in one second."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

COLUMNS = (
    "organization, person, shard, lane, queued_at, next_change_at, input_version, dirty, "
    "revision, evaluated_at, presence, manual, hold"
)
QUEUED = sa.text("queued_at IS NOT NULL")
BOUNDED = sa.text("next_change_at IS NOT NULL")


def upgrade() -> None:
    """Build the table anew where rows have numbers (SQLite); elsewhere only the index."""
    if op.get_context().dialect.name == "sqlite":
        _anew()
    else:
        op.drop_index("state_due", "state")
    op.create_index(
        "state_due",
        "state",
        ["next_change_at", "organization", "person"],
        sqlite_where=BOUNDED,
        postgresql_where=BOUNDED,
    )


def _anew() -> None:
    for index in ("state_due", "state_queue", "state_revision"):
        op.drop_index(index, "state")
    op.rename_table("state", "state_before")
    op.create_table(
        "state",
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
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
        sqlite_with_rowid=False,
    )
    op.execute(
        f"INSERT INTO state ({COLUMNS}) SELECT {COLUMNS} FROM state_before"  # noqa: S608 (constants)
        " ORDER BY organization, person"
    )
    op.drop_table("state_before")
    op.create_index("state_queue", "state", ["lane", "queued_at", "shard"], sqlite_where=QUEUED)
    op.create_index("state_revision", "state", ["organization", "revision"])
