"""Worker processes: bounds that hold, errors that pass, no process left behind."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable

import psutil
import pytest

from kalends.errors import BadBooking, Throttled, TooLarge
from kalends.workers import WorkerPool
from tests.patience import PATIENCE

WORK = "tests.unit.net.work"


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    pool = WorkerPool(2, preload=())
    yield pool
    await pool.close()


async def eventually(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def test_values_come_back_as_they_are(pool: WorkerPool) -> None:
    from tests.unit.net import work

    assert await pool.run(f"{WORK}:values") == work.values()
    assert await pool.run(f"{WORK}:echo", b"x" * 3_000_000, [1, None]) == (
        b"x" * 3_000_000,
        [1, None],
    )


async def test_work_runs_in_another_process(pool: WorkerPool) -> None:
    assert await pool.run(f"{WORK}:number") != os.getpid()


@pytest.mark.parametrize("endless", ["spin", "spin_in_c"])
async def test_an_endless_loop_ends_at_its_cpu_bound(pool: WorkerPool, endless: str) -> None:
    async with asyncio.timeout(60):  # endless is what it would be without the bound
        with pytest.raises(TooLarge):
            await pool.run(f"{WORK}:{endless}", seconds=0.1)
    assert await pool.run(f"{WORK}:echo", 1) == (1,)


async def test_work_that_only_waits_ends_at_the_wall_deadline(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kalends.workers._WALL_BASE", 0.2)
    await pool.start()
    with pytest.raises(TooLarge):
        await pool.run(f"{WORK}:nap", 60.0, seconds=0.01)


async def test_a_memory_bomb_meets_its_bound(pool: WorkerPool) -> None:
    with pytest.raises(TooLarge):
        await pool.run(f"{WORK}:swell", seconds=5.0, bytes_limit=64 << 20)
    assert await pool.run(f"{WORK}:echo", 1) == (1,)


async def test_endless_depth_is_too_large(pool: WorkerPool) -> None:
    with pytest.raises(TooLarge, match="depth"):
        await pool.run(f"{WORK}:dig", seconds=5.0)


async def test_a_worker_that_dies_fails_its_own_call_only(pool: WorkerPool) -> None:
    calls = [pool.run(f"{WORK}:crash"), *(pool.run(f"{WORK}:echo", i) for i in range(20))]
    crashed, *others = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(crashed, TooLarge)
    assert others == [(i,) for i in range(20)]


async def test_a_worker_killed_while_at_rest_is_not_noticed_by_the_next_call(
    pool: WorkerPool,
) -> None:
    process = await pool.run(f"{WORK}:number")
    os.kill(process, signal.SIGKILL)
    await eventually(lambda: not psutil.pid_exists(process))
    assert await pool.run(f"{WORK}:number") != process


async def test_a_dead_nursery_is_replaced(pool: WorkerPool) -> None:
    worker = psutil.Process(await pool.run(f"{WORK}:number"))
    nursery = worker.parent()
    assert nursery is not None
    nursery.kill()
    await eventually(lambda: not worker.is_running())  # the kernel ends what it had forked
    assert await pool.run(f"{WORK}:echo", 1) == (1,)


async def test_our_own_errors_pass_unchanged(pool: WorkerPool) -> None:
    with pytest.raises(BadBooking) as broken:
        await pool.run(f"{WORK}:broken_booking")
    assert (broken.value.uid, broken.value.reason) == ("uid-1", "no start")
    with pytest.raises(Throttled) as throttled:
        await pool.run(f"{WORK}:throttled")
    assert throttled.value.at == 12.5


async def test_a_strangers_error_tells_its_type_and_place_but_not_its_words(
    pool: WorkerPool,
) -> None:
    with pytest.raises(RuntimeError, match="ValueError in a worker at stranger") as raised:
        await pool.run(f"{WORK}:stranger")
    assert "secret" not in str(raised.value)


async def test_an_answer_that_would_call_something_here_is_refused(pool: WorkerPool) -> None:
    with pytest.raises(TooLarge, match="no value"):
        await pool.run(f"{WORK}:trap")


async def test_a_cancelled_call_leaves_the_pool_whole(pool: WorkerPool) -> None:
    calls = [asyncio.create_task(pool.run(f"{WORK}:nap", 60.0)) for _ in range(2)]
    await pool_busy(pool, 2)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    assert await asyncio.gather(*(pool.run(f"{WORK}:echo", i) for i in range(4))) == [
        (i,) for i in range(4)
    ]


async def pool_busy(pool: WorkerPool, count: int) -> None:
    await eventually(lambda: len(pool._busy) == count)


async def test_closing_leaves_no_process() -> None:
    pool = WorkerPool(2, preload=())
    await pool.start()
    worker = psutil.Process(await pool.run(f"{WORK}:number"))
    waiting = asyncio.create_task(pool.run(f"{WORK}:nap", 60.0))
    await pool_busy(pool, 1)
    await pool.close()
    with pytest.raises(TooLarge):
        await waiting
    await eventually(lambda: not worker.is_running())
    assert not [p for p in psutil.Process().children() if "kalends.nursery" in p.cmdline()]


async def test_workers_die_with_the_process_that_uses_them() -> None:
    script = (
        "import asyncio, os, signal\n"
        "from kalends.workers import WorkerPool\n"
        "async def main():\n"
        "    pool = WorkerPool(1, preload=())\n"
        f"    print(await pool.run('{WORK}:number'), flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    user = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=subprocess.PIPE
    )
    told, _ = await user.communicate()
    assert user.returncode == -signal.SIGKILL
    await eventually(lambda: not psutil.pid_exists(int(told)))
