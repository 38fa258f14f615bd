"""An organization as one document again: settings, people and what is connected, from the store."""

from __future__ import annotations

import json
from typing import Any

from kalends.errors import NotFound
from kalends.model.organization import OrganizationDocument
from kalends.store.contract import Reader

_PAGE = 1000


async def organization_document(reader: Reader, organization: str) -> OrganizationDocument:
    """Return the whole of an organization as ``kalends.toml`` would hold it.

    Raises ``NotFound`` where there is no such organization. Secrets are never part of it.
    """
    data: dict[str, Any] = {}
    parts: dict[str, list[Any]] = {"source": [], "sink": [], "directory": []}
    for document in await reader.documents(organization):
        body = json.loads(document.body)
        if document.kind == "organization":
            data = body
        elif document.kind in parts:
            parts[document.kind].append(body)
    if not data:
        raise NotFound(f"there is no organization {organization!r}")
    data |= {
        "sources": parts["source"], "sinks": parts["sink"], "directories": parts["directory"],
    }  # fmt: skip
    data["people"] = await _people(reader, organization)
    return OrganizationDocument.model_validate(data)


async def _people(reader: Reader, organization: str) -> list[Any]:
    records: list[Any] = []
    after = ""
    while page := await reader.people(organization, after, _PAGE):
        records += [json.loads(person.record) for person in page]
        after = page[-1].person
    return records
