"""It misbehaves as told, and autodiscovers as told."""

from __future__ import annotations

import base64

import pytest
from lab.exchange.http import Ask, Reply
from lab.exchange.xml import M, T
from lxml import etree

from tests.unit.lab.exchange.desk import ANNA, SERVICE, Desk, desk, value, view
from tests.unit.lab.exchange.test_answers import MARCH

POX = (
    '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema'
    '/2006"><Request><EMailAddress>{address}</EMailAddress></Request></Autodiscover>'
)
SOAP = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:a="http://schemas.'
    'microsoft.com/exchange/2010/Autodiscover"><s:Body><a:GetUserSettingsRequestMessage>'
    "<a:Request><a:Users><a:User><a:Mailbox>anna@example.test</a:Mailbox></a:User><a:User>"
    "<a:Mailbox>nobody@example.test</a:Mailbox></a:User></a:Users><a:RequestedSettings>"
    "<a:Setting>ExternalEwsUrl</a:Setting><a:Setting>PublicFolderInformation</a:Setting>"
    "</a:RequestedSettings></a:Request></a:GetUserSettingsRequestMessage></s:Body></s:Envelope>"
)


def discover(one: Desk, body: str, name: str = "autodiscover.xml") -> Reply:
    basic = base64.b64encode(":".join(SERVICE).encode()).decode()
    headers = {"authorization": f"Basic {basic}"}
    return one.server.handle(Ask("POST", f"/autodiscover/{name}", headers, body.encode()))


def test_busy_tells_how_long() -> None:
    one = desk()
    one.server.faults.busy = 297_749
    body = one.send(view(*MARCH)).body
    assert b'<t:Value Name="BackOffMilliseconds">297749</t:Value>' in body
    assert one.fault(view(*MARCH)) == "ErrorServerBusy"


def test_busy_may_hide_in_an_answer_of_200() -> None:
    one = desk()
    one.server.faults.busy_inside = True
    found = one.ask(view(*MARCH))
    inner = found.find(f".//{M}MessageXml/{T}Value[@Name='InnerErrorResponseCode']")
    assert inner is not None
    assert (value(found, "ResponseCode"), inner.text) == (
        "ErrorInternalServerError",
        "ErrorServerBusy",
    )


def test_a_storm_of_401_passes() -> None:
    one = desk()
    one.server.faults.unauthorized = 2
    assert [one.send(view(*MARCH)).status for _ in range(3)] == [401, 401, 200]


def test_illegal_references_are_what_a_strict_parser_refuses() -> None:
    one = desk()
    one.server.faults.illegal_references = True
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(one.send(view(*MARCH)).body)


def test_one_mailbox_fails_and_its_neighbour_does_not() -> None:
    one = desk()
    one.server.faults.mailbox_codes[ANNA] = "ErrorMailboxStoreUnavailable"
    assert one.codes(view(*MARCH)) == ["ErrorMailboxStoreUnavailable"]
    one.impersonate = "bea@example.test"
    assert one.codes(view(*MARCH)) == ["NoError"]


def test_a_full_page_says_that_there_is_more() -> None:
    one = desk()
    one.server.faults.view_ceiling = 2
    root = next(one.ask(view(*MARCH)).iter(M + "RootFolder"))
    assert root.get("IncludesLastItemInRange") == "false"


def test_a_server_that_does_not_expand_shows_the_master() -> None:
    one = desk()
    one.server.faults.unexpanded = True
    kinds = [value(item, "CalendarItemType") for item in one.view(*MARCH)]
    assert kinds == ["Single", "RecurringMaster"]


def test_the_clock_can_be_ahead() -> None:
    one = desk()
    one.server.faults.clock_skew = 3600
    assert one.send(view(*MARCH)).headers["date"] == "Wed, 25 Feb 2026 07:13:20 GMT"


@pytest.mark.parametrize("named", ["2007 SP1", "2019"])
def test_autodiscover_names_the_endpoint_of_a_mailbox(named: str) -> None:
    one = desk(named)
    root = etree.fromstring(discover(one, POX.format(address=ANNA)).body)
    urls = {node.text for node in root.iter("{*}EwsUrl")}
    assert urls == {one.server.url}


def test_each_mailbox_is_sent_to_its_own_server() -> None:
    one = desk()
    one.server.organization.endpoints["north"] = "https://north.example.test/EWS/Exchange.asmx"
    one.anna.site = "north"
    assert b"https://north.example.test" in discover(one, POX.format(address=ANNA)).body
    one.server.name = "south"
    assert one.codes(view(*MARCH)) == ["ErrorWrongServerVersion"]


def test_autodiscover_does_not_know_everybody() -> None:
    body = discover(desk(), POX.format(address="nobody@example.test")).body
    assert b"<ErrorCode>500</ErrorCode>" in body


def test_soap_autodiscover_answers_at_three_levels() -> None:
    root = etree.fromstring(discover(desk(), SOAP, "autodiscover.svc").body)
    codes = [node.text for node in root.iter("{*}ErrorCode")]
    assert codes == ["NoError", "NoError", "SettingIsNotAvailable", "InvalidUser"]


def test_2007_has_no_soap_autodiscover() -> None:
    assert discover(desk("2007 SP1"), SOAP, "autodiscover.svc").status == 404


def test_autodiscover_redirects_as_told() -> None:
    one = desk()
    one.server.faults.autodiscover_redirect_address = "anna@other.test"
    assert b"<RedirectAddr>anna@other.test</RedirectAddr>" in discover(one, POX).body
    one.server.faults.autodiscover_redirect = "https://evil.test/"
    reply = discover(one, POX)
    assert (reply.status, reply.headers["location"]) == (302, "https://evil.test/")
