"""What commands print: tables for people, JSON for programs, complaints on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

out = Console()
_err = Console(stderr=True)


def complain(text: str) -> None:
    """Print to standard error, unstyled but for colour, never wrapped in the middle of a path."""
    _err.print(text, style="red", soft_wrap=True, markup=False, highlight=False)


def say(text: str) -> None:
    """Print a line for people."""
    out.print(text, soft_wrap=True, highlight=False)


def as_json(value: Any) -> None:
    """Print one JSON document."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=str)
    sys.stdout.write("\n")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str) -> None:
    """Print a table, or a sentence where it would be empty."""
    if not rows:
        say(empty)
        return
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*row)
    out.print(drawn)


def local(text: str | None, zone: str) -> str:
    """Return an RFC 3339 moment as a person of the zone would write it; empty for None."""
    if not text:
        return ""
    moment = datetime.fromisoformat(text).astimezone(ZoneInfo(zone))
    today = datetime.now(moment.tzinfo).date()
    return moment.strftime("%H:%M" if moment.date() == today else "%a %d %b %H:%M")
