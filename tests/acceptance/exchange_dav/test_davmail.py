"""DavMail, a client nobody here wrote, speaks WebDAV to the emulator: sign-on, folders, queries.

DavMail is a CalDAV server that keeps everything in an Exchange; Debian's 6.0.1 still speaks the
WebDAV of 2003. What it creates in the emulator is then read by our own source.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from lab.exchange.calendar import Appointment
from lab.exchange.organization import Organization
from lab.exchange.recurrence import Recurrence
from lab.exchange_dav.serve import serving
from lab.exchange_dav.server import DavExchange

from kalends.calendars.contract import Reading
from kalends.endpoints.kind import Services
from kalends.kinds import exchange_webdav
from kalends.model.booking import Sensitivity
from kalends.model.times import Interval, seconds
from kalends.net.breaker import MemoryBreakers
from kalends.net.client import http_factory
from kalends.runtime import Runtime
from tests.acceptance.exchange.davmail import davmail
from tests.acceptance.exchange.test_davmail import ZONE
from tests.contract.calendars.lab import place
from tests.contract.calendars.worlds import reference

pytestmark = pytest.mark.slow

HOME = "/users/anna@example.test/calendar/"
TOMORROW = datetime.now(UTC).replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(1)
EVENT = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Tests//EN
{zone}
BEGIN:VEVENT
UID:made-by-davmail
DTSTAMP:20260101T080000Z
DTSTART;TZID=W. Europe Standard Time:{start:%Y%m%dT%H%M%S}
DTEND;TZID=W. Europe Standard Time:{end:%Y%m%dT%H%M%S}
SUMMARY:Created over CalDAV
CLASS:PRIVATE
TRANSP:OPAQUE
END:VEVENT
END:VCALENDAR
"""


class _Loopback:
    allowed_networks = ("127.0.0.0/8",)


async def test_davmail_signs_on_lists_reads_and_creates(tmp_path: Path) -> None:
    organization = Organization()
    organization.add_account("anna", "secret", mailbox="anna@example.test")
    box = organization.add_mailbox("anna@example.test", "Anna")
    hour = timedelta(hours=1)
    box.add(Appointment(0, TOMORROW, TOMORROW + hour, subject="M: budget", busy="OOF"))
    daily = Recurrence("Daily", TOMORROW.date(), number=3)
    box.add(Appointment(0, TOMORROW, TOMORROW + hour, subject="Stand-up", recurrence=daily))
    server = DavExchange(organization, 2003, forms=True)
    async with (
        serving(server) as origin,
        davmail(f"{origin}/exchange/", tmp_path, "anna", "secret", mode="WebDav") as client,
    ):
        listed = await client.events(HOME)
        assert sorted(_subject(text) for text in listed.values()) == ["M: budget", "Stand-up"]
        budget = next(text for text in listed.values() if "budget" in text)
        assert f"{TOMORROW:%Y%m%dT%H%M%S}" in budget
        assert "X-MICROSOFT-CDO-BUSYSTATUS:OOF" in budget
        later = TOMORROW + 3 * hour
        local = later.astimezone(ZoneInfo("Europe/Berlin"))
        body = EVENT.format(zone=ZONE, start=local, end=local + hour).replace("\n", "\r\n")
        status, text = await client.send("PUT", HOME + "made-by-davmail.ics", body)
        assert status == 201, text
        assert len(await client.events(HOME)) == 3
        asked = {(ask.method, ask.path.partition("?")[0]) for ask in server.asked}
        assert ("POST", "/exchweb/bin/auth/owaauth.dll") in asked
        assert any(method == "SEARCH" for method, _ in asked)
        found = await _read(origin)
    made = [one for one in found.bookings if one.subject == "Created over CalDAV"]
    assert [(one.start, one.sensitivity) for one in made] == [(seconds(later), Sensitivity.PRIVATE)]
    assert [one.subject for one in found.bookings].count("Stand-up") == 3


def _subject(text: str) -> str:
    return next(line.partition(":")[2] for line in text.splitlines() if line.startswith("SUMMARY"))


async def _read(origin: str) -> Reading:
    """Read the same mailbox by our own source."""
    runtime = Runtime()
    factory = http_factory(runtime, _Loopback(), MemoryBreakers())
    options = exchange_webdav.ExchangeWebdavOptions(url=f"{origin}/", username="anna")
    endpoint = exchange_webdav.KIND.endpoint(Services(runtime, factory), place("owa"), options)
    assert exchange_webdav.KIND.source is not None
    source = exchange_webdav.KIND.source(endpoint, place("owa"), options)
    start = seconds(TOMORROW) - 86_400

    async def nothing() -> tuple[()]:
        return ()

    try:
        ref = reference("owa", "/exchange/anna@example.test/")
        found = await source.read(ref, Interval(start, start + 7 * 86_400), None, nothing)
    finally:
        await endpoint.close()
    assert isinstance(found, Reading)
    return found
