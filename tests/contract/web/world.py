"""Two organizations in a real SQLite store, and the web process' real server over it.

The engine's end of the bus is a desk that notes each command and gives the answer a test asks
for; ``tests/acceptance/web`` runs the real engine.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from kalends.bus.commands import Answer, AnyCommand, Ping, pack_answer, unpack_command
from kalends.bus.contract import Begin, Bus
from kalends.bus.memory import MemoryHub
from kalends.model.booking import Booking
from kalends.model.organization import OrganizationSettings
from kalends.model.person import PersonRecord
from kalends.model.presence import Next, Presence, Segment, Timeline
from kalends.model.profile import Profile
from kalends.model.vocabulary import Availability, Origin, Stage
from kalends.runtime import Runtime
from kalends.store import open_reader, open_store
from kalends.store.contract import (
    CalendarKey,
    CalendarRead,
    Document,
    Evaluated,
    PersonDocument,
    Store,
)
from kalends.store.vault import Vault
from kalends.web import tokens
from kalends.web.options import WebOptions
from kalends.web.serving import serve

HOUR = 3600
KEY = {1: b"a key of thirty-two bytes, yes it"[:32]}
PASSWORD = "correct horse battery"


@dataclass
class Desk:
    """Stands where the engine does: notes commands, answers as told."""

    commands: list[AnyCommand] = field(default_factory=list)
    answer: Answer = field(default_factory=lambda: Answer(ok=True))
    silent: bool = False
    stuck: bool = False
    """Begins, and is never done."""

    async def handle(self, payload: bytes, begin: Begin) -> bytes:
        command = unpack_command(payload)
        if self.silent:
            await asyncio.Event().wait()
        await begin()
        if self.stuck:
            await asyncio.Event().wait()
        if isinstance(command, Ping):
            return pack_answer(Answer(ok=True, value={"metrics": "kalends_due_lag_seconds 0.1\n"}))
        self.commands.append(command)
        return pack_answer(self.answer)


@dataclass
class World:
    """Everything a test of the web room touches."""

    store: Store
    bus: Bus
    """The engine's end."""
    desk: Desk
    runtime: Runtime
    base: str = ""
    port: int = 0
    secrets: dict[str, str] = field(default_factory=dict)
    """Token texts by ``organization/role`` or ``organization/person``."""

    def now(self) -> int:
        return int(self.runtime.now())

    async def organization(self, name: str, **settings: Any) -> None:
        document = OrganizationSettings(id=name, name=name.title(), **settings)
        body = document.model_dump_json(exclude_unset=True).encode()
        await self.store.save_documents([Document(name, "organization", name, body, "api")])

    async def person(
        self, organization: str, person: str, name: str, *, delegates: tuple[str, ...] = (),
        department: str = "", stage: Stage = Stage.LIVE, protected: bool = False,
        **keys: Any,
    ) -> None:  # fmt: skip
        record = PersonRecord(
            id=person, name=name, delegates=delegates, department=department or None,
            protected=protected, managed_by="api", **keys,
        )  # fmt: skip
        profile = Profile(
            person, name, "en", "UTC", department, extension=record.extension or "",
            mobile=record.mobile or "", delegates=delegates, stage=stage, protected=protected,
        )  # fmt: skip
        body = record.model_dump_json(exclude_unset=True).encode()
        document = PersonDocument(organization, person, body, profile, "api")
        await self.store.save_people([document], now=self.now())

    async def state(self, organization: str, person: str, presence: Presence, **keys: Any) -> int:
        """Store a presence as the engine does, and tell the bus; return the revision."""
        facts = await self.store.facts(organization, person)
        assert facts is not None
        batch = [
            Evaluated(
                organization, person, facts.input_version, presence,
                keys.pop("next_change_at", None), self.now(), changed=True, **keys,
            )
        ]  # fmt: skip
        committed = await self.store.commit_batch(batch, now=self.now())
        assert not committed.refused
        revision = committed.revisions[organization]
        await self.bus.publish(f"revision.{organization}", b"%d" % revision)
        return revision

    async def meeting(self, organization: str, person: str, subject: str) -> None:
        """Let somebody be in a meeting of this subject for an hour."""
        now = self.now()
        booking = Booking("b1", now - 60, now + HOUR, subject=subject, categories=("Important",))
        key = CalendarKey(organization, person, "dav", "default")
        await self.store.set_calendars(organization, person, [(key, None)], now)
        read = CalendarRead(
            key, None, b"1", now - HOUR, now + 35 * 86_400, (booking,), 0, now, True
        )
        await self.store.replace_calendar(read, now=now)
        segment = Segment(
            booking.start, booking.end, Availability.BUSY, "meeting", "work",
            booking="dav/default/b1", note=subject, ends_booking=True,
        )  # fmt: skip
        await self.state(
            organization, person, busy(now, note=subject), timeline=Timeline((segment,))
        )

    async def token(
        self, key: str, organization: str | None, role: tokens.Role, person: str | None = None
    ) -> str:
        secret, principal = tokens.new_token(role, key, organization, person, now=self.now())
        await self.store.save_principal(principal)
        self.secrets[key] = secret
        return secret

    def bearer(self, key: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secrets[key]}"}

    @contextlib.asynccontextmanager
    async def client(self, key: str | None = None) -> AsyncIterator[aiohttp.ClientSession]:
        headers = self.bearer(key) if key is not None else {}
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(self.base, headers=headers, cookie_jar=jar) as session:
            yield session


def busy(now: int, **keys: Any) -> Presence:
    """Return somebody in a meeting until the next full hour from now."""
    return Presence(
        availability=Availability.BUSY, activity="meeting", role="work", origin=Origin.CALENDAR,
        since=now - 60, until=now + HOUR, returns_at=now + HOUR, reachable_at=now + HOUR,
        booking_until=now + HOUR, booking="dav/default/b1",
        next=Next(now + 2 * HOUR, now + 3 * HOUR, "lunch", Availability.AWAY), **keys,
    )  # fmt: skip


async def people(world: World) -> None:
    """Fill both organizations with people who share ids, and with tokens for every role."""
    for name in ("acme", "bolt"):
        await world.organization(name)
        await world.person(name, "anna", f"Anna {name}", department="sales", extension="1001",
                           delegates=("dora",))  # fmt: skip
        await world.person(name, "bert", f"Bert {name}", department="sales")
        await world.person(name, "cleo", f"Cleo {name}", department="lab", protected=True)
        await world.person(name, "dora", f"Dora {name}", department="lab")
        await world.person(name, "trial", f"Tore {name}", stage=Stage.TRIAL)
        await world.person(name, f"only-{name}", f"Only {name}")
        await world.meeting(name, "anna", f"secret-of-{name}")
        for one in ("bert", "cleo", "dora", "trial", f"only-{name}"):
            await world.state(name, one, Presence(since=world.now()))
        for role in ("admin", "attendant", "member"):
            await world.token(f"{name}/{role}", name, role)
        for person in ("anna", "bert", "dora"):
            await world.token(f"{name}/{person}", name, "member", person)
    await world.token("provider", None, "provider")


_furnished: list[tuple[Path, dict[str, str]]] = []


async def furnished() -> tuple[Path, dict[str, str]]:
    """Return a filled database and its tokens; filled once, copied for every test."""
    if not _furnished:
        directory = Path(tempfile.mkdtemp(prefix="kalends-web-"))
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
        file = directory / "kalends.db"
        store = await open_store(f"sqlite:///{file}", Vault(KEY), Runtime())
        world = World(store, MemoryHub().bus(), Desk(), Runtime())
        await people(world)
        await store.close()
        _furnished.append((file, world.secrets))
    return _furnished[0]


@contextlib.asynccontextmanager
async def running(directory: Path, **options: Any) -> AsyncIterator[World]:
    """Run the web process over a new store."""
    runtime = Runtime()
    vault = Vault(KEY)
    file, secrets = await furnished()
    shutil.copy(file, directory / "kalends.db")
    database = f"sqlite:///{directory / 'kalends.db'}"
    store = await open_store(database, vault, runtime)
    hub = MemoryHub()
    world = World(store, hub.bus(), Desk(), runtime, secrets=dict(secrets))
    reader = await open_reader(database, vault, runtime)
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    given = {"sessions": directory / "sessions.db", "engine_seconds": 0.3, **options}
    chosen = WebOptions(port=0, **given)
    async with asyncio.TaskGroup() as tasks:
        engine = tasks.create_task(world.bus.serve(world.desk.handle))
        web = tasks.create_task(
            serve(reader, hub.bus(), runtime, chosen, started=started.set_result)
        )
        world.port = await started
        world.base = f"http://127.0.0.1:{world.port}"
        try:
            yield world
        finally:
            engine.cancel()
            web.cancel()
    await reader.close()
    await store.close()
