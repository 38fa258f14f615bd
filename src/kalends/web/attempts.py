"""How often somebody may try to sign in. In memory: a restart forgives, slowly.

Counted per account name and per address. After ``FREE`` failures each further one doubles the
silence asked for, up to ``LONGEST``; a success forgets the account's count, not the address's. An
address has ``SHARED`` of them: a whole office, or everybody behind a proxy, may come from one.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

FREE: Final = 5
SHARED: Final = 50
FIRST: Final = 2.0
LONGEST: Final = 900.0
ADDRESS: Final = "address:"
"""Begins the keys of addresses."""
_REMEMBERED: Final = 10_000


@dataclass(slots=True)
class _Count:
    failures: int = 0
    until: float = 0.0
    last: float = 0.0


class Attempts:
    """Failed sign-ins by key; the oldest keys are forgotten first."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, _Count] = OrderedDict()

    def wait(self, keys: tuple[str, ...], now: float) -> float:
        """Return the seconds to wait before another try; 0: go ahead."""
        return max(
            (self._counts[key].until - now for key in keys if key in self._counts), default=0
        )

    def failed(self, keys: tuple[str, ...], now: float) -> None:
        """Count a failure under each key."""
        for key in keys:
            count = self._counts.setdefault(key, _Count())
            if now - count.last > 2 * LONGEST:
                count.failures = 0
            count.failures += 1
            count.last = now
            beyond = count.failures - (SHARED if key.startswith(ADDRESS) else FREE)
            if beyond > 0:
                count.until = now + min(LONGEST, FIRST * 2.0 ** min(beyond - 1, 20))
            self._counts.move_to_end(key)
        while len(self._counts) > _REMEMBERED:
            self._counts.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """Forget the failures under a key."""
        self._counts.pop(key, None)
