"""The command line. Place: outermost; it loads the configuration and asks the other rooms.

Commands that change something hand a command to the running engine, as the web does; commands
that look read the database. Heavy rooms are imported where a command needs them, so that help and
mistakes answer at once. Errors say what, where and what to do, and end with exit code 2;
``--json`` prints for programs.
"""

from __future__ import annotations

import errno
import sys
from typing import Annotated, Final

import typer

from kalends import __version__
from kalends.cli import backups, check, contacts, people, policy, setup, tokens
from kalends.cli.output import complain, last_words, ready_streams
from kalends.demo import commands as demo
from kalends.errors import ConfigurationError, KalendsError, UserError

_MACHINE: Final = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE)
"""What a write or an opening says without a name: no mistake in Kalends."""

app = typer.Typer(
    name="kalends",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
setup.register(app)
people.register(app)
contacts.register(app)
check.register(app)
backups.register(app)
app.add_typer(policy.app, name="policy")
app.add_typer(tokens.app, name="token")
app.add_typer(tokens.accounts, name="account")
app.add_typer(check.mail, name="mail")
app.add_typer(demo.app, name="demo")


def _version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def kalends(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Calendar-driven presence and call referral for any switchboard."""


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)


def main() -> None:
    """Run the command line; a mistake of a person gets a message, not a traceback."""
    ready_streams()
    try:
        _run()
    finally:
        last_words()


def _run() -> None:
    try:
        app(standalone_mode=True)
    except ConfigurationError as error:
        complain("The configuration cannot be used; nothing was started or changed.")
        for problem in error.problems:
            complain(f"  {problem}")
        sys.exit(2)
    except UserError as error:
        complain(str(error))
        sys.exit(2)
    except KalendsError as error:
        remedy = getattr(error, "remedy", "")
        complain(f"{error}. {remedy}" if remedy else str(error))
        sys.exit(1)
    except OSError as error:
        if error.filename is not None:
            complain(f"{error.filename}: {error.strerror}. Choose another place, or its rights.")
        elif error.errno in _MACHINE:
            complain(f"{error.strerror}. Make room on this machine, then try again.")
        else:
            raise
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
