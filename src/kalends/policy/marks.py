"""Marks: signs a person puts in front of a subject to command Kalends. POLICY section 2.

Place in the flow: *own booking's subject → marks + the rest → rules*. The characters are
configurable (``model.rules.Marks``); several may stand together, in any order.
"""

from __future__ import annotations

from typing import NamedTuple

from kalends.model.rules import Marks
from kalends.policy.numbering import ForwardTargets


class Marked(NamedTuple):
    """What stands in front, and what is left."""

    text: str
    leave_out: bool = False
    inform_only: bool = False
    hide: bool = False
    forward: str = ""
    """The listed number, in its one form."""
    refused: bool = False
    """A forward mark names a number that is not listed: the booking counts, calls stay."""


def any_mark(marks: Marks) -> tuple[str, ...]:
    """Return the marks in use, for ``str.startswith``."""
    signs = (marks.leave_out, marks.inform_only, marks.forward, marks.hide)
    return tuple(sign for sign in signs if sign)


def read_marks(text: str, marks: Marks, targets: ForwardTargets) -> Marked:
    """Split the marks from the front of a subject; each counts once."""
    found = Marked(text)
    left = set(any_mark(marks))
    while (sign := _sign(found.text, left)) is not None:
        left.discard(sign)
        found = _after(sign, found, marks, targets)
    return found


def _sign(text: str, left: set[str]) -> str | None:
    """Return the longest sign the text starts with: with > and >> in use, >> means >>."""
    return max((sign for sign in left if text.startswith(sign)), key=len, default=None)


def _after(sign: str, so_far: Marked, marks: Marks, targets: ForwardTargets) -> Marked:
    rest = so_far.text[len(sign) :].lstrip()
    if sign == marks.leave_out:
        return so_far._replace(text=rest, leave_out=True)
    if sign == marks.inform_only:
        return so_far._replace(text=rest, inform_only=True)
    if sign == marks.hide:
        return so_far._replace(text=rest, hide=True)
    number, rest = targets.leading(rest)
    if number is None:
        return so_far._replace(text=rest, refused=True)
    return so_far._replace(text=rest, forward=number)
