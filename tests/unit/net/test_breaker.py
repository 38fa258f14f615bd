"""A wrong password costs at most two failed sign-ins in any hour (promise 7)."""

from __future__ import annotations

import asyncio
import random
from itertools import pairwise

import pytest

from kalends.errors import SignInNeeded
from kalends.model.breaker import Breaker
from kalends.net.breaker import TRIES, WINDOW, Attempt, Breakers, MemoryBreakers, Outcome
from kalends.net.contract import Credential
from kalends.runtime import Runtime

SVC = Credential("svc", "wrong")


class SlowBreakers(MemoryBreakers):
    """A store that lets others in between reading and writing."""

    async def breaker(self, organization: str, endpoint: str) -> Breaker | None:
        state = await super().breaker(organization, endpoint)
        await asyncio.sleep(0)
        return state

    async def save_breaker(self, breaker: Breaker) -> None:
        await asyncio.sleep(0)
        await super().save_breaker(breaker)


class World:
    """A directory that refuses, processes that try, one store, one clock."""

    def __init__(self, *, right: str = "right") -> None:
        self.now = 1_800_000_000.0
        self.store = SlowBreakers()
        self.right = right
        self.failed: list[float] = []
        self.tried = 0

    def process(self) -> Breakers:
        runtime = Runtime(now=lambda: self.now, monotonic=lambda: self.now)
        return Breakers(runtime, self.store)

    async def sign_in(self, process: Breakers, credential: Credential = SVC) -> bool | None:
        """Return whether it worked, None where nothing was sent."""
        try:
            async with process.attempt("acme", credential) as attempt:
                await asyncio.sleep(0)
                return self.ask(attempt, credential)
        except SignInNeeded:
            return None

    def ask(self, attempt: Attempt, credential: Credential) -> bool:
        self.tried += 1
        good = credential.secret == self.right
        attempt.outcome = Outcome.WORKED if good else Outcome.REFUSED
        if not good:
            self.failed.append(self.now)
        return good

    def most_in_an_hour(self) -> int:
        return max(
            (sum(at <= one < at + WINDOW for one in self.failed) for at in self.failed), default=0
        )


async def test_24_hours_of_several_processes_and_restarts_with_a_wrong_password() -> None:
    world, dice = World(), random.Random(7)
    processes = [world.process() for _ in range(3)]
    for _ in range(24 * 120):
        world.now += 30 * dice.uniform(0.5, 1.5)
        if dice.random() < 0.01:
            processes[dice.randrange(3)] = world.process()
        await asyncio.gather(*(world.sign_in(dice.choice(processes)) for _ in range(4)))
    assert world.most_in_an_hour() == TRIES
    assert len(world.failed) >= 2 * 22  # and it is tried as often as it may be


async def test_a_hundred_tries_at_once_send_two() -> None:
    world = World()
    processes = [world.process() for _ in range(10)]
    await asyncio.gather(*(world.sign_in(process) for process in processes for _ in range(10)))
    assert world.tried == TRIES


async def test_a_process_that_dies_in_every_try_stops_too() -> None:
    world, graves = World(), []
    for _ in range(10):
        dying = world.process().attempt("acme", SVC)
        graves.append(dying)  # kept, or the interpreter would still tidy up after it
        try:
            await dying.__aenter__()
        except SignInNeeded:
            continue
        world.failed.append(world.now)  # it never learns of the refusal
        world.now += 10
    assert len(world.failed) == TRIES


async def test_a_secret_known_as_good_is_not_stopped_by_processes_that_die() -> None:
    world = World(right="wrong")
    assert await world.sign_in(world.process())
    graves = [world.process().attempt("acme", SVC) for _ in range(10)]
    for dying in graves:
        await dying.__aenter__()
    assert await world.sign_in(world.process())


async def test_a_good_secret_works_side_by_side_once_it_is_proven() -> None:
    world = World(right="wrong")
    process = world.process()
    inside, most = 0, 0

    async def use() -> None:
        nonlocal inside, most
        async with process.attempt("acme", SVC) as attempt:
            inside += 1
            most = max(most, inside)
            attempt.outcome = Outcome.WORKED
            await asyncio.sleep(0)
            inside -= 1

    await use()
    assert most == 1
    await asyncio.gather(*(use() for _ in range(8)))
    assert most == 8


async def test_those_who_wait_for_the_first_try_do_not_go_one_by_one_after_it() -> None:
    world = World(right="wrong")
    process = world.process()
    inside, most = 0, 0

    async def use() -> None:
        nonlocal inside, most
        async with process.attempt("acme", SVC) as attempt:
            inside += 1
            most = max(most, inside)
            for _ in range(10):
                await asyncio.sleep(0)
            attempt.outcome = Outcome.WORKED
            inside -= 1

    await asyncio.gather(*(use() for _ in range(8)))
    assert most == 7


async def test_a_password_that_turns_wrong_is_noticed_and_stopped() -> None:
    world = World(right="wrong")
    process = world.process()
    assert await world.sign_in(process)
    world.right = "changed"
    outcomes = [await world.sign_in(process) for _ in range(5)]
    assert outcomes == [False, False, None, None, None]
    assert await world.sign_in(process, Credential("svc", "changed"))


async def test_no_answer_says_nothing_but_an_answer_too_late_counts() -> None:
    for outcome, sent in ((Outcome.UNKNOWN, 5), (Outcome.UNANSWERED, TRIES)):
        world, tried = World(), 0
        process = world.process()
        for _ in range(5):
            try:
                async with process.attempt("acme", SVC) as attempt:
                    tried += 1
                    attempt.outcome = outcome
            except SignInNeeded:
                pass
        assert tried == sent


async def test_the_refusal_says_until_when() -> None:
    world = World()
    process = world.process()
    first = int(world.now)
    await world.sign_in(process)
    world.now += 600
    await world.sign_in(process)
    assert await process.open_until("acme", SVC) == first + WINDOW
    with pytest.raises(SignInNeeded, match="not tried again before") as refused:
        async with process.attempt("acme", SVC):
            pass
    assert refused.value.at == first + WINDOW
    world.now = first + WINDOW
    assert await process.open_until("acme", SVC) is None
    assert await world.sign_in(process) is False
    assert await process.open_until("acme", SVC) == first + 600 + WINDOW


async def test_an_operator_may_reset() -> None:
    world = World()
    process = world.process()
    for _ in range(3):
        await world.sign_in(process)
    await process.reset("acme", SVC)
    assert await world.sign_in(process) is False


async def test_organizations_do_not_share_a_count() -> None:
    world = World()
    process = world.process()
    for _ in range(3):
        await world.sign_in(process)
    async with process.attempt("other", SVC):
        pass


@pytest.mark.parametrize("step", [-86_400, 86_400])
async def test_a_clock_that_steps_neither_locks_out_for_ever_nor_opens_the_flood(
    step: float,
) -> None:
    world = World()
    process = world.process()
    for _ in range(3):
        await world.sign_in(process)
    world.now += step
    before = world.tried
    for _ in range(10):
        await world.sign_in(process)
    assert world.tried - before == TRIES


async def test_nothing_of_the_secret_is_stored() -> None:
    world = World()
    await world.sign_in(world.process())
    (state,) = world.store._states.values()
    assert "wrong" not in repr(state)
    assert "svc" not in repr(state)


async def test_times_of_tries_never_go_beyond_the_window() -> None:
    world = World()
    process = world.process()
    for _ in range(200):
        await world.sign_in(process)
        world.now += 977
    (state,) = world.store._states.values()
    assert len(state.failures) <= TRIES
    assert all(b - a >= 0 for a, b in pairwise(state.failures))
