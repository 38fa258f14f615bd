"""``token`` and ``account``: who may talk to the API and sign in to the console."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from kalends.bus.commands import DeletePrincipal, PutPrincipal
from kalends.cli.nearest import hint
from kalends.cli.output import as_json, say, table
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
from kalends.cli.writing import hand_over
from kalends.errors import UserError

if TYPE_CHECKING:
    from kalends.config import Configuration
    from kalends.store.contract import Principal, Reader

app = typer.Typer(help="Bearer tokens for the API.", no_args_is_help=True)
accounts = typer.Typer(help="Local accounts for the console.", no_args_is_help=True)

_SHOWN: Final = ("id", "kind", "name", "role", "person", "organization")

Role = Literal["provider", "admin", "attendant", "member"]
RoleOption = Annotated[Role, typer.Option("--role", help="What the holder may do.")]
NameArgument = Annotated[str, typer.Argument(help="What it is for, or the name to sign in with.")]
PersonOption = Annotated[
    str | None, typer.Option("--person", help="Whose it is (role member): id of a person.")
]


@app.command("create")
def create_token(
    name: NameArgument,
    role: RoleOption = "member",
    person: PersonOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Make a token and print it as the last word; it is shown this once."""
    from kalends.runtime import Runtime
    from kalends.web.tokens import document, new_token

    configuration = loaded(config)
    one = _owner(configuration, organization, role)
    run(_somebody(configuration, one, person))
    secret, principal = new_token(
        role=role, name=name, organization=one, person=person, now=int(Runtime().now())
    )
    command = PutPrincipal(organization=one or "*", actor="cli", principal=document(principal))
    run(hand_over(configuration, command))
    if json:
        as_json({**_row(principal), "secret": secret})
    else:
        print(f"Token {name!r} ({role}): {secret}")


@accounts.command("create")
def create_account(
    name: NameArgument,
    role: RoleOption = "member",
    person: PersonOption = None,
    password: Annotated[
        str,
        typer.Option(
            prompt=True,
            hide_input=True,
            confirmation_prompt=True,
            envvar="KALENDS_PASSWORD",
            show_default=False,
        ),
    ] = "",
    config: ConfigOption = DEFAULT_CONFIG,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Make an account that signs in to the console with a password."""
    from kalends.runtime import Runtime
    from kalends.web.tokens import document, new_account

    configuration = loaded(config)
    one = _owner(configuration, organization, role)
    run(_somebody(configuration, one, person))
    principal = new_account(
        role=role, name=name, organization=one, person=person, password=password,
        now=int(Runtime().now()),
    )  # fmt: skip
    run(
        hand_over(
            configuration,
            PutPrincipal(organization=one or "*", actor="cli", principal=document(principal)),
        )
    )
    if json:
        as_json(_row(principal))
    else:
        say(f"{name} can sign in as {role}.")


@app.command("list")
def list_tokens(
    config: ConfigOption = DEFAULT_CONFIG,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """List tokens and accounts, the provider's too; secrets are never shown again."""
    rows = run(_listed(config, organization))
    if json:
        as_json(rows)
        return
    cells = [[str(row[key] or "") for key in _SHOWN] for row in rows]
    table(_SHOWN, cells, empty="There are none yet.", least=("organization",))


@app.command("delete")
def delete_token(
    id: Annotated[str, typer.Argument(help="Id, as listed.")],
    config: ConfigOption = DEFAULT_CONFIG,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Remove a token or account; it stops working at once."""
    run(_delete(loaded(config), organization, id))
    if json:
        as_json({"removed": id})
    else:
        say("Removed.")


async def _delete(configuration: Configuration, organization: str | None, id: str) -> None:
    async with reading(configuration) as reader:
        known = await _principals(configuration, reader, organization)
    found = next((one for one in known if one.id == id), None)
    if found is None:
        near = hint(id, [(one.id, one.name) for one in known])
        told = f"There is no token or account {id!r}. {near}".rstrip()
        raise UserError(f"{told} List them with: kalends token list")
    owner = found.organization or "*"
    await ask(configuration, DeletePrincipal(organization=owner, actor="cli", id=id))


async def _principals(
    configuration: Configuration, reader: Reader, organization: str | None
) -> list[Principal]:
    """Return tokens and accounts of one organization, or of all and the provider's.

    Those of the file count too: before Kalends ever ran, its organizations are not stored yet.
    """
    written = [one.id for one in configuration.organizations]
    if organization is not None:
        if organization not in written:
            organization = await the_organization(reader, organization)
        return await reader.principals(organization)
    owners = dict.fromkeys([None, *await reader.organizations(), *written])
    return [one for owner in owners for one in await reader.principals(owner)]


async def _somebody(
    configuration: Configuration, organization: str | None, person: str | None
) -> None:
    """Raise ``UserError`` where a token or account would be nobody's.

    Before Kalends ever ran the file is all there is; what the API brought is in the database.
    """
    if person is None or organization is None:
        return
    written = [one for one in configuration.organizations if one.id == organization]
    known = [(one.id, one.name) for each in written for one in each.people]
    if person in (id for id, _ in known):
        return
    if not await _stored(configuration, organization, person):
        told = f"There is no person {person!r} in {organization}. {hint(person, known)}".rstrip()
        raise UserError(f"{told} List everybody with: kalends people")


async def _stored(configuration: Configuration, organization: str, person: str) -> bool:
    """Tell whether the database knows a person; where it is none yet it knows nobody."""
    try:
        async with reading(configuration) as reader:
            return await reader.person(organization, person) is not None
    except UserError:
        return False


async def _listed(config: Path, organization: str | None) -> list[dict[str, Any]]:
    configuration = loaded(config)
    async with reading(configuration) as reader:
        return [_row(one) for one in await _principals(configuration, reader, organization)]


def _row(one: Principal) -> dict[str, Any]:
    """Return what may be shown of a principal: never its secret."""
    return {name: getattr(one, name) for name in _SHOWN}


def _owner(configuration: Configuration, wanted: str | None, role: str) -> str | None:
    """Return the organization a principal belongs to; None for the provider's."""
    if role == "provider":
        return None
    known = [organization.id for organization in configuration.organizations]
    if wanted in known or (wanted and not known):
        return wanted
    if wanted is None and len(known) == 1:
        return known[0]
    if not known:
        raise UserError(f"{configuration.path} names no organization; add [[organizations]].")
    named = (
        f"There is no organization {wanted!r}." if wanted else "There are several organizations."
    )
    raise UserError(f"{named} Choose with --organization: {', '.join(known)}")
