"""FindItem in a contacts folder: all of it page by page, or those whose field contains a text.

Public folders included. A ContactsView goes through a folder by name; the restriction asks for
names, companies and numbers that contain a text, and is paged by index.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lxml import etree

from kalends.errors import BadAnswer
from kalends.model.http import Request, Response
from kalends.wire.ews.contacts import PHONE_KEYS, Contact, read_contact
from kalends.wire.ews.find_folder import next_offset
from kalends.wire.ews.folders import CONTACTS, Folder, parent_folders
from kalends.wire.ews.names import M, T
from kalends.wire.ews.shapes import id_shape
from kalends.wire.ews.soap import Context, add, one, operation, read, request

PAGE: Final = 100
_FIELDS: Final = (
    "contacts:DisplayName",
    "contacts:GivenName",
    "contacts:Surname",
    "contacts:CompanyName",
    "contacts:Department",
    "contacts:JobTitle",
    "contacts:OfficeLocation",
)
_EMAILS: Final = ("EmailAddress1", "EmailAddress2", "EmailAddress3")


@dataclass(frozen=True, slots=True)
class ContactPage:
    """One page of contacts."""

    contacts: tuple[Contact, ...]
    next_offset: int | None
    """Where the next page begins; None: this was the last."""
    last_name: str = ""
    """Display name of the last one: where the next ContactsView begins."""


def build_find_contacts(
    context: Context, text: str, folder: Folder = CONTACTS, offset: int = 0
) -> Request:
    """Ask for contacts whose name, company or number contains a text; empty: all of them."""
    find = operation("FindItem", Traversal="Shallow")
    _shape(find)
    add(
        find,
        M + "IndexedPageItemView",
        MaxEntriesReturned=str(PAGE),
        Offset=str(offset),
        BasePoint="Beginning",
    )
    if text:
        _restriction(find, text)
    parent_folders(find, (folder,))
    return request(context, find)


def build_find_contacts_from(context: Context, initial: str, folder: Folder = CONTACTS) -> Request:
    """Ask for contacts by name from a name on (``ContactsView``); empty: from the first."""
    find = operation("FindItem", Traversal="Shallow")
    _shape(find)
    bounds = {"InitialName": initial} if initial else {}
    add(find, M + "ContactsView", MaxEntriesReturned=str(PAGE), **bounds)
    parent_folders(find, (folder,))
    return request(context, find)


def parse_find_contacts(response: Response, offset: int = 0) -> ContactPage:
    """Read contacts; distribution lists and other items of the folder are left out."""
    root = one(read(response), "FindItemResponse").accept().find(M + "RootFolder")
    if root is None:
        raise BadAnswer("FindItemResponse has no RootFolder")
    listed = root.find(T + "Items")
    items = list(listed.iterchildren(tag=etree.Element)) if listed is not None else []
    contacts = tuple(read_contact(item) for item in items if item.tag == T + "Contact")
    last = contacts[-1].name if contacts else ""
    return ContactPage(contacts, next_offset(root, offset, len(items)), last)


def _shape(find: etree._Element) -> None:
    id_shape(find, "ItemShape", *_FIELDS)
    properties = find[0][1]
    for key in _EMAILS:
        add(
            properties,
            T + "IndexedFieldURI",
            FieldURI="contacts:EmailAddress",
            FieldIndex=key,
        )
    for key in _ASKED_PHONES:
        add(properties, T + "IndexedFieldURI", FieldURI="contacts:PhoneNumber", FieldIndex=key)


def _restriction(find: etree._Element, text: str) -> None:
    either = add(add(find, M + "Restriction"), T + "Or")
    for uri in ("contacts:DisplayName", "contacts:CompanyName"):
        add(_contains(either), T + "FieldURI", FieldURI=uri)
    for key in ("BusinessPhone", "MobilePhone", "HomePhone"):
        add(
            _contains(either),
            T + "IndexedFieldURI",
            FieldURI="contacts:PhoneNumber",
            FieldIndex=key,
        )
    for contains in either:
        add(contains, T + "Constant", Value=text)


def _contains(either: etree._Element) -> etree._Element:
    return add(
        either,
        T + "Contains",
        ContainmentMode="Substring",
        ContainmentComparison="IgnoreCaseAndNonSpacingCharacters",
    )


# Words of newer schemas are left out: 2007 refuses the whole request for one.
_ASKED_PHONES: Final = tuple(key for key in PHONE_KEYS if key not in ("BusinessMobile", "IPPhone"))
