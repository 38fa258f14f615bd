"""Moments as XML Schema writes them, and whole days out of moments.

Servers answer in UTC (``…Z``); some add an offset, a few leave the zone out: such a moment is in
the zone the request named (UTC where it named none).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

from kalends.model.times import utc


@lru_cache(maxsize=16_384)
def moment(text: str, naive: tzinfo = UTC) -> int:
    """Return UTC seconds of an ``xs:dateTime``; ``ValueError`` on anything else.

    Cached: a calendar's appointments begin at the same few half hours.
    """
    found = datetime.fromisoformat(text.strip())
    if found.tzinfo is None:
        found = found.replace(tzinfo=naive)
    return int(found.timestamp())


def written(at: int) -> str:
    """Return UTC seconds as a request writes them: ``2026-03-02T13:00:00Z``."""
    return utc(at).strftime("%Y-%m-%dT%H:%M:%SZ")


def written_naive(at: int) -> str:
    """Return UTC seconds without a zone, for what is reckoned in the request's own zone."""
    return utc(at).strftime("%Y-%m-%dT%H:%M:%S")


@lru_cache(maxsize=4096)
def nearest_day(at: int, zone: tzinfo) -> date:
    """Return the local day whose midnight is nearest.

    An all-day appointment comes as midnights of the zone it was made in. In the owner's zone these
    may be some hours before or after midnight; the day meant is the nearer one.
    """
    return (utc(at).astimezone(zone) + timedelta(hours=12)).date()


def local_day(at: int, zone: tzinfo) -> date:
    """Return the local day of a moment."""
    return utc(at).astimezone(zone).date()


def is_midnight(at: int, zone: tzinfo) -> bool:
    """Tell whether a moment is a local midnight."""
    local = utc(at).astimezone(zone)
    return (local.hour, local.minute, local.second) == (0, 0, 0)
