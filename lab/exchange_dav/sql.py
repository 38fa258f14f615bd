"""The store's query language: parsed, and evaluated as the store does.

A condition on a property an item does not have is false, and NOT of it true: queries become MAPI
restrictions, which know no third value. Texts compare without regard to case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from lab.exchange_dav.values import Properties, Value

Condition = Callable[[Properties], bool]
DTSTART: Final = "urn:schemas:calendar:dtstart"
DTEND: Final = "urn:schemas:calendar:dtend"
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<text>'(?:[^']|'')*')|(?P<name>"[^"]*")|(?P<op><>|!=|<=|>=|[=<>(),])|(?P<word>[^\s'"()<>=!,]+))"""
)
_COMPARED: Final[dict[str, Callable[[int], bool]]] = {
    "=": lambda sign: sign == 0,
    "<>": lambda sign: sign != 0,
    "!=": lambda sign: sign != 0,
    "<": lambda sign: sign < 0,
    ">": lambda sign: sign > 0,
    "<=": lambda sign: sign <= 0,
    ">=": lambda sign: sign >= 0,
}


class BadQuery(Exception):
    """The statement cannot be understood: the server answers 400."""


@dataclass(slots=True)
class Query:
    """One statement."""

    select: list[tuple[str, str]] = field(default_factory=list)
    """(property, alias or empty), repeats kept."""
    deep: bool = False
    scope: str = ""
    """Path within the scope; empty: the request's own."""
    where: Condition = lambda _: True
    order: tuple[str, bool] = ("", False)
    """(property, descending)."""
    after: datetime | None = None
    """Lower bound of dtend, where every hit has it …"""
    before: datetime | None = None
    """… and upper bound of dtstart: with both, the query expands series."""


@dataclass(slots=True)
class _Node:
    test: Condition
    bounds: list[tuple[str, str, datetime]] = field(default_factory=list)
    """(property, operator, moment) that every hit keeps."""


def parse(statement: str) -> Query:
    """Return a statement's meaning; BadQuery for one that has none."""
    return _Parser(statement).query()


class _Parser:
    def __init__(self, statement: str) -> None:
        self._tokens = list(_tokens(statement))
        self._at = 0

    def query(self) -> Query:
        """Read the whole statement."""
        found = Query()
        self._word("SELECT")
        found.select = list(self._selected())
        self._word("FROM")
        self._scope(found)
        if self._is("WHERE"):
            node = self._or()
            found.where = node.test
            for name, operator, moment in node.bounds:
                if name == DTEND and operator in (">", ">="):
                    found.after = moment
                if name == DTSTART and operator in ("<", "<="):
                    found.before = moment
        if self._is("ORDER"):
            self._word("BY")
            found.order = (self._name(), self._is("DESC"))
            self._is("ASC")
        if self._at < len(self._tokens):
            raise BadQuery(f"nothing may follow: {self._tokens[self._at][1]}")
        return found

    # --- parts --------------------------------------------------------------------------------
    def _selected(self) -> Iterator[tuple[str, str]]:
        while True:
            name = self._name()
            alias = self._next()[1] if self._is("AS") else ""
            yield name, alias.strip('"')
            if not self._is(","):
                return

    def _scope(self, found: Query) -> None:
        if not self._is("SCOPE"):
            found.scope = self._name()
            return
        self._word("(")
        kind, text = self._next()
        inner = re.fullmatch(r"\s*(\w+)\s+traversal\s+of\s+\"([^\"]*)\"\s*", text, re.IGNORECASE)
        if kind != "text" or inner is None:
            raise BadQuery("the scope cannot be understood")
        found.deep, found.scope = inner[1].lower() == "deep", inner[2]
        self._word(")")

    def _or(self) -> _Node:
        nodes = [self._and()]
        while self._is("OR"):
            nodes.append(self._and())
        if len(nodes) == 1:
            return nodes[0]
        return _Node(lambda item: any(node.test(item) for node in nodes))

    def _and(self) -> _Node:
        nodes = [self._not()]
        while self._is("AND"):
            nodes.append(self._not())
        if len(nodes) == 1:
            return nodes[0]
        return _Node(
            lambda item: all(node.test(item) for node in nodes),
            [bound for node in nodes for bound in node.bounds],
        )

    def _not(self) -> _Node:
        if self._is("NOT"):
            inner = self._not()
            return _Node(lambda item: not inner.test(item))
        if self._is("("):
            node = self._or()
            self._word(")")
            return node
        return self._comparison()

    def _comparison(self) -> _Node:
        name = self._name()
        if self._is("IS"):
            wanted = not self._is("NOT")
            self._word("NULL")
            return _Node(lambda item: (item.get(name) is None) is wanted)
        if self._is("LIKE"):
            return _Node(_like(name, self._literal()))
        kind, operator = self._next()
        if kind != "op" or operator not in _COMPARED:
            raise BadQuery(f"no comparison: {operator}")
        literal = self._literal()
        node = _Node(_comparison(name, operator, literal))
        moment = _moment(literal)
        if moment is not None:
            node.bounds.append((name, operator, moment))
        return node

    def _literal(self) -> str:
        if not self._is("CAST"):
            return self._next()[1]
        self._word("(")
        found = self._next()[1]
        self._word("AS")
        self._next()
        self._word(")")
        return found

    # --- tokens -------------------------------------------------------------------------------
    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise BadQuery("the statement ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _name(self) -> str:
        kind, text = self._next()
        if kind != "name":
            raise BadQuery(f"a property is due, not {text}")
        return text

    def _is(self, word: str) -> bool:
        here = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
        if here[0] in ("word", "op") and here[1].upper() == word:
            self._at += 1
            return True
        return False

    def _word(self, word: str) -> None:
        if not self._is(word):
            raise BadQuery(f"{word} is due")


def _tokens(statement: str) -> Iterator[tuple[str, str]]:
    at, text = 0, statement.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise BadQuery(f"cannot be read: {text[at : at + 20]}")
        at = found.end()
        kind, value = found.lastgroup, found[found.lastgroup]
        if kind == "text":
            value = value[1:-1].replace("''", "'")
        elif kind == "name":
            value = value[1:-1]
        yield kind, value


def _like(name: str, pattern: str) -> Condition:
    wanted = re.compile(
        "".join(".*" if one == "%" else "." if one == "_" else re.escape(one) for one in pattern),
        re.IGNORECASE | re.DOTALL,
    )
    return lambda item: isinstance(text := item.get(name), str) and bool(wanted.fullmatch(text))


def _comparison(name: str, operator: str, literal: str) -> Condition:
    judge = _COMPARED[operator]

    def test(item: Properties) -> bool:
        value = item.get(name)
        sign = None if value is None else _sign(value, literal)
        return sign is not None and judge(sign)

    return test


def _sign(value: Value, literal: str) -> int | None:
    if isinstance(value, tuple):
        return 0 if literal.lower() in (one.lower() for one in value) else 1
    if isinstance(value, bool):
        known = {"true": 1, "false": 0, "1": 1, "0": 0}.get(literal.lower())
        return None if known is None else int(value) - known
    if isinstance(value, int):
        return value - int(literal) if literal.lstrip("-").isdecimal() else None
    if isinstance(value, datetime):
        moment = _moment(literal)
        return None if moment is None else (value > moment) - (value < moment)
    one, other = value.lower(), literal.lower()
    return (one > other) - (one < other)


def _moment(text: str) -> datetime | None:
    if not re.match(r"\d{4}[-/]\d\d[-/]\d\d", text):
        return None
    try:
        found = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
