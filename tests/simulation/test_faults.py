"""One promise, one story: what a single kind of trouble may do, and what it may not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import apsw
import msgspec
import pytest

from kalends.bus.commands import Ping, SetManual
from kalends.errors import AccessDenied, BadAnswer, SourceTrouble, Throttled, Unreachable
from kalends.model.booking import Booking
from kalends.model.times import rfc3339
from tests.simulation.mortal import FAILPOINTS
from tests.simulation.scenario import ORGANIZATION, Installation
from tests.simulation.scripted import Faults
from tests.simulation.storm import in_order, nothing_lost
from tests.simulation.virtual import BEGIN, VirtualLoop, run
from tests.simulation.world import DAY, HOUR, MINUTE, edit, fill

Story = Callable[[Installation], Awaitable[None]]


def told(story: Story, people: int, *, poll_seconds: float = 60.0, seed: int = 1) -> None:
    async def whole() -> None:
        home = Installation(seed, people, poll_seconds=poll_seconds)
        try:
            await story(home)
        finally:
            await home.end()

    run(whole(), VirtualLoop())


def meeting(home: Installation, person: str, start: int, end: int, uid: str = "u1") -> None:
    calendar = home.world.calendars[person]
    calendar.put(Booking(uid, BEGIN + start, BEGIN + end, subject=f"canary {uid}"))


async def by_hand(home: Installation, person: str, activity: str, seconds: int = 4 * HOUR) -> None:
    until = rfc3339(home.now() + seconds)
    command = SetManual(
        organization=ORGANIZATION, actor="t", person=person, activity=activity, until=until
    )
    assert (await home.handle(command)).ok


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("failpoint", sorted(FAILPOINTS))
def test_killed_at_a_failpoint_nothing_is_lost(failpoint: str, when: str) -> None:
    async def story(home: Installation) -> None:
        fill(home.world, home.chance, BEGIN, 1)
        passed = deaths = 0

        def dies(place: str) -> bool:
            nonlocal passed, deaths
            passed += place == f"{FAILPOINTS[failpoint]}:{when}"
            if place != f"{FAILPOINTS[failpoint]}:{when}" or passed % 3 or deaths == 20:
                return False
            deaths += 1
            return True

        await home.start()
        await home.apply()
        home.dies = dies
        watching = asyncio.create_task(home.supervise())
        await asyncio.sleep(12 * HOUR)
        home.dies = lambda place: False
        await asyncio.sleep(2 * MINUTE)
        home.server.announce()
        await asyncio.sleep(MINUTE)
        watching.cancel()
        assert deaths >= 3
        assert home.lives == deaths + 1
        assert home.wrong() == []
        await nothing_lost(home)
        in_order(home)
        assert home.plain is not None
        assert await home.plain.integrity() == []

    told(story, 10, poll_seconds=HOUR)


def test_killed_while_sending_the_state_is_sent_again() -> None:
    async def story(home: Installation) -> None:
        meeting(home, "p0000", HOUR, 2 * HOUR)
        await home.start()
        await home.apply()
        await asyncio.sleep(HOUR - 0.5)
        home.weather(Faults(slowest=30.0))
        await asyncio.sleep(1.0)  # the boundary has passed, the state is on its way
        await home.restart()
        home.weather(Faults())
        await asyncio.sleep(10)
        assert home.wrong() == []

    told(story, 2)


def test_what_was_acknowledged_survives_a_kill() -> None:
    async def story(home: Installation) -> None:
        await home.start()
        await home.apply()
        await asyncio.sleep(5)
        await by_hand(home, "p0001", "dnd", HOUR)
        await home.restart()
        await asyncio.sleep(30)
        assert home.boards["lamp"].shown["p0001"] == "dnd"
        await asyncio.sleep(HOUR)
        assert home.boards["lamp"].shown["p0001"] == "available"

    told(story, 2)


def test_promise_6_a_calendar_server_that_is_down_four_hours() -> None:
    async def story(home: Installation) -> None:
        fill(home.world, home.chance, BEGIN, 1)
        await home.start()
        await home.apply()
        await asyncio.sleep(6 * HOUR)
        home.server.faults = Faults(down=True)
        down_at = home.loop.time()
        await asyncio.sleep(2 * MINUTE)
        assert home.plain is not None
        rows = await home.plain.calendars(ORGANIZATION)
        assert all(row.stale_since is not None for row in rows)
        await asyncio.sleep(4 * HOUR)
        assert home.wrong() == []  # what was known goes on
        tries = [at for at in home.server.tries if at > down_at + 2 * MINUTE]
        assert len(tries) <= 4 * HOUR / 30
        assert min(b - a for a, b in pairwise(tries)) >= 29
        home.server.faults = Faults()
        home.server.most_at_once = 0
        await asyncio.sleep(2 * MINUTE)
        rows = await home.plain.calendars(ORGANIZATION)
        assert [row.key.person for row in rows if row.stale_since is not None] == []
        assert home.server.most_at_once <= 10

    told(story, 60)


def test_a_refused_sign_in_is_probed_at_most_every_thirty_seconds_and_changes_no_presence() -> None:
    async def story(home: Installation) -> None:
        meeting(home, "p0000", HOUR, 4 * HOUR)
        await home.start()
        await home.apply()
        await asyncio.sleep(2 * HOUR)
        home.server.faults = Faults(refuse=True)
        await asyncio.sleep(MINUTE + 10)
        before = len(home.server.tries)
        await asyncio.sleep(HOUR)
        assert len(home.server.tries) - before <= HOUR / 30
        assert home.boards["lamp"].shown["p0000"] == "busy"
        answer = await home.handle(Ping(organization=ORGANIZATION, actor="t"))
        assert [one["state"] for one in answer.value["sources"]] == ["sign-in"]

    told(story, 10)


def test_a_calendar_that_never_ends_is_told_and_harms_no_neighbour() -> None:
    async def story(home: Installation) -> None:
        home.server.endless.add("p0000")
        await home.start()
        await home.apply()
        await asyncio.sleep(30 * MINUTE)
        assert home.store is not None
        shown = {one.person: one for one in await home.store.presences("acme", "", 10)}
        assert not shown["p0000"].revision  # nothing is known of him
        assert shown["p0000"].stale_since is not None
        assert shown["p0001"].stale_since is None
        [row] = await home.store.calendars("acme", person="p0000")
        assert (row.health, row.message) == ("unreachable", "the read took too long")
        home.server.endless.clear()
        await asyncio.sleep(HOUR)
        assert home.wrong() == []
        [row] = await home.store.calendars("acme", person="p0000")
        assert (row.health, row.stale_since) == ("ok", None)

    told(story, 3)


def test_a_denied_calendar_is_probed_gently_and_comes_back_when_it_is_shared() -> None:
    async def story(home: Installation) -> None:
        home.server.denied.add("p0000")
        meeting(home, "p0000", 0, 10 * HOUR)
        await home.start()
        await home.apply()
        await asyncio.sleep(HOUR)
        assert 10 <= home.server.read_of["p0000"] <= 15
        home.server.read_of.clear()
        await asyncio.sleep(HOUR)
        await asyncio.sleep(3 * HOUR)
        assert home.server.read_of["p0000"] <= 5
        assert home.boards["lamp"].shown.get("p0001") == "available"
        home.server.denied.clear()
        await asyncio.sleep(HOUR + 10 * MINUTE)
        assert home.wrong() == []

    told(story, 2)


@pytest.mark.parametrize("poll_seconds", [1.0, 2.0, 30.0])
@pytest.mark.parametrize("hinted", [True, False])
def test_promise_13_fifty_edits_in_ten_seconds_are_told_twice_at_most(
    poll_seconds: float, hinted: bool
) -> None:
    async def story(home: Installation) -> None:
        await home.start()
        await home.apply()
        await asyncio.sleep(5 * MINUTE)
        before = home.boards["lamp"].times("p0000")
        for number in range(50):
            begin = home.now() - BEGIN - HOUR
            meeting(home, "p0000", begin, begin + (2 + number) * HOUR)
            if hinted:
                home.server.edited("p0000")
            await asyncio.sleep(0.2)
        await asyncio.sleep(MINUTE + poll_seconds)
        assert home.wrong() == []
        assert 1 <= home.boards["lamp"].times("p0000") - before <= 2

    told(story, 2, poll_seconds=poll_seconds)


def test_the_first_news_of_a_quiet_calendar_is_told_within_a_second() -> None:
    async def story(home: Installation) -> None:
        await home.start()
        await home.apply()
        await asyncio.sleep(5 * MINUTE)
        begin = home.now() - BEGIN
        meeting(home, "p0000", begin - 1, begin + HOUR)
        home.server.edited("p0000")
        await asyncio.sleep(1.0)
        assert home.boards["lamp"].shown["p0000"] == "busy"

    told(story, 2, poll_seconds=HOUR)


@pytest.mark.parametrize(
    "trouble", [BadAnswer("HTML"), Unreachable("503"), Throttled("429"), AccessDenied("not yet")]
)
def test_news_that_could_not_be_read_does_not_wait_for_the_next_poll(
    trouble: SourceTrouble,
) -> None:
    async def story(home: Installation) -> None:
        await home.start()
        await home.apply()
        await asyncio.sleep(5 * MINUTE)
        begin = home.now() - BEGIN
        meeting(home, "p0000", begin, begin + DAY)
        home.server.troubles = [trouble, trouble]
        before = home.server.read_of["p0000"]
        home.server.edited("p0000")
        home.server.edited("p0000")
        await asyncio.sleep(2 * MINUTE if not isinstance(trouble, AccessDenied) else 12 * MINUTE)
        assert home.boards["lamp"].shown["p0000"] == "busy"
        await asyncio.sleep(HOUR)
        assert home.server.read_of["p0000"] - before <= 4  # it is not asked for ever

    told(story, 2, poll_seconds=4 * HOUR)


def test_what_changes_while_its_calendar_is_read_does_not_wait_for_the_next_poll() -> None:
    """The answer on its way was settled before; nothing but the hint tells of the change."""

    async def story(home: Installation) -> None:
        await home.start()
        await home.apply()
        await asyncio.sleep(5 * MINUTE)
        begin = home.now() - BEGIN
        home.weather(Faults(slowest=20.0))
        for number in range(2, 12):
            reads = home.server.read_of["p0000"]
            meeting(home, "p0000", begin + number * HOUR, begin + number * HOUR + MINUTE, "news")
            home.server.edited("p0000")
            while home.server.read_of["p0000"] == reads or not home.server.answering:
                await asyncio.sleep(0.01)
            meeting(home, "p0000", begin, begin + DAY, "now")
            home.server.edited("p0000")
            await asyncio.sleep(MINUTE)
            assert home.boards["lamp"].shown["p0000"] == "busy"
            home.world.calendars["p0000"].remove("now")
            home.server.edited("p0000")
            await asyncio.sleep(MINUTE)
            assert home.boards["lamp"].shown["p0000"] == "available"

    told(story, 2, poll_seconds=4 * HOUR)


def files(home: Installation) -> list[bytes]:
    """Everything on disk, but the key."""
    return [path.read_bytes() for path in home.directory.iterdir() if path.suffix != ".key"]


def sealed(home: Installation) -> list[bytes]:
    """Parts of what is kept sealed of the first person's bookings and of what follows of them."""
    path = home.directory / "kalends.db"
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        rows = connection.execute(
            "SELECT content FROM calendar WHERE person = 'p0000'"
            " UNION ALL SELECT timeline FROM plan WHERE person = 'p0000'"
        ).fetchall()
    finally:
        connection.close()
    values = [bytes(value) for (value,) in rows if isinstance(value, bytes)]
    return [value[at : at + 16] for value in values for at in range(17, len(value) - 16, 16)]


def test_promise_15_a_canary_is_gone_from_every_file_ten_minutes_after_the_meeting() -> None:
    async def story(home: Installation) -> None:
        canary = "XyzzyCanary"
        calendar = home.world.calendars["p0000"]
        calendar.put(Booking("u1", BEGIN + HOUR, BEGIN + 2 * HOUR, subject=canary))
        calendar.put(Booking("u2", BEGIN + HOUR, BEGIN + 2 * HOUR, subject=canary, cancelled=True))
        await home.start()
        await home.apply()
        await asyncio.sleep(HOUR + 5)
        assert home.plain is not None
        inputs = await home.plain.inputs(ORGANIZATION, "p0000")
        assert inputs is not None
        assert canary in repr(inputs)
        before = sealed(home)
        assert any(part in file for part in before for file in files(home))
        await asyncio.sleep(HOUR + 10 * MINUTE)
        inputs = await home.plain.inputs(ORGANIZATION, "p0000")
        facts = await home.plain.facts(ORGANIZATION, "p0000")
        assert canary not in repr(inputs)
        assert canary not in repr(facts)
        assert not any(canary.encode() in file for file in files(home))
        assert not any(part in file for part in before for file in files(home))  # nor sealed

    told(story, 2)


def test_one_hung_sink_delays_no_other() -> None:
    async def story(home: Installation) -> None:
        fill(home.world, home.chance, BEGIN, 1)
        await home.start()
        home.boards["feed"].hang = True
        await home.apply()
        lamp = home.boards["lamp"]
        for _ in range(200):
            await asyncio.sleep(home.chance.uniform(60, 400))
            now = home.now()
            if all(home.world.oracle(p, now) == home.world.oracle(p, now - 2) for p in lamp.shown):
                wrong = [p for p in lamp.shown if lamp.shown[p] != home.world.oracle(p, now)]
                assert wrong == []

    told(story, 20, poll_seconds=HOUR)


def test_a_sink_that_is_down_is_looked_after_only_when_it_may_be_tried() -> None:
    async def story(home: Installation) -> None:
        await home.start()
        await home.apply()
        await asyncio.sleep(MINUTE)
        home.boards["lamp"].faults = Faults(down=True)
        begun = home.loop.turns
        await asyncio.sleep(HOUR)
        untroubled = home.loop.turns - begun
        for person in home.world.people:
            await by_hand(home, person, "dnd")
        await asyncio.sleep(MINUTE)
        begun = home.loop.turns
        await asyncio.sleep(HOUR)
        tries = home.boards["lamp"].injected["publications failed"]
        assert HOUR / 40 < tries < HOUR / 20
        assert home.loop.turns - begun < untroubled + 20 * tries  # no look in vain

    told(story, 8, poll_seconds=HOUR)


def test_a_sink_that_was_down_gets_the_present_not_the_past() -> None:
    async def story(home: Installation) -> None:
        meeting(home, "p0000", HOUR, 2 * HOUR, "a")
        meeting(home, "p0000", 3 * HOUR, 4 * HOUR, "b")
        meeting(home, "p0000", 5 * HOUR, 9 * HOUR, "c")
        await home.start()
        await home.apply()
        await asyncio.sleep(HOUR / 2)
        home.boards["lamp"].faults = Faults(down=True)
        await asyncio.sleep(5 * HOUR)
        home.boards["lamp"].faults = Faults()
        count = home.boards["lamp"].times("p0000")
        await asyncio.sleep(MINUTE)
        assert home.boards["lamp"].shown["p0000"] == "busy"
        assert home.boards["lamp"].times("p0000") == count + 1

    told(story, 2)


def test_after_six_hours_of_sleep_every_state_is_right_and_the_feed_got_the_last_hour() -> None:
    async def story(home: Installation) -> None:
        for person in home.world.people:
            for number in range(20):
                begin = number * HOUR / 2 + home.chance.randrange(600)
                meeting(home, person, int(begin), int(begin) + 15 * MINUTE, f"u{number}")
        await home.start()
        await home.apply()
        await asyncio.sleep(10 * MINUTE)
        home.clock.set_by(6 * HOUR)  # suspended: the monotonic clock stood still
        await asyncio.sleep(2 * MINUTE)
        assert home.wrong() == []
        now = home.now()
        for person in home.world.people:
            late = [
                word
                for who, _, word, at in home.boards["feed"].received
                if who == person and at > now - 2 * MINUTE
            ]
            assert late.count("busy") >= 1
            assert late.count("available") >= 1

    told(story, 5, poll_seconds=HOUR)


def test_after_a_clock_was_set_back_what_was_so_then_is_shown_again() -> None:
    async def story(home: Installation) -> None:
        meeting(home, "p0000", HOUR, 2 * HOUR)
        await home.start()
        await home.apply()
        await asyncio.sleep(2 * HOUR + 10 * MINUTE)
        assert home.boards["lamp"].shown["p0000"] == "available"
        home.clock.set_by(-HOUR)
        await asyncio.sleep(2 * MINUTE)
        assert home.boards["lamp"].shown["p0000"] == "busy"
        assert home.wrong() == []

    told(story, 2, poll_seconds=4 * HOUR)


@pytest.mark.parametrize("dead", [2.0, 30.0 * MINUTE])
@pytest.mark.parametrize("poll_seconds", [60.0, 4.0 * HOUR])
def test_an_edit_made_while_the_engine_was_dead_is_found_when_it_is_back(
    poll_seconds: float, dead: float
) -> None:
    async def story(home: Installation) -> None:
        fill(home.world, home.chance, BEGIN, 1)
        await home.start()
        await home.apply()
        await asyncio.sleep(8 * HOUR)
        await home.die()
        for _ in range(30):
            edit(home.world, home.chance, home.now())
            await asyncio.sleep(dead / 30)
        home.server.hints = asyncio.Queue()  # nobody heard of them
        await home.start()
        await asyncio.sleep(2 * MINUTE)
        assert home.wrong() == []

    told(story, 10, poll_seconds=poll_seconds)


def test_a_deleted_meeting_and_a_cancelled_one_end_at_once() -> None:
    async def story(home: Installation) -> None:
        meeting(home, "p0000", 0, DAY)
        meeting(home, "p0001", 0, DAY)
        await home.start()
        await home.apply()
        await asyncio.sleep(HOUR)
        home.world.calendars["p0000"].remove("u1")
        calendar = home.world.calendars["p0001"]
        calendar.put(msgspec.structs.replace(calendar.bookings["u1"], cancelled=True))
        await asyncio.sleep(61)
        assert home.wrong() == []

    told(story, 2)
