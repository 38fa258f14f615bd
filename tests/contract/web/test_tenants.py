"""Promise 11, generated: every route × two organizations × every role → not a byte of the other.

The two organizations have people of the same ids; every text of one holds its name. Whoever asks
about the other's, by id or by name, learns exactly what somebody asking for nothing learns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from kalends.model.organization import DirectorySpec, SinkSpec, SourceSpec
from kalends.model.rules import Match, RuleSpec
from kalends.store.contract import AuditEntry, Document
from tests.contract.web.world import World

ROLES = ("admin", "attendant", "member", "anna", "provider")
BODIES: dict[str, Any] = {
    "manual": {"activity": "lunch"},
    "preferences": {"auto_return": False},
    "people": {"name": "Somebody"},
    "organization": {"name": "Ours"},
    "organizations": {"name": "Ours"},
    "rules": {"match": {"code": "x"}, "then": {"activity": "meeting"}},
    "sources": {"kind": "ics", "url": "https://example.org/x.ics"},
    "sinks": {"kind": "webhook", "url": "https://example.org/x"},
    "directories": {"kind": "ews", "source": "x"},
    "tokens": {"name": "new"},
    "accounts": {"name": "new", "password": "long enough words"},
}


async def furnish(world: World, name: str) -> None:
    """Give an organization one of everything, each carrying its name."""
    body = SourceSpec(id=f"source-{name}", kind="ics", managed_by="api").model_dump_json().encode()
    sink = SinkSpec(id=f"sink-{name}", kind="webhook", managed_by="api").model_dump_json().encode()
    shelf = DirectorySpec(id=f"directory-{name}", kind="ews", managed_by="api")
    await world.store.save_documents(
        [
            Document(name, "directory", shelf.id, shelf.model_dump_json().encode(), "api"),
            Document(name, "source", f"source-{name}", body, "api"),
            Document(name, "sink", f"sink-{name}", sink, "api"),
        ]
    )
    rule = RuleSpec(id=f"rule-{name}", match=Match(code=name))
    await world.organization(name, rules=(rule,), domains=(f"{name}.example",))
    await world.store.append_audit(
        [AuditEntry(name, world.now(), f"person:{name}", "set-manual", f"only-{name}")]
    )


_specification: list[dict[str, Any]] = []


async def specification(client: aiohttp.ClientSession) -> dict[str, Any]:
    """Return what the server takes: it takes half a second to write, and is the same for all."""
    if not _specification:
        async with client.get("/api/v1/openapi.json") as answer:
            _specification.append(await answer.json())
    return _specification[0]


def requests(spec: dict[str, Any], other: str) -> Iterator[tuple[str, str, Any]]:
    """Yield every operation aimed at the other organization's things."""
    aims = {
        "person": f"only-{other}",
        "id": f"source-{other}",
        "rule": f"rule-{other}",
        "name": f"name-{other}",
        "organization": other,
    }
    for template, operations in spec["paths"].items():
        if template.endswith(("/session", "/presence/stream")):
            continue  # tried in test_session and test_stream
        for method in operations.keys() & {"get", "put", "post", "patch", "delete"}:
            path = re.sub(r"\{(\w+)\}", lambda match: aims[match[1]], template)
            if path.startswith("/api/v1/sinks"):
                path = path.replace("source-", "sink-")
            if path.startswith("/api/v1/directories"):
                path = path.replace("source-", "directory-")
            kind = next((part for part in reversed(path.split("/")) if part in BODIES), "")
            body = BODIES.get(kind)
            yield method, path, [body] if path.endswith("/rules") else body


@pytest.mark.parametrize(
    "role",
    [
        pytest.param(role, marks=() if role in ("admin", "member") else pytest.mark.slow)
        for role in ROLES
    ],
)
async def test_no_route_tells_or_changes_another_organizations(world: World, role: str) -> None:
    for name in ("acme", "bolt"):
        await furnish(world, name)
    for own, other in (("acme", "bolt"), ("bolt", "acme")):
        key = role if role == "provider" else f"{own}/{role}"
        async with world.client(key) as client:
            everything = list(requests(await specification(client), other))
            if role == "provider":  # /me tells the provider all organizations, as it should
                everything = [one for one in everything if one[1] != "/api/v1/me"]
                everything = [one for one in everything if "/organizations/" not in one[1]]
            assert len(everything) > 40
            for method, path, body in everything:
                for query in ("", f"organization={other}"):
                    if role == "provider":
                        query = f"organization={own}"  # in one organization only that one shows
                    await _nothing_of(client, other, method, f"{path}?{query}", body)
        assert {command.organization for command in world.desk.commands} <= {own}
        world.desk.commands.clear()


_IN_ORGANIZATION = tuple(
    f"/api/v1/{part}"
    for part in ("people", "rules", "sources", "sinks", "tokens", "accounts", "audit", "calendars",
                 "organization?", "vocabulary", "status")
)  # fmt: skip


async def _nothing_of(
    client: aiohttp.ClientSession, other: str, method: str, path: str, body: Any
) -> None:
    async with client.request(method, path, json=body) as answer:
        text = (await answer.text()) + str(answer.headers)
        assert other not in text.lower(), (method, path, text)
        assert f"secret-of-{other}" not in text
        asked = path.split("?")[0]
        named = f"-{other}" in asked or asked.endswith(f"/{other}")
        creates = method == "put" and answer.status == 200  # one's own thing of that id
        if named and not creates:
            assert answer.status in (403, 404), (method, path, answer.status, text)
        if f"organization={other}" in path and path.startswith(_IN_ORGANIZATION):
            assert answer.status in (404, 422), (method, path, answer.status)
