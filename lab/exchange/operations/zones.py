"""GetServerTimeZones, and the old-style time zone block requests bring."""

from __future__ import annotations

from datetime import datetime, timedelta

from lab.exchange.soap import Call, flag, message, messages
from lab.exchange.xml import M, Node, T, answer, children, m, text_of
from lab.exchange.zones import DAYS, IANA, definition


def get_server_time_zones(call: Call) -> Node:
    """Answer GetServerTimeZones; an id not known is left out."""
    root = answer("GetServerTimeZonesResponse")
    wanted = call.body.find(M + "Ids")
    names = [text_of(one) for one in children(wanted)] if wanted is not None else list(IANA)
    full = call.body.get("ReturnFullTimeZoneData") == "true"
    with message(messages(root), "GetServerTimeZones") as node:
        box = m(node, "TimeZoneDefinitions")
        for name in names:
            if name in IANA:
                definition(box, "TimeZoneDefinition", name, full=full)
    return root


def bias(zone: Node, wall: datetime) -> timedelta:
    """Return what a SerializableTimeZone adds to a wall time to make it UTC."""
    standard, daylight = (zone.find(T + name) for name in ("StandardTime", "DaylightTime"))
    base = int(flag(zone, "Bias", "0"))
    if standard is None or daylight is None or flag(standard, "Month") == "0":
        return timedelta(minutes=base)
    begin, end = (_turn(one, wall.year) for one in (daylight, standard))
    # South of the equator summer lasts over New Year.
    summer = begin <= wall < end if begin < end else not end <= wall < begin
    return timedelta(minutes=base + int(flag(daylight if summer else standard, "Bias", "0")))


def _turn(half: Node, year: int) -> datetime:
    month, order = int(flag(half, "Month")), int(flag(half, "DayOrder"))
    hours, minutes, *_ = (int(part) for part in flag(half, "Time").split(":"))
    weekday = DAYS.index(flag(half, "DayOfWeek"))
    days = [
        one
        for one in (datetime(year, month, 1) + timedelta(n) for n in range(31))  # noqa: DTZ001 # wall time
        if one.month == month and one.weekday() == weekday
    ]
    return days[min(order, len(days)) - 1].replace(hour=hours, minute=minutes)
