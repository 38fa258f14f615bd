"""One conversation with one mailbox: versions, addresses, as whom, and the budget."""

from __future__ import annotations

import pytest
from lab.exchange.http import Reply
from lab.exchange.server import ExchangeServer

from kalends.endpoints.exchange.endpoint import completed
from kalends.endpoints.exchange.known import Access, server_told
from kalends.endpoints.exchange.operation import Operation
from kalends.errors import AccessDenied, NotFound, Refused, Throttled, Unreachable
from kalends.wire.ews.folders import Folder
from kalends.wire.ews.get_folder import FolderFacts, build_get_folder, parse_get_folder
from kalends.wire.ews.soap import Context
from kalends.wire.ews.versions import Version
from tests.exchange_lab import ANNA, BO, DOMAIN, ORIGIN, URL, ExchangeLab

FOLDER = Operation(build_get_folder, parse_get_folder)


async def ask(lab: ExchangeLab, address: str = ANNA) -> FolderFacts:
    return await lab.endpoint.call(lab.mailbox(address), FOLDER)


@pytest.mark.parametrize(
    ("named", "version", "requests"),
    [
        ("2007 SP1", Version.E2007_SP1, 2),
        ("2010", Version.E2010, 2),
        ("2010 SP2", Version.E2010_SP2, 2),
        ("2013", Version.E2013_SP1, 1),
        ("2016", Version.E2013_SP1, 1),
        ("SE", Version.E2013_SP1, 1),
    ],
)
async def test_the_version_is_what_the_server_says_and_remembered(
    named: str, version: Version, requests: int
) -> None:
    lab = ExchangeLab(named)
    await ask(lab)
    assert lab.endpoint.version(lab.mailbox()) is version
    assert len(lab.transport.sent) == requests
    await ask(lab, BO)
    assert len(lab.transport.sent) == requests + 1


async def test_a_mailbox_behind_an_older_server_is_asked_in_its_own_version() -> None:
    lab = ExchangeLab("2016")
    lab.anna.request_limit = "Exchange2010_SP1"
    await ask(lab)
    await ask(lab, BO)
    assert lab.endpoint.version(lab.mailbox()) is Version.E2010_SP1
    assert lab.endpoint.version(lab.mailbox(BO)) is Version.E2013_SP1


async def test_after_an_upgrade_the_newest_version_is_tried_again() -> None:
    lab = ExchangeLab("2010")
    await ask(lab)
    newer = ExchangeServer(lab.organization, "2016")
    newer.origin = ORIGIN
    lab.transport.servers[ORIGIN] = newer
    await ask(lab)
    assert lab.endpoint.version(lab.mailbox()) is Version.E2013_SP1


async def test_what_is_refused_in_every_version_is_told_after_one_step() -> None:
    lab = ExchangeLab("2016")
    lab.server.faults.codes["GetFolder"] = "ErrorSchemaValidation"
    with pytest.raises(Exception, match="ErrorSchemaValidation"):
        await ask(lab)
    assert len(lab.transport.sent) == 2
    lab.server.faults.codes.clear()
    await ask(lab)
    assert lab.endpoint.version(lab.mailbox()) is Version.E2013_SP1


@pytest.mark.parametrize("access", list(Access))
async def test_the_calendar_is_named_as_the_access_demands(access: Access) -> None:
    lab = ExchangeLab()
    lab.anna.delegates["svc@acme.example"] = "Reviewer"
    lab.endpoint.known(lab.mailbox()).access = access
    await ask(lab)
    body = lab.transport.sent[-1].body
    impersonated = access is Access.IMPERSONATION
    assert (b"ExchangeImpersonation" in body) is impersonated
    assert (b"<t:Mailbox>" in body) is not impersonated


@pytest.mark.parametrize(
    "address",
    [f"o{sign}neil@acme.example" for sign in "~#%+&|*/'"] + ["a#b/c%d+e&f@acme.example"],
)
@pytest.mark.parametrize("named", ["2007 SP1", "2016"])
async def test_addresses_with_odd_signs_work(address: str, named: str) -> None:
    lab = ExchangeLab(named, domain=DOMAIN)
    lab.organization.add_mailbox(address)
    lab.autodiscovered()
    await ask(lab, address)
    lab.organization.mailboxes[address].delegates["svc@acme.example"] = "Reviewer"
    lab.endpoint.known(lab.mailbox(address)).access = Access.DELEGATE
    await ask(lab, address)


async def test_an_alias_is_asked_for_by_its_primary_address_from_then_on() -> None:
    lab = ExchangeLab("2007 SP1")
    lab.organization.aliases["a.berg@acme.example"] = ANNA
    await ask(lab, "a.berg@acme.example")
    assert lab.endpoint.known(lab.mailbox("a.berg@acme.example")).primary == ANNA
    before = len(lab.transport.sent)
    await ask(lab, "a.berg@acme.example")
    assert len(lab.transport.sent) == before + 1


async def test_everybody_may_be_asked_for_as_the_account_itself_or_as_somebody() -> None:
    lab = ExchangeLab()
    await lab.endpoint.call(lab.mailbox(), FOLDER, impersonate=BO)
    assert b"bo@acme.example" in lab.transport.sent[-1].body
    with pytest.raises(NotFound):
        await lab.endpoint.call(lab.mailbox(), FOLDER, impersonate=None)
    assert b"Impersonation" not in lab.transport.sent[-1].body


async def test_headers_and_the_route_reach_the_server() -> None:
    lab = ExchangeLab()

    def route(context: Context) -> Context:
        return Context(context.url, context.version, anchor=BO, prefer_affinity=True)

    await lab.endpoint.call(
        lab.mailbox(SERVICE), FOLDER, headers=(("Cookie", "X-BackEndOverrideCookie=b~0"),),
        route=route,
    )  # fmt: skip
    headers = dict(lab.transport.sent[-1].headers)
    assert headers["X-AnchorMailbox"] == BO
    assert headers["X-PreferServerAffinity"] == "true"
    assert headers["Cookie"] == "X-BackEndOverrideCookie=b~0"


# --- where a mailbox is ---------------------------------------------------------------------------
@pytest.mark.parametrize("named", ["2007 SP1", "2010", "2016"])
async def test_a_domain_is_enough(named: str) -> None:
    lab = ExchangeLab(named, domain=DOMAIN)
    lab.autodiscovered()
    await ask(lab)
    assert lab.endpoint.known(lab.mailbox()).url == URL
    before = len(lab.transport.sent)
    await ask(lab)
    assert len(lab.transport.sent) == before + 1


async def test_where_autodiscover_worked_is_asked_first_for_everybody_else() -> None:
    lab = ExchangeLab("2007 SP1", domain=DOMAIN)
    lab.transport.servers[f"https://autodiscover.{DOMAIN}"] = lab.server
    await ask(lab)
    before = len(lab.transport.sent)
    await ask(lab, BO)
    assert [request.url.split("/")[2] for request in lab.transport.sent[before:]] == [
        f"autodiscover.{DOMAIN}", "mail.acme.example",
    ]  # fmt: skip


async def test_each_mailbox_is_asked_at_its_own_server() -> None:
    lab = ExchangeLab("2016", domain=DOMAIN)
    lab.autodiscovered()
    lab.server.name = "new"
    older = ExchangeServer(lab.organization, "2010", name="old")
    older.origin = "https://old.acme.example"
    lab.transport.servers[older.origin] = older
    lab.organization.endpoints |= {"new": lab.server.url, "old": older.url}
    lab.anna.site, lab.bo.site = "new", "old"
    await ask(lab)
    await ask(lab, BO)
    assert lab.endpoint.version(lab.mailbox()) is Version.E2013_SP1
    assert lab.endpoint.version(lab.mailbox(BO)) is Version.E2010
    assert lab.endpoint.known(lab.mailbox(BO)).url.startswith("https://old.acme.example/")


async def test_a_mailbox_that_moved_is_found_again_at_most_once_an_hour() -> None:
    lab = ExchangeLab("2016", domain=DOMAIN)
    lab.autodiscovered()
    lab.server.name = "one"
    two = ExchangeServer(lab.organization, "2016", name="two")
    two.origin = "https://two.acme.example"
    lab.transport.servers[two.origin] = two
    lab.organization.endpoints |= {"one": lab.server.url, "two": two.url}
    lab.anna.site = "one"
    await ask(lab)
    lab.anna.site = "two"
    with pytest.raises(Unreachable) as raised:
        await ask(lab)
    assert raised.value.alone
    lab.clock.at += 3601
    await ask(lab)
    assert lab.endpoint.known(lab.mailbox()).url == two.url


async def test_the_old_address_stays_where_autodiscover_fails() -> None:
    lab = ExchangeLab("2016", domain=DOMAIN)
    lab.autodiscovered()
    await ask(lab)
    lab.clock.at += 8 * 86_400
    del lab.transport.servers[f"https://{DOMAIN}"]
    await ask(lab)
    assert lab.endpoint.known(lab.mailbox()).url == URL


async def test_a_server_that_is_gone_is_looked_for_elsewhere_once_an_hour() -> None:
    lab = ExchangeLab("2016", domain=DOMAIN)
    lab.autodiscovered()
    await ask(lab)
    await ask(lab, BO)
    lab.server.origin = "https://new.acme.example"
    lab.transport.servers = {
        f"https://{DOMAIN}": lab.server, "https://new.acme.example": lab.server
    }  # fmt: skip
    lab.clock.at += 3601
    await ask(lab)
    await ask(lab, BO)
    assert lab.endpoint.known(lab.mailbox(BO)).url.startswith("https://new.acme.example/")


async def test_nobody_knows_an_address_that_autodiscover_does_not() -> None:
    lab = ExchangeLab("2016", domain=DOMAIN)
    lab.autodiscovered()
    with pytest.raises(NotFound, match="Autodiscover"):
        await ask(lab, "zoe@acme.example")


@pytest.mark.parametrize(
    "troubled",
    [
        Reply(500, {"content-type": "text/html"}, b"<html>Server Error</html>"),
        Reply(
            200,
            {"content-type": "text/xml"},
            b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
            b'<a:GetUserSettingsResponseMessage xmlns:a="http://schemas.microsoft.com/exchange/2010'
            b'/Autodiscover"><a:Response><a:ErrorCode>ServerBusy</a:ErrorCode></a:Response>'
            b"</a:GetUserSettingsResponseMessage></s:Body></s:Envelope>",
        ),
    ],
    ids=["500", "ServerBusy"],
)
async def test_autodiscover_in_trouble_says_nothing_about_the_mailbox(
    troubled: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = ExchangeLab("2016", domain=DOMAIN)
    lab.autodiscovered()
    here = f"autodiscover.{DOMAIN}"
    lab.transport.servers |= {f"https://{here}": lab.server, f"http://{here}": lab.server}
    absent = Reply(404, {}, b"")
    monkeypatch.setattr(
        lab.server, "handle", lambda asked: troubled if asked.method == "POST" else absent
    )
    with pytest.raises(Unreachable):
        await ask(lab)


async def test_autodiscover_that_does_not_answer_says_nothing_about_the_mailbox() -> None:
    lab = ExchangeLab("2016", domain=DOMAIN)
    with pytest.raises(Unreachable):
        await ask(lab)


# --- where the credential may go (threat 3) -----------------------------------------------------
EVIL = "https://evil.example"


@pytest.mark.parametrize(
    "fault",
    ["autodiscover_redirect", "autodiscover_redirect_url", "autodiscover_redirect_address"],
)
async def test_a_hostile_redirect_of_autodiscover_sees_no_credential(fault: str) -> None:
    lab = ExchangeLab("2016", domain=DOMAIN)
    lab.autodiscovered()
    for host in (EVIL, "https://autodiscover.evil.example"):
        lab.transport.servers[host] = ExchangeServer(lab.organization, "2016")
    target = "anna@evil.example" if "address" in fault else f"{EVIL}/autodiscover/autodiscover.svc"
    setattr(lab.server.faults, fault, target)
    with pytest.raises((NotFound, Unreachable)) as raised:
        await ask(lab)
    assert lab.transport.with_credential() <= {DOMAIN, f"autodiscover.{DOMAIN}"}
    if isinstance(raised.value, NotFound):
        assert "evil.example" in raised.value.remedy


async def test_a_proxys_page_is_no_answer_and_the_next_host_is_asked() -> None:
    lab = ExchangeLab("2016", domain=DOMAIN)
    proxy = ExchangeServer(lab.organization, "2016")
    proxy.faults.autodiscover_html = True
    lab.transport.servers[f"https://{DOMAIN}"] = proxy
    lab.transport.servers[f"https://autodiscover.{DOMAIN}"] = lab.server
    await ask(lab)
    assert lab.endpoint.known(lab.mailbox()).url == URL


async def test_an_endpoint_elsewhere_sees_no_credential_unless_allowed() -> None:
    lab = ExchangeLab("2016", domain=DOMAIN)
    lab.autodiscovered()
    lab.server.origin = EVIL
    lab.transport.servers[EVIL] = lab.server
    with pytest.raises(Refused) as raised:
        await ask(lab)
    assert "allowed_hosts" in raised.value.remedy
    assert lab.transport.with_credential() == {DOMAIN}
    allowed = ExchangeLab("2016", domain=DOMAIN, allowed_hosts=("evil.example",))
    allowed.autodiscovered()
    allowed.server.origin = EVIL
    allowed.transport.servers[EVIL] = allowed.server
    await ask(allowed)


async def test_the_domain_is_asked_never_the_addresss_own() -> None:
    lab = ExchangeLab("2016", domain=DOMAIN)
    lab.organization.add_mailbox("anna@evil.example")
    lab.autodiscovered()
    lab.transport.servers[EVIL] = lab.server
    await ask(lab, "anna@evil.example")
    assert lab.transport.with_credential() == {DOMAIN, "mail.acme.example"}


async def test_over_http_nothing_but_a_question_without_credential() -> None:
    lab = ExchangeLab("2016", domain=DOMAIN)
    with pytest.raises(Unreachable):
        await ask(lab)
    plain = [request for request in lab.transport.sent if request.url.startswith("http://")]
    assert [request.method for request in plain] == ["GET"]
    assert not any(name == "Authorization" for request in plain for name, _ in request.headers)


# --- the budget ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fault", "value", "least", "most"),
    [
        ("busy", 297_749, 297.0, 298.0),
        ("busy_without_time", True, 4.0, 6.0),
        ("busy_inside", True, 4.0, 6.0),
    ],
)
async def test_a_busy_server_hears_nothing_from_anybody_for_the_time_told(
    fault: str, value: object, least: float, most: float
) -> None:
    lab = ExchangeLab()
    setattr(lab.server.faults, fault, value)
    with pytest.raises(Throttled) as raised:
        await ask(lab)
    assert raised.value.at is not None
    assert least <= raised.value.at - lab.clock.at <= most
    sent = len(lab.transport.sent)
    setattr(lab.server.faults, fault, None if fault == "busy" else False)
    with pytest.raises(Throttled):
        await ask(lab, BO)
    assert len(lab.transport.sent) == sent
    lab.clock.at = raised.value.at
    await ask(lab, BO)


async def test_a_queue_that_is_full_is_a_server_that_does_not_answer() -> None:
    lab = ExchangeLab()
    lab.server.faults.status = 503
    with pytest.raises(Unreachable):
        await ask(lab)


async def test_what_is_denied_is_asked_once() -> None:
    lab = ExchangeLab()
    lab.account.impersonates = {BO}
    with pytest.raises(AccessDenied):
        await ask(lab)
    assert len(lab.transport.sent) == 1


def test_a_bare_address_is_completed() -> None:
    assert completed("https://mail.acme.example") == URL
    assert completed("https://mail.acme.example/") == URL
    assert completed("https://mail.acme.example/ews/other.asmx").endswith("/ews/other.asmx")


def test_a_server_that_says_nothing_of_itself_is_unknown() -> None:
    assert server_told(b"<html>") is None
    assert server_told(b'<h:ServerVersionInfo MajorVersion="x"/>') is None


def test_folder_names_are_the_builders() -> None:
    request = FOLDER.build(Context(URL), Folder(name="calendar"))
    assert b"GetFolder" in request.body


SERVICE = "svc@acme.example"
