"""How long to wait, in seconds, and why so long."""

from __future__ import annotations

import random
from math import ceil
from typing import Final

SILENCE: Final = 90.0
"""Signs of life come every 45 s; two of them missing mean a dead stream (Microsoft's client)."""
LINE_MINUTES: Final = 10
"""A stream is asked for so long. Subscriptions the server lost are named when the next one opens,
so this bounds how long one can be dead without a word."""
MARGIN: Final = 45.0
"""A stream is replaced so long before its end."""
STEADY: Final = 60.0
"""A stream that worked so long ends a row of failures."""
OVERLAP: Final = 60.0
"""A replaced stream is read on at most so long."""
JOIN: Final = 1.0
"""New subscriptions join the stream so long after the first of them …"""
SETTLE: Final = 10.0
"""… or so long, while more of the group are being asked for, or the stream is as young as that:
two hundred that come one by one shall not replace it two hundred times."""
PULL_LIFE_MINUTES: Final = 15
"""A pull subscription lives so long after the last pull."""
STATUS_MINUTES: Final = 4
"""A server that pushes shows that it lives so often; looked after as often."""
PUSH_SILENCE: Final = 2 * STATUS_MINUTES * 60.0
"""Two signs of life missing: found within twelve minutes."""
HEARD_SECONDS: Final = 750.0
"""Who is heard is polled so rarely: with a tenth more by chance, and the grace of ``doubts``, a
server that says OK and delivers nothing is found within a quarter of an hour …"""
POLLS_PER_SECOND: Final = 4.0
"""… and of very many so many a second: polls of those who are heard stay a small load."""
GLANCE_SECONDS: Final = 750.0
"""Where polls are bounded, busy times of everybody are glanced at in so long: whom nobody serves
is then found as soon as by polls of few."""
SETTINGS_PER_SECOND: Final = 4.0
"""Settings of automatic replies, asked one by one in turn: never more than so many a second …"""
SETTINGS_ROUNDS: Final = 3
"""… and of nobody more often than with every third glance."""
_FIRST: Final = 2.0
_LONGEST: Final = 120.0


def back_off(failures: int) -> float:
    """Return the pause after so many failures in a row; all stay within a heartbeat's order."""
    return float(min(_FIRST * 2 ** min(max(failures - 1, 0), 10), _LONGEST))


def many(per_second: float = POLLS_PER_SECOND) -> int:
    """Return of how many who are heard the polls begin to be bounded (3,000)."""
    return int(HEARD_SECONDS * per_second)


def settings_rounds(heard: int) -> int:
    """Return after how many rounds of glances everybody's settings were asked once.

    Three up to 9,000 (37.5 minutes), seventeen of 50,000 (three hours and a half).
    """
    return max(SETTINGS_ROUNDS, ceil(heard / (GLANCE_SECONDS * SETTINGS_PER_SECOND)))


def poll_after(heard: int, chance: random.Random, per_second: float = POLLS_PER_SECOND) -> float:
    """Return after how long one of so many who are heard is polled again.

    Beyond 3,000 it varies, for they were all read one after another once, and would be for ever.
    """
    mean = max(HEARD_SECONDS, heard / per_second)
    least = max(HEARD_SECONDS, mean / 2)
    return chance.uniform(least, 2 * mean - least)
