"""What commands print: tables for people, JSON for programs, complaints on standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import TextIOWrapper
from typing import Any, Final
from zoneinfo import ZoneInfo

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

out = Console()
_err = Console(stderr=True)
_GAP: Final = 2
_UNBOUNDED: Final = 100_000


def complain(text: str) -> None:
    """Print to standard error, unstyled but for colour, never wrapped in the middle of a path."""
    _err.print(text, style="red", soft_wrap=True, markup=False, highlight=False)


def say(text: str | Text) -> None:
    """Print a line for people; a subject that looks like markup stays what it is."""
    out.print(text, soft_wrap=True, markup=False, highlight=False)


@contextmanager
def working(text: str) -> Iterator[Callable[[str], None]]:
    """Show on a terminal that something takes its time; gone afterwards. Lends what changes it."""
    with _err.status(Text(text)) as status:
        yield lambda text: status.update(Text(text))


def as_json(value: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(json_text(value, plain=not _speaks_unicode(sys.stdout.encoding)))


def json_text(value: Any, *, plain: bool = False) -> str:
    """Return a JSON document as it is printed; ``plain``: in ASCII, which any locale takes."""
    return json.dumps(value, ensure_ascii=plain, indent=2, default=str) + "\n"


def ready_streams() -> None:
    """Let what a locale has no letter for be printed as ``?``: no name ends a command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and not _speaks_unicode(stream.encoding):
            stream.reconfigure(errors="replace")


def last_words() -> None:
    """Write out what is left; where nobody reads any more (``| head -1``), nobody misses it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _speaks_unicode(encoding: str | None) -> bool:
    return (encoding or "utf-8").lower().replace("-", "").startswith("utf")


def counted(number: int, word: str, many: str = "") -> str:
    """Return ``1 person``, ``2 people``."""
    return f"{number} {word if number == 1 else many or word + 's'}"


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    empty: str,
    least: Sequence[str] = (),
) -> None:
    """Print a table, one line a row, or a sentence where it would be empty.

    Where the terminal is too narrow, the columns named in ``least`` give way in that order, then
    the widest cells are cut. What goes to a file or another program is never cut.
    """
    if not rows:
        say(empty)
        return
    for line in lines(columns, rows, _width(), least):
        out.print(line, soft_wrap=True)


def lines(
    columns: Sequence[str], rows: Sequence[Sequence[str]], width: int, least: Sequence[str] = ()
) -> list[Text]:
    """Return a table as lines of at most ``width`` cells; columns without any text are left out."""
    every = [list(column) for column in zip(columns, *rows, strict=True)]
    kept = [column for column in every if any(column[1:])]
    for name in least:
        if _wide(kept) <= width:
            break
        kept = [column for column in kept if column[0] != name]
    widths = _fitted([_cells(column) for column in kept], width)
    drawn = [
        "".join(
            _cell(text, wide) + " " * _GAP for text, wide in zip(row, widths, strict=True)
        ).rstrip()
        for row in zip(*kept, strict=True)
    ]
    header = [Text(drawn[0], "bold")] if any(column[0] for column in kept) else []
    return [*header, *(Text(line) for line in drawn[1:])]


def _width() -> int:
    return out.width if out.is_terminal or "COLUMNS" in os.environ else _UNBOUNDED


def _cells(column: Sequence[str]) -> int:
    return max(cell_len(text) for text in column)


def _wide(columns: Sequence[Sequence[str]]) -> int:
    return sum(_cells(column) + _GAP for column in columns) - _GAP


def _fitted(widths: list[int], width: int) -> list[int]:
    """Take from the widest column until all fit."""
    found = list(widths)
    while sum(found) + _GAP * (len(found) - 1) > width and max(found) > 4:
        found[found.index(max(found))] -= 1
    return found


def _cell(text: str, wide: int) -> str:
    return (
        set_cell_size(text, wide) if cell_len(text) <= wide else set_cell_size(text, wide - 1) + "…"
    )


def local(text: str | None, zone: str, now: datetime | None = None) -> str:
    """Return an RFC 3339 moment as briefly as a person of the zone would; empty for None.

    ``14:30`` today, ``Mon 14:30`` within the next six days, else ``23 Nov 14:30``, with the year
    where it is another.
    """
    if not text:
        return ""
    moment = datetime.fromisoformat(text).astimezone(ZoneInfo(zone))
    today = (now or datetime.now(moment.tzinfo)).astimezone(moment.tzinfo).date()
    ahead = moment.date() - today
    if not ahead:
        return f"{moment:%H:%M}"
    if timedelta(0) < ahead < timedelta(7):
        return f"{moment:%a %H:%M}"
    if moment.year == today.year:
        return f"{moment.day} {moment:%b %H:%M}"
    return f"{moment.day} {moment:%b %Y}"
