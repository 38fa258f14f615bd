"""A kept book is read once however many ask, renewed behind their backs, and never lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from kalends.directory.contract import Contact
from kalends.directory.kept import KeptBook
from kalends.errors import Unreachable
from tests.simulation.virtual import Clock, VirtualLoop, run, runtime


class Server:
    """Tells contacts, or fails."""

    def __init__(self) -> None:
        self.names = ["Anna"]
        self.reads = 0
        self.down = False

    async def load(self) -> tuple[Contact, ...]:
        self.reads += 1
        await asyncio.sleep(1)
        if self.down:
            raise Unreachable("no answer")
        return tuple(Contact(name, name, "pf") for name in self.names)


def story(tell: Callable[[Server, KeptBook], Awaitable[None]]) -> None:
    loop = VirtualLoop()

    async def whole() -> None:
        server = Server()
        kept = KeptBook(server.load, runtime(loop, Clock(loop), 1), seconds=3600)
        await tell(server, kept)
        await kept.close()

    run(whole(), loop)


def test_however_many_ask_one_reads() -> None:
    async def tell(server: Server, kept: KeptBook) -> None:
        books = await asyncio.gather(*(kept.book() for _ in range(50)))
        assert {len(book) for book in books} == {1}
        assert server.reads == 1

    story(tell)


def test_an_old_book_serves_while_the_new_one_is_read() -> None:
    async def tell(server: Server, kept: KeptBook) -> None:
        await kept.book()
        server.names = ["Anna", "Bert"]
        await asyncio.sleep(4500)
        assert len(await kept.book()) == 1  # at once
        await asyncio.sleep(2)
        assert len(await kept.book()) == 2
        assert server.reads == 2

    story(tell)


def test_a_server_that_is_down_takes_no_contact_away_and_is_left_in_peace() -> None:
    async def tell(server: Server, kept: KeptBook) -> None:
        await kept.book()
        server.down = True
        await asyncio.sleep(4500)
        for _ in range(600):
            assert len(await kept.book()) == 1
            await asyncio.sleep(6)
        assert 2 <= server.reads <= 10  # in an hour
        assert isinstance(kept.trouble, Unreachable)
        server.down = False
        server.names = ["Anna", "Bert", "Cleo"]
        await asyncio.sleep(3700)
        await kept.book()
        await asyncio.sleep(2)
        assert len(await kept.book()) == 3
        assert kept.trouble is None

    story(tell)


def test_without_a_book_the_trouble_is_told_and_not_asked_for_again_at_once() -> None:
    async def tell(server: Server, kept: KeptBook) -> None:
        server.down = True
        for _ in range(20):
            with pytest.raises(Unreachable):
                await kept.book()
        assert server.reads == 1
        server.down = False
        await asyncio.sleep(60)
        assert len(await kept.book()) == 1

    story(tell)
