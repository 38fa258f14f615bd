"""Rows of the expansion query → bookings.

Facts (protocol page, section 5): ``busystatus`` alone says whether somebody is busy; real
appointments of one's own carry ``meetingstatus`` TENTATIVE, which means nothing. Instances share
their series' uid, so an occurrence is uid and original start: ``recurrenceid`` where told, else its
start. All-day times are local midnights in UTC. What is missing or unknown is busy, and private.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from email.utils import parseaddr
from hashlib import blake2b
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from kalends.errors import BadBooking
from kalends.model.booking import Booking, Response, Sensitivity, ShowAs
from kalends.model.http import Response as Answer
from kalends.model.times import Interval, utc
from kalends.wire.exchange_dav import search
from kalends.wire.exchange_dav.multistatus import Row, rows
from kalends.wire.exchange_dav.urls import plain

_MAX_TEXT: Final = 255
_MAX_CATEGORIES: Final = 64
_MAX_UID: Final = 400
_HALF_DAY: Final = timedelta(hours=12)
_CANCELLED: Final = 4
_RECEIVED: Final = 2
"""Bits of ``apptstateflags`` (PidLidAppointmentStateFlags)."""
SHOW_AS: Final = {
    "FREE": ShowAs.FREE,
    "TENTATIVE": ShowAs.TENTATIVE,
    "BUSY": ShowAs.BUSY,
    "OOF": ShowAs.OOF,
    "OUTOFOFFICE": ShowAs.OOF,
}
_SENSITIVITY: Final = {
    None: Sensitivity.NORMAL,
    0: Sensitivity.NORMAL,
    1: Sensitivity.PERSONAL,
    2: Sensitivity.PRIVATE,
    3: Sensitivity.CONFIDENTIAL,
}
_RESPONSE: Final = {
    1: Response.OWN,
    2: Response.TENTATIVE,
    3: Response.ACCEPTED,
    4: Response.DECLINED,
    5: Response.UNANSWERED,
}
_MASTER: Final = 1
_OCCURRENCES: Final = frozenset({2, 3})
_GLOBAL_ID: Final = re.compile(r"040000008200E00074C5B7101A82E008[0-9A-F]{48,}\Z", re.IGNORECASE)
"""A GlobalObjectId in hex; its next four bytes are the date of an exception, or nothing."""
_DATED: Final = slice(32, 40)


class Broken(NamedTuple):
    """A row that is no booking."""

    uid: str
    reason: str
    """No personal data."""


class Found(NamedTuple):
    """What a calendar shows."""

    bookings: tuple[Booking, ...]
    """By start."""
    broken: tuple[Broken, ...] = ()


def read_answers(
    bodies: Iterable[bytes],
    window: Interval,
    zone: str,
    description: bool = False,  # a worker's arguments have no names
) -> tuple[int, Found]:
    """Return how many rows the answers to a window's questions hold, and the bookings in them.

    For a worker: what comes and goes can be pickled. Raises what ``multistatus.rows`` raises.
    """
    told = [row for body in bodies for row in rows(Answer(207, {}, body))]
    return len(told), read_rows(told, window, ZoneInfo(zone), description=description)


def read_rows(
    told: Iterable[Row], window: Interval, zone: ZoneInfo, *, description: bool = False
) -> Found:
    """Return the bookings that overlap a window in their owner's zone."""
    bookings: dict[str, Booking] = {}
    broken: dict[str, Broken] = {}
    for row in told:
        if row.status not in (0, 200) or row.number(search.KIND) == _MASTER:
            continue
        item = _item(row)
        try:
            booking = _booking(row, item, zone, description=description)
        except BadBooking as error:
            broken.setdefault(item + error.uid, Broken(error.uid, error.reason))
            continue
        known = bookings.get(booking.uid)
        if known is not None and known.item != item:
            booking = msgspec.structs.replace(booking, uid=f"{booking.uid}#{item}")
        if booking.interval(zone).overlaps(window):
            bookings[booking.uid] = booking
    ordered = sorted(bookings.values(), key=lambda one: (one.start, one.uid))
    return Found(tuple(ordered), tuple(broken.values()))


def _booking(row: Row, item: str, zone: ZoneInfo, *, description: bool) -> Booking:
    uid = _series(row.text(search.UID))[:_MAX_UID] or f"href:{item}"
    start, end = _moment(row, search.START, uid), _moment(row, search.END, uid)
    if end < start:
        raise BadBooking(uid, "it ends before it begins")
    occurrence = row.number(search.KIND) in _OCCURRENCES
    flags = row.number(search.FLAGS) or 0
    all_day = row.flag(search.ALL_DAY)
    first, after = _days(start, end, zone) if all_day else (None, None)
    return Booking(
        uid=f"{uid}/{_original(row, start)}" if occurrence else uid,
        start=start,
        end=end,
        show_as=_show_as(row),
        subject=row.text(search.SUBJECT)[:_MAX_TEXT],
        sensitivity=_sensitivity(row),
        categories=row.values(search.KEYWORDS)[:_MAX_CATEGORIES],
        response=_response(row, flags),
        organizer=_address(row.text(search.ORGANIZER)),
        cancelled=_cancelled(row, flags),
        recurring=occurrence,
        all_day=all_day,
        first_day=first,
        after_day=after,
        description=row.text(search.DESCRIPTION)[:_MAX_TEXT] if description else "",
        item=item,
    )


def _item(row: Row) -> str:
    """Return a short name of what a row is about: its path, whatever host it names."""
    path = row.href.split("/", 3)[-1] if "://" in row.href else row.href.lstrip("/")
    return blake2b(plain(path).encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def _series(uid: str) -> str:
    """Return the uid an exception shares with its series: without the date folded into it."""
    if not _GLOBAL_ID.match(uid):
        return uid
    return uid[: _DATED.start] + "0" * 8 + uid[_DATED.stop :]


def _moment(row: Row, name: str, uid: str) -> int:
    word = name.rpartition(":}")[2]
    text = row.text(name)
    if not text:
        raise BadBooking(uid, f"it has no {word}")
    try:
        return moment(text)
    except (ValueError, OverflowError) as error:
        raise BadBooking(uid, f"its {word} is no time") from error


def moment(text: str) -> int:
    """Return UTC seconds of ``2008-01-02T21:00:00.000Z``; ``ValueError`` on anything else."""
    found = datetime.fromisoformat(text)
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())


def _original(row: Row, start: int) -> int:
    """Return when the series meant an occurrence to begin, as far as it is told."""
    told = row.text(search.RECURRENCE_ID)
    try:
        return moment(told) if told else start
    except (ValueError, OverflowError):
        return start


def _days(start: int, end: int, zone: ZoneInfo) -> tuple[date, date]:
    """Return the local days whose midnights are nearest: the maker's zone may be another."""
    first, after = ((utc(at).astimezone(zone) + _HALF_DAY).date() for at in (start, end))
    return first, max(after, first + timedelta(days=1))


def _show_as(row: Row) -> ShowAs:
    told = row.text(search.BUSY).upper()
    if not told and row.text(search.TRANSPARENT).upper() == "TRANSPARENT":
        return ShowAs.FREE
    return SHOW_AS.get(told, ShowAs.BUSY)


def _sensitivity(row: Row) -> Sensitivity:
    found = Sensitivity.PRIVATE
    if row.number(search.SENSITIVITY) is not None or not row.text(search.SENSITIVITY):
        found = _SENSITIVITY.get(row.number(search.SENSITIVITY), Sensitivity.PRIVATE)
    if found is Sensitivity.NORMAL and (
        row.flag(search.PRIVATE) or row.flag(search.RAW[search.PRIVATE])
    ):
        return Sensitivity.PRIVATE
    return found


def _response(row: Row, flags: int) -> Response:
    """Return the owner's answer; none told, a received meeting is one nobody has looked at."""
    number = row.number(search.RESPONSE) or row.number(search.RAW[search.RESPONSE]) or 0
    told = _RESPONSE.get(number)
    return told or (Response.UNANSWERED if flags & _RECEIVED else Response.OWN)


def _cancelled(row: Row, flags: int) -> bool:
    return bool(flags & _CANCELLED) or row.text(search.MEETING).upper() in ("CANCELLED", "CANCELED")


def _address(told: str) -> str:
    """Return the address in ``"Bo Berg" <bo@acme.example>``, lower case."""
    address = parseaddr(told[:1000])[1].strip().lower()
    return address if "@" in address and " " not in address else ""
