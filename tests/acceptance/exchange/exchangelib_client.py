"""Scenarios run by exchangelib in its own environment: ``python … URL SCENARIO OPTIONS``.

Each prints what it saw as lines of JSON; the test decides whether that is right.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import exchangelib
from exchangelib import (
    BASIC,
    DELEGATE,
    IMPERSONATION,
    NTLM,
    Account,
    CalendarItem,
    Configuration,
    Credentials,
    EWSDate,
    EWSDateTime,
    EWSTimeZone,
)
from exchangelib.recurrence import Recurrence, WeeklyPattern

BERLIN = EWSTimeZone("Europe/Berlin")


def say(what: Any) -> None:
    """Print one line."""
    print(json.dumps(what, default=str), flush=True)


def at(month: int, day: int, hour: int = 0) -> Any:
    """Return a moment of 2026 in Berlin."""
    return EWSDateTime(2026, month, day, hour, tzinfo=BERLIN)


def sign_in(url: str, options: dict[str, str]) -> Any:
    """Return the account a scenario works on."""
    name = options.get("user", "svc@example.test")
    configuration = Configuration(
        service_endpoint=url,
        credentials=Credentials(name, options.get("password", "secret")),
        auth_type=NTLM if options.get("auth") == "NTLM" else BASIC,
    )
    return Account(
        options.get("mailbox", "anna@example.test"),
        config=configuration,
        access_type=DELEGATE if options.get("access") == "delegate" else IMPERSONATION,
        default_timezone=BERLIN,
    )


def seen(account: Any) -> list[Any]:
    """Return March and April of the calendar."""
    return [
        [one.subject, one.start.isoformat(), one.end.isoformat(), one.type,
         one.legacy_free_busy_status, one.is_all_day, one.categories or []]
        for one in account.calendar.view(start=at(3, 1), end=at(5, 1))
    ]  # fmt: skip


def series(account: Any, number: int = 6) -> Any:
    """Book Tuesdays from 3 March on."""
    pattern = WeeklyPattern(interval=1, weekdays=["Tuesday"])
    rule = Recurrence(pattern=pattern, start=EWSDate(2026, 3, 3), number=number)
    item = CalendarItem(
        folder=account.calendar, subject="Weekly", start=at(3, 3, 9), end=at(3, 3, 10),
        recurrence=rule,
    )  # fmt: skip
    return item.save()


def create_and_find(account: Any) -> None:
    """Book a single, an all-day item and a series; change and delete; look each time."""
    item = CalendarItem(
        folder=account.calendar, subject="Budget & <figures>", start=at(3, 2, 9), end=at(3, 2, 10),
        categories=["Work, hard", "Q1"], legacy_free_busy_status="OOF", body="A long story",
    ).save()  # fmt: skip
    day = EWSDate(2026, 3, 5)
    CalendarItem(
        folder=account.calendar, subject="Day off", start=day, end=day, is_all_day=True
    ).save()
    say(str(account.version))
    say(seen(account))
    say([account.calendar.get(subject="Day off").subject])
    item.subject = "Moved"
    item.start, item.end = at(3, 2, 14), at(3, 2, 15)
    item.save(update_fields=["subject", "start", "end"])
    say(seen(account))
    item.delete()
    say(seen(account))


def exceptions(account: Any) -> None:
    """Change one occurrence of a series and delete another."""
    master = series(account)
    moved = master.occurrence(2)
    moved = account.calendar.get(id=next(iter(account.fetch([moved]))).id)
    moved.start, moved.end = at(3, 11, 11), at(3, 11, 12)
    moved.save(update_fields=["start", "end"])
    next(iter(account.fetch([master.occurrence(4)]))).delete()
    say(seen(account))
    fresh = account.calendar.get(id=master.id)
    say([len(fresh.modified_occurrences), len(fresh.deleted_occurrences), str(fresh.recurrence)])
    for number in (4, 99):
        try:
            say([type(one).__name__ for one in account.fetch([master.occurrence(number)])])
        except exchangelib.errors.ResponseMessageError as problem:
            say(type(problem).__name__)


def sync(account: Any) -> None:
    """Sync, change, sync again."""
    item = series(account)
    say([[kind, one.subject] for kind, one in account.calendar.sync_items()])
    state = account.calendar.item_sync_state
    item.subject = "Renamed"
    item.save(update_fields=["subject"])
    say([[kind, one.subject] for kind, one in account.calendar.sync_items(sync_state=state)])
    state = account.calendar.item_sync_state
    item.delete()
    say([kind for kind, _ in account.calendar.sync_items(sync_state=state)])


def pull(account: Any) -> None:
    """Subscribe, change something, ask."""
    kinds = ("CreatedEvent", "ModifiedEvent", "DeletedEvent", "MovedEvent", "CopiedEvent")
    number, mark = account.calendar.subscribe_to_pull(event_types=kinds)
    series(account)
    told = list(account.calendar.get_events(number, mark))
    say([type(event).__name__ for one in told for event in one.events])
    mark = told[-1].events[-1].watermark
    again = list(account.calendar.get_events(number, mark))
    say([type(event).__name__ for one in again for event in one.events])
    account.calendar.unsubscribe(number)
    try:
        list(account.calendar.get_events(number, mark))
    except exchangelib.errors.ResponseMessageError as problem:
        say(type(problem).__name__)


def streaming(account: Any) -> None:
    """Subscribe and listen until something happens."""
    number = account.calendar.subscribe_to_streaming()
    say("listening")
    for one in account.calendar.get_streaming_events(
        number, connection_timeout=1, max_notifications_returned=1
    ):
        say([type(event).__name__ for event in one.events])
    account.calendar.unsubscribe(number)


def availability(account: Any) -> None:
    """Ask for three days."""
    for one in account.protocol.get_free_busy_info(
        accounts=[(account, "Required", False)], start=at(3, 1), end=at(3, 4),
        merged_free_busy_interval=60,
    ):  # fmt: skip
        say([one.view_type, one.merged])
        say([[event.start, event.end, event.busy_type] for event in one.calendar_events or []])
        hours = one.working_hours[0]
        say([hours.weekdays, str(hours.start), str(hours.end)])


def look(account: Any) -> None:
    """Read the calendar, or say what stood in the way."""
    try:
        say(seen(account))
    except exchangelib.errors.EWSError as problem:
        say([type(problem).__name__, getattr(problem, "back_off", None)])


if __name__ == "__main__":
    chosen = json.loads(sys.argv[3])
    try:
        opened = sign_in(sys.argv[1], chosen)
        globals()[sys.argv[2]](opened)
    except exchangelib.errors.EWSError as refused:
        say([type(refused).__name__, getattr(refused, "back_off", None)])
