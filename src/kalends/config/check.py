"""What is wrong with one organization, beyond single keys: unknown kinds, doubles, dead links."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from kalends.config.problems import Where, dotted, split, told
from kalends.directory.people import PEOPLE
from kalends.endpoints.kind import Kind, SharedDirectoryOptions, kinds, known
from kalends.errors import ConfigurationError, Problem
from kalends.model.addresses import sip_name
from kalends.model.organization import (
    DirectorySpec,
    OrganizationDocument,
    SinkSpec,
    SourceSpec,
)
from kalends.model.vocabulary import Document
from kalends.policy.compile import compile_policy


def problems_of(
    document: OrganizationDocument, where: Where, prefix: Sequence[str | int] = ()
) -> list[Problem]:
    """Return everything wrong with an organization's document; empty: it can run."""
    return [
        *_specs(document.sources, "sources", where, prefix),
        *_specs(document.sinks, "sinks", where, prefix),
        *_specs(document.directories, "directories", where, prefix),
        *_directories(document, where, prefix),
        *_people(document, where, prefix),
        *_policy(document, where, prefix),
    ]


def _problem(where: Where, path: Sequence[str | int], what: str, remedy: str) -> Problem:
    return Problem(where(path), dotted(path), what, remedy)


def _specs(
    specs: Sequence[SourceSpec | SinkSpec | DirectorySpec],
    part: str,
    where: Where,
    prefix: Sequence[str | int],
) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, spec in enumerate(specs):
        path = (*prefix, part, index)
        if spec.id in seen:
            yield _problem(where, (*path, "id"), f"{spec.id!r} stands twice.", "Give each its own.")
        seen.add(spec.id)
        kind = known(spec.kind)
        options = _options(kind, part) if kind is not None else None
        if options is None:
            able = ", ".join(sorted(n for n, each in kinds().items() if _options(each, part)))
            what = f"{spec.kind!r} is not a kind Kalends knows for {part}."
            yield _problem(where, (*path, "kind"), what, f"There are: {able}.")
            continue
        try:
            options.model_validate(spec.options)
        except ValidationError as error:
            yield from told(error, options, where, path)


def _options(kind: Kind, part: str) -> type[Document] | None:
    """Return the keys a kind takes in this part; None where it cannot be used there."""
    if part == "directories":
        return kind.directory_options if kind.directory is not None else None
    return kind.options if (kind.source if part == "sources" else kind.sink) is not None else None


def _directories(
    document: OrganizationDocument, where: Where, prefix: Sequence[str | int]
) -> Iterator[Problem]:
    sources = {source.id: source.kind for source in document.sources}
    for index, spec in enumerate(document.directories):
        path = (*prefix, "directories", index)
        if spec.id == PEOPLE:
            what = f"{PEOPLE!r} is the organization's own people."
            yield _problem(where, (*path, "id"), what, "Give it another id.")
        kind = known(spec.kind)
        options = kind.directory_options if kind is not None else None
        if options is None or not issubclass(options, SharedDirectoryOptions):
            continue
        named = spec.options.get("source")
        if isinstance(named, str) and sources.get(named) != spec.kind:
            fit = ", ".join(sorted(id for id, kind in sources.items() if kind == spec.kind))
            what = f"there is no source {named!r} of kind {spec.kind!r}."
            remedy = f"Sources of that kind here: {fit or 'none; add one'}."
            yield _problem(where, (*path, "source"), what, remedy)


def _people(
    document: OrganizationDocument, where: Where, prefix: Sequence[str | int]
) -> Iterator[Problem]:
    sources = {source.id for source in document.sources}
    ids: dict[str, int] = {}
    addresses: dict[str, str] = {}
    everybody = {person.id for person in document.people}
    for index, person in enumerate(document.people):
        path = (*prefix, "people", index)
        if person.id in ids:
            yield _problem(
                where, (*path, "id"), f"{person.id!r} stands twice.", "Give each its own."
            )
        ids[person.id] = index
        for address in person.emails:
            owner = addresses.setdefault(address.casefold(), person.id)
            if owner != person.id:
                what = f"{address!r} already belongs to {owner!r}."
                yield _problem(where, (*path, "emails"), what, "An address belongs to one person.")
        if person.sip is not None and not person.left:
            owner = addresses.setdefault(sip_name(person.sip), person.id)
            if owner != person.id:
                what = f"{person.sip!r} already belongs to {owner!r}: each would undo the other."
                yield _problem(where, (*path, "sip"), what, "Give the address to one of the two.")
        if isinstance(person.calendars, tuple):
            for link, calendar in enumerate(person.calendars):
                if calendar.source not in sources:
                    known = ", ".join(sorted(sources)) or "none"
                    what = f"there is no source {calendar.source!r}."
                    at = (*path, "calendars", link, "source")
                    yield _problem(where, at, what, f"Sources of this organization: {known}.")
        for delegate in {*person.delegates} - everybody:
            what = f"there is no person {delegate!r}."
            yield _problem(where, (*path, "delegates"), what, "Write the id of a person here.")


def _policy(
    document: OrganizationDocument, where: Where, prefix: Sequence[str | int]
) -> Iterator[Problem]:
    try:
        policy = compile_policy(document.settings())
    except ConfigurationError as error:
        yield from (_placed(problem, where, prefix) for problem in error.problems)
        return
    for index, person in enumerate(document.people):
        path = (*prefix, "people", index)
        yield from (_placed(problem, where, path) for problem in policy.problems_of(person))


def _placed(problem: Problem, where: Where, prefix: Sequence[str | int]) -> Problem:
    path = (*prefix, *split(problem.key))
    return Problem(where(path), dotted(path), problem.what, problem.remedy)
