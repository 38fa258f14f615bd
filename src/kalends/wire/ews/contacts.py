"""Contacts and people, as four operations tell them alike.

A contact in a folder (FindItem with ContactsView), a resolved name (ResolveNames) and a persona
(FindPeople) become one value. Numbers stand as they were typed: E.164 is the directory's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lxml import etree

from kalends.wire.ews.names import T

_MAX: Final = 255
PHONE_KEYS: Final = {
    "BusinessPhone": "desk",
    "BusinessPhone2": "desk",
    "CompanyMainPhone": "desk",
    "PrimaryPhone": "desk",
    "OtherTelephone": "desk",
    "MobilePhone": "mobile",
    "CarPhone": "mobile",
    "BusinessMobile": "mobile",
    "IPPhone": "softphone",
    "HomePhone": "home",
    "HomePhone2": "home",
    "BusinessFax": "fax",
    "HomeFax": "fax",
    "OtherFax": "fax",
    "AssistantPhone": "assistant",
}
"""Exchange's key → kind of number (``model.person.Number.kind``); others are left out."""
_PERSONA_PHONES: Final = {
    "BusinessPhoneNumbers": "desk",
    "BusinessPhoneNumbers2": "desk",
    "MobilePhones": "mobile",
    "HomePhones": "home",
    "WorkFaxes": "fax",
    "AssistantPhoneNumbers": "assistant",
}


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody with a name and numbers."""

    id: str
    """Item or persona id; empty for a resolved name that is no item."""
    name: str
    given: str = ""
    family: str = ""
    company: str = ""
    department: str = ""
    title: str = ""
    office: str = ""
    emails: tuple[str, ...] = ()
    """Lower case, SMTP only."""
    numbers: tuple[tuple[str, str], ...] = ()
    """(kind, as typed), in the order told."""


def read_contact(element: etree._Element, name: str = "", email: str = "") -> Contact:
    """Read ``t:Contact``; name and address of its ``t:Mailbox`` come first where told."""
    told = element.find(T + "ItemId")
    addresses = [email, *(_text(entry) for entry in element.iterfind(_EMAILS))]
    return Contact(
        str(told.get("Id", "")) if told is not None else "",
        _field(element, "DisplayName") or name,
        _field(element, "GivenName"),
        _field(element, "Surname"),
        _field(element, "CompanyName"),
        _field(element, "Department"),
        _field(element, "JobTitle"),
        _field(element, "OfficeLocation"),
        emails_of(addresses),
        tuple(
            (PHONE_KEYS[key], number)
            for entry in element.iterfind(_PHONES)
            if (key := str(entry.get("Key", ""))) in PHONE_KEYS and (number := _text(entry))
        ),
    )


def read_persona(element: etree._Element) -> Contact:
    """Read ``t:Persona``."""
    told = element.find(T + "PersonaId")
    listed = (T + "EmailAddresses/" + T + "Address", T + "EmailAddresses/" + T + "EmailAddress")
    addresses = [
        _field(address, "EmailAddress")
        for path in (T + "EmailAddress", *listed)
        for address in element.iterfind(path)
    ]
    return Contact(
        str(told.get("Id", "")) if told is not None else "",
        _field(element, "DisplayName"),
        _field(element, "GivenName"),
        _field(element, "Surname"),
        _field(element, "CompanyName"),
        _field(element, _attributed("Departments")),
        _field(element, "Title"),
        _field(element, _attributed("OfficeLocations")),
        emails_of(addresses),
        tuple(_persona_numbers(element)),
    )


def emails_of(told: list[str]) -> tuple[str, ...]:
    """Return SMTP addresses in order, each once: ``SMTP:A@b`` → ``a@b``."""
    found = (address.strip().lower().removeprefix("smtp:") for address in told)
    return tuple(dict.fromkeys(address for address in found if "@" in address))


def _persona_numbers(element: etree._Element) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, kind in _PERSONA_PHONES.items():
        path = f"{T}{name}/{T}PhoneNumberAttributedValue/{T}Value/{T}Number"
        found += [(kind, text) for number in element.iterfind(path) if (text := _text(number))]
    return found


def _attributed(name: str) -> str:
    return f"{name}/{T}StringAttributedValue/{T}Value"


def _field(element: etree._Element, name: str) -> str:
    return (element.findtext(T + name) or "").strip()[:_MAX]


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()[:_MAX]


_EMAILS: Final = f"{T}EmailAddresses/{T}Entry"
_PHONES: Final = f"{T}PhoneNumbers/{T}Entry"
