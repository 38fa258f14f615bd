"""What is left of a document with mistakes, so that the next kind of mistake is told as well.

Place: between the single keys (pydantic) and what they say together (``check``). A key that cannot
be read is left out, a missing one stands in for itself, an entry that cannot be mended goes; what
is found in the rest is told beside the first mistakes, under the places of the file as it is.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from kalends.config.problems import Where, dotted, real_path, split
from kalends.errors import Problem
from kalends.model.organization import OrganizationDocument

_ROUNDS = 8
"""Mending one mistake may show another; nothing written by people needs more rounds."""

Path = tuple[str | int, ...]


class Salvage:
    """A document without its unreadable parts, and where its entries stood."""

    def __init__(self, data: Any) -> None:
        self._data = copy.deepcopy(data)
        self._mended: set[Path] = set()
        self._kept: dict[Path, list[int]] = {}
        """List → which of its entries are left, by the index they had."""

    def document(self) -> OrganizationDocument | None:
        """Return what can be read; None where nothing sensible is left."""
        for _ in range(_ROUNDS):
            try:
                return OrganizationDocument.model_validate(self._data)
            except ValidationError as error:
                paths = [(real_path(item["loc"]), item["type"]) for item in error.errors()]
            # From the end, so that an entry taken out moves none that is still to be looked at.
            for path, kind in sorted(set(paths), key=_order, reverse=True):
                self._mend(path, missing=kind == "missing")
        return None

    def told(self, found: Sequence[Problem], known: Sequence[Problem], prefix: Path,
             where: Where) -> list[Problem]:  # fmt: skip
        """Return what was found, placed in the file; not what only follows from ``known``."""
        mistaken = [problem.key for problem in known]
        placed = (self._placed(problem, prefix, where) for problem in found)
        return [one for one in placed if not any(_within(one.key, key) for key in mistaken)]

    def _placed(self, problem: Problem, prefix: Path, where: Where) -> Problem:
        inner = split(problem.key)[len(prefix) :]
        path = (*prefix, *self._original(inner))
        return Problem(where(path), dotted(path), problem.what, problem.remedy)

    def _original(self, path: Path) -> Path:
        found: Path = ()
        for part in path:
            kept = self._kept.get(found)
            found = (*found, kept[part] if kept and isinstance(part, int) else part)
        return found

    def _mend(self, path: Path, *, missing: bool) -> None:
        holder = _at(self._data, path[:-1])
        if not path:  # nothing of it can be read
            return
        if path in self._mended or not isinstance(holder, dict):
            self._take_out(path)
        elif missing:
            holder[path[-1]] = f"unnamed-{len(self._mended)}"
        else:
            holder.pop(path[-1], None)
        self._mended.add(path)

    def _take_out(self, path: Path) -> None:
        """Take the innermost entry of a list out that the path leads into."""
        for length in range(len(path), 0, -1):
            part, entries = path[length - 1], _at(self._data, path[: length - 1])
            if isinstance(part, int) and isinstance(entries, list) and part < len(entries):
                kept = self._kept.setdefault(
                    self._original(path[: length - 1]), list(range(len(entries)))
                )
                del entries[part], kept[part]
                return


def _order(mistake: tuple[Path, str]) -> tuple[tuple[bool, int, str], ...]:
    return tuple(
        (isinstance(part, int), part if isinstance(part, int) else 0, str(part))
        for part in mistake[0]
    )


def _within(key: str, outer: str) -> bool:
    return key == outer or key.startswith((outer + ".", outer + "["))


def _at(data: Any, path: Path) -> Any:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data
