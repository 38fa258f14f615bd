"""The documents are true to the tree: generated pages, links, paths, figures, error codes."""

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kalends import errors
from kalends.config.reference import reference, sections
from kalends.errors import SourceTrouble

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "console" / "README.md"])
TREE = ("src/", "docs/", "tests/", "benchmarks/", "lab/", "tools/", "requirements/", "console/")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text("utf-8")), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", one.lower()).strip().replace(" ", "-") for one in plain}


def test_the_configuration_page_is_the_generated_one() -> None:
    page = (ROOT / "docs/reference/configuration.md").read_text("utf-8")
    assert page == reference(), "run: make docs"


def test_every_key_has_a_meaning() -> None:
    silent = [
        f"{title} {name}"
        for title, model, _ in sections()
        for name, field in model.model_fields.items()
        if not field.description and name != "managed_by"
    ]
    assert not silent


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target in LINK.findall(FENCED.sub("", page.read_text("utf-8"))):
        path, _, anchor = target.partition("#")
        if "://" in path or path.startswith("mailto:"):
            continue
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_path_a_page_names_exists(page: Path) -> None:
    words = CODE.findall(FENCED.sub("", page.read_text("utf-8")))
    paths = [word.split("::")[0] for word in words if word.startswith(TREE) and " " not in word]
    assert not [path for path in paths if not _exists(path)]


def _exists(path: str) -> bool:
    if path.startswith("src/kalends/web/console"):  # built, not written
        return True
    return any(ROOT.glob(path.rstrip("/"))) if "*" in path else (ROOT / path).exists()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_test_a_page_names_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    for path, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text):
        assert f"def {name}(" in (ROOT / path).read_text("utf-8"), f"{path}::{name}"


def test_every_decision_is_in_the_index() -> None:
    index = (ROOT / "docs/adr/README.md").read_text("utf-8")
    files = {page.name for page in ROOT.glob("docs/adr/0*.md")}
    assert files == set(LINK.findall(index))


def test_every_code_of_trouble_is_documented_with_its_remedy() -> None:
    page = (ROOT / "docs/reference/errors.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([\w-]+)` \| .*? \| (.*?) \|$", page, re.MULTILINE))
    assert rows == {kind.code: kind.remedy for kind in _troubles()}


def _troubles() -> Iterator[type[SourceTrouble]]:
    for _, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, SourceTrouble):
            yield kind


def test_every_exported_figure_is_documented_and_no_other() -> None:
    page = (ROOT / "docs/reference/metrics.md").read_text("utf-8")
    told = set(re.findall(r"^\| `(kalends_\w+)` \|", page, re.MULTILINE))
    exported: set[str] = set()
    for module in ("kalends.engine.metrics", "kalends.web.figures"):
        source = inspect.getsource(importlib.import_module(module))
        found = re.findall(r'(\w+)\(\s*"(kalends_\w+)"', source)
        exported |= {_full(kind, name) for kind, name in found}
    assert told == exported


def _full(kind: str, name: str) -> str:
    """Return a figure's name as Prometheus sees it: counters end in ``_total``."""
    return f"{name}_total" if kind.startswith("Counter") else name
