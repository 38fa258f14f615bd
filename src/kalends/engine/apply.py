"""What ``kalends apply`` changes: the difference between a file and what is stored. Pure.

Rules (POLICY section 6): only the one that brought a record changes it (``managed_by``); what the
file once brought and no longer holds goes; what the API brought stays. People who go are leavers
for 30 days. More than a tenth of an organization's people gone asks first (``force``).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from kalends.errors import Problem
from kalends.model.addresses import SIP
from kalends.model.person import PersonRecord, Preferences
from kalends.store.contract import Document, PersonDocument

MANAGED_BY_FILE: Final = "file"
_BREATH: Final = 20
"""People compared between two yields."""


@dataclass(slots=True)
class Difference:
    """What has to be written for one organization."""

    organization: str
    documents: list[Document] = field(default_factory=list)
    removed_documents: list[tuple[str, str]] = field(default_factory=list)
    """(kind, id)."""
    people: list[PersonRecord] = field(default_factory=list)
    """New or changed."""
    leavers: list[PersonRecord] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    asks: list[Problem] = field(default_factory=list)
    """What is done only when insisted on (``force``)."""
    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Kind → added, changed, removed → how many."""

    @property
    def who(self) -> list[PersonRecord]:
        """Return whose records have to be written."""
        return [*self.people, *self.leavers]

    @property
    def empty(self) -> bool:
        """Tell whether there is nothing to write."""
        return not (self.documents or self.removed_documents or self.people or self.leavers)


def document_difference(
    difference: Difference, wanted: Iterable[Document], stored: Sequence[Document]
) -> None:
    """Add what must be written so that the file's documents hold."""
    by_key = {(one.kind, one.id): one for one in stored}
    seen: set[tuple[str, str]] = set()
    for one in wanted:
        key = (one.kind, one.id)
        old = by_key.get(key)
        if key in seen:
            difference.problems.append(_twice(one.kind, one.id))
        elif old is not None and old.managed_by != one.managed_by:
            difference.problems.append(_foreign(one.kind, one.id, old.managed_by))
        elif old is None or old.body != one.body:
            difference.documents.append(one)
            difference.counts[_counted(one.kind)]["changed" if old else "added"] += 1
        seen.add(key)
    for key, old in by_key.items():
        if old.managed_by == MANAGED_BY_FILE and key not in seen:
            difference.removed_documents.append(key)
            difference.counts[_counted(old.kind)]["removed"] += 1


def _counted(kind: str) -> str:
    return "directories" if kind == "directory" else f"{kind}s"


def people_difference(
    difference: Difference,
    wanted: Sequence[PersonRecord],
    stored: Mapping[str, PersonDocument],
    now: int,
) -> Iterator[None]:
    """Add what must be written so that the file's people hold; yields now and then.

    ``stored``: those the file names, and those it brought. Whoever runs it lets others work at
    every yield: a file may hold a hundred thousand people.
    """
    seen: set[str] = set()
    for count, record in enumerate(wanted):
        if count % _BREATH == 0:
            yield
        old = stored.get(record.id)
        if record.id in seen:
            difference.problems.append(_twice("person", record.id))
        elif old is not None and old.managed_by != record.managed_by:
            difference.problems.append(_foreign("person", record.id, old.managed_by))
        else:
            _person(difference, record, old, now)
        seen.add(record.id)
    for count, (id, old) in enumerate(stored.items()):
        if count % _BREATH == 0:
            yield
        if id not in seen and old.managed_by == MANAGED_BY_FILE and not old.profile.left:
            leaver = _before(old) or PersonRecord(id=id, name=old.profile.name or id)
            difference.leavers.append(
                leaver.model_copy(update={"left": True, "left_at": now, "calendars": "none"})
            )
            difference.counts["people"]["removed"] += 1


def _before(old: PersonDocument) -> PersonRecord | None:
    """Return a stored record; None where it cannot be read: then what the file says replaces it."""
    try:
        return PersonRecord.model_validate_json(old.record)
    except ValidationError:
        return None


def _person(
    difference: Difference, record: PersonRecord, old: PersonDocument | None, now: int
) -> None:
    if old is None:
        difference.people.append(with_leaving(record, None, now))
        difference.counts["people"]["added"] += 1
        return
    before = _before(old)
    if before is None:
        difference.people.append(with_leaving(record, None, now))
        difference.counts["people"]["changed"] += 1
        return
    after = with_leaving(keep_preferences(record, before), before, now)
    if after != before:
        difference.people.append(after)
        difference.counts["people"]["changed"] += 1


def keep_preferences(record: PersonRecord, before: PersonRecord) -> PersonRecord:
    """Return the record with the person's own choices, which no file overwrites silently.

    What the file sets itself holds; every other preference stays as the person chose it.
    """
    own = before.preferences.model_dump(exclude_defaults=True)
    given = record.preferences.model_dump(exclude_defaults=True)
    merged = Preferences.model_validate({**own, **given})
    return record.model_copy(update={"preferences": merged})


def with_leaving(record: PersonRecord, before: PersonRecord | None, now: int) -> PersonRecord:
    """Return the record with the moment a person left: the first time it was said."""
    if not record.left:  # nearly everybody, and a copy costs as much as all the rest
        return record if record.left_at is None else record.model_copy(update={"left_at": None})
    left_at = before.left_at if before is not None and before.left_at is not None else now
    return record.model_copy(update={"left_at": left_at})


def too_many_go(difference: Difference, stored: int) -> bool:
    """Tell whether more than a tenth of the people would go."""
    return len(difference.leavers) * 10 > stored


def duplicate_addresses(
    problems: list[Problem], organization: str, people: Iterable[tuple[str, Sequence[str]]]
) -> Iterator[None]:
    """Add a problem for each address that two people of an organization have; yields as above.

    Each comes with what ``own_addresses`` returns.
    """
    owner: dict[str, str] = {}
    for count, (person, addresses) in enumerate(people):
        if count % _BREATH == 0:
            yield
        for address in addresses:
            first = owner.setdefault(address, person)
            if first != person:
                problems.append(taken(organization, f"people.{person}.", address, first))


def taken(where: str, prefix: str, address: str, owner: str) -> Problem:
    """Return the problem of an address (``own_addresses``) that somebody else has."""
    return Problem(
        where,
        prefix + ("sip" if address.startswith(SIP) else "emails"),
        f"{address} belongs to {owner} already.",
        "Give every address to one person only.",
    )


def shared_addresses(
    problems: list[Problem], people: Mapping[str, Iterable[PersonRecord]]
) -> Iterator[None]:
    """Add a problem for each address that two organizations of one file have; yields as above."""
    owner: dict[str, tuple[str, str]] = {}
    for organization, records in people.items():
        for count, record in enumerate(records):
            if count % _BREATH == 0:
                yield
            for email in record.emails:
                first = owner.setdefault(email.lower(), (organization, record.id))
                if first[0] != organization:
                    problems.append(_two_homes(organization, record.id, email, first))


def _two_homes(organization: str, person: str, email: str, first: tuple[str, str]) -> Problem:
    return Problem(
        organization,
        f"people.{person}.emails",
        f"{email} is {first[1]}'s in organization {first[0]} too.",
        "A person belongs to one organization: remove the address from the other.",
    )


def _twice(kind: str, id: str) -> Problem:
    return Problem("", f"{kind}.{id}", "is there twice.", "Remove one, or give it another id.")


def _foreign(kind: str, id: str, owner: str) -> Problem:
    return Problem(
        "",
        f"{kind}.{id}",
        f"is managed by {owner}.",
        f"Change it there, or remove it there first, or choose another id than {id!r}.",
    )


def stored_form(value: Any) -> bytes:
    """Return the JSON under which a model is stored: equal models, equal bytes."""
    text: str = value.model_dump_json(exclude_defaults=True)
    return text.encode()
