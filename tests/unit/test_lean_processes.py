"""What a process need not load, it does not load: memory is promised."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kalends.store.migrating import scripts
from kalends.store.schema import VERSIONS


@pytest.mark.parametrize("room", ["kalends.engine.engine", "kalends.web.application"])
def test_neither_migrations_nor_terminals_are_loaded_beside_the_work(room: str) -> None:
    told = f"import sys, {room}; print(*sorted({{'alembic', 'rich'}} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


def test_a_file_with_calendars_of_one_kind_loads_no_other_kind(tmp_path: Path) -> None:
    file = tmp_path / "kalends.toml"
    file.write_text(
        '[server]\ndatabase = "sqlite:///x.db"\n[[organizations]]\nid = "acme"\nname = "Acme"\n'
        '[[organizations.sources]]\nid = "up"\nkind = "ics"\nuploads = true\n',
        "utf-8",
    )
    told = (
        f"import sys; from pathlib import Path; from kalends.config import load; "
        f"load(Path({str(file)!r})); print(*(m for m in sys.modules if 'kalends.kinds.' in m))"
    )
    found = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["kalends.kinds.ics"]


def test_the_versions_of_the_schema_are_those_of_its_migrations() -> None:
    written = [script.revision for script in scripts().walk_revisions()]
    assert tuple(reversed(written)) == VERSIONS
