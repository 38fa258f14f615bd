"""What folders are called in each language, and how the store spells a name in an address."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, unquote

FOLDERS: Final = {
    "en": {"calendar": "Calendar", "contacts": "Contacts", "inbox": "Inbox", "tasks": "Tasks"},
    "de": {
        "calendar": "Kalender",
        "contacts": "Kontakte",
        "inbox": "Posteingang",
        "tasks": "Aufgaben",
    },
    "sv": {
        "calendar": "Kalender",
        "contacts": "Kontakter",
        "inbox": "Inkorgen",
        "tasks": "Uppgifter",
    },
    "hu": {
        "calendar": "Naptár",
        "contacts": "Névjegyalbum",
        "inbox": "Beérkezett üzenetek",
        "tasks": "Feladatok",
    },
}
_SPELT: Final = {"/": "_xF8FF_", "\\": "_xF8FE_", "?": "_x003F_", "~": "_x007E_"}


def written(name: str) -> str:
    """Return a name as one segment of an address."""
    for character, spelt in _SPELT.items():
        name = name.replace(character, spelt)
    return quote(name, safe="@{}")


def read(segment: str) -> str:
    """Return the name a segment spells."""
    name = unquote(segment)
    for character, spelt in _SPELT.items():
        name = name.replace(spelt, character)
    return name
