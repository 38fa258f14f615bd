"""Exchange Online: a tenant that is switched off is told as that, not as a wrong password."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import pytest
from pydantic import ValidationError

from kalends.endpoints.exchange.known import Mailbox
from kalends.endpoints.exchange.online import EwsDisabled, Refusals, days_left
from kalends.endpoints.exchange.operation import Operation
from kalends.endpoints.exchange.options import ExchangeOptions
from kalends.errors import AccessDenied, SignInNeeded
from kalends.net.oauth import TokenRefused
from kalends.net.signin import NoGrant
from kalends.wire.ews.get_folder import build_get_folder, parse_get_folder
from tests.exchange_lab import ExchangeLab

FOLDER = Operation(build_get_folder, parse_get_folder)


def online() -> ExchangeLab:
    """Return a lab whose server says that Microsoft runs it."""
    lab = ExchangeLab()
    lab.server.version = replace(lab.server.version, build=(15, 20, 9000, 1))
    return lab


async def ask(lab: ExchangeLab, number: int) -> None:
    address = f"p{number}@acme.example"
    if lab.organization.mailbox(address) is None:
        lab.organization.add_mailbox(address)
    await lab.endpoint.call(Mailbox(address), FOLDER)


async def test_a_tenant_that_refuses_the_token_is_switched_off() -> None:
    lab = online()
    await ask(lab, 1)
    lab.server.faults.unauthorized = -1
    with pytest.raises(EwsDisabled, match="switched off") as raised:
        await ask(lab, 2)
    assert "EWSAllowedAppIDs" in raised.value.remedy
    assert "1 April 2027" in raised.value.remedy
    assert "password" not in str(raised.value).lower() + raised.value.remedy.lower()


async def test_one_refused_mailbox_is_one_refused_mailbox_three_are_the_tenant() -> None:
    lab = online()
    await ask(lab, 0)
    lab.server.faults.status = 403
    for number in (1, 2):
        with pytest.raises(AccessDenied):
            await ask(lab, number)
    with pytest.raises(EwsDisabled):
        await ask(lab, 3)
    lab.server.faults.status = 0
    await ask(lab, 1)
    lab.server.faults.status = 403
    with pytest.raises(AccessDenied):
        await ask(lab, 1)


@pytest.mark.parametrize("error", [TokenRefused("no"), NoGrant("no scope")])
def test_a_token_that_is_not_granted_says_nothing_of_ews(error: SignInNeeded) -> None:
    refusals = Refusals()
    anna = Mailbox("anna@acme.example")
    assert refusals.judged(anna, error) is error
    stopped = SignInNeeded("not tried again before noon", 1.0)  # the breaker's, of what it counted
    assert refusals.judged(anna, stopped) is stopped
    refusals.answered()
    assert isinstance(refusals.judged(anna, SignInNeeded("401")), EwsDisabled)


async def test_on_premises_a_401_is_about_the_password() -> None:
    lab = ExchangeLab()
    await ask(lab, 1)
    lab.server.faults.unauthorized = -1
    with pytest.raises(SignInNeeded) as raised:
        await ask(lab, 2)
    assert not isinstance(raised.value, EwsDisabled)


def test_the_days_left_are_counted() -> None:
    assert days_left(1_806_537_600 - 10 * 86_400) == 10
    assert days_left(2e9) == 0


@pytest.mark.parametrize(
    ("keys", "wrong"),
    [
        ({}, "say where"),
        ({"url": "https://outlook.office365.com/EWS/Exchange.asmx"}, "oauth"),
        ({"domain": "acme.example", "auth": "digest"}, "one of"),
        ({"domain": "acme.example", "access": "everything"}, "impersonation"),
    ],
)
def test_options_that_cannot_work_are_told(keys: dict[str, str], wrong: str) -> None:
    with pytest.raises(ValidationError, match=wrong):
        ExchangeOptions.model_validate({"username": "svc", **keys})


async def test_ten_thousand_mailboxes_cost_less_than_a_kilobyte_each() -> None:
    lab = ExchangeLab()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(10_000):
            lab.endpoint.known(Mailbox(f"person{number}@acme.example")).url = "https://mail.example"
        used = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert used / 10_000 < 1024
