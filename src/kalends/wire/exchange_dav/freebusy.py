"""Free/busy of OWA's meeting planner: presence without a right to anybody's mailbox.

``GET /public/?cmd=freebusy`` answers one digit per interval and person: 0 free, 1 tentative,
2 busy, 3 out of office, 4 nothing published. "All Attendees" come first and are nobody; people are
matched by their address, never by their place in the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final
from urllib.parse import quote, urljoin

from kalends.errors import BadAnswer
from kalends.model.booking import Booking, ShowAs
from kalends.model.http import Request, Response
from kalends.model.times import Interval, rfc3339
from kalends.wire.exchange_dav.multistatus import accept, read_xml

MINUTES: Final = 15
MOST_QUERY: Final = 1900
"""Characters of people in one request: URLScan, which stands before many a 2003, comes with
``MaxQueryString`` 2048."""
_STEP: Final = MINUTES * 60
_WM: Final = "{WM}"
_SHOWN: Final = {"1": ShowAs.TENTATIVE, "2": ShowAs.BUSY, "3": ShowAs.OOF}
_DIGITS: Final = frozenset("01234")


def aligned(window: Interval) -> Interval:
    """Return the whole intervals that hold a window: what an answer's digits stand for."""
    return Interval(window.start // _STEP * _STEP, -(-window.end // _STEP) * _STEP)


def build_freebusy(root: str, addresses: Iterable[str], window: Interval) -> Request:
    """Ask for people's free/busy; ``window`` must be ``aligned``."""
    people = "".join(map(_attendee, addresses))
    query = (
        f"/public/?cmd=freebusy&start={rfc3339(window.start)}&end={rfc3339(window.end)}"
        f"&interval={MINUTES}{people}"
    )
    return Request("GET", urljoin(root, query))


def length(addresses: Iterable[str]) -> int:
    """Return how many characters of a query people take."""
    return sum(len(_attendee(address)) for address in addresses)


def _attendee(address: str) -> str:
    return f"&u=SMTP:{quote(address, safe='@')}"


def parse_freebusy(response: Response, window: Interval) -> dict[str, tuple[Booking, ...] | None]:
    """Return bookings by address (lower case); None: this person publishes nothing.

    Raises ``BadAnswer`` where the digits do not cover the window.
    """
    told = parse_digits(response)
    return {address: read_digits(digits, window, window) for address, digits in told.items()}


def parse_digits(response: Response) -> dict[str, str]:
    """Return everybody's digits by address (lower case), whatever they are."""
    root = read_xml(accept(response, 200).body)
    if root.tag != _WM + "response":
        raise BadAnswer("the answer is XML, but no free/busy")
    found: dict[str, str] = {}
    for item in root.iter(_WM + "item"):
        address = (item.findtext(_WM + "email") or "").strip().lower()
        if address:
            found[address] = "".join((item.findtext(_WM + "fbdata") or "").split())
    return found


def read_digits(digits: str, asked: Interval, window: Interval) -> tuple[Booking, ...] | None:
    """Return bookings in an ``aligned`` window out of the digits of all that was asked for.

    None: part of the window is not published. Raises ``BadAnswer``.
    """
    if not set(digits) <= _DIGITS:
        raise BadAnswer("free/busy holds something else than digits")
    if len(digits) * _STEP < asked.end - asked.start:
        raise BadAnswer("free/busy is shorter than the time asked for")
    first, last = ((at - asked.start) // _STEP for at in (window.start, window.end))
    if "4" in digits[first:last]:
        return None  # unknown is not free
    return tuple(_bookings(digits[first:last], window))


def _bookings(digits: str, window: Interval) -> Iterator[Booking]:
    at = window.start
    for digit, run in groupby(digits[: (window.end - window.start) // _STEP]):
        end = at + sum(1 for _ in run) * _STEP
        if digit in _SHOWN:
            yield Booking(f"{digit}/{at}", at, end, _SHOWN[digit], busy_only=True)
        at = end
