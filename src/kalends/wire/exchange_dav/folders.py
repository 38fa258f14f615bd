"""Folders of a mailbox by what they are for: their names are in the owner's language.

``PROPFIND`` of the mailbox itself tells where calendar, contacts and inbox are (MS-XWDCAL
section 4.2.2), whatever they are called: ``Kalender``, ``Napt%C3%A1r``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kalends.errors import BadAnswer, NotFound
from kalends.model.http import Request, Response
from kalends.wire.exchange_dav.multistatus import Row, build_propfind, rows
from kalends.wire.exchange_dav.names import DAV, EXCHANGE, HTTPMAIL, PROPTAG, REPL
from kalends.wire.exchange_dav.urls import path_of

_CALENDAR: Final = HTTPMAIL + "calendar"
_CONTACTS: Final = HTTPMAIL + "contacts"
_INBOX: Final = HTTPMAIL + "inbox"
_CLASS: Final = EXCHANGE + "outlookfolderclass"
_CONTENT: Final = DAV + "contentclass"
_COUNT: Final = DAV + "visiblecount"
_VERSION: Final = (
    REPL + "contenttag",
    DAV + "getlastmodified",
    DAV + "objectcount",
    _COUNT,
    PROPTAG + "x670a0040",  # when a message of the folder was changed last
    PROPTAG + "x670b0003",  # how many were ever deleted from it
)


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a mailbox keeps things: encoded paths, empty where not told."""

    calendar: str
    contacts: str = ""
    inbox: str = ""


def build_folders(url: str) -> Request:
    """Ask a mailbox (or a single calendar folder) where its calendar is."""
    return build_propfind(url, (_CALENDAR, _CONTACTS, _INBOX, _CLASS, _CONTENT))


def parse_folders(response: Response) -> Folders:
    """Read the answer; a calendar folder's own address is its calendar.

    Raises ``NotFound`` where there is neither a mailbox nor a calendar.
    """
    row = _only(response)
    paths = [_path(row, name, response.url) for name in (_CALENDAR, _CONTACTS, _INBOX)]
    if paths[0]:
        return Folders(*paths)
    kind = row.text(_CLASS).upper()
    if kind == "IPF.APPOINTMENT" or row.text(_CONTENT).endswith(":calendarfolder"):
        return Folders(path_of(row.href or response.url, response.url))
    raise NotFound("what is at this address is neither a mailbox nor a calendar")


def build_version(url: str) -> Request:
    """Ask what tells one state of a folder from the next."""
    return build_propfind(url, _VERSION)


def parse_version(response: Response) -> str:
    """Return the folder's state as a text to compare; empty where the server tells nothing."""
    row = _only(response)
    told = [row.text(name) for name in _VERSION]
    return "|".join(told) if any(told) else ""


def build_count(url: str) -> Request:
    """Ask how many items a folder shows: whether the account may look into it at all."""
    return build_propfind(url, (_COUNT,))


def parse_count(response: Response) -> int | None:
    """Return the number of items; None where it is not told."""
    return _only(response).number(_COUNT)


def _only(response: Response) -> Row:
    found = rows(response)
    if not found:
        raise BadAnswer("the answer is a multistatus without a single response")
    return found[0]


def _path(row: Row, name: str, base: str) -> str:
    told = row.text(name)
    path = path_of(told, base) if told else ""
    return path if not path or path.endswith("/") else path + "/"
