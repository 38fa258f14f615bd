"""Promise 11, first form: whatever is asked or done in one organization's name, the other's rows
neither show nor change. Generated from the contract, so that no method is forgotten."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Final

from kalends.store.contract import (
    AuditEntry,
    Breaker,
    CalendarHealth,
    Document,
    Evaluated,
    Lane,
    Principal,
    Reader,
    SinkRow,
    Store,
)
from tests.contract.store.world import (
    AVAILABLE,
    DND,
    HOUR,
    MEETING,
    NOW,
    booking,
    due,
    give_calendar,
    hire,
    key,
    person,
    read,
    result,
    timeline,
)

Ask = Callable[[Store, str], Awaitable[Any]]

READS: Final[dict[str, Ask]] = {
    "revision": lambda s, of: s.revision(of),
    "documents": lambda s, of: s.documents(of),
    "people": lambda s, of: s.people(of),
    "person": lambda s, of: s.person(of, "anna"),
    "person_by_email": lambda s, of: s.person_by_email(of, "anna@acme.example"),
    "presences": lambda s, of: s.presences(of),
    "presence": lambda s, of: s.presence(of, "anna"),
    "changed_since": lambda s, of: s.changed_since(of, 0),
    "transitions": lambda s, of: s.transitions(of, 0),
    "facts": lambda s, of: s.facts(of, "anna"),
    "inputs": lambda s, of: s.inputs(of, "anna"),
    "load_inputs": lambda s, of: s.load_inputs([(of, "anna")]),
    "calendars": lambda s, of: s.calendars(of),
    "owned_calendars": lambda s, of: s.owned_calendars(of, "dav", ["anna"]),
    "bookings": lambda s, of: s.bookings(key("anna", organization=of)),
    "principals": lambda s, of: s.principals(of),
    "account": lambda s, of: s.account(of, "Anna"),
    "audit": lambda s, of: s.audit(of),
    "sink_cursor": lambda s, of: s.sink_cursor(of, "hook"),
    "sink_rows": lambda s, of: s.sink_rows(of, "hook", ["anna"]),
    "sink_holds": lambda s, of: s.sink_holds(of, "hook"),
    "sink_due": lambda s, of: s.sink_due(of, "hook", NOW + HOUR),
    "sink_next_due": lambda s, of: s.sink_next_due(of, "hook"),
    "breaker": lambda s, of: s.breaker(of, "dav"),
    "secret": lambda s, of: s.secret(of, "dav", "password"),
    "upload": lambda s, of: s.upload(of, "anna", "desk"),
}

_stranger = Evaluated("other", "anna", 1, AVAILABLE, None, NOW, True, timeline(), log=True)

WRITES: Final[dict[str, Callable[[Store], Awaitable[Any]]]] = {
    "save_documents": lambda s: s.save_documents(
        [Document("other", "source", "dav", b"theirs", "api")], [("other", "source", "dav")]
    ),
    "save_people": lambda s: s.save_people([person("anna", "other")], now=NOW),
    "set_calendars": lambda s: s.set_calendars("other", "anna", [], NOW),
    "touch": lambda s: s.touch("other", ["anna"], lane=Lane.HAND, now=NOW),
    "replace_calendar": lambda s: s.replace_calendar(
        read(key("anna", organization="other")), now=NOW
    ),
    "mark_calendars": lambda s: s.mark_calendars(
        [CalendarHealth(key("anna", organization="other"), "denied", stale_since=NOW)], now=NOW
    ),
    "set_manual": lambda s: s.set_manual("other", "anna", None, now=NOW),
    "end_hold": lambda s: s.end_hold("other", "anna", now=NOW),
    "save_upload": lambda s: s.save_upload("other", "anna", "desk", b"theirs", now=NOW),
    "delete_upload": lambda s: s.delete_upload("other", "anna", "desk"),
    "commit_batch": lambda s: s.commit_batch([_stranger], now=NOW),
    "set_aside": lambda s: s.set_aside(
        "other", ["anna"], now=NOW + 9 * HOUR, until=NOW + 99 * HOUR
    ),
    "save_sink": lambda s: s.save_sink(
        "other", "hook", cursor=99, rows=[SinkRow("other", "hook", "anna", 9)], forget=["anna"]
    ),
    "lead_sink": lambda s: s.lead_sink("other", "hook", b"theirs"),
    "delete_sink": lambda s: s.delete_sink("other", "hook"),
    "save_breaker": lambda s: s.save_breaker(Breaker("other", "dav", "theirs")),
    "save_secret": lambda s: s.save_secret("other", "dav", "password", None),
    "save_principal": lambda s: s.save_principal(
        Principal("9", "other", "account", "Anna", "admin", None, "h", NOW)
    ),
    "append_audit": lambda s: s.append_audit([AuditEntry("other", NOW, "a", "b", "c")]),
}

ACROSS: Final = {
    "organizations", "principal", "summary", "close",  # names, one's own token, figures
    "evaluated_until",
    "load_due", "next_due", "crowds", "load_ahead", "seal_ahead", "forget_replaced",
    "delete_principal", "take_leases",  # the engine's own loops
    "purge", "truncate", "integrity", "backup",
}  # fmt: skip
"""Methods that belong to no organization."""


async def fill(store: Store) -> None:
    """Give acme something of everything."""
    await hire(store, "anna")
    await store.save_documents([Document("acme", "source", "dav", b"ours", "file")])
    await give_calendar(store, key("anna"))
    await store.replace_calendar(read(key("anna"), booking("1", NOW, NOW + HOUR)), now=NOW)
    await store.set_manual("acme", "anna", DND, now=NOW)
    future = timeline((NOW, NOW + HOUR, "meeting"))
    batch = [
        result(it, MEETING, timeline=future, manual=DND, log=True)
        for lane in Lane
        for it in await due(store, lane)
    ]
    await store.commit_batch(batch, now=NOW)
    await store.save_sink(
        "acme", "hook", cursor=1, rows=[SinkRow("acme", "hook", "anna", 1, b"m", b"d", NOW)]
    )
    await store.save_breaker(Breaker("acme", "dav", "f", (NOW,)))
    await store.save_secret("acme", "dav", "password", "hemligt")
    await store.save_upload("acme", "anna", "desk", b"ours", now=NOW)
    await store.save_principal(Principal("1", "acme", "account", "Anna", "admin", "anna", "h", NOW))
    await store.append_audit([AuditEntry("acme", NOW, "cli", "apply", "acme")])


async def everything(store: Store, organization: str) -> dict[str, Any]:
    return {name: await ask(store, organization) for name, ask in READS.items()}


class Tenants:
    async def test_every_method_of_the_contract_is_tried(self) -> None:
        methods = {
            name
            for protocol in (Reader, Store)
            for name, _ in inspect.getmembers(protocol, inspect.isfunction)
            if not name.startswith("_")
        }
        assert methods == set(READS) | set(WRITES) | ACROSS

    async def test_every_read_finds_something_in_its_own_organization(self, store: Store) -> None:
        await fill(store)
        assert [
            name for name, found in (await everything(store, "acme")).items() if not found
        ] == []

    async def test_every_read_finds_nothing_in_the_other(self, store: Store) -> None:
        await fill(store)
        assert [name for name, found in (await everything(store, "other")).items() if found] == []

    async def test_no_write_in_the_other_changes_anything_here(self, store: Store) -> None:
        await fill(store)
        before = await everything(store, "acme")
        await hire(store, "anna", organization="other")
        for name, write in WRITES.items():
            await write(store)
            assert await everything(store, "acme") == before, name

    async def test_deleting_the_other_organization_changes_nothing_here(self, store: Store) -> None:
        await fill(store)
        before = await everything(store, "acme")
        await hire(store, "anna", organization="other")
        await store.save_people([], [("other", "anna")], now=NOW)
        await store.save_documents([], [("other", "organization", "other")])
        assert await everything(store, "acme") == before
