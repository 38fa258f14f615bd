"""From an Exchange 2003 mailbox to presence on the API, at the second, with everything real."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from lab.exchange.calendar import Appointment
from lab.exchange.organization import Organization
from lab.exchange_dav.serve import serving
from lab.exchange_dav.server import DavExchange

from tests.acceptance.backbone.installation import Installation, in_seconds, running, until
from tests.acceptance.backbone.test_backbone import LASTS, LATE

pytestmark = pytest.mark.slow

SOURCE = """
[[organizations.sources]]
id = "owa"
kind = "exchange-webdav"
url = "{origin}/"
username = 'ACME\\svc'
password_env = "OWA_PASSWORD"
poll_seconds = 5

[[organizations.people]]
id = "anna"
name = "Anna Berg"
emails = ["anna@acme.example"]

[[organizations.people]]
id = "bo"
name = "Bo Ek"
emails = ["bo@acme.example"]
"""


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(os.environ, "OWA_PASSWORD", "secret")
    yield


async def test_a_mailbox_becomes_presence_at_the_second(tmp_path: Path) -> None:
    organization = Organization("acme.example")
    organization.add_account("ACME\\svc", "secret")
    anna = organization.add_mailbox("anna@acme.example")
    anna.delegates["acme\\svc"] = "Owner"
    organization.add_mailbox("bo@acme.example").default_right = "None"  # nobody granted it
    server = DavExchange(organization, 2003, forms=True)
    server.languages["anna@acme.example"] = "hu"
    async with (
        serving(server) as origin,
        running(tmp_path, (), SOURCE.format(origin=origin)) as site,
    ):
        await until(lambda: site.last("anna").get("availability") == "available", "available")
        start = in_seconds(15)  # three polls: a machine stalls
        end = start + timedelta(seconds=LASTS)
        anna.add(Appointment(0, start, end, subject="Möte", uid="one"))
        await until(lambda: site.last("anna").get("activity") == "meeting", "busy by webhook")
        assert 0 <= site.when("anna", "meeting") - start.timestamp() <= LATE
        shown = await site.presence("anna")
        assert (shown["availability"], shown["activity"]) == ("busy", "meeting")
        await until(lambda: site.last("anna").get("availability") == "available", "back")
        assert 0 <= site.told[-1].at - end.timestamp() <= LATE
        assert await _health(site, "bo") == "denied"
        assert len([one for one in server.signon.attempts if not one[2]]) == 0
        server.restart()
        later = in_seconds(8)
        anna.add(Appointment(0, later, later + timedelta(seconds=60), subject="Möte", uid="two"))
        await until(lambda: _told(site) == 2, "busy after a restart of the server")


def _told(site: Installation) -> int:
    return sum(one.data.get("activity") == "meeting" for one in site.told)


async def _health(site: Installation, person: str) -> str:
    rows = (await site.get("/api/v1/calendars"))["calendars"]
    found = {(row["person"], row["source"]): row for row in rows}
    return str(found[person, "owa"]["health"])
