"""Work hours that a person keeps in the calendar (RFC 7953) decide when they are off work."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kalends.calendars import caldav_hours
from tests.integration.bad_input.site import HOUR, Site, configuration, told
from tests.unit.wire.icalendar.samples import calendar

ZONE = ZoneInfo("Europe/Stockholm")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def availability(first: datetime, days: str) -> str:
    """Return a week of work from 08:00 to 16:30 on these days."""
    slot = (
        "BEGIN:AVAILABLE\r\nUID:a\r\n"
        f"DTSTART;TZID=Europe/Stockholm:{first:%Y%m%d}T080000\r\n"
        f"DTEND;TZID=Europe/Stockholm:{first:%Y%m%d}T163000\r\n"
        f"RRULE:FREQ=WEEKLY;BYDAY={days}\r\nEND:AVAILABLE"
    )
    return calendar(f"BEGIN:VAVAILABILITY\r\nUID:v\r\n{slot}\r\nEND:VAVAILABILITY").decode()


def test_who_says_so_in_the_calendar_is_off_work_and_others_are_not(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        now = datetime.fromtimestamp(site.begun, ZONE)
        other = now + timedelta(days=3)
        site.near.dav.tree.availability["anna"] = availability(other, DAYS[other.weekday()])
        later = site.meeting("later", begins=40 * HOUR, ends=41 * HOUR)
        for name in ("anna", "bo"):
            one = site.near.dav.tree.calendars[f"/calendars/{name}/daily/"]
            one.delete("now.ics")
            one.put("later.ics", calendar(later))
        await site.apply(configuration(site))
        await site.healthy("anna")
        await site.healthy("bo")

        async def off() -> bool:
            return (await site.shows("anna"))[0] == "offline"

        await site.until(off, "anna is off work by her own hours")
        stored = await site.store.presence("acme", "anna")
        assert stored is not None
        assert (stored.presence.role, stored.presence.origin.value) == ("private", "schedule")
        back = datetime.fromtimestamp(stored.presence.returns_at or 0, ZONE)
        assert (back.date(), back.hour) == (other.date(), 8)
        assert (await site.shows("bo"))[0] == "available"  # nobody has hours who never said so

        own = {"mon": ["00:00-24:00"], "tue": ["00:00-24:00"], "wed": ["00:00-24:00"],
               "thu": ["00:00-24:00"], "fri": ["00:00-24:00"], "sat": ["00:00-24:00"],
               "sun": ["00:00-24:00"]}  # fmt: skip
        whole = configuration(site)
        whole["people"][0]["work_hours"] = own
        await site.apply(whole)

        async def on() -> bool:
            return (await site.shows("anna"))[0] == "available"

        await site.until(on, "the record's hours come before the calendar's")

    told(story, tmp_path)


def test_hours_that_alone_change_are_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caldav_hours, "EVERY", 0.0)  # with every poll

    async def story(site: Site) -> None:
        now = datetime.fromtimestamp(site.begun, ZONE)
        other = now + timedelta(days=3)
        said = site.near.dav.tree.availability
        said["anna"] = availability(other, DAYS[other.weekday()])
        site.near.dav.tree.calendars["/calendars/anna/daily/"].delete("now.ics")
        await site.apply(configuration(site))

        async def off() -> bool:
            return (await site.shows("anna"))[0] == "offline"

        async def on() -> bool:
            return (await site.shows("anna"))[0] == "available"

        await site.until(off, "anna is off work by her hours")
        del said["anna"]
        await site.until(on, "anna took her hours away, and is never off work by schedule")
        said["anna"] = availability(other, DAYS[other.weekday()])
        await site.until(off, "anna set her hours again")

    told(story, tmp_path)
