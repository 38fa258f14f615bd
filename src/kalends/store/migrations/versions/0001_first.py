"""The first schema."""

from __future__ import annotations

from alembic import op
from sqlalchemy.schema import CreateIndex, CreateTable

from kalends.store.tables import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table and index."""
    for table in metadata.sorted_tables:
        op.execute(CreateTable(table))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            op.execute(CreateIndex(index))
