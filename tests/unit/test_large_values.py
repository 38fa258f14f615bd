"""Values of ten thousand parts: nobody else in the process stands still while one is unpacked."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import msgspec
import pytest

from kalends.app.watched import until_stopped
from kalends.model.booking import Booking
from kalends.model.presence import LARGE, Segment, Timeline, pack, unpack_timeline
from kalends.model.vocabulary import Availability
from kalends.store.sealing import Content, pack_content, unpack_content

MANY = 20_000
BOOKINGS = tuple(Booking(f"uid-{n}", n, n + 1, subject=f"Meeting {n}") for n in range(MANY))
SEGMENTS = tuple(Segment(n, n + 1, Availability.BUSY, "meeting", "work") for n in range(MANY))
CONTENT = Content(BOOKINGS, b"{}", (1, 2))
TIMELINE = Timeline(SEGMENTS, 7, 8)


@pytest.fixture(autouse=True)
def short_turns() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0002)
    yield
    sys.setswitchinterval(before)


def packed_content() -> bytes:
    return pack_content(CONTENT.bookings, CONTENT.work_hours, CONTENT.automatic_reply)


def test_what_is_large_comes_back_as_it_was() -> None:
    content, timeline = packed_content(), pack(TIMELINE)
    assert min(len(content), len(timeline)) > LARGE
    assert unpack_content(content) == CONTENT
    assert unpack_timeline(timeline) == TIMELINE


@pytest.mark.parametrize("unpack", [unpack_content, unpack_timeline])
def test_what_is_large_and_damaged_is_told_as_what_is_small(
    unpack: Callable[[bytes], object],
) -> None:
    good = packed_content() if unpack is unpack_content else pack(TIMELINE)
    for packed in (good[:-1], good[:10], b"\x93" + good[5:]):
        with pytest.raises(msgspec.DecodeError):
            unpack(packed)


def longest_silence(work: Callable[[], object]) -> float:
    """Return for how much of some work another thread was kept from running, at most."""
    seen, over = [time.perf_counter()], threading.Event()

    def look() -> None:
        while not over.is_set():
            seen.append(time.perf_counter())

    other = threading.Thread(target=look)
    other.start()
    begun = time.perf_counter()
    work()
    ended = time.perf_counter()
    over.set()
    other.join()
    gaps = [after - before for before, after in pairwise(seen) if after > begun and before < ended]
    return max(gaps, default=ended - begun) / (ended - begun)


@pytest.mark.parametrize(
    ("unpack", "packed"),
    [(unpack_content, packed_content()), (unpack_timeline, pack(TIMELINE))],
    ids=["content", "timeline"],
)
def test_others_run_while_something_large_is_unpacked(
    unpack: Callable[[bytes], object], packed: bytes
) -> None:
    shares = []
    for _ in range(20):  # the machine may be busy: one quiet moment will do
        shares.append(longest_silence(lambda: unpack(packed)))
        if shares[-1] < 0.3:
            return
    raise AssertionError(f"others stood still for {min(shares):.0%} of it")


def test_in_every_process_a_thread_gives_way_to_the_loop_within_a_millisecond() -> None:
    found: list[float] = []

    async def work() -> None:
        found.append(sys.getswitchinterval())

    sys.setswitchinterval(0.005)
    asyncio.run(until_stopped(work()))
    assert found[0] <= 0.001
