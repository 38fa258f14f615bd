"""The organization's own people as a directory: always there, whatever else is connected.

Place in the flow: *entry as the API tells it → contact*. The entry was made for one viewer
(``web.sight``), so that a contact tells nothing that the viewer may not see.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kalends.directory.contract import Contact
from kalends.directory.numbers import Numbers

PEOPLE: Final = "people"
"""Id of this directory in answers; a configured one cannot have it."""


def contact(entry: Mapping[str, Any], numbers: Numbers) -> Contact:
    """Return a person as a contact."""
    told = [("desk", entry["extension"]), ("mobile", entry["mobile"])]
    told += [(one["kind"], one["number"]) for one in entry["numbers"]]
    return Contact(
        entry["id"],
        entry["name"],
        PEOPLE,
        given=entry["given_name"] or "",
        family=entry["family_name"] or "",
        department=entry["department"] or "",
        title=entry["title"] or "",
        emails=(entry["email"].lower(),) if entry["email"] else (),
        numbers=tuple(numbers.numbered(*one) for one in dict.fromkeys(told) if one[1]),
        person=entry["id"],
    )
