"""A CalDAV server found by its domain (RFC 6764): real DNS answers, and where the password goes."""

from __future__ import annotations

from dataclasses import replace

import dns.message
import dns.rcode
import dns.rrset
import pytest
from lab.dav.server import DavServer
from pydantic import ValidationError

from kalends.calendars.contract import CalendarRef, CalendarSource
from kalends.endpoints.dav_domain import chosen
from kalends.errors import RedirectRefused, Unreachable
from kalends.kinds import caldav
from kalends.net.names import Resolver, Srv
from tests.acceptance.net.test_names import name_server
from tests.contract.calendars.lab import Clock, LabTransport, place, services
from tests.contract.calendars.suite import MEETING, WINDOW
from tests.unit.wire.icalendar.samples import calendar, event

HOME = "/calendars/anna/daily/"
PLACE = "_caldavs._tcp.acme.example."


class Zone:
    """What a name server on loopback knows; ``records`` may change."""

    def __init__(self, **records: str) -> None:
        self.records = records
        self.silent = False

    def __call__(self, query: bytes) -> bytes | None:
        if self.silent:
            return None
        asked = dns.message.from_wire(query)
        reply = dns.message.make_response(asked)
        (question,) = asked.question
        kind = question.to_text().split()[-1]
        if question.name.to_text() != PLACE or not self.records:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif kind in self.records:
            found = dns.rrset.from_text(question.name, 60, "IN", kind, self.records[kind])
            reply.answer.append(found)
        return reply.to_wire()


class Site:
    """Anna's calendar at servers of the lab, in a source that names the domain only."""

    def __init__(self, resolver: Resolver, *origins: str, allowed: tuple[str, ...] = ()) -> None:
        self.transport = LabTransport()
        self.clock = Clock()
        for origin in origins:
            server = self.transport.servers[origin] = DavServer(origin)
            server.tree.add_user("svc", "secret", "svc@acme.example")
            server.tree.add_user("anna", "own", "anna@acme.example")
            one = server.tree.add_calendar(HOME, "anna", "svc")
            one.put("one.ics", calendar(event(*MEETING)))
        lent = replace(services(self.transport, self.clock), resolver=resolver)
        options = caldav.CaldavOptions(domain="acme.example", username="svc", allowed_hosts=allowed)
        assert caldav.KIND.source is not None
        endpoint = caldav.KIND.endpoint(lent, place(), options)
        self.source: CalendarSource = caldav.KIND.source(endpoint, place(), options)
        self.ref = CalendarRef(
            "acme", "anna", "dav", "default", None, ("anna@acme.example",), "Europe/Stockholm",
            trusted=True,
        )  # fmt: skip

    async def subjects(self) -> list[str]:
        """Find Anna's calendar by e-mail, and read it."""
        [url] = await self.source.locate(self.ref)

        async def nothing() -> tuple[()]:
            return ()

        found = await self.source.read(replace(self.ref, url=url), WINDOW, None, nothing)
        return [one.subject for one in getattr(found, "bookings", ())]


async def test_dns_leads_to_the_server_and_its_path() -> None:
    zone = Zone(SRV="0 0 8443 dav.acme.example.", TXT='"path=/principals/svc/"')
    async with name_server(zone) as (resolver, _):
        site = Site(resolver, "https://dav.acme.example:8443")
        assert await site.subjects() == ["M: budget"]
    first = site.transport.sent[0].url
    assert first == "https://dav.acme.example:8443/principals/svc/"
    assert site.transport.with_credential() == {"https://dav.acme.example:8443"}


async def test_without_a_path_the_well_known_one_is_asked() -> None:
    async with name_server(Zone(SRV="0 0 443 dav.acme.example.")) as (resolver, _):
        site = Site(resolver, "https://dav.acme.example")
        assert await site.subjects() == ["M: budget"]
    assert site.transport.sent[0].url == "https://dav.acme.example/.well-known/caldav"


async def test_a_domain_without_a_record_is_tried_itself() -> None:
    async with name_server(Zone()) as (resolver, _):
        site = Site(resolver, "https://acme.example")
        assert await site.subjects() == ["M: budget"]


@pytest.mark.parametrize(
    "target", ["dav.hoster.example", "acme.example.evil.example", "notacme.example", "example"]
)
async def test_the_password_does_not_follow_dns_out_of_the_domain(target: str) -> None:
    async with name_server(Zone(SRV=f"0 0 443 {target}.")) as (resolver, _):
        site = Site(resolver, f"https://{target}")
        with pytest.raises(RedirectRefused, match="allowed_hosts"):
            await site.subjects()
        steps = [step async for step in site.source.check(())]
    assert site.transport.sent == []
    assert [(step.what, step.ok) for step in steps] == [("dns", False)]
    assert target in steps[0].detail


async def test_whoever_is_of_another_domain_is_told_what_to_do() -> None:
    async with name_server(Zone(SRV="0 0 443 localhost.")) as (resolver, _):
        site = Site(resolver, "https://localhost", allowed=("localhost",))
        ref = replace(site.ref, person="zoe", emails=("zoe@beta.example",))
        last = [step async for step in site.source.check((ref,))][-1]
        assert (last.what, last.subject, last.ok) == ("calendar", "zoe/default", False)
        assert "beta.example" in last.detail
        assert 'domain = "beta.example"' in last.remedy
        assert "serves acme.example" in last.remedy
        assert 'calendars = [{ source = "dav", url = "…" }]' in last.remedy
        ours = replace(ref, emails=("zoe@acme.example", "zoe@beta.example"))
        last = [step async for step in site.source.check((ours,))][-1]
        assert "Share it with the account" in last.remedy
        asked = {request.url.split("/")[2] for request in site.transport.sent}
        assert asked == {"localhost"}  # no host that an address names, whatever the address


async def test_a_host_that_is_listed_is_trusted_with_it() -> None:
    async with name_server(Zone(SRV="0 0 443 dav.hoster.example.")) as (resolver, _):
        site = Site(resolver, "https://dav.hoster.example", allowed=("dav.hoster.example",))
        assert await site.subjects() == ["M: budget"]


async def test_a_server_that_moves_is_found_within_an_hour_and_dns_that_fails_changes_nothing(
) -> None:  # fmt: skip
    zone = Zone(SRV="0 0 443 old.acme.example.")
    async with name_server(zone) as (resolver, udp):
        site = Site(resolver, "https://old.acme.example", "https://new.acme.example")
        await site.subjects()
        asked = udp.asked
        await site.subjects()
        assert udp.asked == asked  # remembered
        zone.records["SRV"] = "0 0 443 new.acme.example."
        site.clock.at += 3601
        await site.subjects()
        assert site.transport.sent[-1].url.startswith("https://new.acme.example/")


async def test_a_name_server_that_is_silent_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kalends.net.names.SECONDS", 0.2)
    zone = Zone(SRV="0 0 443 dav.acme.example.")
    async with name_server(zone) as (resolver, _):
        zone.silent = True
        site = Site(resolver, "https://dav.acme.example")
        with pytest.raises(Unreachable):
            await site.subjects()
        zone.silent = False
        await site.subjects()
        zone.silent = True
        site.clock.at += 3601
        assert await site.subjects() == ["M: budget"]  # where it was found last


def test_the_preferred_place_that_may_see_the_password_is_taken() -> None:
    records = (Srv("dav.hoster.example", 443, 0, 0), Srv("dav.acme.example", 8443, 10, 0))
    assert chosen("ACME.example.", records, (), ()).startswith("https://dav.acme.example:8443/")
    listed = chosen("acme.example", records, (), ("dav.hoster.example:443",))
    assert listed.startswith("https://dav.hoster.example/")


@pytest.mark.parametrize("text", ["path=//evil.example/", "path=/a b", "path=/x\r\nHost: y", "x"])
def test_a_path_that_is_none_is_not_taken(text: str) -> None:
    url = chosen("acme.example", (Srv("acme.example", 443, 0, 0),), (text,), ())
    assert url == "https://acme.example/.well-known/caldav"


@pytest.mark.parametrize("keys", [{}, {"url": "https://x.example/", "domain": "x.example"},
                                  {"domain": "https://x.example"}, {"domain": "x"}])  # fmt: skip
def test_exactly_one_of_url_and_domain_is_written(keys: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        caldav.CaldavOptions.model_validate(keys)
