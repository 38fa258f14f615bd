"""``init``, ``serve``, ``apply``, ``export``: from nothing to a running installation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from uuid import uuid4

import typer

from kalends.cli.nearest import hint
from kalends.cli.output import as_json, complain, counted, json_text, say, table, working
from kalends.cli.session import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    OrganizationOption,
    ask,
    loaded,
    reading,
    run,
    the_organization,
)
from kalends.errors import UserError

if TYPE_CHECKING:
    from kalends.config import Configuration
    from kalends.model.organization import OrganizationDocument

_PATIENCE: Final = 3600.0
"""Seconds for an ``apply``: it tells how far it is."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(init)
    app.command()(serve)
    app.command()(apply)
    app.command()(export)
    app.command(hidden=True)(engine)
    app.command(hidden=True)(web)


def init(
    config: ConfigOption = DEFAULT_CONFIG,
    name: Annotated[str, typer.Option(help="Name of the organization.")] = "Example AB",
    language: Annotated[
        str, typer.Option(help="sv, en, de, nb, da, fi, nl, fr, es, it, pl, pt.")
    ] = "en",
    timezone: Annotated[str, typer.Option(help="IANA name, such as Europe/Stockholm.")] = "UTC",
) -> None:
    """Write a small configuration to start from; overwrites nothing."""
    from kalends.config.sample import sample

    _known(language, timezone)
    if config.exists():
        raise UserError(f"{config} is already there; nothing was written. Choose another --config.")
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(sample(name, language, timezone), "utf-8")
    say(f"Wrote {config}. It begins in the trial stage: nothing is told outside until it is live.")
    say("Next: put your calendar server and people into it, then")
    say(f"  kalends check --config {config}")
    say(f"  kalends serve --config {config}")


def _known(language: str, timezone: str) -> None:
    """Raise ``UserError`` where the file would begin with a mistake."""
    from zoneinfo import available_timezones

    from kalends.policy.packs import PACKS, pack_language

    if pack_language(language) not in PACKS:
        raise UserError(
            f"Kalends does not speak {language!r}. Choose --language: {', '.join(PACKS)}."
        )
    zones = available_timezones()
    if timezone not in zones:
        near = hint(timezone, [(one, "") for one in zones])
        raise UserError(f"{timezone!r} is no time zone. {near or 'Write: Europe/Stockholm.'}")


def serve(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Run Kalends: the engine and the web, supervised."""
    from kalends.app.supervisor import supervise  # each process loads only what it needs

    raise typer.Exit(supervise(config))


def engine(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Run the engine alone (started by ``serve``)."""
    from kalends.app.engine_process import run_engine  # each process loads only what it needs

    raise typer.Exit(run_engine(config))


def web(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Run the web alone (started by ``serve``)."""
    from kalends.app.web_process import run_web  # each process loads only what it needs

    raise typer.Exit(run_web(config))


def apply(
    config: ConfigOption = DEFAULT_CONFIG,
    force: Annotated[
        bool, typer.Option("--force", help="Also when more than a tenth of the people would go.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Make a running Kalends follow the configuration file, without a restart."""
    try:
        with working(f"Reading {config}") as tell:
            configuration = loaded(config)
            counts = run(_applied(configuration, tell, force=force))
    except KeyboardInterrupt:
        complain("Stopped. What was written stays; run it again for the rest.")
        raise
    if json:
        as_json(counts)
        return
    rows = [
        [kind, *(str(change.get(word, 0)) for word in ("added", "changed", "removed"))]
        for kind, change in counts.items()
    ]
    table(["", "added", "changed", "removed"], rows, empty="Everything was as the file says.")


async def _applied(
    configuration: Configuration, tell: Callable[[str], None], *, force: bool
) -> dict[str, dict[str, int]]:
    from kalends.bus.commands import Ping
    from kalends.engine.whole_file import apply_command

    topic = f"applying.{uuid4().hex}"

    def progress(payload: bytes) -> None:
        done, of = payload.decode().split()
        tell(f"{int(done):,} of {int(of):,} people written")

    # An engine that is away or hangs is told now, and not when the patience of many people is over.
    await ask(configuration, Ping(organization="*", actor="cli"))
    people = sum(len(one.people) for one in configuration.organizations)
    tell(f"Comparing {counted(people, 'person', 'people')} with what is stored")
    command = await apply_command(configuration.organizations, "cli", force=force, progress=topic)
    counts: dict[str, dict[str, int]] = await ask(
        configuration, command, seconds=_PATIENCE, heard=(topic, progress)
    )
    return counts


def export(
    config: ConfigOption = DEFAULT_CONFIG,
    organization: OrganizationOption = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="File to write; prints where absent.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write organizations as they are in the database, as TOML that apply reads."""
    from kalends.config import toml_text

    documents = run(_documents(config, organization))
    if json:
        text = json_text([one.model_dump(mode="json", exclude_none=True) for one in documents])
    else:
        text = toml_text(documents)
    if to is None:
        print(text, end="")
    else:
        to.write_text(text, "utf-8")
        say(f"Wrote {to}.")


async def _documents(config: Path, organization: str | None) -> list[OrganizationDocument]:
    from kalends.directory.documents import organization_document

    async with reading(loaded(config)) as reader:
        known = await reader.organizations()
        wanted = [await the_organization(reader, organization)] if organization else known
        return [await organization_document(reader, one) for one in wanted]
