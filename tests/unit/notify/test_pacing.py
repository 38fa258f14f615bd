"""How often who is heard is polled: soon enough to find a mute server, seldom enough for many."""

from __future__ import annotations

import heapq
import random
from collections import Counter

import pytest

from kalends.calendars.notify.doubts import GRACE
from kalends.calendars.notify.pacing import POLLS_PER_SECOND, poll_after

QUARTER = 900.0
HOUR = 3600.0
SPAN = 600.0
JITTER = 1.1
"""What the engine lengthens any pause by at most."""


@pytest.mark.parametrize("heard", [1, 200, 3_000])
def test_a_mute_server_is_found_by_polls_within_a_quarter_of_an_hour(heard: int) -> None:
    chance = random.Random(1)
    longest = max(poll_after(heard, chance) for _ in range(1000))
    assert longest * JITTER + GRACE <= QUARTER


def test_polls_of_very_many_stay_bounded_and_do_not_clump() -> None:
    heard, share = 50_000, 10
    chance = random.Random(2)
    # All were read one after another within ten minutes.
    turns = [chance.uniform(0, 600) + poll_after(heard, chance) for _ in range(heard // share)]
    heapq.heapify(turns)
    polls: Counter[int] = Counter()
    while turns[0] < 24 * HOUR:
        at = turns[0]
        polls[int(at // SPAN)] += share
        heapq.heapreplace(turns, at + poll_after(heard, chance))
    wanted = SPAN * POLLS_PER_SECOND
    assert max(polls.values()) <= 1.5 * wanted
    settled = [polls[span] for span in range(int(9 * HOUR // SPAN), int(24 * HOUR // SPAN))]
    assert sum(settled) / len(settled) == pytest.approx(wanted, rel=0.03)
    assert wanted * 0.8 <= min(settled) <= max(settled) <= wanted * 1.2


def test_nobody_is_polled_more_often_because_there_are_many() -> None:
    chance = random.Random(3)
    assert min(poll_after(50_000, chance) for _ in range(1000)) >= poll_after(1, chance)
