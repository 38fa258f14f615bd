"""``check`` and ``mail test``: is it going to work, and if not, what is to be done?"""

from __future__ import annotations

from typing import Annotated

import typer

from kalends.cli.output import as_json, complain, counted, say
from kalends.cli.session import DEFAULT_CONFIG, ConfigOption, JsonOption, loaded, run
from kalends.errors import ConfigurationError, UserError

mail = typer.Typer(help="Mail for alarms.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(check)


@mail.callback()
def _mail() -> None:
    """Mail for alarms."""


@mail.command("test")
def mail_test(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Send a mail as an alarm would be sent."""
    from kalends.net.mail import send_mail

    options = loaded(config).server.mail
    if options is None:
        raise UserError(f"{config} has no [server.mail]; add host, sender and to.")
    text = "This is a test. Alarms of Kalends will come to this address."
    run(send_mail(options, "Kalends: test", text))
    if json:
        as_json({"sent": True, "to": options.to, "host": options.host, "port": options.port})
    else:
        say(f"Sent to {', '.join(options.to)} through {options.host}:{options.port}.")


def check(
    config: ConfigOption = DEFAULT_CONFIG,
    everybody: Annotated[
        bool, typer.Option("--all", help="Try every calendar, not only the first twenty a source.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Check configuration, sources and people step by step, and say what to do."""
    from kalends.cli.checking import checked
    from kalends.cli.unasked import refused

    try:
        configuration = loaded(config)
    except ConfigurationError as error:
        if not json:
            raise
        as_json(refused(error.problems))
        raise typer.Exit(2) from None
    found = run(checked(configuration, None if everybody else 20, quiet=json))
    if json:
        as_json(found)
    bad = [step for step in found if not step["ok"]]
    if not json:
        say("")
        if bad:
            steps = counted(len(found), "step")
            complain(f"{len(bad)} of {steps} {'needs' if len(bad) == 1 else 'need'} attention.")
        else:
            say(f"All is well. Start with: kalends serve --config {config}")
    if bad:
        raise typer.Exit(1)
