"""How SQLite carries statements out: whoever is named is looked up, nobody else is looked at."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from kalends.runtime import Runtime
from kalends.store import units
from kalends.store.opening import sqlite_store
from kalends.store.statements import SQLITE, Compiled, Statement


def _about_some_people() -> Iterator[tuple[str, Compiled]]:
    """Yield every statement that is given a list of people, by its name."""
    for found in pkgutil.iter_modules(units.__path__):
        module = importlib.import_module(f"{units.__name__}.{found.name}")
        for name, one in vars(module).items():
            if isinstance(one, Statement):
                compiled = one.compiled(SQLITE)
                if "people" in compiled.names:
                    yield f"{found.name}.{name}", compiled


SOME_PEOPLE = dict(_about_some_people())


def test_there_are_statements_about_some_people() -> None:
    assert {"calendars._INPUTS", "calendars._OWNED", "queue._THESE", "sinks._THESE"} <= set(
        SOME_PEOPLE
    )


@pytest.mark.parametrize("name", sorted(SOME_PEOPLE))
async def test_some_people_are_looked_up_and_nobody_else_is_looked_at(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / "kalends.db"
    driver = await sqlite_store(path, Runtime())
    await driver.close()
    compiled = SOME_PEOPLE[name]
    given = tuple('["anna"]' if it == "people" else "x" for it in compiled.names)
    rows = apsw.Connection(str(path)).execute(f"EXPLAIN QUERY PLAN {compiled.text}", given)
    steps = [str(row[3]) for row in rows if "json_each" not in str(row[3])]
    looks = [step for step in steps if step.startswith(("SEARCH", "SCAN"))]
    assert looks
    by_organization = [step for step in looks if "organization=?" in step]
    # What is shown of somebody is found by its revision, out of the row found by his id.
    keyed = ("person=?", "organization=? AND revision=?")
    assert [step for step in by_organization if not any(key in step for key in keyed)] == [], steps
    assert any("person=?" in step for step in looks), steps
    assert [step for step in looks if step.startswith("SCAN")] == [], steps
