"""VFREEBUSY: intervals without a story (RFC 5545 section 3.6.4, RFC 4791 section 7.10)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Final

from kalends.model.booking import Booking, ShowAs
from kalends.model.times import Interval
from kalends.wire.icalendar.lines import Component
from kalends.wire.icalendar.values import instant, period

_TYPES: Final = {
    "BUSY": ShowAs.BUSY,
    "BUSY-TENTATIVE": ShowAs.TENTATIVE,
    "BUSY-UNAVAILABLE": ShowAs.OOF,
    "FREE": None,
}


def bookings(component: Component, window: Interval, item: str) -> Iterator[Booking]:
    """Yield the busy periods that overlap the window. Raises ``ValueError`` on a broken one."""
    for line in component.all("FREEBUSY"):
        kind = line.parameters().get("FBTYPE", "BUSY").upper()
        shown = _TYPES.get(kind, ShowAs.BUSY)  # RFC 5545: treat unknown types as BUSY
        if shown is None:
            continue
        for value in line.value.split(","):
            if not value.strip():
                continue
            first, length = period(value)
            start = instant(first.wall, UTC)  # always UTC, also where the Z was forgotten
            end = length.after(first.wall, UTC)
            if max(start, window.start) < min(end, window.end):
                yield Booking(
                    uid=f"{kind.lower()}/{start}-{end}",
                    start=start,
                    end=end,
                    show_as=shown,
                    item=item,
                    busy_only=True,
                )
