"""``policy lint``: codes and words that collide or can never match."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from kalends.cli.output import as_json, say, table
from kalends.cli.session import DEFAULT_CONFIG, ConfigOption, JsonOption, loaded

app = typer.Typer(help="Look at the rules.", no_args_is_help=True)


@app.callback()
def policy() -> None:
    """Look at the rules."""


@app.command("lint")
def lint_rules(
    config: ConfigOption = DEFAULT_CONFIG,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with exit code 1 where anything is found.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Report codes and words that collide or can never match."""
    from kalends.policy.lint import lint

    found: list[dict[str, Any]] = []
    for organization in loaded(config).organizations:
        for finding in lint(organization.settings(), organization.people):
            found.append({"organization": organization.id, **asdict(finding)})
    if json:
        as_json(found)
    else:
        rows = [[str(value) for value in finding.values()] for finding in found]
        table(list(found[0]) if found else [], rows, empty="No rule collides with another.")
    if found and strict:
        say("")
        raise typer.Exit(1)
