"""Restrictions and sort orders of paging views.

A ``Value`` tells the text of what a path names; None where there is none. Times are all written
in UTC, so that their order is that of their text; numbers are compared as numbers.
"""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from lab.exchange.fields import FIELDS, Shown
from lab.exchange.properties import Seen, value_of
from lab.exchange.refusal import Fault
from lab.exchange.xml import Node, T, children, local, text_of

Value = Callable[[Node], str | None]
_FIELDS = {one.uri: one for one in FIELDS}


def holds(value: Value, node: Node) -> bool:
    """Tell whether something fulfils a search expression."""
    kind, parts = local(node), children(node)
    if kind in ("Restriction", "And"):
        return all(holds(value, one) for one in parts)
    if kind == "Or":
        return any(holds(value, one) for one in parts)
    if kind == "Not":
        return not holds(value, parts[0])
    found = value(parts[0])
    if kind == "Exists":
        return found is not None
    constant = node.find(f".//{T}Constant")
    if constant is None:
        raise Fault("ErrorUnsupportedPathForQuery")
    if kind == "Contains":
        return found is not None and _contains(node, found, constant.get("Value", ""))
    return found is not None and _compare(kind, found.lower(), constant.get("Value", "").lower())


def _contains(node: Node, found: str, wanted: str) -> bool:
    if node.get("ContainmentComparison", "Exact") != "Exact":
        found, wanted = found.casefold(), wanted.casefold()
    mode = node.get("ContainmentMode", "Substring")
    if mode == "FullString":
        return found == wanted
    if mode == "Prefixed":
        return found.startswith(wanted)
    if mode in ("PrefixOnWords", "ExactPhrase"):
        return any(word.startswith(wanted) for word in found.split()) or found.startswith(wanted)
    return wanted in found


def _compare(kind: str, found: str, wanted: str) -> bool:
    one, other = _ordered(found), _ordered(wanted)
    results = {
        "IsEqualTo": one == other,
        "IsNotEqualTo": one != other,
        "IsLessThan": one < other,
        "IsLessThanOrEqualTo": one <= other,
        "IsGreaterThan": one > other,
        "IsGreaterThanOrEqualTo": one >= other,
    }
    if kind not in results:
        raise Fault("ErrorUnsupportedPathForQuery")
    return results[kind]


def _ordered(text: str) -> tuple[int, int, str]:
    number = text.removeprefix("-")
    return (0, int(text), "") if number.isascii() and number.isdecimal() else (1, 0, text)


def sort_key(value: Value, path: Node) -> tuple[int, int, str]:
    """Return what a FieldOrder sorts by; what has no value comes first."""
    found = value(path)
    return (-1, 0, "") if found is None else _ordered(found.lower())


def of_item(shown: Shown) -> Value:
    """Return what tells the fields and properties of an item."""

    def value(path: Node) -> str | None:
        if local(path) == "ExtendedFieldURI":
            return value_of(Seen(shown.box, shown.entry), path)
        field = _FIELDS.get(path.get("FieldURI", ""))
        if field is None:
            return None
        place = etree.Element(T + "Probe")
        field.put(place, shown)
        return text_of(place[0]) if len(place) else None

    return value
