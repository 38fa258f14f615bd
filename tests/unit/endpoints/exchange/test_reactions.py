"""Every row of the reaction table, as an emulated Exchange tells it, and what then happens."""

from __future__ import annotations

import pytest

from kalends.endpoints.exchange.operation import Operation
from kalends.endpoints.exchange.reactions import DAILY, HANDLERS, SERVER_WIDE
from kalends.engine.gate import calendar_delay, concerns_endpoint
from kalends.errors import KalendsError, RetryLater, SignInNeeded, SourceTrouble, Throttled
from kalends.wire.ews.errors import TABLE, Answered, Reaction
from kalends.wire.ews.get_folder import build_get_folder, parse_get_folder
from tests.exchange_lab import ANNA, BO, DOMAIN, ExchangeLab

FOLDER = Operation(build_get_folder, parse_get_folder)
CODES = sorted(TABLE)


async def refused(lab: ExchangeLab, address: str = ANNA) -> Answered:
    with pytest.raises(KalendsError) as raised:
        await lab.endpoint.call(lab.mailbox(address), FOLDER)
    assert isinstance(raised.value, Answered)
    return raised.value


def telling(code: str, **options: str) -> ExchangeLab:
    lab = ExchangeLab(**options)
    lab.server.faults.codes["GetFolder"] = code
    return lab


def test_every_reaction_has_its_handler() -> None:
    assert set(HANDLERS) == set(Reaction)


@pytest.mark.parametrize("code", CODES)
async def test_a_code_is_told_and_touches_whom_it_concerns(code: str) -> None:
    lab = telling(code)
    error = await refused(lab)
    sent = len(lab.transport.sent)
    assert error.fault.code == code
    assert isinstance(error, TABLE[code].error)
    assert ANNA not in str(error)
    # Nothing is asked again but in an older version.
    assert 2 <= sent <= 6 if error.reaction is Reaction.STEP_DOWN else sent == 1
    # Only a spent budget silences everybody.
    lab.server.faults.codes.clear()
    if error.reaction is Reaction.BACK_OFF and isinstance(error, Throttled):
        with pytest.raises(Throttled):
            await lab.endpoint.call(lab.mailbox(BO), FOLDER)
        assert len(lab.transport.sent) == sent
    else:
        await lab.endpoint.call(lab.mailbox(BO), FOLDER)
    # What ails one mailbox does not concern its server. A conflict is none of reading's.
    if isinstance(error, SourceTrouble):
        assert concerns_endpoint(error, own_credential=False) is _of_server(code, error)


def _of_server(code: str, error: SourceTrouble) -> bool:
    reaction = TABLE[code].reaction
    if reaction in (Reaction.NARROW, Reaction.WAIT_OTHER_STREAM, Reaction.FULL):
        return True  # never let through: whoever asked too much asks for less
    spent = reaction is Reaction.BACK_OFF and isinstance(error, Throttled)
    return spent or code in SERVER_WIDE or isinstance(error, SignInNeeded)


async def test_a_server_that_ails_for_everybody_is_noticed() -> None:
    lab = telling("ErrorMailboxStoreUnavailable")
    for number in range(9):
        lab.organization.add_mailbox(f"p{number}@acme.example")
        error = await refused(lab, f"p{number}@acme.example")
        assert isinstance(error, RetryLater)
        assert error.alone
    error = await refused(lab)
    assert isinstance(error, RetryLater)
    assert not error.alone
    lab.server.faults.codes.clear()
    await lab.endpoint.call(lab.mailbox(), FOLDER)
    lab.server.faults.codes["GetFolder"] = "ErrorMailboxStoreUnavailable"
    error = await refused(lab)
    assert isinstance(error, RetryLater)
    assert error.alone


@pytest.mark.parametrize(
    "code", [code for code in CODES if TABLE[code].reaction is Reaction.PERSON_MISCONFIGURED]
)
async def test_a_wrong_address_is_tried_again_daily(code: str) -> None:
    error = await refused(telling(code))
    assert isinstance(error, SourceTrouble)
    assert calendar_delay(error, 1, lambda: 0.0) == DAILY
    assert error.remedy


@pytest.mark.parametrize(
    "code", [code for code in CODES if TABLE[code].reaction is Reaction.STOP_CREDENTIAL]
)
async def test_a_locked_account_is_tried_twice_an_hour_at_most(code: str) -> None:
    lab = telling(code)
    for _ in range(5):
        with pytest.raises(SignInNeeded):
            await lab.endpoint.call(lab.mailbox(), FOLDER)
    assert len(lab.transport.sent) <= 2


@pytest.mark.parametrize(
    "code", [code for code in CODES if TABLE[code].reaction is Reaction.REDISCOVER]
)
async def test_a_mailbox_that_is_elsewhere_is_looked_for_once_an_hour(code: str) -> None:
    lab = telling(code, domain=DOMAIN)
    lab.autodiscovered()
    await refused(lab)
    for _ in range(3):
        lab.clock.at += 300
        await refused(lab)
    looked = [one for one in lab.transport.sent if "/autodiscover/" in one.url]
    assert len(looked) == 1
    lab.clock.at += 3600
    await refused(lab)
    looked = [one for one in lab.transport.sent if "/autodiscover/" in one.url]
    assert len(looked) == 2


async def test_an_alias_without_the_primary_address_is_told() -> None:
    lab = telling("ErrorNonPrimarySmtpAddress")
    error = await refused(lab)
    assert error.reaction is Reaction.LEARN_ALIAS
