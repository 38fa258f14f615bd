"""What reading costs on the wire, counted at the emulator: per version, access and occasion."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from lab.exchange.mailbox import Oof
from lxml import etree

from kalends.calendars.contract import Reading
from kalends.calendars.ews.asides import AGAIN, HOURS_EVERY, REPLY_EVERY, SEEN_LASTS
from kalends.calendars.ews.source import EwsSource
from kalends.endpoints.exchange.known import Mailbox
from kalends.model.times import FOREVER, Interval
from kalends.wire.ews.names import T
from tests.contract.calendars.exchange import EwsWorld
from tests.contract.calendars.suite import LUNCH, MEETING, Follower

WHOLE = ["SyncFolderItems", "FindItem"]
HOURS = "GetUserAvailabilityRequest"
REPLY = "GetUserOofSettingsRequest"
VERSIONS = ("2007 SP1", "2010", "2010 SP2", "2013", "2016", "2019", "SE")


class Staff:
    """Some people whose calendars the account reads, one after another."""

    def __init__(self, people: int, version: str = "2016", access: str = "impersonation") -> None:
        self.world = EwsWorld(version, access=access)
        self.followers = [self._hired(number) for number in range(people)]

    def _hired(self, number: int) -> Follower:
        box = self.world.organization.add_mailbox(f"p{number:03}@acme.example")
        if self.world.options.access == "delegate":
            box.delegates = {self.world.account.name: "Reviewer"}
        follower = Follower(self.world)
        follower.ref = replace(
            self.world.ref, person=f"p{number:03}", url=box.address, emails=(box.address,)
        )
        return follower

    async def read(self, *, full: bool = False) -> list[str]:
        """Read everybody; return what was asked."""
        self.world.transport.sent.clear()
        for follower in self.followers:
            await follower.read(full=full)
        return self.world.transport.operations()

    def asked_for(self) -> list[int]:
        """Return for how many each request for work hours asked."""
        return [
            len(etree.fromstring(request.body).findall(f".//{T}MailboxData"))
            for request in self.world.transport.sent
            if HOURS.encode() in request.body
        ]

    def hours(self) -> int:
        """Return whose work hours are known."""
        known = [one.reading.work_hours for one in self.followers if one.reading is not None]
        return len(known) - known.count(None)


@pytest.mark.parametrize("access", ["impersonation", "delegate"])
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_whole_read_costs_two_the_first_one_too(version: str, access: str) -> None:
    staff = Staff(2, version, access)
    first, second = staff.followers
    await first.read()  # settles which version is spoken
    staff.world.transport.sent.clear()
    await second.read()
    assert staff.world.transport.operations() == WHOLE
    staff.world.clock.at += HOURS_EVERY
    assert await staff.read(full=True) == WHOLE * 2


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_poll_costs_two_at_most_whatever_is_due(version: str) -> None:
    staff = Staff(1, version)
    await staff.read()
    for wanted in (["SyncFolderItems", HOURS], ["SyncFolderItems", REPLY], ["SyncFolderItems"]):
        assert await staff.read() == wanted
    staff.world.clock.at += REPLY_EVERY
    assert await staff.read() == ["SyncFolderItems", REPLY]
    assert staff.hours() == 1


@pytest.mark.parametrize("oof", [Oof(), Oof("Enabled")], ids=["none", "some"])
async def test_a_first_reading_says_that_work_hours_and_the_reply_are_yet_to_come(oof: Oof) -> None:
    staff = Staff(1)
    (follower,) = staff.followers
    staff.world.organization.mailboxes["p000@acme.example"].oof = oof
    first = await follower.read()
    assert isinstance(first, Reading) and first.more and first.work_hours is None
    second = await follower.read()
    assert isinstance(second, Reading) and second.more and second.work_hours is not None
    third = await follower.read()
    assert not (isinstance(third, Reading) and third.more)
    assert REPLY in staff.world.transport.operations()
    assert (follower.reading is not None) and (follower.reading.automatic_reply is not None) is (
        oof.state == "Enabled"
    )
    follower.cursor = None  # it is remembered
    anew = await follower.read()
    assert isinstance(anew, Reading) and not anew.more


async def test_a_first_reply_that_is_refused_is_no_reason_to_read_on_and_on() -> None:
    staff = Staff(1)
    staff.world.server.faults.codes = {REPLY: "ErrorAccessDenied", HOURS: "ErrorAccessDenied"}
    (follower,) = staff.followers
    for _ in range(4):
        found = await follower.read()
    assert not (isinstance(found, Reading) and found.more)


async def test_after_a_restart_a_reply_that_was_stored_is_what_others_compare_with() -> None:
    staff = Staff(1)
    mailbox, endpoint = Mailbox("p000@acme.example"), staff.world.endpoint
    staff.world.organization.mailboxes[mailbox.address].oof = Oof("Enabled")
    for _ in range(3):
        await staff.read()
    endpoint.forget(mailbox)
    assert await staff.read() == ["SyncFolderItems"]
    assert endpoint.known(mailbox).reply == (0, FOREVER)


async def test_who_is_read_as_a_delegate_is_asked_for_no_reply() -> None:
    staff = Staff(1, access="delegate")
    await staff.read()
    assert await staff.read() == ["SyncFolderItems", HOURS]
    staff.world.clock.at += REPLY_EVERY
    assert await staff.read() == ["SyncFolderItems"]


async def test_a_reply_that_looks_otherwise_is_asked_for_whatever_else_is_due() -> None:
    staff = Staff(1)
    for _ in range(3):
        await staff.read()
    known = staff.world.endpoint.known(Mailbox("p000@acme.example"))
    staff.world.clock.at += HOURS_EVERY
    known.reply_doubted = True
    assert await staff.read() == ["SyncFolderItems", REPLY]
    assert not known.reply_doubted


async def test_a_reply_that_looks_otherwise_is_asked_for_after_a_change_too() -> None:
    staff = Staff(1)
    (follower,) = staff.followers
    for _ in range(3):
        await staff.read()
    box = staff.world.organization.mailboxes["p000@acme.example"]
    box.oof = Oof("Enabled", reply="Away")
    staff.world.anna, anna = box, staff.world.anna
    staff.world.put("one", *LUNCH)
    staff.world.anna = anna
    staff.world.endpoint.known(Mailbox("p000@acme.example")).reply_doubted = True
    changed = await follower.read()
    assert isinstance(changed, Reading) and changed.more and changed.automatic_reply is None
    after = await follower.read()
    assert isinstance(after, Reading) and after.automatic_reply == Interval(0, FOREVER)
    assert not after.more


async def test_a_reply_that_is_glanced_at_is_asked_for_a_few_times_a_day() -> None:
    staff = Staff(1)
    for _ in range(3):
        await staff.read()
    known, asked = staff.world.endpoint.known(Mailbox("p000@acme.example")), 0
    for _ in range(4 * 12):
        staff.world.clock.at += REPLY_EVERY
        known.reply_seen = int(staff.world.clock.at) - SEEN_LASTS // 2
        asked += REPLY in await staff.read()
    assert asked == 2
    staff.world.clock.at += SEEN_LASTS  # glances fail: it is asked for as ever
    assert REPLY in await staff.read()


# --- work hours together ------------------------------------------------------------------------
@pytest.mark.parametrize("access", ["impersonation", "delegate"])
async def test_a_hundred_mailboxes_share_one_request_for_their_work_hours(access: str) -> None:
    staff = Staff(250, access=access)
    await staff.read()
    assert staff.hours() == 0
    await staff.read()
    assert staff.asked_for() == [100, 100, 50]
    assert staff.hours() == 250


async def test_the_nightly_read_has_work_hours_asked_together_once_a_day() -> None:
    staff = Staff(120)
    for _ in range(3):
        await staff.read()
    staff.world.clock.at += HOURS_EVERY
    assert HOURS not in await staff.read(full=True)
    counted = Counter(await staff.read())
    assert counted[HOURS] == 2
    assert HOURS not in await staff.read()


async def test_whom_free_busy_tells_nothing_is_asked_for_alone_and_harms_nobody() -> None:
    staff = Staff(5)
    box = staff.world.organization.mailboxes["p002@acme.example"]
    box.default_right = "None"  # the owner still may
    await staff.read()
    await staff.read()
    assert staff.asked_for() == [5, 1]
    assert staff.hours() == 5


async def test_a_request_that_is_refused_whole_is_made_for_each() -> None:
    staff = Staff(3)
    await staff.read()
    faults = staff.world.server.faults

    def weigh(request: object) -> None:
        body = getattr(request, "body", b"")
        many = body.count(b"<t:MailboxData>") > 1
        faults.codes = {HOURS: "ErrorInternalServerError"} if many else {}

    staff.world.transport.before = weigh
    await staff.read()
    assert staff.asked_for() == [3, 1, 1, 1]
    assert staff.hours() == 3


async def test_a_busy_server_is_asked_for_work_hours_an_hour_later() -> None:
    staff = Staff(2)
    await staff.read()
    staff.world.server.faults.codes = {HOURS: "ErrorServerBusy"}
    for follower in staff.followers:
        staff.world.clock.at += 400  # it asks for silence, which ends
        await follower.read()
    assert staff.hours() == 0
    staff.world.server.faults.codes = {}
    staff.world.clock.at += AGAIN
    await staff.read()
    await staff.read()
    assert staff.hours() == 2


async def test_who_left_is_asked_for_no_more() -> None:
    staff = Staff(4)
    await staff.read()
    gone = staff.followers.pop()
    source = staff.world.source
    assert isinstance(source, EwsSource)
    source.forget(gone.ref.person, gone.ref.name)
    await staff.read()
    assert staff.asked_for() == [3]


# --- nothing is lost by asking later --------------------------------------------------------------
async def test_a_calendar_that_is_read_anew_keeps_its_hours_and_its_reply() -> None:
    staff = Staff(1)
    (follower,) = staff.followers
    staff.world.organization.mailboxes["p000@acme.example"].oof = Oof("Enabled")
    staff.world.put("one", *MEETING)
    for _ in range(3):
        await staff.read()
    follower.cursor = None  # other rules: nothing stored is trusted
    found = await follower.read()
    assert isinstance(found, Reading)
    assert found.work_hours is not None and found.work_hours.mon == ("08:00-17:00",)
    assert found.automatic_reply == Interval(0, FOREVER)


async def test_a_change_costs_two_whatever_else_is_due() -> None:
    staff = Staff(1)
    for _ in range(3):
        await staff.read()
    box = staff.world.organization.mailboxes["p000@acme.example"]
    staff.world.anna, anna = box, staff.world.anna
    staff.world.put("one", *LUNCH, "RRULE:FREQ=WEEKLY")
    staff.world.anna = anna
    staff.world.clock.at += HOURS_EVERY
    assert await staff.read() == WHOLE
