"""Two things wrong at once: what one of them alone is tested for elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

import pytest
from lab.exchange.server import ExchangeServer

from kalends.endpoints.exchange.endpoint import ExchangeEndpoint
from kalends.endpoints.exchange.known import Access
from kalends.endpoints.exchange.operation import Operation
from kalends.endpoints.exchange.options import ONLINE_HOSTS, ExchangeOptions
from kalends.errors import NotFound, SuspiciouslyEmpty
from kalends.kinds import ews
from kalends.model.http import Request, Response
from kalends.net.contract import Limits
from kalends.wire.ews.errors import Answered
from kalends.wire.ews.get_folder import FolderFacts, build_get_folder, parse_get_folder
from kalends.wire.ews.versions import Version
from tests.contract.calendars.exchange import EwsWorld, reference
from tests.contract.calendars.suite import LUNCH, MEETING, WINDOW, Follower
from tests.exchange_lab import (
    ANNA,
    BO,
    DOMAIN,
    ORIGIN,
    SERVICE,
    URL,
    ExchangeLab,
    ExchangeTransport,
)

FOLDER = Operation(build_get_folder, parse_get_folder)
WEBSITE = f"https://{DOMAIN}"


async def ask(lab: ExchangeLab, address: str = ANNA) -> FolderFacts:
    return await lab.endpoint.call(lab.mailbox(address), FOLDER)


def behind_a_website() -> ExchangeLab:
    """Return a lab whose domain's web site wants a sign-in of its own for every page."""
    lab = ExchangeLab("2016", domain=DOMAIN)
    website = ExchangeServer(lab.organization, "2016")
    website.faults.unauthorized = -1
    lab.transport.servers[WEBSITE] = website
    lab.transport.servers[f"https://autodiscover.{DOMAIN}"] = lab.server
    return lab


def asked_of(lab: ExchangeLab, origin: str) -> int:
    return sum(request.url.startswith(origin + "/") for request in lab.transport.sent)


# --- a web site that refuses everybody, beside an Autodiscover that does not (promise 7) ----------
class Waiting(ExchangeTransport):
    """Lets others go on while an answer is on its way."""

    async def exchange(self, request: Request, limits: Limits) -> Response:
        for _ in range(5):
            await asyncio.sleep(0)
        return await super().exchange(request, limits)


async def test_a_website_that_refuses_everybody_is_shown_the_credential_once() -> None:
    lab = behind_a_website()
    lab.transport = Waiting(lab.transport.servers)
    addresses = [f"one{number}@{DOMAIN}" for number in range(8)]
    for address in addresses:
        lab.organization.add_mailbox(address)
    await asyncio.gather(*(ask(lab, address) for address in addresses))
    assert asked_of(lab, WEBSITE) == 1


async def test_an_unknown_address_does_not_show_it_the_credential_again() -> None:
    lab = behind_a_website()
    await ask(lab)
    with pytest.raises(NotFound):
        await ask(lab, f"zoe@{DOMAIN}")
    await ask(lab, BO)
    assert asked_of(lab, WEBSITE) == 1


async def test_an_unknown_address_at_first_does_not_show_it_the_credential_again() -> None:
    lab = behind_a_website()
    for name in ("zoe", "zacharias"):
        with pytest.raises(NotFound):
            await ask(lab, f"{name}@{DOMAIN}")
    await ask(lab)
    assert asked_of(lab, WEBSITE) == 1


# --- moves ----------------------------------------------------------------------------------------
def two_servers(first: str, second: str) -> tuple[ExchangeLab, ExchangeServer]:
    """Return a lab of two servers, Anna at the first."""
    lab = ExchangeLab(first, domain=DOMAIN)
    lab.autodiscovered()
    lab.server.name = "one"
    two = ExchangeServer(lab.organization, second, name="two")
    two.origin = "https://two.acme.example"
    lab.transport.servers[two.origin] = two
    lab.organization.endpoints |= {"one": lab.server.url, "two": two.url}
    lab.anna.site = "one"
    return lab, two


async def test_a_mailbox_moved_to_a_newer_server_is_asked_in_that_ones_version() -> None:
    lab, _ = two_servers("2016", "2016")
    lab.anna.request_limit = "Exchange2010_SP1"
    await ask(lab)
    assert lab.endpoint.version(lab.mailbox()) is Version.E2010_SP1
    lab.anna.site, lab.anna.request_limit = "two", ""
    lab.clock.at += 3601
    await ask(lab)
    assert lab.endpoint.version(lab.mailbox()) is Version.E2013_SP1


async def test_a_mailbox_moved_behind_the_same_address_is_so_once_its_state_is_void() -> None:
    lab = ExchangeLab("2016")
    lab.anna.request_limit = "Exchange2010_SP1"
    await ask(lab)
    lab.anna.request_limit = ""
    lab.server.faults.codes["GetFolder"] = "ErrorInvalidSyncStateData"
    with pytest.raises(Exception, match="ErrorInvalidSyncStateData"):
        await ask(lab)
    lab.server.faults.codes.clear()
    await ask(lab)
    assert lab.endpoint.version(lab.mailbox()) is Version.E2013_SP1


@pytest.mark.parametrize("told", ["ErrorNonExistentMailbox", "ErrorMailRecipientNotFound"])
async def test_a_mailbox_its_old_server_knows_no_more_is_looked_for_at_once(told: str) -> None:
    lab, two = two_servers("2016", "2016")
    await ask(lab)
    lab.anna.site = "two"
    lab.server.faults.mailbox_codes = {ANNA: told}
    lab.clock.at += 3601
    await ask(lab)
    assert lab.endpoint.known(lab.mailbox()).url == two.url


async def test_a_server_without_ews_is_left_for_where_the_mailbox_is_now() -> None:
    lab, two = two_servers("2016", "2016")
    front = ExchangeServer(lab.organization, "2016")
    lab.transport.servers[WEBSITE] = front
    front.origin = WEBSITE
    await ask(lab)
    lab.anna.site = "two"
    lab.server.faults.status = 404
    lab.clock.at += 3601
    await ask(lab)
    assert lab.endpoint.known(lab.mailbox()).url == two.url


async def test_a_mailbox_denied_and_then_moved_is_read_where_it_is_allowed() -> None:
    lab, two = two_servers("2016", "2016")
    lab.account.impersonates = {BO}
    with pytest.raises(Exception, match="Denied"):
        await ask(lab)
    lab.anna.site, lab.account.impersonates = "two", None
    lab.clock.at += 3601
    await ask(lab)
    assert lab.endpoint.known(lab.mailbox()).url == two.url


# --- names ----------------------------------------------------------------------------------------
async def test_a_primary_address_that_is_no_more_is_not_held_on_to() -> None:
    lab = ExchangeLab("2007 SP1")
    alias = "a.berg@acme.example"
    lab.organization.aliases[alias] = ANNA
    await ask(lab, alias)
    renamed = "anna.ek@acme.example"
    lab.organization.add_mailbox(renamed)
    lab.organization.aliases[alias] = renamed
    lab.server.faults.mailbox_codes = {ANNA: "ErrorNonExistentMailbox"}
    await ask(lab, alias)
    assert lab.endpoint.known(lab.mailbox(alias)).primary == renamed


# --- an older server that refuses -----------------------------------------------------------------
async def test_the_version_a_refusal_came_in_is_remembered() -> None:
    lab = ExchangeLab("2010")
    lab.account.impersonates = {BO}
    for _ in range(2):
        with pytest.raises(Exception, match="Denied"):
            await ask(lab)
    assert len(lab.transport.sent) == 3
    assert lab.endpoint.known(lab.mailbox()).access in (None, Access.IMPERSONATION)
    assert ORIGIN in lab.transport.sent[0].url


async def test_a_server_that_dislikes_a_request_now_and_then_is_not_led_down_by_it() -> None:
    lab = ExchangeLab("2016")

    def once(request: Request) -> None:
        newest = b"Exchange2013_SP1" in request.body or len(lab.transport.sent) == disliked
        lab.server.faults.codes = {"GetFolder": "ErrorInvalidRequest"} if newest else {}

    lab.transport.before = once
    for _ in range(5):
        disliked = len(lab.transport.sent) + 1
        with contextlib.suppress(Answered):
            await ask(lab)
    assert lab.endpoint.version(lab.mailbox()) is Version.E2013


# --- hosts as an administrator writes them --------------------------------------------------------
HOSTER = "mail.hoster.example"


@pytest.mark.parametrize(
    ("written", "url", "trusted"),
    [
        (HOSTER, f"https://{HOSTER}/EWS/Exchange.asmx", True),
        (f"https://{HOSTER}", f"https://{HOSTER}/EWS/Exchange.asmx", True),
        ("Mail.Hoster.Example", f"https://{HOSTER}/EWS/Exchange.asmx", True),
        (f"{HOSTER}:8443", f"https://{HOSTER}:8443/EWS/Exchange.asmx", True),
        (f"{HOSTER}:8443", f"https://{HOSTER}/EWS/Exchange.asmx", False),
        (f"https://{HOSTER}", f"http://{HOSTER}/EWS/Exchange.asmx", False),
        (f"https://{HOSTER}", "https://https/EWS/Exchange.asmx", False),
    ],
)
def test_a_host_is_allowed_however_it_is_written_and_no_more_than_it(
    written: str, url: str, trusted: bool
) -> None:
    lab = ExchangeLab(domain=DOMAIN, allowed_hosts=(written,))
    assert lab.endpoint.clients.trusts(url) is trusted


@pytest.mark.parametrize(("auth", "trusted"), [("basic", False), ("ntlm", False), ("oauth", True)])
@pytest.mark.parametrize("host", sorted(ONLINE_HOSTS))
def test_microsofts_cloud_is_shown_tokens_and_never_a_password(
    host: str, auth: str, trusted: bool
) -> None:
    told = {"token_url": "https://login.example/t", "client_id": "app"} if auth == "oauth" else {}
    lab = ExchangeLab(domain=DOMAIN, auth=auth, **told)
    assert lab.endpoint.clients.trusts(f"https://{host}/EWS/Exchange.asmx") is trusted
    assert not lab.endpoint.clients.trusts(f"http://{host}/EWS/Exchange.asmx")


# --- what was learned long ago --------------------------------------------------------------------
async def test_an_alias_is_asked_for_by_its_own_name_with_every_whole_read() -> None:
    """Its primary address may be somebody else's by now."""
    world = EwsWorld("2007 SP1")
    world.organization.aliases["a.berg@acme.example"] = ANNA
    world.ref = replace(world.ref, url="a.berg@acme.example", emails=("a.berg@acme.example",))
    follower = Follower(world)
    world.put("one", *MEETING)
    assert await follower.subjects() == ["M: budget"]
    world.organization.aliases["a.berg@acme.example"] = BO  # and Anna's address is another Anna's
    world.delete("one")
    world.put("two", *LUNCH)
    with pytest.raises(SuspiciouslyEmpty):  # Bo's holds nothing
        await follower.read(full=True)


async def test_where_a_mailbox_was_found_before_a_restart_is_asked_anew_after_a_week() -> None:
    lab = ExchangeLab("2016", domain=DOMAIN)
    lab.autodiscovered()
    assert ews.KIND.source is not None
    source = ews.KIND.source(lab.endpoint, lab.place(), lab.options)

    async def nothing() -> tuple[()]:
        return ()

    read = await source.read(reference(), WINDOW, None, nothing)
    again = ExchangeEndpoint(lab.services, lab.place(), lab.options)
    source = ews.KIND.source(again, lab.place(), lab.options)
    await source.read(reference(), WINDOW, read.cursor, nothing)
    before = asked_of(lab, WEBSITE)
    lab.clock.at += 8 * 86_400
    await source.read(reference(), WINDOW, read.cursor, nothing)
    assert asked_of(lab, WEBSITE) == before + 1


@pytest.mark.parametrize(
    "options", [{"url": URL}, {"domain": DOMAIN}], ids=["an url instead", "a host less"]
)
async def test_where_it_was_found_does_not_outlive_the_configuration(
    options: dict[str, str],
) -> None:
    lab = ExchangeLab("2016", domain=DOMAIN, allowed_hosts=(HOSTER,))
    lab.autodiscovered()
    lab.server.origin = f"https://{HOSTER}"
    lab.transport.servers[lab.server.origin] = lab.server
    assert ews.KIND.source is not None
    source = ews.KIND.source(lab.endpoint, lab.place(), lab.options)

    async def nothing() -> tuple[()]:
        return ()

    read = await source.read(reference(), WINDOW, None, nothing)
    assert asked_of(lab, f"https://{HOSTER}")
    lab.server.origin = ORIGIN
    changed = ExchangeOptions(username=SERVICE, **options)
    now = ExchangeEndpoint(lab.services, lab.place(), changed)
    source = ews.KIND.source(now, lab.place(), changed)
    await source.read(reference(), WINDOW, read.cursor, nothing)
    assert now.url_of(lab.mailbox()) == URL
