"""What the engine does at its start with the operator's file, by how the file is taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from kalends.app.engine_process import apply_file
from kalends.bus.commands import Answer, AnyCommand
from kalends.config import load
from kalends.engine.engine import Engine
from kalends.errors import ConfigurationError, KalendsError, UserError

PROBLEM = {"where": "acme", "key": "people.anna", "what": "is there twice.", "remedy": ""}


async def start(tmp_path: Path, answer: Answer) -> None:
    """Follow a small file with an engine that answers as told."""
    path = tmp_path / "kalends.toml"
    path.write_text('[[organizations]]\nid = "acme"\nname = "Acme"\n')

    class Desk:
        async def handle(self, command: AnyCommand) -> Answer:
            del command
            return answer

    await apply_file(cast("Engine", cast("Any", Desk())), load(path))


async def test_a_file_that_is_followed_or_would_remove_too_much_lets_the_engine_work(
    tmp_path: Path,
) -> None:
    await start(tmp_path, Answer(ok=True))
    await start(tmp_path, Answer(ok=False, code="refused", message="5 of 9 people would leave."))


async def test_a_wrong_file_is_told_and_not_tried_again(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is there twice"):
        await start(tmp_path, Answer(ok=False, code="invalid", problems=[PROBLEM]))


@pytest.mark.parametrize("code", ["failed", "conflict"])
async def test_a_store_in_trouble_ends_the_process_so_that_it_is_started_again(
    tmp_path: Path, code: str
) -> None:
    answer = Answer(ok=False, code=code, message="the disk is full")
    with pytest.raises(KalendsError, match="the disk is full") as ended:
        await start(tmp_path, answer)
    assert not isinstance(ended.value, UserError)  # which no new start could mend
