"""MAPI properties behind the fields: clients ask for them as ExtendedFieldURI, by tag or by name.

Numbers are those of [MS-OXPROPS]. A property that a client has set stands in ``properties`` of its
item and wins; the others are told from the fields, as a store computes them.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Final, NamedTuple

from lab.exchange.calendar import Appointment, Entry
from lab.exchange.mailbox import Mailbox
from lab.exchange.xml import Node, stamp, truth

_SETS: Final = {
    "meeting": "6ed8da90-450b-101b-98da-00aa003f1305",
    "appointment": "00062002-0000-0000-c000-000000000046",
    "task": "00062003-0000-0000-c000-000000000046",
    "common": "00062008-0000-0000-c000-000000000046",
    "publicstrings": "00020329-0000-0000-c000-000000000046",
    "sharing": "00062040-0000-0000-c000-000000000046",
    "internetheaders": "00020386-0000-0000-c000-000000000046",
    "calendarassistant": "11000e07-b51b-40d6-af21-caa85edab1d0",
    "unifiedmessaging": "4442858e-a9e3-4e80-b900-317a210cc15b",
    "address": "00062004-0000-0000-c000-000000000046",
}
_BUSY: Final = {"Free": 0, "Tentative": 1, "Busy": 2, "OOF": 3, "WorkingElsewhere": 4}
_SENSITIVITY: Final = {"Normal": 0, "Personal": 1, "Private": 2, "Confidential": 3}
_IMPORTANCE: Final = {"Low": 0, "Normal": 1, "High": 2}
_KINDS: Final = {"Single": 0, "RecurringMaster": 1, "Occurrence": 2, "Exception": 3}
_RESPONSES: Final = {
    "Unknown": 0, "Organizer": 1, "Tentative": 2, "Accept": 3, "Decline": 4,
    "NoResponseReceived": 5,
}  # fmt: skip
_CALENDAR: Final = "urn:schemas:calendar:"
_FIELDS: Final = {
    "0x001a": "item_class",
    "0x0037": "subject",
    "0x1000": "body",
    f"{_SETS['appointment']}/0x8208": "location",
}
"""Property → attribute that is the same thing."""
_GLOBAL: Final = "040000008200E00074C5B7101A82E008"
"""How a GlobalObjectId begins, in hexadecimal."""


class Seen(NamedTuple):
    """What a property is told from."""

    box: Mailbox
    entry: Entry


def path_key(path: Node) -> str:
    """Return the key of a property from its ExtendedFieldURI, however that names it."""
    tag = path.get("PropertyTag")
    if tag:
        return f"{int(tag, 0):#06x}"
    chosen = path.get("DistinguishedPropertySetId", "").lower()
    space = _SETS.get(chosen, chosen) or path.get("PropertySetId", "").lower().strip("{}")
    number = path.get("PropertyId")
    # Names in the set of public strings are compared as they are, like all names.
    return f"{space}/{int(number, 0):#06x}" if number else f"{space}/{path.get('PropertyName')}"


def value_of(seen: Seen, path: Node) -> str | None:
    """Return a property's text; None where an item has none."""
    key = path_key(path)
    stored = seen.entry.item.properties.get(key)
    if stored is not None:
        return stored
    reader = _COMPUTED.get(key)
    return reader(seen) if reader else None


def set_value(item: Appointment, path: Node, value: str) -> None:
    """Set a property: the field it stands behind, or one that is only kept; empty clears."""
    key = path_key(path)
    if key in _FIELDS:
        setattr(item, _FIELDS[key], value)
    elif key == f"{_SETS['appointment']}/0x8205":
        busy = {str(number): name for name, number in _BUSY.items()}
        item.busy = busy.get(value, item.busy)
    else:
        rest = {name: each for name, each in item.properties.items() if name != key}
        item.properties = {**rest, key: value} if value else rest


def _minutes(seen: Seen) -> str:
    return str(int((seen.entry.item.end - seen.entry.item.start).total_seconds()) // 60)


def _state(seen: Seen) -> str:
    item = seen.entry.item
    return str(item.meeting * 1 + bool(item.organizer) * 2 + item.cancelled * 4)


def _global_id(seen: Seen) -> str:
    uid = seen.box.uid(seen.entry.item)
    if not uid.upper().startswith(_GLOBAL):
        # A UID that came from elsewhere is wrapped: [MS-OXCICAL], "vCal-Uid".
        data = b"vCal-Uid\x01\x00\x00\x00" + uid.encode() + b"\x00"
        uid = f"{_GLOBAL}{'0' * 32}{len(data).to_bytes(4, 'little').hex()}{data.hex()}"
    return base64.b64encode(bytes.fromhex(uid)).decode()


def _starts(seen: Seen) -> str:
    return stamp(seen.entry.item.start)


def _ends(seen: Seen) -> str:
    return stamp(seen.entry.item.end)


def _subject(seen: Seen) -> str:
    return seen.entry.item.subject


def _named(space: str, numbers: dict[int, Callable[[Seen], str | None]]) -> dict[str, _Reader]:
    return {f"{_SETS[space]}/{number:#06x}": reader for number, reader in numbers.items()}


_Reader = Callable[[Seen], str | None]
_COMPUTED: Final[dict[str, _Reader]] = {
    "0x001a": lambda one: one.entry.item.item_class,  # PR_MESSAGE_CLASS
    "0x0017": lambda one: str(_IMPORTANCE.get(one.entry.item.importance, 1)),
    "0x0036": lambda one: str(_SENSITIVITY.get(one.entry.item.sensitivity, 0)),
    "0x0037": _subject,
    "0x0e1d": _subject,
    "0x3001": _subject,  # PR_DISPLAY_NAME
    "0x0060": _starts,
    "0x0061": _ends,
    "0x0e08": lambda one: str(4096 + len(one.entry.item.subject) + len(one.entry.item.body)),
    "0x0e1b": lambda _: "false",  # PR_HASATTACH
    "0x0e23": lambda one: str(one.entry.stored.number),  # PR_INTERNET_ARTICLE_NUMBER
    "0x1000": lambda one: one.entry.item.body or None,
    "0x3007": lambda one: stamp(one.entry.stored.created),
    "0x3008": lambda one: stamp(one.entry.stored.modified),
    **_named(
        "appointment",
        {
            0x8205: lambda one: str(_BUSY.get(one.entry.item.busy, 2)),
            0x8208: lambda one: one.entry.item.location or None,
            0x820D: _starts,
            0x820E: _ends,
            0x8213: _minutes,
            0x8215: lambda one: truth(one.entry.item.all_day),
            0x8217: _state,
            0x8218: lambda one: str(_RESPONSES.get(one.entry.item.response, 0)),
            0x8223: lambda one: truth(one.entry.stored.recurrence is not None),
        },
    ),
    **_named(
        "common",
        {
            0x8501: lambda one: str(one.entry.item.reminder_minutes),
            0x8503: lambda one: truth(one.entry.item.reminder),
            0x8506: lambda one: truth(one.entry.item.sensitivity == "Private"),
            0x8516: _starts,
            0x8517: _ends,
        },
    ),
    **_named("meeting", {0x0003: _global_id, 0x0023: _global_id}),
    **{
        f"{_SETS['publicstrings']}/{_CALENDAR}{name}": reader
        for name, reader in {
            "instancetype": lambda one: str(_KINDS[one.entry.kind]),
            "uid": lambda one: one.box.uid(one.entry.item),
            "dtstart": _starts,
            "dtend": _ends,
            "alldayevent": lambda one: truth(one.entry.item.all_day),
            "busystatus": lambda one: one.entry.item.busy.upper(),
            "location": lambda one: one.entry.item.location or None,
        }.items()
    },
}
