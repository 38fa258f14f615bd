"""Restrictions of paging views: comparisons of single fields, and, or, not."""

from __future__ import annotations

from lxml import etree

from lab.exchange.fields import FIELDS, Shown, path_key
from lab.exchange.refusal import Fault
from lab.exchange.xml import Node, T, children, local, text_of

_FIELDS = {one.uri: one for one in FIELDS}


def holds(shown: Shown, node: Node) -> bool:
    """Tell whether an item fulfils a search expression."""
    kind, parts = local(node), children(node)
    if kind in ("Restriction", "And"):
        return all(holds(shown, one) for one in parts)
    if kind == "Or":
        return any(holds(shown, one) for one in parts)
    if kind == "Not":
        return not holds(shown, parts[0])
    found = _value(shown, parts[0])
    if kind == "Exists":
        return found is not None
    constant = node.find(f".//{T}Constant")
    if constant is None:
        raise Fault("ErrorUnsupportedPathForQuery")
    return found is not None and _compare(kind, found.lower(), constant.get("Value", "").lower())


def _compare(kind: str, found: str, wanted: str) -> bool:
    # Times are all written in UTC, so that their order is that of their text.
    results = {
        "IsEqualTo": found == wanted,
        "IsNotEqualTo": found != wanted,
        "IsLessThan": found < wanted,
        "IsLessThanOrEqualTo": found <= wanted,
        "IsGreaterThan": found > wanted,
        "IsGreaterThanOrEqualTo": found >= wanted,
        "Contains": wanted in found,
    }
    if kind not in results:
        raise Fault("ErrorUnsupportedPathForQuery")
    return results[kind]


def _value(shown: Shown, path: Node) -> str | None:
    if local(path) == "ExtendedFieldURI":
        return shown.item.properties.get(path_key(path))
    field = _FIELDS.get(path.get("FieldURI", ""))
    if field is None:
        return None
    place = etree.Element(T + "Probe")
    field.put(place, shown)
    return text_of(place[0]) if len(place) else None
