"""Whether a sink as a whole is reachable, and when it is tried again. Pure.

One person's failure is that person's; failures in a row over whatever people mean that the sink
is down: it is left alone, ever longer up to half a minute, and then probed with one call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

RETRY_FIRST: Final = 2.0
RETRY_LONGEST: Final = 45.0
"""Seconds until whoever failed alone is tried again, at most, while those are few: with the jitter
a fault that is over is made good within the minute."""
RETRY_LONGEST_OF_MANY: Final = 600.0
RETRIES: Final = 2.0
"""Tries a second that all who failed alone share, where they are many: a sink that never answers
for a thousand people has to go on for the others."""
STREAK: Final = 5
DOWN_FIRST: Final = 1.0
DOWN_LONGEST: Final = 30.0


def retry_pause(failures: int, waiting: int) -> float:
    """Return the seconds until a person who failed so often alone is tried again, without jitter.

    ``waiting``: how many wait for a retry.
    """
    longest = max(RETRY_LONGEST, min(RETRY_LONGEST_OF_MANY, waiting / RETRIES))
    return min(longest, RETRY_FIRST * float(2 ** min(12, failures - 1)))


@dataclass(slots=True)
class Reach:
    """The reachability of one sink; times are monotonic seconds."""

    streak: int = 0
    """Failures since the last success."""
    opens_at: float = 0.0

    @property
    def down(self) -> bool:
        """Tell whether the sink counts as down."""
        return self.streak >= STREAK

    def open(self, now: float) -> bool:
        """Tell whether something may be sent now."""
        return self.opens_at <= now

    def free(self, concurrency: int, sending: int, now: float) -> int:
        """Return how many calls may start now."""
        if not self.open(now):
            return 0
        return (1 if self.down else concurrency) - sending

    def succeeded(self) -> None:
        """Note a delivery."""
        self.streak, self.opens_at = 0, 0.0

    def failed(self, now: float, chance: float) -> bool:
        """Note a failure; tell whether the sink counts as down. ``chance`` in [0, 1)."""
        self.streak += 1
        if self.down:
            doubled = DOWN_FIRST * float(2 ** min(10, self.streak - STREAK))
            self.opens_at = now + min(DOWN_LONGEST, doubled) * (0.8 + 0.4 * chance)
        return self.down

    def try_now(self) -> None:
        """Let the next call go at once."""
        self.opens_at = 0.0
