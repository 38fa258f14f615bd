"""Where a sink leads, beside its cursor; and no index that nobody asks any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column, empty: where a sink leads is noted when it is opened next."""
    op.add_column("sink", sa.Column("leads_to", sa.LargeBinary(), nullable=True))
    op.drop_index("transition_at", "transition")
