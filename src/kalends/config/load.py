"""Read ``kalends.toml``: syntax, keys, people files, and what they say together."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from kalends.config.check import problems_of
from kalends.config.lines import Lines
from kalends.config.people_file import PeopleFile
from kalends.config.problems import dotted, told
from kalends.config.salvage import Salvage
from kalends.config.server import ServerOptions
from kalends.errors import ConfigurationError, Problem, UserError
from kalends.model.organization import OrganizationDocument


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a configuration file says."""

    path: Path
    server: ServerOptions
    organizations: tuple[OrganizationDocument, ...]


class _Places:
    """Answers where a key path stands: in the TOML file, or in a people file."""

    def __init__(self, path: Path, lines: Lines) -> None:
        self._path = path
        self._lines = lines
        self.people: dict[int, tuple[int, PeopleFile]] = {}
        """Organization's index → (index of its first person from the file, the file)."""

    def __call__(self, path: Sequence[str | int]) -> str:
        match tuple(path):
            case ("organizations", int(organization), "people", int(person), *rest):
                first, file = self.people.get(organization, (1 << 60, None))
                if file is not None and person >= first:
                    return file.where(person - first, rest)
        return f"{self._path.name}:{self._lines.of(path)}"


def load(path: Path) -> Configuration:
    """Read and check a configuration file.

    Raises ``ConfigurationError`` with every problem found, or ``UserError`` where the file is
    not there. Nothing is started or changed by loading.
    """
    text = _text(path)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError([_syntax(path, text, error)]) from None
    places = _Places(path, Lines(text))
    problems: list[Problem] = []
    problems += _unknown(data, places)
    server = _server(data.get("server", {}), places, problems)
    organizations = _organizations(data.get("organizations", []), path.parent, places, problems)
    problems += _across(organizations, places)
    if problems:
        raise ConfigurationError(sorted(problems, key=_place))
    return Configuration(path, server.resolved(path.resolve().parent), tuple(organizations))


def _place(problem: Problem) -> tuple[str, int]:
    file, _, line = problem.where.rpartition(":")
    return file, int(line) if line.isdigit() else 0


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise UserError(
            f"{path} is not there. Write one with: kalends init --config {path}"
        ) from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is not UTF-8 text (byte {error.start + 1}). Save it as UTF-8."
        ) from None
    except OSError as error:
        raise UserError(
            f"{path} cannot be read: {error.strerror}. Name the file with --config."
        ) from None


def _syntax(path: Path, text: str, error: tomllib.TOMLDecodeError) -> Problem:
    message, _, place = str(error).partition(" (at ")
    line = place.removeprefix("line ").split(",")[0] if place.startswith("line") else "end"
    written = text.splitlines()[int(line) - 1] if line.isdigit() else ""
    remedy = next((told for form, told in _TYPED if form.search(written)), "Mend the line;")
    return Problem(f"{path.name}:{line}", "TOML", f"{message}.", f"{remedy} nothing was read.")


_TYPED: Final = (
    (re.compile("[“”„‘’]"), 'Write straight quotes, "…", which a text processor makes round;'),
    (re.compile(r"\\"), r"Write a path with /, or in single quotes: 'C:\people.csv';"),
)
"""What people type whose line is no TOML, and what to write."""


def _unknown(data: dict[str, Any], places: _Places) -> list[Problem]:
    return [
        Problem(
            places((key,)),
            key,
            "is not a table Kalends knows.",
            "Write [server] or [[organizations]].",
        )
        for key in data
        if key not in {"server", "organizations"}
    ]


def _server(data: Any, places: _Places, problems: list[Problem]) -> ServerOptions:
    try:
        return ServerOptions.model_validate(data)
    except ValidationError as error:
        problems += told(error, ServerOptions, places, ("server",))
        return ServerOptions()


def _organizations(
    data: Any, base: Path, places: _Places, problems: list[Problem]
) -> list[OrganizationDocument]:
    if not isinstance(data, list):
        what = "is one table, but there may be many organizations."
        problems.append(
            Problem(places(("organizations",)), "organizations", what, "Write [[organizations]].")
        )
        return []
    found: list[OrganizationDocument] = []
    for index, entry in enumerate(data):
        prefix = ("organizations", index)
        entry = _with_people(entry, base, index, places, problems)
        try:
            document = OrganizationDocument.model_validate(entry)
        except ValidationError as error:
            known = told(error, OrganizationDocument, places, prefix)
            problems += [*known, *_further(entry, known, places, prefix)]
            continue
        problems += problems_of(document, places, prefix)
        found.append(document)
    return found


def _further(
    entry: Any, known: list[Problem], places: _Places, prefix: tuple[str | int, ...]
) -> list[Problem]:
    """Return what else is wrong with a document in which some keys cannot be read."""
    rest = Salvage(entry)
    document = rest.document()
    found = problems_of(document, places, prefix) if document else []
    return rest.told(found, known, prefix, places)


def _with_people(
    entry: Any, base: Path, index: int, places: _Places, problems: list[Problem]
) -> Any:
    """Return the entry with the people of its file appended."""
    if not isinstance(entry, dict) or not isinstance(entry.get("people_file"), str):
        return entry
    own = list(entry.get("people", []))
    try:
        file = PeopleFile.read(base / entry["people_file"])
    except ConfigurationError as error:
        problems += error.problems
        return entry
    except UserError as error:
        path = ("organizations", index, "people_file")
        problems.append(
            Problem(places(path), dotted(path), f"{error}", "Mend the path or the file.")
        )
        return entry
    places.people[index] = (len(own), file)
    return {**entry, "people": own + file.records}


def _across(organizations: list[OrganizationDocument], places: _Places) -> list[Problem]:
    """Return what organizations dispute among each other: ids, mail addresses, domains."""
    problems: list[Problem] = []
    ids: set[str] = set()
    owners: dict[str, str] = {}
    for index, organization in enumerate(organizations):
        prefix = ("organizations", index)
        if organization.id in ids:
            path: tuple[str | int, ...] = (*prefix, "id")
            what = f"{organization.id!r} stands twice."
            problems.append(Problem(places(path), dotted(path), what, "Give each its own."))
        ids.add(organization.id)
        for number, person in enumerate(organization.people):
            for address in person.emails:
                owner = owners.setdefault(address.casefold(), organization.id)
                if owner != organization.id:
                    path = (*prefix, "people", number, "emails")
                    what = f"{address!r} already belongs to organization {owner!r}."
                    remedy = "A person belongs to one organization; remove one of the two."
                    problems.append(Problem(places(path), dotted(path), what, remedy))
    return problems
