"""Contacts: cards in folders, and what the directory tells of people; how both are written.

A ``Card`` lies in a contacts folder of a mailbox or of the public folders, or stands in the
directory (the global address list), where every mailbox has one of its own as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from lab.exchange.xml import Node, local, t

if TYPE_CHECKING:
    from lab.exchange.mailbox import Mailbox


@dataclass(slots=True)
class Card:
    """What is known of somebody."""

    name: str
    """Display name."""
    given: str = ""
    family: str = ""
    company: str = ""
    department: str = ""
    title: str = ""
    office: str = ""
    emails: tuple[str, ...] = ()
    phones: dict[str, str] = field(default_factory=dict)
    """PhoneNumberKey of the schema (BusinessPhone, MobilePhone, …) → as typed."""
    number: int = 0
    folder: str = "contacts"
    """Name of the folder it lies in."""
    change: int = 1

    def words(self) -> tuple[str, ...]:
        """Return what ambiguous name resolution looks at."""
        return (self.name, *self.name.split(), self.given, self.family, *self.emails)


def card_of(box: Mailbox) -> Card:
    """Return what the directory tells of a mailbox."""
    if box.card is not None:
        return box.card
    given, _, family = box.name.partition(" ")
    phones = {"BusinessPhone": box.phone} if box.phone else {}
    return Card(box.name, given, family, emails=(box.address, *box.aliases), phones=phones)


_TEXTS: Final[dict[str, Callable[[Card], str]]] = {
    "item:Subject": lambda card: card.name,
    "contacts:FileAs": lambda card: f"{card.family}, {card.given}".strip(", ") or card.name,
    "contacts:DisplayName": lambda card: card.name,
    "contacts:GivenName": lambda card: card.given,
    "contacts:CompanyName": lambda card: card.company,
    "contacts:EmailAddress": lambda _: "",
    "contacts:PhoneNumber": lambda _: "",
    "contacts:ContactSource": lambda _: "",
    "contacts:Department": lambda card: card.department,
    "contacts:JobTitle": lambda card: card.title,
    "contacts:OfficeLocation": lambda card: card.office,
    "contacts:Surname": lambda card: card.family,
}
"""In the schema's order; dictionaries and the source have their place among them."""
NEWER_PHONES: Final = frozenset({"BusinessMobile", "IPPhone", "Mms", "Msn"})
"""Keys that schemas before 2013 do not know."""


def emails(card: Card, *, smtp: bool = False) -> dict[str, str]:
    """Return EmailAddressKey → address; directories write the kind before it."""
    prefix = "SMTP:" if smtp else ""
    return {f"EmailAddress{n}": prefix + one for n, one in enumerate(card.emails[:3], 1)}


def write_card(parent: Node, card: Card, wanted: Callable[[str], bool], source: str = "") -> None:
    """Append the fields of a Contact that are wanted (by FieldURI, with ``:Key`` where indexed)."""
    for uri, read in _TEXTS.items():
        name = uri.partition(":")[2]
        if name == "ContactSource":
            if source:
                t(parent, name, source)
        elif name in ("EmailAddress", "PhoneNumber"):
            plural = "EmailAddresses" if name == "EmailAddress" else "PhoneNumbers"
            told = emails(card, smtp=bool(source)) if name == "EmailAddress" else card.phones
            _entries(parent, plural, {k: v for k, v in told.items() if wanted(f"{uri}:{k}")})
        elif wanted(uri) and (value := read(card)):
            t(parent, name, value)


def _entries(parent: Node, name: str, told: dict[str, str]) -> None:
    node = t(parent, name) if told else None
    for key, value in told.items():
        assert node is not None
        t(node, "Entry", value, Key=key)


def value_of(card: Card, path: Node) -> str | None:
    """Return the text of what a path names; None where a card has none."""
    uri = path.get("FieldURI", "")
    if local(path) == "IndexedFieldURI":
        told = emails(card) if uri == "contacts:EmailAddress" else card.phones
        return told.get(path.get("FieldIndex", ""))
    reader = _TEXTS.get(uri)
    return (reader(card) or None) if reader else None


# --- personas (2013 and later) --------------------------------------------------------------
_PERSONA_PHONES: Final = {
    "BusinessPhone": ("BusinessPhoneNumbers", "Business"),
    "BusinessPhone2": ("BusinessPhoneNumbers2", "Business2"),
    "HomePhone": ("HomePhones", "Home"),
    "MobilePhone": ("MobilePhones", "Mobile"),
    "AssistantPhone": ("AssistantPhoneNumbers", "Assistant"),
    "BusinessFax": ("WorkFaxes", "BusinessFax"),
}
"""In the schema's order."""


def write_persona(parent: Node, card: Card, id: str, wanted: Callable[[str], bool]) -> None:
    """Append a Persona."""
    node = t(parent, "Persona")
    t(node, "PersonaId", Id=id)
    t(node, "PersonaType", "Person")
    for name, value in (
        ("DisplayName", card.name),
        ("GivenName", card.given),
        ("Surname", card.family),
        ("Title", card.title),
        ("Department", card.department),
        ("CompanyName", card.company),
    ):
        if value and wanted(name):
            t(node, name, value)
    if card.emails and wanted("EmailAddress"):
        _address(t(node, "EmailAddress"), card, card.emails[0])
    if card.emails and wanted("EmailAddresses"):
        box = t(node, "EmailAddresses")
        for one in card.emails:
            _address(t(box, "Address"), card, one)
    for key, (name, kind) in _PERSONA_PHONES.items():
        if key in card.phones and wanted(name):
            told = t(t(node, name), "PhoneNumberAttributedValue")
            number = t(told, "Value")
            t(number, "Number", card.phones[key])
            t(number, "Type", kind)
            t(t(told, "Attributions"), "Attribution", "0")
    for name, text in (("OfficeLocations", card.office), ("Departments", card.department)):
        if text and wanted(name):
            told = t(t(node, name), "StringAttributedValue")
            t(told, "Value", text)
            t(t(told, "Attributions"), "Attribution", "0")


def _address(node: Node, card: Card, address: str) -> None:
    t(node, "Name", card.name)
    t(node, "EmailAddress", address)
    t(node, "RoutingType", "SMTP")
