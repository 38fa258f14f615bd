"""The steps of ``kalends check``: configuration, people, then every source from DNS to calendars.

A running engine checks for us, on the connections and the breaker it has. Without one the sources
are opened here, on the same database, so that a refused credential is counted all the same.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.text import Text

from kalends.bus.commands import Ping, TestSource
from kalends.calendars.contract import CalendarRef, Step
from kalends.cli.output import out, say
from kalends.cli.session import ask
from kalends.cli.unasked import summary, unasked, without_secret
from kalends.cli.whereabouts import Whereabouts
from kalends.config import Configuration
from kalends.endpoints.kind import Services
from kalends.engine.opening import Opened, Opener
from kalends.engine.people import KnownSource, searched
from kalends.errors import KalendsError, UserError
from kalends.model.organization import OrganizationDocument, SourceSpec
from kalends.model.person import CalendarLink, PersonRecord
from kalends.net.client import http_factory
from kalends.runtime import Runtime
from kalends.store import open_keys, open_store
from kalends.store.contract import Store
from kalends.store.vault import Vault
from kalends.workers import WorkerPool


async def checked(
    configuration: Configuration, most: int | None, *, quiet: bool
) -> list[dict[str, Any]]:
    """Take every step, printing each unless quiet; ``most`` bounds calendars per source."""
    steps: list[dict[str, Any]] = []

    def take(organization: str, source: str, step: Step) -> None:
        steps.append(
            {"organization": organization, "source": source, "what": step.what, "ok": step.ok,
             "subject": step.subject, "detail": step.detail, "remedy": step.remedy,
             "absent": step.absent}
        )  # fmt: skip
        if not quiet:
            _print(steps[-1])

    take("", "", Step("configuration", str(configuration.path), True, summary(configuration)))
    runs = await _runs(configuration)  # it has secrets of its own: ours say nothing of them
    for organization_id, source, step in unasked(configuration, secrets=not runs):
        take(organization_id, source, step)
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), console=out, transient=True,
                  disable=quiet or not out.is_terminal) as progress:  # fmt: skip
        task = progress.add_task("")
        async for organization_id, source, step in _source_steps(configuration, most, runs):
            progress.update(task, description=f"{source}: {step.what}")
            take(organization_id, source, step)
    return steps


def _print(step: dict[str, Any]) -> None:
    mark = ("ok   ", "green") if step["ok"] else ("BAD  ", "red")
    if step["absent"]:
        mark = ("-    ", "yellow")
    where = f"{step['organization']}/{step['source']} ".lstrip("/") if step["source"] else ""
    what = (step["what"], "bold")
    say(Text.assemble(mark, where, what, f" {step['subject']}  {step['detail']}"))
    if step["remedy"] and not step["ok"]:
        say(f"      → {step['remedy']}")


async def _source_steps(
    configuration: Configuration, most: int | None, runs: bool
) -> AsyncIterator[tuple[str, str, Step]]:
    if runs:
        async for found in _by_engine(configuration):
            yield found
        return
    async with _opener(configuration) as opener:
        for organization in configuration.organizations:
            async for source, step in _of_organization(opener, organization, most):
                yield organization.id, source, step


async def _runs(configuration: Configuration) -> bool:
    try:
        await ask(configuration, Ping(organization="*", actor="cli"), seconds=2)
    except UserError:
        return False
    return True


async def _by_engine(configuration: Configuration) -> AsyncIterator[tuple[str, str, Step]]:
    for organization in configuration.organizations:
        for source in organization.sources:
            command = TestSource(organization=organization.id, actor="cli", source=source.id)
            try:
                steps = await ask(configuration, command, seconds=120)
            except UserError as error:
                yield organization.id, source.id, _not_applied(source, error)
                continue
            for step in steps:
                yield organization.id, source.id, Step(**step)


def _not_applied(source: SourceSpec, error: UserError) -> Step:
    """Return what to do about a source of the file that the running engine does not know."""
    remedy = "Make the running Kalends follow the file: kalends apply"
    return Step("configuration", source.id, False, str(error), remedy)


async def _of_organization(
    opener: Opener, organization: OrganizationDocument, most: int | None
) -> AsyncIterator[tuple[str, Step]]:
    async def nothing(_person: str, _name: str) -> bytes | None:
        return None

    sources: dict[str, Opened] = {}
    async with AsyncExitStack() as stack:
        for spec in organization.sources:
            if without_secret(spec.options):
                continue
            try:
                opened = await opener.source(organization.settings(), spec, uploaded=nothing)
            except KalendsError as error:
                yield spec.id, Step("configuration", spec.id, False, str(error))
                continue
            stack.push_async_callback(opener.close, opened)
            sources[spec.id] = opened
        known = _known(organization, sources)
        whereabouts = Whereabouts(
            {one.id: [source.id for source in _searched(known, one)] for one in organization.people}
        )
        for id, opened in sources.items():
            async for step in opened.thing.check(_references(organization, id, known)[:most]):
                yield id, whereabouts.settled(id, step)
        for step in whereabouts.nowhere():
            yield "", step


def _known(organization: OrganizationDocument, sources: Mapping[str, Opened]) -> list[KnownSource]:
    """Return where people may be looked for; what cannot be opened may know somebody, too."""
    found: list[KnownSource] = []
    for spec in organization.sources:
        opened = sources.get(spec.id)
        able = opened.thing.capabilities.finds_by_email if opened else True
        found.append(KnownSource(spec.id, able, False, str(spec.options.get("domain") or "")))
    return found


def _searched(known: Sequence[KnownSource], person: PersonRecord) -> list[KnownSource]:
    return searched(known, person) if person.calendars is None else []


def _references(
    organization: OrganizationDocument, source: str, known: Sequence[KnownSource]
) -> tuple[CalendarRef, ...]:
    """Return the calendars that people have, or are looked for, in a source."""
    return tuple(
        _reference(organization, person, source, link)
        for person in organization.people
        for link in _links(person, source, known)
    )


def _links(
    person: PersonRecord, source: str, known: Sequence[KnownSource]
) -> list[CalendarLink | None]:
    if person.calendars is None:
        return [None] if source in {one.id for one in _searched(known, person)} else []
    if person.calendars == "none":
        return []
    return [link for link in person.calendars if link.source == source]


def _reference(
    organization: OrganizationDocument, person: PersonRecord, source: str, link: CalendarLink | None
) -> CalendarRef:
    return CalendarRef(
        organization=organization.id,
        person=person.id,
        source=source,
        name=link.name if link else "default",
        url=link.url if link else None,
        emails=tuple(address.casefold() for address in person.emails),
        timezone=person.timezone or organization.timezone,
        username=link.username if link else None,
        password_env=link.password_env if link else None,
        password_file=link.password_file if link else None,
        trusted=True,
    )


@asynccontextmanager
async def _opener(configuration: Configuration) -> AsyncIterator[Opener]:
    """Lend an opener beside the configured database, or beside none where there is none yet."""
    with tempfile.TemporaryDirectory() as scratch:
        store = await _store(configuration, Path(scratch))
        runtime = Runtime(workers=WorkerPool(1))
        try:
            services = Services(
                runtime,
                http_factory(runtime, configuration.server, store),
                breakers=store,
                networks=configuration.server.allowed_networks,
            )
            yield Opener(store, services)
        finally:
            await runtime.workers.close()
            await store.close()


async def _store(configuration: Configuration, scratch: Path) -> Store:
    server = configuration.server
    path = server.database.removeprefix("sqlite:///")
    if server.database.startswith("sqlite:///") and not Path(path).exists():
        vault = Vault.load(scratch / "key", create=True)
        return await open_store(f"sqlite:///{scratch}/check.db", vault, Runtime())
    keys = await open_keys(server.database, server.key_path(), create=True)
    return await open_store(server.database, keys, Runtime())
