"""SEARCH: Exchange's SQL over a folder (MS: "Searching Calendar Folders").

Bounding both ``dtstart`` and ``dtend`` in a calendar makes the server expand series: instances and
exceptions come instead of masters, for at most 732 days at once. What overlaps a window ends after
its beginning and begins before its end; asking whether either end lies *within* it would lose what
spans it whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree

from kalends.model.http import Request
from kalends.model.times import Interval, rfc3339
from kalends.wire.exchange_dav.multistatus import request
from kalends.wire.exchange_dav.names import CALENDAR, DAV, EXCHANGE, HTTPMAIL, MAPI, in_sql

MOST_DAYS: Final = 700
"""Of one question; beyond 732 the server fails with an error in the WHERE clause."""
_DAY: Final = 86_400

UID: Final = CALENDAR + "uid"
KIND: Final = CALENDAR + "instancetype"
START: Final = CALENDAR + "dtstart"
END: Final = CALENDAR + "dtend"
RECURRENCE_ID: Final = CALENDAR + "recurrenceid"
ALL_DAY: Final = CALENDAR + "alldayevent"
BUSY: Final = CALENDAR + "busystatus"
TRANSPARENT: Final = CALENDAR + "transparent"
MEETING: Final = CALENDAR + "meetingstatus"
ORGANIZER: Final = CALENDAR + "organizer"
SUBJECT: Final = HTTPMAIL + "subject"
DESCRIPTION: Final = HTTPMAIL + "textdescription"
SENSITIVITY: Final = EXCHANGE + "sensitivity"
KEYWORDS: Final = EXCHANGE + "keywords-utf8"
FLAGS: Final = MAPI + "apptstateflags"
PRIVATE: Final = "private8506"
RESPONSE: Final = "response8218"
"""Aliases for named properties, whose own names break parsers; they come without a namespace …"""
_SETS: Final = "http://schemas.microsoft.com/mapi/id/"
_NAMED: Final = {
    PRIVATE: ("00062008-0000-0000-C000-000000000046", "0x8506"),
    RESPONSE: ("00062002-0000-0000-C000-000000000046", "0x8218"),
}
RAW: Final = {alias: f"{{{_SETS}{set_}/}}_{number}" for alias, (set_, number) in _NAMED.items()}
"""… or, where aliases are refused, under those names as ``multistatus`` mends them."""
_PLAIN: Final = (
    DAV + "href",
    UID,
    KIND,
    START,
    END,
    RECURRENCE_ID,
    ALL_DAY,
    BUSY,
    TRANSPARENT,
    MEETING,
    ORGANIZER,
    SUBJECT,
    SENSITIVITY,
    KEYWORDS,
    FLAGS,
)
_ALIASED: Final = [
    f'"{_SETS}{{{set_}}}/{number}" as {alias}' for alias, (set_, number) in _NAMED.items()
]
_UNALIASED: Final = [f'"{_SETS}{{{set_}}}/{number}"' for set_, number in _NAMED.values()]


def windows(whole: Interval) -> Iterator[Interval]:
    """Split a window into what one question may cover."""
    start = whole.start
    while start < whole.end:
        end = min(whole.end, start + MOST_DAYS * _DAY)
        yield Interval(start, end)
        start = end


def build_calendar(
    url: str, window: Interval, *, aliased: bool = True, description: bool = False
) -> Request:
    """Ask a calendar folder for what overlaps a window, series expanded.

    ``aliased``: ask for the private flag and the owner's response under names of our own, which a
    few front ends refuse (400).
    """
    names = [in_sql(name) for name in _PLAIN]
    names += [in_sql(DESCRIPTION)] if description else []
    names += _ALIASED if aliased else _UNALIASED
    where = (
        f"NOT {in_sql(KIND)} = 1"
        f" AND {in_sql(DAV + 'contentclass')} = 'urn:content-classes:appointment'"
        f" AND {in_sql(END)} > {_moment(window.start)}"
        f" AND {in_sql(START)} < {_moment(window.end)}"
    )
    return build(url, names, where, order=START)


def build(url: str, names: list[str], where: str, *, order: str = "") -> Request:
    """Return a SEARCH of one folder: what to select (as a query writes it), which, in what order.

    ``Brief``: what an item does not have is left out of the answer.
    """
    parts = ["SELECT", ", ".join(names), "FROM Scope('SHALLOW TRAVERSAL OF \"\"') WHERE", where]
    parts += ["ORDER BY", in_sql(order), "ASC"] if order else []
    root = etree.Element(DAV + "searchrequest", nsmap={"d": "DAV:"})
    etree.SubElement(root, DAV + "sql").text = " ".join(parts)
    return request("SEARCH", url, root, ("Brief", "t"))


def literal(text: str) -> str:
    """Return user text as a literal of a query; quotes doubled, controls left out."""
    shown = "".join(one for one in text if one >= " " and one != "\x7f")
    return "'" + shown.replace("'", "''") + "'"


def _moment(at: int) -> str:
    return f"CAST(\"{rfc3339(at)}\" as 'dateTime.tz')"
