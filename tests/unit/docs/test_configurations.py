"""Every configuration that a page prints loads, once what the page leaves out is put around it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from kalends.config import load
from kalends.config.export import inline

ROOT = Path(__file__).parents[3]
FENCED = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
Table = dict[str, Any]

ORGANIZATION: Table = {
    "id": "acme", "name": "Acme AB", "timezone": "Europe/Stockholm", "language": "sv",
    "domains": ["acme.example"],
}  # fmt: skip
PERSON: Table = {"id": "anna", "name": "Anna Berg", "emails": ["anna@acme.example"]}
SOURCES: dict[str, Table] = {
    "caldav": {"url": "https://dav.example/", "username": "svc", "password_env": "P"},
    "ics": {},
    "ews": {"url": "https://mail.acme.example/", "username": "svc", "password_env": "P"},
    "exchange-webdav": {"url": "https://m.example/", "username": "svc", "password_env": "P"},
}
"""What a page that shows one more key takes as written already."""
KNOWN = {"exchange": "ews", "dav": "caldav", "icloud": "caldav", "feeds": "ics"}
"""Sources that pages name without showing them again, and their kinds."""
PIN = ":".join(["9F"] * 32)


def examples() -> list[Any]:
    pages = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
    return [
        pytest.param(page, found[1], id=f"{page.name}:{_line(text, found.start())}")
        for page in pages
        for text in [page.read_text("utf-8")]
        for found in FENCED.finditer(text)
    ]


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def whole(page: Path, shown: str) -> Table:
    """Put around a few lines what makes a file of them."""
    found: Table = tomllib.loads(shown.replace("9F:86:D0:81:…", PIN))
    if "calendars" in found:
        found = {"organizations": {"people": [PERSON | found]}}
    elif not found.keys() & {"organizations", "server"}:
        kind = "exchange-webdav" if page.stem == "exchange-2003" else "ews"
        found = {"organizations": {"sources": [{"id": "shown", "kind": kind} | found]}}
    given = found.get("organizations", {})
    [organization] = given if isinstance(given, list) else [ORGANIZATION | given]
    sources = organization.setdefault("sources", [])
    for one in sources:
        known = SOURCES[one["kind"]]
        address = {"url"} if one.keys() & {"url", "domain", "uploads"} else set()
        secret = {"password_env"} if one.keys() & {"password_file", "keytab_file"} else set()
        one |= {key: known[key] for key in known.keys() - one.keys() - address - secret}
    written = {one["id"] for one in sources}
    for name in sorted(_named(organization) - written):
        sources.append({"id": name, "kind": KNOWN[name], **SOURCES[KNOWN[name]]})
    return {**found, "organizations": [organization]}


def _named(organization: Table) -> set[str]:
    people = organization.get("people", [])
    calendars = [one for who in people for one in who.get("calendars", [])]
    return {one["source"] for one in [*calendars, *organization.get("directories", [])]}


def test_the_pages_show_configurations() -> None:
    assert len(examples()) >= 20


@pytest.mark.parametrize(("page", "shown"), examples())
def test_a_configuration_that_a_page_prints_loads(page: Path, shown: str, tmp_path: Path) -> None:
    text = "\n".join(f"{key} = {inline(value)}" for key, value in whole(page, shown).items())
    file = tmp_path / "kalends.toml"
    file.write_text(text, "utf-8")
    [organization] = load(file).organizations
    assert organization.id == "acme"
