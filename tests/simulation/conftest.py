"""Quiet logs: faults are what these tests are about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from kalends import observe


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    observe.configure("critical")
    yield
    structlog.reset_defaults()
