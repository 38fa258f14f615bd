"""Who is known to which source, where people are looked for by e-mail in several. Pure.

Place: between the steps of each source and what ``kalends check`` tells of them. An organization
with two servers has people at either: that one of them does not know somebody is no trouble as
long as another does, and what nobody could ask says nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from kalends.calendars.contract import Step


class Whereabouts:
    """What the sources of one organization say of its people."""

    def __init__(self, searched: Mapping[str, Sequence[str]]) -> None:
        self._searched = searched
        """Person → the sources that are asked for them by e-mail."""
        self._absent: dict[str, dict[str, Step]] = defaultdict(dict)

    def settled(self, source: str, step: Step) -> Step:
        """Return a source's step as it is to be told: who may be elsewhere is just not here."""
        person = step.subject.partition("/")[0]
        if not step.absent or len(self._searched.get(person, ())) < 2:
            return replace(step, absent=False)
        self._absent[person][source] = step
        return replace(step, ok=True)

    def nowhere(self) -> Iterator[Step]:
        """Yield a failed step for each person whom every source was asked for, and none knows."""
        for person, steps in self._absent.items():
            sources = self._searched[person]
            if all(source in steps for source in sources):
                first = steps[sources[0]]
                told = f"unknown to every source: {', '.join(sources)}"
                yield Step("person", person, False, told, first.remedy)
