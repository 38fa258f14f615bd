"""Settings of automatic replies, asked in turn: who is asked for, and what of that is passed on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from lab.exchange.mailbox import Oof

from kalends.calendars.notify.actions import Glance
from kalends.calendars.notify.settings import PATIENCE, SHORTLY, Settings
from kalends.endpoints.exchange.known import Access
from kalends.errors import SignInNeeded, Throttled, Unreachable
from kalends.model.times import FOREVER
from kalends.wire.ews.get_mail_tips import Tip
from tests.exchange_lab import ExchangeLab

HOUR = 3600


class Crowd(ExchangeLab):
    """Some people who were read as their owners, whose settings were asked one after another."""

    def __init__(self, people: int = 10, version: str = "2016") -> None:
        super().__init__(version)
        self.people = [f"p{number:03}@acme.example" for number in range(people)]
        self.began = int(self.clock.at)
        for number, one in enumerate(self.people):
            self.organization.add_mailbox(one, one)
            known = self.endpoint.known(self.mailbox(one))
            known.access, known.replied_at = Access.IMPERSONATION, self.began - 9000 + number
        self.settings = Settings(self.endpoint)

    def ask(self, many: int, **tips: Tip) -> frozenset[str]:
        """Glance once."""
        asked = Glance(1, tuple(self.people), 0, settings=many)
        told = {self.mailbox(f"{one}@acme.example"): tip for one, tip in tips.items()}
        return asyncio.run(self.settings.unlike(asked, told))

    def whom(self) -> list[str]:
        """Return who was asked for since the last look."""
        found = [
            one for request in self.transport.sent for one in self.people
            if f"<t:Address>{one}<".encode() in request.body
        ]  # fmt: skip
        self.transport.sent.clear()
        return list(dict.fromkeys(found))  # the first one may settle the version

    def knows(self, person: str, start: float, end: float) -> None:
        """Somebody's reply was asked for, and is known."""
        known = self.endpoint.known(self.mailbox(person))
        known.reply, known.replied_at = (int(start), int(end)), int(self.clock.at)

    def replies(self, person: str, start: float, end: float) -> None:
        first, last = (datetime.fromtimestamp(one, UTC) for one in (start, end))
        self.organization.mailboxes[person].oof = Oof("Scheduled", first, last)


@pytest.mark.parametrize("version", ["2007 SP1", "2010", "2016"])
def test_everybodys_turn_comes_and_what_is_as_known_is_nothing_new(version: str) -> None:
    crowd = Crowd(version=version)
    for turn in (slice(0, 4), slice(4, 8)):
        assert crowd.ask(4) == frozenset()
        assert crowd.whom() == crowd.people[turn]
        crowd.clock.at += 750
    assert crowd.ask(4) == frozenset()
    assert crowd.whom() == [*crowd.people[8:], *crowd.people[:2]]


@pytest.mark.parametrize("oof", [Oof("Enabled"), Oof("Enabled", reply="Ill")])
def test_whose_is_otherwise_is_passed_on_until_a_read_has_stored_it(oof: Oof) -> None:
    crowd = Crowd()
    one = crowd.people[2]
    crowd.organization.mailboxes[one].oof = oof
    assert crowd.ask(4) == {one}
    assert crowd.ask(1) == {one}
    crowd.knows(one, 0, FOREVER)
    assert crowd.ask(10) == frozenset()
    crowd.organization.mailboxes[one].oof = Oof()
    assert crowd.ask(10) == {one}


def test_a_reply_for_later_that_is_about_to_begin_is_asked_for_once_more_and_only_once() -> None:
    crowd = Crowd()
    one, start = crowd.people[5], crowd.clock.at + 4 * HOUR
    crowd.knows(one, start, start + HOUR)
    crowd.replies(one, start, start + HOUR)
    crowd.clock.at = start - SHORTLY - 60
    crowd.ask(1)
    assert one not in crowd.whom()
    crowd.clock.at = start - SHORTLY + 60
    crowd.ask(1)
    assert one in crowd.whom()
    crowd.clock.at += 750
    crowd.ask(1)
    assert one not in crowd.whom()


def test_who_should_reply_by_now_and_is_seen_not_to_was_called_off() -> None:
    crowd = Crowd()
    one, start = crowd.people[5], crowd.clock.at + HOUR
    crowd.knows(one, start, start + HOUR)
    assert crowd.ask(0, p005=Tip(on=False)) == frozenset()  # it is for later
    crowd.clock.at = start + 60
    assert crowd.ask(0, p005=Tip(True, int(start), int(start) + HOUR)) == frozenset()
    assert crowd.ask(0) == frozenset()  # nothing is told
    assert crowd.ask(0, p005=Tip(on=False)) == {one}
    crowd.knows(one, start, start + HOUR)  # it was asked for: strangers alone are told
    assert crowd.ask(0, p005=Tip(on=False)) == frozenset()


def test_whoever_is_looked_after_so_is_asked_for_less_by_polls() -> None:
    crowd = Crowd()
    crowd.ask(2)
    seen = {crowd.endpoint.known(crowd.mailbox(one)).reply_seen for one in crowd.people}
    assert seen == {crowd.began}


def test_where_nobodys_settings_are_told_polls_go_on_asking() -> None:
    crowd = Crowd()
    crowd.server.faults.codes = {"GetUserOofSettingsRequest": "ErrorAccessDenied"}
    assert crowd.ask(8) == frozenset()
    assert len(crowd.whom()) == PATIENCE
    assert not any(crowd.endpoint.known(crowd.mailbox(one)).reply_seen for one in crowd.people)


def test_one_who_cannot_be_asked_keeps_nobody_from_his_turn() -> None:
    crowd = Crowd()
    crowd.server.faults.mailbox_codes = {crowd.people[0]: "ErrorMailboxStoreUnavailable"}
    crowd.organization.mailboxes[crowd.people[1]].oof = Oof("Enabled")
    assert crowd.ask(2) == {crowd.people[1]}
    crowd.whom()
    crowd.clock.at += 750
    crowd.ask(3)
    assert crowd.people[0] not in crowd.whom()


def test_what_concerns_everybody_ends_the_glance() -> None:
    crowd = Crowd()
    crowd.server.faults.busy = 60_000
    with pytest.raises(Throttled):
        crowd.ask(2)
    crowd = Crowd()
    crowd.transport.down = True
    with pytest.raises(Unreachable):
        crowd.ask(2)
    crowd = Crowd()
    crowd.server.faults.unauthorized = -1
    with pytest.raises(SignInNeeded):
        crowd.ask(2)


def test_delegates_and_who_was_forgotten_are_not_asked_for() -> None:
    crowd = Crowd(3)
    crowd.endpoint.known(crowd.mailbox(crowd.people[0])).access = Access.DELEGATE
    crowd.endpoint.forget(crowd.mailbox(crowd.people[1]))
    crowd.ask(3)
    assert crowd.whom() == crowd.people[2:]
    assert not crowd.endpoint.remembers(crowd.mailbox(crowd.people[1]))
