"""Contacts in public folders: which folders there are, and who is in one of them.

Numbers are stored as somebody typed them, so that no query finds one: a folder is fetched and its
numbers are brought to one form by whoever looks them up. Texts are searched by prefix, which the
store does quickly. Subfolders are listed one level at a time (``SHALLOW``): public folder trees do
not allow ``DEEP``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kalends.model.http import Request, Response
from kalends.wire.exchange_dav import search
from kalends.wire.exchange_dav.multistatus import Row, rows
from kalends.wire.exchange_dav.names import CONTACTS, DAV, EXCHANGE, in_sql
from kalends.wire.exchange_dav.urls import path_of

_MAX_TEXT: Final = 255
_NAME: Final = CONTACTS + "cn"
_GIVEN: Final = CONTACTS + "givenName"
_FAMILY: Final = CONTACTS + "sn"
_FILE_AS: Final = CONTACTS + "fileas"
_COMPANY: Final = CONTACTS + "o"
_DEPARTMENT: Final = CONTACTS + "department"
_TITLE: Final = CONTACTS + "title"
NUMBERS: Final = {
    CONTACTS + "telephoneNumber": "desk",
    CONTACTS + "telephonenumber2": "desk",
    CONTACTS + "organizationmainphone": "desk",
    CONTACTS + "otherTelephone": "desk",
    CONTACTS + "mobile": "mobile",
    CONTACTS + "othermobile": "mobile",
    CONTACTS + "homePhone": "home",
    CONTACTS + "facsimiletelephonenumber": "fax",
}
"""Property → kind of number."""
_EMAILS: Final = ("email1", "email2", "email3")
_FOLDER_CLASS: Final = EXCHANGE + "outlookfolderclass"
_TEXTS: Final = (_NAME, _GIVEN, _FAMILY, _FILE_AS, _COMPANY, _DEPARTMENT, _TITLE)
_SEARCHED: Final = (_NAME, _GIVEN, _FAMILY, _COMPANY)
_PERSON: Final = f"{in_sql(DAV + 'contentclass')} = 'urn:content-classes:person'"
_ADDRESS_SET: Final = "http://schemas.microsoft.com/mapi/id/{00062004-0000-0000-C000-000000000046}/"
_ADDRESSES: Final = tuple(
    f'"{_ADDRESS_SET}{number}" as {alias}'
    for number, alias in zip(("0x8083", "0x8093", "0x80A3"), _EMAILS, strict=True)
)


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody with a name and numbers, as he stands in a public folder."""

    path: str
    """Encoded path of the item: its identity."""
    name: str
    given: str = ""
    family: str = ""
    company: str = ""
    department: str = ""
    title: str = ""
    emails: tuple[str, ...] = ()
    """Lower case, SMTP only."""
    numbers: tuple[tuple[str, str], ...] = ()
    """(kind, as typed)."""
    folder: str = ""
    """Encoded path of the folder it lies in."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A public folder."""

    path: str
    name: str
    contacts: bool
    """Whether it holds contacts."""
    has_subfolders: bool


def build_folders(url: str) -> Request:
    """Ask for the folders directly below a folder."""
    names = [
        in_sql(name) for name in (DAV + "href", DAV + "displayname", DAV + "hassubs", _FOLDER_CLASS)
    ]
    where = f"{in_sql(DAV + 'isfolder')} = true AND {in_sql(DAV + 'ishidden')} = false"
    return search.build(url, names, where)


def parse_folders(response: Response) -> tuple[Folder, ...]:
    """Read the answer."""
    return tuple(_folder(row, response.url) for row in rows(response) if row.status in (0, 200))


def build_contacts(url: str, text: str = "") -> Request:
    """Ask a folder for its contacts; with a text, those whose name or company begins with it."""
    names = [in_sql(name) for name in (DAV + "href", *_TEXTS, *NUMBERS)]
    where = _PERSON
    if text:
        pattern = search.literal(_plain_pattern(text) + "%")
        matches = " OR ".join(f"{in_sql(name)} LIKE {pattern}" for name in _SEARCHED)
        where += f" AND ({matches})"
    return search.build(url, [*names, *_ADDRESSES], where, order=_NAME)


def parse_contacts(response: Response, folder: str = "") -> tuple[Contact, ...]:
    """Read the answer; who has neither a name nor a company is left out."""
    found = (
        _contact(row, response.url, folder) for row in rows(response) if row.status in (0, 200)
    )
    return tuple(contact for contact in found if contact.name)


def _folder(row: Row, base: str) -> Folder:
    path = path_of(row.href, base)
    return Folder(
        path if path.endswith("/") else path + "/",
        _short(row, DAV + "displayname"),
        row.text(_FOLDER_CLASS).upper().startswith("IPF.CONTACT"),
        row.flag(DAV + "hassubs"),
    )


def _contact(row: Row, base: str, folder: str) -> Contact:
    given, family = _short(row, _GIVEN), _short(row, _FAMILY)
    company = _short(row, _COMPANY)
    name = _short(row, _NAME) or f"{given} {family}".strip() or _short(row, _FILE_AS) or company
    emails = (_short(row, alias).lower().removeprefix("smtp:") for alias in _EMAILS)
    path = path_of(row.href, base)
    return Contact(
        path,
        name,
        given,
        family,
        company,
        _short(row, _DEPARTMENT),
        _short(row, _TITLE),
        tuple(dict.fromkeys(email for email in emails if "@" in email)),
        tuple((kind, text) for key, kind in NUMBERS.items() if (text := _short(row, key))),
        folder or path.rpartition("/")[0] + "/",
    )


def _short(row: Row, name: str) -> str:
    return row.text(name)[:_MAX_TEXT]


def _plain_pattern(text: str) -> str:
    """Return a text without the marks that LIKE gives a meaning."""
    return "".join(one for one in text[:_MAX_TEXT] if one not in "%_[]^")
