"""Who set a state by hand, as it is told to somebody: an actor's id becomes a name, or none.

``Manual.set_by`` holds the actor of the command: ``person:<id>``, ``account:<name>``,
``token:<name>``, or the name of another input. Ids are for programs; explanations tell names.
Whose name it is, and whether the reader may know it, is found out by whoever reads the store.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

OPERATORS: Final = frozenset({"cli", "file"})
"""Inputs of whoever runs the server: the command line and the operator's file."""

PROTECTED: Final = "person:"
"""Stands for somebody whose name is not for everybody to know (POLICY section 5)."""


class Setter(NamedTuple):
    """Who set a state."""

    how: Literal["you", "name", "colleague", "key", "administrator"]
    """A key of ``telling``'s words, after ``by-``."""
    name: str = ""


YOU: Final = Setter("you")
COLLEAGUE: Final = Setter("colleague")


def person_of(actor: str) -> str | None:
    """Return the id of the person behind an actor; None where it is no person."""
    kind, _, id = actor.partition(":")
    return id if kind == "person" else None


def setter(actor: str, *, reader: str, name: str | None) -> Setter:
    """Tell who an actor is to ``reader`` (an actor, too); ``name``: the person's, if he may know.

    An input that has no name of its own stands for itself: a feature code, another program.
    """
    if actor == reader:
        return YOU
    if person_of(actor) is not None:
        return Setter("name", name) if name else COLLEAGUE
    kind, _, called = actor.partition(":")
    if kind == "token":
        return Setter("key", called)
    return Setter("administrator") if actor in OPERATORS else Setter("name", called or actor)
