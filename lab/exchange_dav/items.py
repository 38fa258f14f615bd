"""Appointments and contacts as the store's properties."""

from __future__ import annotations

from typing import Final

from lab.exchange.calendar import Appointment, Entry
from lab.exchange.mailbox import Mailbox
from lab.exchange_dav.names import written
from lab.exchange_dav.people import Person
from lab.exchange_dav.values import Properties, Value

CAL: Final = "urn:schemas:calendar:"
MAIL: Final = "urn:schemas:httpmail:"
CON: Final = "urn:schemas:contacts:"
EX: Final = "http://schemas.microsoft.com/exchange/"
TAG: Final = "http://schemas.microsoft.com/mapi/proptag/"
APPOINTMENT: Final = "http://schemas.microsoft.com/mapi/id/{00062002-0000-0000-C000-000000000046}/"
COMMON: Final = "http://schemas.microsoft.com/mapi/id/{00062008-0000-0000-C000-000000000046}/"
ADDRESS: Final = "http://schemas.microsoft.com/mapi/id/{00062004-0000-0000-C000-000000000046}/"
_KINDS: Final = {"Single": 0, "RecurringMaster": 1, "Occurrence": 2, "Exception": 3}
_PRIVACY: Final = {"Normal": 0, "Personal": 1, "Private": 2, "Confidential": 3}
_RESPONSES: Final = {
    "Organizer": 1,
    "Tentative": 2,
    "Accept": 3,
    "Decline": 4,
    "NoResponseReceived": 5,
}


def name(item: Appointment, guid: str) -> str:
    """Return the last segment of an item's address: its maker's choice, or braces and all."""
    return item.properties.get("name") or f"{{{guid[:24].upper()}{item.number:012X}}}.EML"


def appointment(
    box: Mailbox, entry: Entry, href: str, *, recurrence_ids: bool = True
) -> Properties:
    """Return the properties of an appointment or of one occurrence."""
    item, stored = entry.item, entry.stored
    organizer = item.organizer or box.address
    private = item.sensitivity == "Private"
    flags = (1 if item.meeting else 0) | (2 if item.meeting and item.organizer else 0)
    told: dict[str, Value | None] = {
        "DAV:href": href,
        "DAV:contentclass": "urn:content-classes:appointment",
        "DAV:displayname": href.rpartition("/")[2],
        "DAV:getetag": f'"{stored.number:x}.{stored.change:x}"',
        "DAV:getlastmodified": stored.modified,
        "DAV:creationdate": stored.created,
        "DAV:isfolder": False,
        "DAV:ishidden": False,
        "DAV:iscollection": False,
        "DAV:uid": f"AQ{stored.number:08x}",
        EX + "outlookmessageclass": item.item_class,
        EX + "permanenturl": href,
        EX + "sensitivity": _PRIVACY.get(item.sensitivity, 0),
        EX + "keywords-utf8": item.categories or None,
        TAG + "x10f3001f": href.rpartition("/")[2],
        TAG + "x10f3001e": href.rpartition("/")[2],
        TAG + "x0e230003": stored.number,
        MAIL + "subject": item.subject,
        MAIL + "textdescription": item.body or None,
        "urn:schemas:mailheader:subject": item.subject,
        CAL + "uid": stored.uid,
        CAL + "instancetype": _KINDS[entry.kind],
        CAL + "dtstart": item.start,
        CAL + "dtend": item.end,
        CAL + "alldayevent": item.all_day,
        CAL + "busystatus": item.busy.upper(),
        CAL + "transparent": "TRANSPARENT" if item.busy == "Free" else "OPAQUE",
        CAL + "meetingstatus": "CANCELLED" if item.cancelled else "TENTATIVE",
        CAL + "location": item.location,
        CAL + "organizer": f'"{box.name}" <{organizer}>',
        CAL + "dtstamp": stored.modified,
        CAL + "lastmodified": stored.modified,
        CAL + "created": stored.created,
        "http://schemas.microsoft.com/mapi/apptstateflags": flags | (4 if item.cancelled else 0),
        COMMON + "0x8506": True if private else None,
        APPOINTMENT + "0x8218": _RESPONSES.get(item.response, 0) if item.meeting else 0,
        APPOINTMENT + "0x8217": flags | (4 if item.cancelled else 0),
    }
    if entry.kind == "Exception" and recurrence_ids:
        told[CAL + "recurrenceid"] = entry.original
    return told


def damaged(entry: Entry) -> Properties:
    """Return what an answer shows instead of an item's own values: as damaged items do."""
    return {name: text for name, text in entry.item.properties.items() if name.startswith("urn:")}


def contact(person: Person, href: str) -> Properties:
    """Return the properties of a contact."""
    told: dict[str, Value | None] = {
        "DAV:href": href,
        "DAV:contentclass": "urn:content-classes:person",
        "DAV:displayname": href.rpartition("/")[2],
        "DAV:isfolder": False,
        "DAV:ishidden": False,
        EX + "outlookmessageclass": "IPM.Contact",
        CON + "cn": person.name or None,
        CON + "fileas": person.name or None,
        CON + "givenName": person.given or None,
        CON + "sn": person.family or None,
        CON + "o": person.company or None,
    }
    for number, address in zip(("0x8083", "0x8093", "0x80A3"), person.emails, strict=False):
        told[ADDRESS + number] = address
    for local, number in person.phones.items():
        told[CON + local] = number
    return told


def contact_name(person: Person, number: int) -> str:
    """Return the last segment of a contact's address."""
    return f"{written(person.name or person.company)}-{number}.EML"
