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
_STEP: Final = MINUTES * 60
_WM: Final = "{WM}"
_SHOWN: Final = {"1": ShowAs.TENTATIVE, "2": ShowAs.BUSY, "3": ShowAs.OOF}
_DIGITS: Final = frozenset("01234")


def aligned(window: Interval) -> Interval:
    """Return the whole intervals that hold a window: what an answer's digits stand for."""
    return Interval(window.start // _STEP * _STEP, -(-window.end // _STEP) * _STEP)


def build_freebusy(root: str, addresses: Iterable[str], window: Interval) -> Request:
    """Ask for people's free/busy; ``window`` must be ``aligned``."""
    people = "".join(f"&u=SMTP:{quote(address, safe='@')}" for address in addresses)
    query = (
        f"/public/?cmd=freebusy&start={rfc3339(window.start)}&end={rfc3339(window.end)}"
        f"&interval={MINUTES}{people}"
    )
    return Request("GET", urljoin(root, query))


def parse_freebusy(response: Response, window: Interval) -> dict[str, tuple[Booking, ...] | None]:
    """Return bookings by address (lower case); None: this person publishes nothing.

    Raises ``BadAnswer`` where the digits do not cover the window.
    """
    root = read_xml(accept(response, 200).body)
    if root.tag != _WM + "response":
        raise BadAnswer("the answer is XML, but no free/busy")
    found: dict[str, tuple[Booking, ...] | None] = {}
    for item in root.iter(_WM + "item"):
        address = (item.findtext(_WM + "email") or "").strip().lower()
        digits = "".join((item.findtext(_WM + "fbdata") or "").split())
        if address:
            found[address] = _read(digits, window)
    return found


def _read(digits: str, window: Interval) -> tuple[Booking, ...] | None:
    if not set(digits) <= _DIGITS:
        raise BadAnswer("free/busy holds something else than digits")
    if len(digits) * _STEP < window.end - window.start:
        raise BadAnswer("free/busy is shorter than the time asked for")
    if "4" in digits[: (window.end - window.start) // _STEP]:
        return None  # part of it is not published: unknown is not free
    return tuple(_bookings(digits, window))


def _bookings(digits: str, window: Interval) -> Iterator[Booking]:
    at = window.start
    for digit, run in groupby(digits[: (window.end - window.start) // _STEP]):
        end = at + sum(1 for _ in run) * _STEP
        if digit in _SHOWN:
            yield Booking(f"{digit}/{at}", at, end, _SHOWN[digit], busy_only=True)
        at = end
