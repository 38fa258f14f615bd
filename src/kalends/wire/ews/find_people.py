"""FindPeople: search the address book, page by page (2013+)."""

from __future__ import annotations

from typing import Final

from kalends.errors import BadAnswer
from kalends.model.http import Request, Response
from kalends.wire.ews.contacts import read_persona
from kalends.wire.ews.find_contacts import ContactPage
from kalends.wire.ews.folders import Folder
from kalends.wire.ews.names import M
from kalends.wire.ews.shapes import id_shape
from kalends.wire.ews.soap import Context, add, message, need, operation, read, request
from kalends.wire.ews.versions import Feature

PAGE: Final = 100
_DIRECTORY: Final = Folder(name="directory")
_FIELDS: Final = (
    "persona:DisplayName",
    "persona:GivenName",
    "persona:Surname",
    "persona:CompanyName",
    "persona:Departments",
    "persona:Title",
    "persona:OfficeLocations",
    "persona:EmailAddress",
    "persona:EmailAddresses",
    "persona:BusinessPhoneNumbers",
    "persona:MobilePhones",
)


def build_find_people(
    context: Context, text: str, offset: int = 0, folder: Folder = _DIRECTORY
) -> Request:
    """Search; ``NotOffered`` before 2013."""
    need(context, Feature.FIND_PEOPLE)
    find = operation("FindPeople")
    id_shape(find, "PersonaShape", *_FIELDS)
    add(
        find,
        M + "IndexedPageItemView",
        MaxEntriesReturned=str(PAGE),
        Offset=str(offset),
        BasePoint="Beginning",
    )
    folder.write(add(find, M + "ParentFolderId"))
    if text:
        add(find, M + "QueryString", text)
    return request(context, find)


def parse_find_people(response: Response, offset: int = 0) -> ContactPage:
    """Read one page. This operation's answer is its own response message."""
    content = read(response).content
    if content.tag != M + "FindPeopleResponse":
        raise BadAnswer("the answer is no FindPeopleResponse")
    listed = message(content).accept().find(M + "People")
    people = tuple(read_persona(one) for one in listed) if listed is not None else ()
    told = (content.findtext(M + "TotalNumberOfPeopleInView") or "").strip()
    total = int(told) if told.isascii() and told.isdecimal() and len(told) < 10 else 0
    follows = offset + len(people)
    # The address book is paged without a reliable total: a full page may have a successor.
    more = bool(people) and (follows < total or len(people) >= PAGE)
    return ContactPage(people, follows if more else None, people[-1].name if people else "")
