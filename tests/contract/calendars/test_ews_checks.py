"""What `kalends check` goes on to tell when something on its way is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kalends.calendars.contract import CalendarRef, CalendarSource, Step
from kalends.kinds import ews
from tests.contract.calendars.exchange import EwsWorld, reference
from tests.contract.calendars.exchange_dav import ACCOUNT, ExchangeWorld
from tests.exchange_lab import ANNA, BO, DOMAIN, URL, ExchangeLab


def of(person: str, address: str) -> CalendarRef:
    return replace(reference(), person=person, url=address, emails=(address,))


async def steps(source: CalendarSource, *refs: CalendarRef) -> list[Step]:
    return [step async for step in source.check(refs)]


def found_by_domain(**options: Any) -> tuple[ExchangeLab, CalendarSource]:
    lab = ExchangeLab("2016", domain=DOMAIN, **options)
    lab.autodiscovered()
    assert ews.KIND.source is not None
    return lab, ews.KIND.source(lab.endpoint, lab.place(), lab.options)


async def test_a_misspelt_first_address_does_not_end_the_check_of_everybody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lab, source = found_by_domain()
    monkeypatch.setattr(lab.endpoint, "resolve", _resolved)
    told = await steps(source, of("zoe", f"zoe@{DOMAIN}"), of("bo", BO))
    last = {step.subject: step for step in told if step.what == "calendar"}
    assert not last["zoe/default"].ok
    assert "Autodiscover knows no server" in last["zoe/default"].detail
    assert last["bo/default"].ok


async def test_a_domain_that_knows_nobody_is_told_as_that() -> None:
    _, source = found_by_domain()
    (told,) = await steps(source, of("zoe", f"zoe@{DOMAIN}"), of("yan", f"yan@{DOMAIN}"))
    assert (told.what, told.subject, told.ok) == ("autodiscover", DOMAIN, False)


async def test_a_first_mailbox_that_forms_forbid_does_not_end_the_check_of_everybody() -> None:
    world = ExchangeWorld(2007, forms=True)
    world.add_mailbox("bo@acme.example")
    world.server.faults.status["/exchange/anna@acme.example"] = 440
    bo = replace(
        world.ref,
        person="bo",
        url=world.ref.url and world.ref.url.replace("anna", "bo"),
        emails=("bo@acme.example",),
    )
    told = await steps(world.source, world.ref, bo)
    last = {step.subject: step for step in told if step.what == "calendar"}
    assert f"-User '{ACCOUNT}' -AccessRights FullAccess" in last["anna/default"].remedy
    assert last["bo/default"].ok


async def test_a_sign_on_page_before_ews_is_told_with_what_to_do() -> None:
    world = EwsWorld("2016")
    world.trouble("html")
    failed = [step for step in await steps(world.source, of("anna", ANNA)) if not step.ok]
    assert "Publish /EWS without forms-based sign-on" in failed[0].remedy


async def _resolved(url: str) -> list[str]:
    return ["127.0.0.1"]


@pytest.mark.parametrize(
    ("version", "access", "limit"),
    [("2010", "impersonation", 10), ("2010 SP2", "delegate", 10), ("2019", "freebusy", 27)],
)
async def test_more_connections_than_the_server_allows_one_account_are_told_once(
    version: str, access: str, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for asked in (limit + 1, limit):
        lab = ExchangeLab(version, url=URL, access=access, max_connections=asked)
        lab.anna.delegates = lab.bo.delegates = {lab.account.name: "Reviewer"}
        assert ews.KIND.source is not None
        source = ews.KIND.source(lab.endpoint, lab.place(), lab.options)
        monkeypatch.setattr(lab.endpoint, "resolve", _resolved)
        told = [one for one in await steps(source, of("anna", ANNA), of("bo", BO)) if one.ok]
        assert [step.subject for step in told if step.what == "calendar"]
        warned = [step.detail for step in told if step.what == "budget"]
        assert len(warned) == (asked > limit)
        assert all(
            f"max_connections = {asked}" in one and f" {limit} requests" in one for one in warned
        )


async def test_who_reads_as_each_owner_is_told_of_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = ExchangeLab("2019", url=URL, max_connections=100)
    assert ews.KIND.source is not None
    source = ews.KIND.source(lab.endpoint, lab.place(), lab.options)
    monkeypatch.setattr(lab.endpoint, "resolve", _resolved)
    told = await steps(source, of("anna", ANNA))
    assert told[-1].ok
    assert "budget" not in {step.what for step in told}
