"""What reaches a log: names on a list, errors of our own; of libraries that they spoke."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from kalends import observe
from kalends.errors import StoreFailed


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    before = structlog.get_config()
    handlers = list(logging.getLogger().handlers)
    yield
    structlog.configure(**before)
    logging.getLogger().handlers[:] = handlers


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return what was written to standard error; every line has to be a JSON object."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_what_a_library_warns_of_is_one_line_without_its_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    observe.configure("debug")
    observe.configure("debug")  # as a second command in one process does
    capsys.readouterr()
    logging.getLogger("strange").warning("Anna Berg: %s", "Urlaub")
    try:
        raise ValueError("canary of Anna")
    except ValueError:
        logging.getLogger("strange").exception("canary")
    told, failed = lines(capsys)
    assert (told["event"], told["module"], told["level"]) == (
        "library.warned", "strange", "warning",
    )  # fmt: skip
    assert (failed["error_type"], failed["level"]) == ("ValueError", "error")
    assert "test_what_a_library" in told["where"] and "test_what_a_library" in failed["where"]
    assert "canary" not in str((told, failed)) and "Anna" not in str((told, failed))


async def test_a_task_nobody_awaited_writes_no_subject_on_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    observe.configure()
    capsys.readouterr()
    asyncio.get_running_loop().call_exception_handler(
        {"message": "Task of Anna", "exception": ValueError("canary")}
    )
    [told] = lines(capsys)
    assert (told["module"], told["error_type"]) == ("asyncio", "ValueError")
    assert "canary" not in str(told) and "Anna" not in str(told)


def test_a_command_that_tells_by_itself_is_not_interrupted_by_a_library(
    capsys: pytest.CaptureFixture[str],
) -> None:
    observe.configure("critical", json=False)
    capsys.readouterr()
    logging.getLogger("asyncpg.pool").warning("Failed to restore the pool")
    assert capsys.readouterr().err == ""


def test_an_error_of_ours_tells_its_text_and_a_field_nobody_allowed_is_blanked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    observe.configure()
    capsys.readouterr()
    log = observe.logger("kalends.x")
    log.error("store.failed", exc_info=StoreFailed("the disk is full"), subject="canary")
    [told] = lines(capsys)
    assert (told["error"], told["subject"]) == ("the disk is full", "…")
