"""Automatic replies as an emulated Exchange tells senders of them, and what of that is compared."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from lab.exchange.mailbox import Oof

from kalends.calendars.notify.actions import Glance
from kalends.calendars.notify.replies import replies
from kalends.endpoints.exchange.known import Access
from kalends.errors import Throttled, Unreachable
from tests.exchange_lab import ANNA, BO, ExchangeLab

VERSIONS = ["2010", "2010 SP2", "2013", "2016", "SE"]
ON = Oof("Enabled", reply="Ill, back on Monday")
HOUR = timedelta(hours=1)


def look(lab: ExchangeLab, *addresses: str) -> tuple[int, ...]:
    asked = addresses or (ANNA, BO)
    for one in asked:
        lab.endpoint.known(lab.mailbox(one)).access = Access.IMPERSONATION  # they were read
    return asyncio.run(replies(lab.endpoint, Glance(1, asked, 0, replies=True)))


def scheduled(lab: ExchangeLab, start: timedelta, end: timedelta) -> Oof:
    now = datetime.fromtimestamp(lab.clock.at, UTC)
    return Oof("Scheduled", now + start, now + end, "Away")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_reply_that_begins_or_ends_changes_whose_it_is_alone(version: str) -> None:
    lab = ExchangeLab(version)
    anna, bo = look(lab)
    assert anna == bo != 0
    lab.anna.oof = ON
    assert look(lab)[1] == bo
    assert look(lab)[0] not in (0, anna)
    lab.anna.oof = Oof()
    assert look(lab) == (anna, bo)


def test_a_reply_for_some_days_shows_from_its_beginning_to_its_end_and_when_these_move() -> None:
    lab = ExchangeLab()
    before, _ = look(lab)
    lab.anna.oof = scheduled(lab, HOUR, 3 * HOUR)
    assert look(lab)[0] == before
    lab.clock.at += 2 * 3600
    during, _ = look(lab)
    assert during != before
    lab.anna.oof = scheduled(lab, -HOUR, 5 * HOUR)
    assert look(lab)[0] not in (before, during)
    lab.clock.at += 6 * 3600
    assert look(lab)[0] == before


def test_another_text_is_nothing_new_and_no_text_is_kept() -> None:
    lab = ExchangeLab()
    lab.anna.oof = ON
    before = look(lab)
    lab.anna.oof = Oof("Enabled", reply="Something else")
    assert look(lab) == before
    known = lab.endpoint.known(lab.mailbox())
    kept = [getattr(known, name) for name in known.__slots__]
    assert "Something else" not in repr(kept)


def test_two_hundred_are_four_requests_as_one_of_those_asked_for_and_stay_in_order() -> None:
    lab = ExchangeLab()
    people = [f"p{number:03}@acme.example" for number in range(200)]
    for one in people:
        lab.organization.add_mailbox(one, one)
    before = look(lab, *people)
    lab.organization.mailboxes[people[150]].oof = ON
    lab.transport.sent.clear()
    after = look(lab, *people)
    assert lab.transport.operations() == ["GetMailTips"] * 4
    assert [one for one, two in zip(range(200), before, strict=True) if after[one] != two] == [150]
    for request, first in zip(lab.transport.sent, people[::50], strict=True):
        assert f"<t:SmtpAddress>{first}<".encode() in request.body
        assert b"OutOfOfficeMessage" in request.body


def test_who_is_unknown_or_in_trouble_blanks_nobody() -> None:
    lab = ExchangeLab()
    lab.server.faults.mailbox_codes = {BO: "ErrorMailboxStoreUnavailable"}
    anna, bo, nobody = look(lab, ANNA, BO, "nobody@acme.example")
    assert anna and not bo and not nobody


@pytest.mark.parametrize("version", ["2007 SP1", "2016"])
def test_where_tips_are_off_or_not_known_nothing_is_told(version: str) -> None:
    lab = ExchangeLab(version)
    lab.server.faults.mail_tips_off = True
    assert look(lab) == (0, 0)
    assert not lab.endpoint.known(lab.mailbox()).reply_seen


def test_what_concerns_everybody_is_no_answer_about_replies() -> None:
    lab = ExchangeLab()
    look(lab)
    lab.server.faults.busy = 60_000
    with pytest.raises(Throttled):
        look(lab)
    lab = ExchangeLab()
    look(lab)
    lab.transport.down = True
    with pytest.raises(Unreachable):
        look(lab)


def test_who_was_forgotten_stays_forgotten() -> None:
    lab = ExchangeLab()
    assert look(lab)[0]
    lab.endpoint.forget(lab.mailbox(BO))
    told = asyncio.run(replies(lab.endpoint, Glance(1, (ANNA, BO), 0, replies=True)))
    assert told[0] and not told[1]
    assert not lab.endpoint.remembers(lab.mailbox(BO))
