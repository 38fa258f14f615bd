"""Work for worker processes: well-behaved and hostile."""

import os
import time
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from kalends.errors import BadBooking, Throttled
from kalends.model.times import Interval


def echo(*values: Any) -> Any:
    return values


def values() -> Any:
    return (
        Interval(1, 2),
        datetime(2026, 3, 2, 13, tzinfo=ZoneInfo("Europe/Stockholm")),
        datetime(2026, 3, 2, 13, tzinfo=UTC),
        {"a": {1, 2}, "b": b"x"},
    )


def number() -> int:
    return os.getpid()


def spin() -> None:
    while True:
        pass


def spin_in_c() -> int:
    return sum(range(10**13))


def nap(seconds: float) -> None:
    time.sleep(seconds)


def swell() -> int:
    return len([bytearray(1 << 20) for _ in range(100_000)])


def dig(depth: int = 0) -> int:
    return dig(depth + 1) + 1


def crash() -> None:
    os._exit(7)


def broken_booking() -> None:
    raise BadBooking("uid-1", "no start")


def throttled() -> None:
    raise Throttled("later", 12.5)


def stranger() -> None:
    raise ValueError("secret subject")


class Trap:
    """Pickles into a call in whoever reads it."""

    def __reduce__(self) -> Any:
        return (os.putenv, ("KALENDS_TRAP", "sprung"))


def trap() -> Any:
    return Trap()
