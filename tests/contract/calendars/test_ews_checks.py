"""What `kalends check` goes on to tell when something on its way is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kalends.calendars.contract import CalendarRef, CalendarSource, Step
from kalends.kinds import ews
from tests.contract.calendars.exchange import EwsWorld, reference
from tests.contract.calendars.exchange_dav import ACCOUNT, ExchangeWorld
from tests.exchange_lab import ANNA, BO, DOMAIN, ExchangeLab


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
