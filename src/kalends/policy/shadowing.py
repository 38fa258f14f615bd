"""Whether one rule leaves another anything to do.

Place in the flow: *two rules → lint*. Only certainties are told: where it cannot be known
whether every booking of one rule satisfies the other (two patterns, say), nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kalends.model.rules import Match, Outcome
from kalends.policy.fold import fold
from kalends.policy.matching import code_forms, many
from kalends.policy.subject import phrases


def decided(then: Outcome) -> Iterator[str]:
    """Yield the fields an outcome names."""
    return (name for name in Outcome.model_fields if getattr(then, name) is not None)


def settles(then: Outcome, wanted: set[str]) -> bool:
    """Tell whether an outcome leaves none of the wanted fields open."""
    return then.ignore is True or wanted <= set(decided(then))


def disagree(one: Outcome, other: Outcome) -> bool:
    """Tell whether two outcomes name different things for one field."""
    return any(
        getattr(one, name) != getattr(other, name)
        for name in set(decided(one)) & set(decided(other))
    )


def words_of(match: Match) -> set[tuple[str, str]]:
    """Return the folded codes and words a rule looks for, each with its key."""
    found = {("code", form) for code in many(match.code) for form in code_forms(code)}
    for name in ("subject", "word"):
        texts = many(getattr(match, name))
        found |= {(name, form) for text in texts for form in phrases(text)}
    return found | {("category", fold(name.strip())) for name in many(match.category)}


def covers(wide: Match, narrow: Match) -> bool:
    """Tell whether every booking that satisfies ``narrow`` surely satisfies ``wide``."""
    return all(
        _implied(name, getattr(wide, name), getattr(narrow, name))
        for name in Match.model_fields
        if getattr(wide, name) is not None
    )


def _implied(name: str, wide: object, narrow: object) -> bool:
    if narrow is None:
        return False
    if name == "min_minutes":
        return isinstance(wide, int) and isinstance(narrow, int) and narrow >= wide
    if name == "max_minutes":
        return isinstance(wide, int) and isinstance(narrow, int) and narrow <= wide
    if name in _ALTERNATIVES:
        return _forms(name, narrow) <= _forms(name, wide)
    return narrow == wide or (name == "organizer" and (wide, narrow) == ("inside", "me"))


_ALTERNATIVES: Final = frozenset(
    {"code", "subject", "word", "category", "show_as", "sensitivity", "response", "weekdays"}
)


def _forms(name: str, value: object) -> set[str]:
    values = [str(each) for each in value] if isinstance(value, list) else [str(value)]
    if name == "code":
        return {form for each in values for form in code_forms(each)}
    if name in ("subject", "word"):
        return {form for each in values for form in phrases(each)}
    return {fold(each.strip()) for each in values}
