"""A demo's booking as iCalendar, and back: what both of its calendar servers are given."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from icalendar import Calendar, Event, vRecur
from kalends.demo.organization import DemoBooking


def ics(booking: DemoBooking) -> bytes:
    """Return a booking as an iCalendar object."""
    event = Event()
    event.add("uid", booking.uid)
    event.add("dtstamp", datetime.now(UTC))
    event.add("summary", booking.subject)
    event.add("dtstart", booking.start)
    event.add("dtend", booking.end)
    if booking.rule:
        event.add("rrule", vRecur.from_ical(booking.rule))
    if booking.private:
        event.add("class", "PRIVATE")
    if booking.categories:
        event.add("categories", list(booking.categories))
    event.add("x-microsoft-cdo-busystatus", booking.show_as)
    if booking.show_as == "FREE":
        event.add("transp", "TRANSPARENT")
    calendar = Calendar()
    calendar.add("prodid", "-//Kalends//demo//EN")
    calendar.add("version", "2.0")
    calendar.add_component(event)
    if isinstance(booking.start, datetime):
        calendar.add_missing_timezones(first_date=date(2020, 1, 1), last_date=date(2038, 1, 1))
    text: bytes = calendar.to_ical()
    return text


def read(body: bytes) -> DemoBooking:
    """Return the booking in an iCalendar object."""
    event: Any = Calendar.from_ical(body).walk("VEVENT")[0]  # its properties are of thirty types
    rule, categories = event.get("RRULE"), event.get("CATEGORIES")
    return DemoBooking(
        str(event["UID"]),
        str(event["SUMMARY"]),
        event["DTSTART"].dt,
        event["DTEND"].dt,
        rule=rule.to_ical().decode() if rule else "",
        show_as=str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "BUSY")),
        private=str(event.get("CLASS")) == "PRIVATE",
        categories=tuple(str(one) for one in categories.cats) if categories else (),
    )
