"""What is shown of people in the order of revisions, apart from the numbers of ``state``."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
COLUMNS = (
    "organization, person, shard, lane, queued_at, next_change_at, input_version, dirty, "
    "revision, evaluated_at, manual, hold"
)
QUEUED = sa.text("queued_at IS NOT NULL")
BOUNDED = sa.text("next_change_at IS NOT NULL")


def upgrade() -> None:
    """Part the table; where it lies in the order of its key (SQLite) it is written anew, packed."""
    op.create_table(
        "shown",
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("presence", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("organization", "revision"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "replaced",
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("below", sa.BigInteger(), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organization"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO shown (organization, revision, person, presence)"
        " SELECT organization, revision, person, presence FROM state"
        " WHERE revision > 0 AND presence IS NOT NULL ORDER BY organization, revision"
    )
    op.drop_index("state_revision", "state")
    if op.get_context().dialect.name == "sqlite":
        _packed()
    else:
        op.drop_column("state", "presence")


def _packed() -> None:
    for index in ("state_due", "state_queue"):
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
    op.create_index(
        "state_due", "state", ["next_change_at", "organization", "person"], sqlite_where=BOUNDED
    )
    op.create_index("state_queue", "state", ["lane", "queued_at", "shard"], sqlite_where=QUEUED)
