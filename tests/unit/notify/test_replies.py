"""Automatic replies as an emulated Exchange tells senders of them, and what of that is compared."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from lab.exchange.mailbox import Oof

from kalends.calendars.notify.actions import Glance
from kalends.calendars.notify.batches import ANSWERS, Batches
from kalends.calendars.notify.replies import MOST_REFUSALS, Replies, print_of
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
    tips = asyncio.run(Replies(lab.endpoint).told(Glance(1, asked, 0, replies=True)))
    return tuple(print_of(tips.get(lab.mailbox(one))) for one in asked)


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
    told = asyncio.run(Replies(lab.endpoint).told(Glance(1, (ANNA, BO), 0, replies=True)))
    assert list(told) == [lab.mailbox(ANNA)]
    assert not lab.endpoint.remembers(lab.mailbox(BO))


# --- servers that want fewer at once --------------------------------------------------------------
WAYS = [
    "ErrorInvalidArgument",
    "ErrorInvalidRequest",
    "ErrorResultSetTooBig",
    "ErrorInternalServerError",
    "fault ErrorInvalidArgument",
    "fault ErrorInvalidRequest",
    "fault ErrorSchemaValidation",
    "fault ErrorAccessDenied",
    "each ErrorInvalidArgument",
    "cut",
]


def crowd(people: int = 200) -> tuple[ExchangeLab, list[str]]:
    lab = ExchangeLab()
    names = [f"p{number:03}@acme.example" for number in range(people)]
    for one in names:
        lab.organization.add_mailbox(one, one)
        lab.endpoint.known(lab.mailbox(one)).access = Access.IMPERSONATION
    return lab, names


def told(lab: ExchangeLab, replies: Replies, people: list[str]) -> int:
    """Return of how many of a group something is told."""
    return len(asyncio.run(replies.told(Glance(1, tuple(people), 0, replies=True))))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("most", [49, 25, 7])
def test_whatever_a_server_says_to_too_many_fewer_are_asked_for_and_that_is_remembered(
    way: str, most: int
) -> None:
    lab, people = crowd()
    lab.server.faults.mail_tips_most, lab.server.faults.mail_tips_refusal = most, way
    replies = Replies(lab.endpoint)
    assert told(lab, replies, people) >= len(people) - 1  # the first may be taken for the reason
    lab.transport.sent.clear()
    assert told(lab, replies, people) == len(people)
    least = -(-len(people) // most)
    assert least <= lab.transport.operations().count("GetMailTips") <= 2 * least + 6
    assert len(lab.transport.sent) == lab.transport.operations().count("GetMailTips")


def test_what_one_server_wants_is_nothing_to_another() -> None:
    batches = Batches(50)
    batches.refused("one", 50)
    assert (batches.size("one"), batches.size("other")) == (25, 50)


def test_after_many_answers_more_are_asked_for_again() -> None:
    batches = Batches(50)
    batches.refused("one", 50)
    batches.refused("one", 25)
    for size in (12, 24, 48):
        assert batches.size("one") == size
        for _ in range(ANSWERS):
            batches.answered("one")
    assert batches.size("one") == 50


def test_a_server_that_tells_nobodys_costs_a_few_requests_a_group() -> None:
    lab, people = crowd()
    lab.server.faults.mail_tips_off = True
    assert told(lab, Replies(lab.endpoint), people) == 0
    assert len(lab.transport.sent) <= MOST_REFUSALS


def test_where_the_first_may_not_be_acted_for_the_others_are_told_of_fifty_at_a_time() -> None:
    lab, people = crowd()
    lab.account.impersonates = set(people[1:])
    replies = Replies(lab.endpoint)
    assert told(lab, replies, people) == len(people) - 1
    assert lab.transport.operations().count("GetMailTips") == 5
