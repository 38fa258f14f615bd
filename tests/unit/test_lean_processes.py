"""What a process need not load, it does not load: memory is promised."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kalends.store.migrating import scripts
from kalends.store.schema import VERSIONS


@pytest.mark.parametrize("room", ["kalends.engine.engine", "kalends.web.application"])
def test_neither_migrations_nor_terminals_are_loaded_beside_the_work(room: str) -> None:
    told = f"import sys, {room}; print(*sorted({{'alembic', 'rich'}} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


def test_the_versions_of_the_schema_are_those_of_its_migrations() -> None:
    written = [script.revision for script in scripts().walk_revisions()]
    assert tuple(reversed(written)) == VERSIONS
