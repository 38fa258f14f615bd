"""What makes it large: nothing that grows with all mailboxes is done for one of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lab.exchange import crowd
from lab.exchange.calendar import Appointment, Entry, occurrences, window
from lab.exchange.mailbox import REMEMBERED
from lab.exchange.organization import Organization
from lab.exchange.recurrence import Recurrence
from lab.exchange.seed import book
from lab.exchange.xml import M, T
from lab.exchange.zones import DAYS

from tests.quickest import quickest
from tests.unit.lab.exchange.desk import ANNA, BEA, CALENDAR, IDS, Desk, desk, plan, value
from tests.unit.lab.exchange.test_notifications import (
    connect,
    get_events,
    meeting,
    names,
    subscribe,
)

NOW = datetime(2026, 3, 2, tzinfo=UTC)
rules = st.builds(
    Recurrence,
    st.sampled_from(["Daily", "Weekly", "AbsoluteMonthly"]),
    st.dates(date(2024, 1, 1), date(2025, 12, 31)),
    interval=st.integers(1, 5),
    days=st.sets(st.sampled_from(DAYS), min_size=1).map(lambda one: tuple(sorted(one))),
    day=st.integers(1, 31),
    first_day=st.sampled_from(["Monday", "Sunday"]),
    number=st.none() | st.integers(1, 80),
)


@given(rules, st.dates(date(2023, 1, 1), date(2027, 1, 1)))
def test_dates_from_a_day_on_are_the_dates_of_that_day_on(rule: Recurrence, since: date) -> None:
    last = date(2027, 6, 1)
    every = []
    for index, one in rule.dates():
        if one > last:
            break
        every.append((index, one))
    late = []
    for index, one in rule.dates(since):
        if one > last:
            break
        late.append((index, one))
    assert [one for one in late if one[1] >= since] == [one for one in every if one[1] >= since]


@given(rules.filter(lambda one: one.kind != "AbsoluteMonthly"), st.data())
def test_a_window_shows_what_the_whole_series_has_there(
    rule: Recurrence, data: st.DataObject
) -> None:
    begin = datetime.combine(rule.start, datetime.min.time(), UTC) + timedelta(hours=8)
    master = Appointment(1, begin, begin + timedelta(hours=30), recurrence=rule)
    starts = [one for _, (_, one) in zip(range(60), master.starts(), strict=False)]
    for original in data.draw(st.sets(st.sampled_from(starts), max_size=4)):
        moved = original + timedelta(days=data.draw(st.integers(-300, 300)))
        master.exceptions[original] = Appointment(1, moved, moved + timedelta(hours=1))
    master.deleted = data.draw(st.sets(st.sampled_from(starts), max_size=4)) - set(
        master.exceptions
    )
    start = starts[0] + timedelta(days=data.draw(st.integers(-20, 200)))
    end = start + timedelta(days=data.draw(st.integers(0, 30)))

    def seen(entries: list[Entry]) -> list[tuple[datetime | None, int]]:
        return sorted((one.original, one.instance) for one in entries)

    every = []
    for one in occurrences(master):
        if one.original is not None and one.original > end + timedelta(days=700):
            break
        if one.item.start < end and one.item.end >= start:
            every.append(one)
    assert seen(window([master], start, end)) == seen(every)


def test_a_crowd_is_made_quickly_and_its_mailboxes_differ() -> None:
    organization = Organization()
    crowd.populate(organization, 500, around=NOW)
    again = quickest(lambda: crowd.populate(Organization(), 500, around=NOW))
    assert again < 3  # 50,000 in a minute would be 0.6
    boxes = list(organization.mailboxes.values())
    assert {len(one.items) for one in boxes} == {20}
    assert all(one.history == [] for one in boxes)
    shown = [
        [
            (entry.item.start, entry.item.subject)
            for entry in window(box.calendar(), NOW, NOW + timedelta(7))
        ]
        for box in boxes[:50]
    ]
    assert all(shown)
    assert len({str(one) for one in shown}) == 50


def test_who_is_many_is_found_by_principal_name_and_sid() -> None:
    organization = Organization()
    box = organization.add_mailbox("anna@example.test", principal="anna@corp.local")
    assert organization.mailbox("ANNA@corp.local") is box
    assert organization.mailbox(box.sid) is box
    assert organization.mailbox("bea@corp.local") is None


def synced(one: Desk, state: str = "", most: int = 512) -> tuple[list[str], str, str]:
    """Return what a sync tells: names of changes, the state, whether that was all."""
    known = f"<m:SyncState>{state}</m:SyncState>" if state else ""
    found = one.ask(
        f"<m:SyncFolderItems><m:ItemShape>{IDS}</m:ItemShape><m:SyncFolderId>{CALENDAR}"
        f"</m:SyncFolderId>{known}<m:MaxChangesReturned>{most}</m:MaxChangesReturned>"
        "</m:SyncFolderItems>"
    )
    changes = [str(node.tag).removeprefix(T) for node in found.iterfind(f".//{M}Changes/*")]
    return changes, value(found, "SyncState"), value(found, "IncludesLastItemInRange")


def test_what_was_loaded_without_a_word_is_synced_in_pages_all_the_same() -> None:
    one = desk()
    one.impersonate = BEA
    box = one.server.organization.mailboxes[BEA]
    for _ in range(7):
        box.load(Appointment(0, NOW, NOW), NOW)
    first, state, complete = synced(one, most=4)
    assert (first, complete) == (["Create"] * 4, "false")
    rest, state, complete = synced(one, state, most=4)
    assert (rest, complete) == (["Create"] * 3, "true")
    assert synced(one, state)[0] == []
    item = box.items[2]
    box.changed(item)
    box.remove(box.items[5])
    assert synced(one, state)[0] == ["Update", "Delete"]


def test_who_stays_away_too_long_has_missed_events() -> None:
    one = desk()
    number, mark = subscribe(one, "Pull")
    streamed, _ = subscribe(one)
    for _ in range(REMEMBERED):
        meeting(one)
    assert len(one.anna.history) <= 2 * REMEMBERED
    assert one.codes(get_events(number, mark)) == ["ErrorEventNotFound"]
    stream = connect(one, streamed)
    assert b"ErrorMissedNotificationEvents" in stream.more()[0]


def test_a_stream_tells_what_happened_before_it_was_opened() -> None:
    one = desk()
    number, _ = subscribe(one)
    meeting(one)
    stream = connect(one, number)
    assert "CreatedEvent" in names(stream.more()[0])
    assert stream.more() == []


def test_only_the_mailbox_that_changed_is_looked_at() -> None:
    one = desk()
    numbers = [subscribe(one)[0]]
    one.impersonate = BEA
    numbers += [subscribe(one)[0]]
    stream = connect(one, *numbers)
    one.server.organization.mailboxes[BEA].add(Appointment(0, NOW, NOW))
    meeting(one)
    assert stream.more()[0].count(b"<t:Notification>") == 2
    # Were Bea's looked at again, it would tell all of it a second time.
    one.server.organization.subscriptions[numbers[1]].position = 0
    meeting(one)
    assert stream.more()[0].count(b"<t:Notification>") == 1


def test_a_subscription_lives_while_it_is_streamed_and_dies_after() -> None:
    one = desk()
    number, _ = subscribe(one)
    stream = connect(one, number, minutes=30)
    one.now[0] += 3600
    known = one.server.organization.subscriptions
    assert known[number].alive(one.now[0])
    stream.close()
    assert known[number].alive(one.now[0])
    one.now[0] += 31 * 60
    assert not known[number].alive(one.now[0])


def test_subscriptions_are_known_by_payer_and_by_mailbox() -> None:
    one = desk()
    numbers = [subscribe(one)[0] for _ in range(3)]
    known = one.server.organization.subscriptions
    assert [each.id for each in known.of_payer(ANNA)] == numbers
    one.server.organization.kill_subscriptions(ANNA)
    assert (known.of_payer(ANNA), known.of_mailbox(one.anna), len(known)) == ([], [], 0)


def test_connections_under_impersonation_are_charged_to_the_mailbox_since_2013() -> None:
    one = desk("2013")
    for _ in range(3):
        connect(one, subscribe(one)[0])
    one.impersonate = BEA
    assert connect(one, subscribe(one)[0])


def test_a_killed_subscription_is_told_with_the_next_heartbeat() -> None:
    one = desk()
    stream = connect(one, subscribe(one)[0], minutes=30)
    stream.opening()
    one.server.organization.kill_subscriptions()
    assert stream.more() == []
    one.now[0] = stream.due()
    assert b"ErrorInvalidSubscription" in stream.more()[0]
    assert stream.over


def test_a_new_rule_forgets_the_exceptions_of_the_old_one() -> None:
    one = desk()
    weekly = next(item for item in one.anna.items.values() if item.recurrence)
    weekly.deleted.add(NOW)
    number = next(iter(one.view("2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z")))[0].get("Id")
    one.ask(
        '<m:UpdateItem ConflictResolution="AutoResolve" SendMeetingInvitationsOrCancellations='
        '"SendToNone"><m:ItemChanges><t:ItemChange>'
        f'<t:RecurringMasterItemId OccurrenceId="{number}" ChangeKey="DwAA"/>'
        '<t:Updates><t:SetItemField><t:FieldURI FieldURI="calendar:Recurrence"/><t:CalendarItem>'
        "<t:Recurrence><t:DailyRecurrence><t:Interval>1</t:Interval></t:DailyRecurrence>"
        "<t:NoEndRecurrence><t:StartDate>2026-03-03</t:StartDate></t:NoEndRecurrence></t:Recurrence>"
        "</t:CalendarItem></t:SetItemField></t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>"
    )
    assert (weekly.recurrence.kind if weekly.recurrence else "", weekly.deleted) == ("Daily", set())


@pytest.mark.parametrize("kind", ["Pull", "Streaming"])
def test_events_before_a_subscription_are_not_told(kind: str) -> None:
    one = desk()
    book(one.server.organization, plan("Old", "2026-03-04T09:00", "2026-03-04T10:00"))
    number, mark = subscribe(one, kind)
    if kind == "Pull":
        assert value(one.ask(get_events(number, mark)), "MoreEvents") == "false"
        assert len(list(one.ask(get_events(number, mark)).iter(T + "CreatedEvent"))) == 0
    else:
        assert connect(one, number).more() == []
