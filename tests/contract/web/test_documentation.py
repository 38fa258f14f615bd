"""``docs/reference/api.md`` and the OpenAPI document tell the same paths and the same fields."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from kalends.runtime import Runtime
from kalends.web.application import application
from kalends.web.options import WebOptions
from tests.contract.web.test_people import get
from tests.contract.web.world import World

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "api.md"


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    nothing: Any = None
    return application(nothing, nothing, Runtime(), WebOptions()).openapi()


def test_every_path_is_in_the_reference_with_its_methods(spec: dict[str, Any]) -> None:
    text = PAGE.read_text()
    told = {
        (method, path)
        for methods, path in re.findall(r"`?((?:[A-Z]{3,6}`?, `?)*[A-Z]{3,6}) (/[\w/{}.]+)", text)
        for method in re.findall("[A-Z]+", methods)
    }
    there = {
        (method.upper(), path)
        for path, operations in spec["paths"].items()
        for method in operations
    }
    assert there - told == set()
    assert told - there - {("GET", "/api/v1/openapi.json")} == set()


def test_operations_have_names_of_their_own_and_say_what_they_do(spec: dict[str, Any]) -> None:
    operations = [one for path in spec["paths"].values() for one in path.values()]
    names = [one["operationId"] for one in operations]
    assert len(names) == len(set(names))
    assert all(one.get("description") for one in operations)


async def test_answers_have_exactly_the_fields_that_openapi_tells(
    world: World, spec: dict[str, Any]
) -> None:
    schemas = spec["components"]["schemas"]
    for key, path, name, optional in (
        ("acme/attendant", "/api/v1/people/anna/presence", "Presence", set()),
        ("acme/admin", "/api/v1/people/anna", "Person", set()),
        ("acme/bert", "/api/v1/people/anna", "Person", {"stage", "left", "managed_by"}),
        ("acme/attendant", "/api/v1/people/anna/timeline", "Timeline", set()),
        ("acme/attendant", "/api/v1/people/anna/explain", "Explanation", set()),
    ):
        body = await get(world, key, path)
        assert body.keys() == schemas[name]["properties"].keys() - optional, path
