"""Write ``docs/reference/configuration.md`` from the models themselves: ``make docs``."""

from __future__ import annotations

import sys
import types
import typing
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from kalends.config.server import MailOptions, ServerOptions
from kalends.endpoints.kind import kinds
from kalends.model import organization as o
from kalends.model import person as p
from kalends.model import rules as r
from kalends.model import vocabulary as v

_SECTIONS: Final[tuple[tuple[str, type[BaseModel]], ...]] = (
    ("[server]", ServerOptions),
    ("[server.mail]", MailOptions),
    ("[[organizations]]", o.OrganizationDocument),
    ("[[organizations.people]]", p.PersonRecord),
    ("calendars = [{ … }]", p.CalendarLink),
    ("numbers = [{ … }]", p.Number),
    ("work_hours = { … }", p.WorkHours),
    ("preferences = { … }", p.Preferences),
    ("[[organizations.rules]]", r.RuleSpec),
    ("match = { … }", r.Match),
    ("then = { … }", r.Outcome),
    ("marks = { … }", r.Marks),
    ("[[organizations.activities]]", v.ActivitySpec),
    ("[[organizations.roles]]", v.RoleSpec),
    ("[[organizations.departments]]", o.Department),
    ("disclosure = { … }", o.Disclosure),
    ("permissions = { … }", o.Permissions),
    ("numbering = { … }", o.Numbering),
    ("[[organizations.sources]]", o.SourceSpec),
    ("[[organizations.sinks]]", o.SinkSpec),
    ("[[organizations.directories]]", o.DirectorySpec),
)

_INTRODUCTION: Final = """\
# Configuration

Generated from the models by `make docs`; a test keeps it true.

`kalends.toml` holds the installation (`[server]`) and its organizations. Everything has a default
but the keys marked *required*. All mistakes are told at once, with file, line, key and remedy; a
file with a mistake starts and changes nothing. `kalends apply` makes a running Kalends follow it.

Secrets never stand in the file: the password of a source is given as `password_env` (the name of
an environment variable) or `password_file` (a path, read again when it changes).
"""


def reference() -> str:
    """Return the whole page."""
    return "\n".join([_INTRODUCTION, *(_section(*section) for section in sections())])


def sections() -> Iterator[tuple[str, type[BaseModel], str]]:
    """Yield title, model and summary of every part of the page."""
    for title, model in _SECTIONS:
        yield title, model, ""
    for kind in sorted(kinds().values(), key=lambda kind: kind.name):
        yield f'kind = "{kind.name}"', kind.options, kind.summary
        if kind.directory_options is not None:
            title = f'kind = "{kind.name}" as a directory'
            yield title, kind.directory_options, f"Contacts. {kind.summary}"


def _section(title: str, model: type[BaseModel], summary: str) -> str:
    about = summary or (model.__doc__ or "").strip().replace("\n", " ")
    lines = [
        f"## `{title}`",
        "",
        " ".join(about.split()),
        "",
        "| Key | Value | Default | Meaning |",
        "|-|-|-|-|",
    ]
    lines += [
        _row(name, field) for name, field in model.model_fields.items() if name != "managed_by"
    ]
    return "\n".join(lines) + "\n"


def _row(name: str, field: FieldInfo) -> str:
    default = "*required*" if field.is_required() else _default(field)
    meaning = " ".join((field.description or "").split()).replace("``", "`").replace("|", "\\|")
    return f"| `{name}` | {_type(field.annotation)} | {default} | {meaning} |"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None or value in ((), {}, "") or isinstance(value, BaseModel):
        return ""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return "`[" + ", ".join(f'"{one}"' for one in value) + "]`"
    return f"`{value}`"


def _type(annotation: Any) -> str:
    return " or ".join(dict.fromkeys(_words(annotation)))


def _words(annotation: Any) -> Iterator[str]:
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if annotation is type(None) or annotation is Ellipsis:
        return
    if origin is typing.Annotated:
        yield from _words(arguments[0])
    elif origin in (typing.Union, types.UnionType):
        for argument in arguments:
            yield from _words(argument)
    elif origin is typing.Literal:
        yield " ".join(f'`"{one}"`' for one in arguments)
    elif origin in (tuple, list):
        yield "list of " + _type(arguments[0])
    elif origin is dict:
        yield "table of " + _type(arguments[1])
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        yield " ".join(f'`"{one.value}"`' for one in annotation)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield "table"
    else:
        names = {
            "str": "text",
            "int": "number",
            "bool": "true/false",
            "float": "number",
            "time": "time",
        }
        yield names.get(getattr(annotation, "__name__", ""), "value")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), "utf-8")
