"""A person's entry as the API tells it, field by field, with the presence beside it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from kalends.model.profile import Profile
from kalends.model.vocabulary import Level
from kalends.presence import view_json
from kalends.store.contract import PersonDocument, StoredPresence
from kalends.web.eye import Eye


class _Number(msgspec.Struct, frozen=True):
    number: str
    kind: str = "desk"
    public: bool = True
    order: int = 0


class _Record(msgspec.Struct, frozen=True):
    """The few keys of a record that a card needs beyond the profile."""

    picture: str | None = None
    numbers: tuple[_Number, ...] = ()
    visibility: dict[str, Level] = {}


_record: Final = msgspec.json.Decoder(_Record)

_FIELDS: Final = (
    "given_name", "family_name", "department", "title", "email", "extension", "mobile",
    "voicemail", "sip", "jid",
)  # fmt: skip
_SEARCHED: Final = (
    "id", "name", "initials", "department", "title", "email", "extension", "mobile", "skills",
    "numbers",
)  # fmt: skip


def card(eye: Eye, person: PersonDocument, stored: StoredPresence, now: int) -> dict[str, Any]:
    """Return a person's entry with the presence."""
    profile = person.profile
    seen = eye.sees(stored, now)
    entry: dict[str, Any] = _entry(eye, person, seen.level)
    if eye.administers:
        entry |= {"stage": profile.stage, "left": profile.left, "managed_by": person.managed_by}
    entry["may_set"] = eye.may_set(profile)
    entry["presence"] = view_json(seen)
    return entry


def _entry(eye: Eye, person: PersonDocument, level: Level) -> dict[str, Any]:
    profile = person.profile
    record = _record.decode(person.record)
    trusted = eye.may_set(profile)
    entry: dict[str, Any] = {
        "id": profile.person,
        "name": profile.name,
        "initials": initials(profile),
        "kind": profile.kind,
        "skills": profile.skills,
        "language": profile.language,
        "timezone": profile.timezone,
        "substitute": profile.substitute or None,
        "picture": record.picture,
        "numbers": [
            {"number": number.number, "kind": number.kind}
            for number in sorted(record.numbers, key=lambda number: number.order)
            if number.public or trusted
        ],
    }
    entry |= {name: getattr(profile, name) or None for name in _FIELDS}
    for field, least in record.visibility.items():
        if field in entry and level.rank < least.rank and not trusted:
            entry[field] = [] if isinstance(entry[field], list | tuple) else None
    return entry


def initials(profile: Profile) -> str:
    """Return the initials people search by: AB for Anna Berg."""
    return "".join(word[0] for word in profile.name.split() if word[0].isalnum()).upper()


def matches(entry: dict[str, Any], words: list[str]) -> bool:
    """Tell whether every word begins a word of the fields shown (so search tells no more)."""
    haystack = " " + " ".join(_text(entry[name]) for name in _SEARCHED).casefold()
    return all(f" {word}" in haystack for word in words)


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " ".join(_text(item) for item in value)
    if isinstance(value, dict):
        return str(value.get("number", ""))
    return str(value or "").replace("-", " ").replace("@", " @")
