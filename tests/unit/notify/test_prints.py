"""Busy times as an emulated Exchange tells them, and what of them is compared."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from lab.exchange.seed import Plan, book

from kalends.calendars.notify.actions import Glance
from kalends.calendars.notify.prints import glance
from kalends.calendars.notify.values import Glanced
from tests.exchange_lab import ANNA, BO, ExchangeLab

DAY = 86_400
VERSIONS = ["2007 SP1", "2010 SP2", "2013", "2016", "SE"]


def look(lab: ExchangeLab, *addresses: str, day: int = 0) -> Glanced:
    asked = addresses or (ANNA, BO)
    for one in asked:
        lab.endpoint.known(lab.mailbox(one))  # they were read
    return asyncio.run(glance(lab.endpoint, Glance(1, asked, day)))


def meet(
    lab: ExchangeLab, who: str, hours: float, *, busy: str = "Busy", subject: str = ""
) -> None:
    """Book an hour, so many hours after today's midnight (UTC)."""
    midnight = datetime.fromtimestamp(lab.clock.at // DAY * DAY, UTC)
    start = midnight + timedelta(hours=hours)
    book(
        lab.organization,
        Plan(who, subject or "Meeting", start, start + timedelta(hours=1), busy=busy),
    )


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("hours", [0, 20, 47])
def test_what_is_booked_for_today_or_tomorrow_changes_whose_it_is_alone(
    version: str, hours: float
) -> None:
    lab = ExchangeLab(version)
    before = look(lab)
    meet(lab, ANNA, hours)
    after = look(lab, day=before.day)
    assert after.prints[0] != before.prints[0]
    assert after.prints[1] == before.prints[1]
    assert after.then == after.prints


@pytest.mark.parametrize("version", VERSIONS)
def test_a_question_of_many_is_asked_as_the_account_itself_for_digits_alone(version: str) -> None:
    lab = ExchangeLab(version)
    meet(lab, ANNA, 12, subject="Secret plan")
    look(lab)
    lab.transport.sent.clear()  # versions are settled
    look(lab)
    (sent,) = lab.transport.sent
    assert b"ExchangeImpersonation" not in sent.body
    assert b"MergedOnly" in sent.body


def test_as_what_somebody_is_busy_counts_and_what_the_meeting_is_called_does_not() -> None:
    told = []
    for busy, subject in (("Busy", "One"), ("Busy", "Two"), ("OOF", "One"), ("Tentative", "One")):
        lab = ExchangeLab()
        meet(lab, ANNA, 12, busy=busy, subject=subject)
        told.append(look(lab).prints[0])
    assert told[0] == told[1]
    assert len(set(told)) == 3


def test_time_that_passes_changes_nothing() -> None:
    lab = ExchangeLab()
    lab.clock.at = lab.clock.at // DAY * DAY
    for hours in (5, 23.5, 30, 47.5, 60):
        meet(lab, ANNA, hours)
    first = before = look(lab)
    for _ in range(23):
        lab.clock.at += 3600
        now = look(lab, day=before.day)
        assert (now.prints, now.then) == (first.prints, first.prints)
        before = now
    lab.clock.at += 3600  # midnight: the day before is compared once more
    after = look(lab, day=before.day)
    assert after.day == before.day + 1
    assert after.then == first.prints
    assert after.prints[0] != first.prints[0]


def test_what_is_booked_before_midnight_shows_after_it() -> None:
    lab = ExchangeLab()
    before = look(lab)
    meet(lab, ANNA, 40)
    lab.clock.at += DAY
    after = look(lab, day=before.day)
    assert after.then[0] != before.prints[0]
    assert after.then[1] == before.prints[1]


@pytest.mark.parametrize("days", [-1, 2, 400])
def test_a_clock_that_leaps_compares_nothing(days: int) -> None:
    lab = ExchangeLab()
    before = look(lab)
    lab.clock.at += days * DAY
    after = look(lab, day=before.day)
    assert after.then == (0, 0)
    assert all(after.prints)


def test_two_hundred_are_two_requests_and_stay_in_order() -> None:
    lab = ExchangeLab()
    people = [f"p{number:03}@acme.example" for number in range(200)]
    for one in people:
        lab.organization.add_mailbox(one, one)
    before = look(lab, *people)
    meet(lab, people[150], 12)
    lab.transport.sent.clear()
    after = look(lab, *people, day=before.day)
    assert len(lab.transport.sent) == 2
    changed = [n for n in range(200) if after.prints[n] != before.prints[n]]
    assert changed == [150]


def test_who_tells_no_busy_times_is_left_out_and_blanks_nobody() -> None:
    lab = ExchangeLab()
    lab.anna.default_right = "None"
    told = look(lab, ANNA, "nobody@acme.example", BO)
    assert told.prints[:2] == (0, 0)
    assert told.prints[2]


def test_who_was_forgotten_meanwhile_is_not_asked_for_nor_remembered_again() -> None:
    lab = ExchangeLab()
    look(lab)
    lab.endpoint.forget(lab.mailbox(ANNA))
    told = asyncio.run(glance(lab.endpoint, Glance(1, (ANNA, BO), 0)))
    assert told.prints[0] == 0
    assert told.prints[1]
    assert not lab.endpoint.remembers(lab.mailbox(ANNA))
    lab.endpoint.forget(lab.mailbox(BO))
    assert asyncio.run(glance(lab.endpoint, Glance(1, (ANNA, BO), 0))).prints == (0, 0)
