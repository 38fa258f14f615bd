"""GetUserConfiguration: what Outlook and OWA keep beside folders (2010 and later).

``WorkHours`` of the calendar is the XML of [MS-OXOCFG] 2.2.5.2.1; ``OWA.UserOptions`` of the root
is a dictionary.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from lxml import etree

from lab.exchange import access, ids
from lab.exchange.mailbox import Mailbox
from lab.exchange.refusal import Fault, Refusal
from lab.exchange.soap import Call, flag, message, messages
from lab.exchange.xml import M, Node, answer, children, m, t
from lab.exchange.zones import DAYS, Turn, rules

_SPACE: Final = "WorkingHours.xsd"
_PARTS: Final = ("Id", "Dictionary", "XmlData", "BinaryData", "All")


def get_user_configuration(call: Call) -> Node:
    """Answer GetUserConfiguration; ErrorItemNotFound where nothing is kept under a name."""
    root = answer("GetUserConfigurationResponse")
    named = call.body.find(M + "UserConfigurationName")
    wanted = set(flag(call.body, "UserConfigurationProperties").split())
    if named is None or not wanted or not wanted <= set(_PARTS):
        raise Fault("ErrorSchemaValidation")
    with message(messages(root), "GetUserConfiguration") as node:
        one = access.place(call, children(named)[0])
        name = named.get("Name", "")
        writer = _KEPT.get((name, one.folder.name))
        if writer is None or (name == "WorkHours" and not one.box.days):
            raise Refusal("ErrorItemNotFound")
        found = m(node, "UserConfiguration")
        key = ids.change_key(1)
        about = t(found, "UserConfigurationName", Name=name)
        t(about, "FolderId", Id=ids.folder_id(one.box, one.folder), ChangeKey=key)
        if wanted & {"Id", "All"}:
            t(found, "ItemId", Id=ids.raw_item_id(one.box, 0, one.folder.name), ChangeKey=key)
        writer(found, one.box, wanted)
    return root


def _user_options(parent: Node, box: Mailbox, wanted: set[str]) -> None:
    if not wanted & {"Dictionary", "All"}:
        return
    node = t(parent, "Dictionary")
    for name, kind, value in (
        ("timezone", "String", box.zone),
        ("timeformat", "String", "HH:mm"),
        ("workhoursstart", "Integer32", str(box.hours[0])),
    ):
        entry = t(node, "DictionaryEntry")
        for part, (each, text) in (
            ("DictionaryKey", ("String", name)),
            ("DictionaryValue", (kind, value)),
        ):
            place = t(entry, part)
            t(place, "Type", each)
            t(place, "Value", text)


def _work_hours(parent: Node, box: Mailbox, wanted: set[str]) -> None:
    if wanted & {"XmlData", "All"}:
        t(parent, "XmlData", base64.b64encode(etree.tostring(_document(box))).decode())


_KEPT: Final[dict[tuple[str, str], Callable[[Node, Mailbox, set[str]], None]]] = {
    ("WorkHours", "calendar"): _work_hours,
    ("OWA.UserOptions", "root"): _user_options,
}


def _document(box: Mailbox) -> Node:
    root = etree.Element(f"{{{_SPACE}}}Root", nsmap={None: _SPACE})  # type: ignore[dict-item] # None is the default namespace
    hours = _add(root, "WorkHoursVersion1")
    zone, found = _add(hours, "TimeZone"), rules(box.zone)
    _add(zone, "Bias", _minutes(-found.standard))
    _half(zone, "Standard", timedelta(0), found.to_standard)
    _half(zone, "DaylightSavings", found.standard - found.daylight, found.to_daylight)
    _add(zone, "Name", box.zone)
    for name, minute in zip(("Start", "End"), box.hours, strict=True):
        _add(hours, name, f"{minute // 60:02}:{minute % 60:02}:00")
    _add(hours, "WorkDays", " ".join(box.days))
    return root


def _half(parent: Node, name: str, bias: timedelta, turn: Turn | None) -> None:
    half = _add(parent, name)
    _add(half, "Bias", _minutes(bias))
    date = _add(half, "ChangeDate")
    at = turn.at if turn else timedelta(0)
    order = (5 if turn.occurrence == -1 else turn.occurrence) if turn else 0
    _add(date, "Time", f"{at // timedelta(hours=1):02}:{at.seconds % 3600 // 60:02}:00")
    _add(date, "Date", f"0000/{turn.month if turn else 0:02}/{order:02}")
    # Sunday is 0 there, and the last of our week.
    _add(date, "DayOfWeek", str((turn.weekday + 1) % len(DAYS) if turn else 0))


def _add(parent: Node, name: str, text: str = "") -> Node:
    made = etree.SubElement(parent, f"{{{_SPACE}}}{name}")
    made.text = text or None
    return made


def _minutes(value: timedelta) -> str:
    return str(int(value.total_seconds()) // 60)
