"""Edits in quick succession count once more, not fifty times (promise 13).

The first news of a quiet calendar is read and stored at once. What follows waits until the
calendar has been quiet for two seconds, at most fifteen. Two ways lead here:

- a *hint* says "something changed": the extra read waits for quiet (``heard``);
- a *poll* already holds new content: it is stored only when a second look finds the same
  content, or when it has waited long enough (``seen``).

Pure: time is an argument (monotonic seconds). Entries exist only for calendars in motion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

QUIET_SECONDS: Final = 2.0
LONGEST_SECONDS: Final = 15.0
PRECISION: Final = 0.002
"""The agenda keeps milliseconds: what is due within this is due."""

Key = tuple[str, str]
"""(person, calendar name)."""


@dataclass(slots=True)
class _Motion:
    changed_at: float
    """When news was met last."""
    waiting_since: float | None = None
    """When the first news that is not stored yet was met."""
    content: int | None = None
    """Hash of the content that waits."""
    called: bool = False
    """Whether an extra read is noted in the agenda."""


class Debounce:
    """The calendars of one source that changed a moment ago."""

    def __init__(self, poll_seconds: float) -> None:
        self._warm = min(poll_seconds, 10.0) + QUIET_SECONDS
        self._motion: dict[Key, _Motion] = {}

    def __len__(self) -> int:
        return len(self._motion)

    def heard(self, key: Key, now: float) -> float | None:
        """Note a hint; return when to read (``now``: at once), None where a read is noted."""
        motion = self._motion.get(key)
        if motion is None or now - motion.changed_at >= self._warm:
            self._motion[key] = _Motion(now)
            return now
        motion.changed_at = now
        if motion.waiting_since is None:
            motion.waiting_since = now
        if motion.called:
            return None
        motion.called = True
        return self._ripe(motion)

    def ripe_at(self, key: Key, now: float) -> float | None:
        """Return when a noted extra read is to happen, None: now."""
        motion = self._motion.get(key)
        if motion is None:
            return None
        at = self._ripe(motion)
        if at > now + PRECISION:
            return at
        motion.called, motion.waiting_since, motion.content = False, None, None
        motion.changed_at = now
        return None

    def seen(self, key: Key, content: int, now: float) -> float | None:
        """Note new content met by a poll; return None to store it, or when to look again."""
        motion = self._motion.get(key)
        if motion is None or now - motion.changed_at >= self._warm:
            self.stored(key, now)
            return None
        if motion.waiting_since is None:
            motion.waiting_since = now
        if motion.content == content or now - motion.waiting_since >= LONGEST_SECONDS:
            self.stored(key, now)
            return None
        motion.content, motion.changed_at = content, now
        return now + QUIET_SECONDS

    def same(self, key: Key) -> None:
        """A look found what is stored: nothing waits any more, but for a noted read."""
        motion = self._motion.get(key)
        if motion is not None and not motion.called:
            motion.waiting_since, motion.content = None, None

    def sweep(self, now: float) -> None:
        """Forget calendars that have come to rest."""
        resting = [
            key
            for key, motion in self._motion.items()
            if now - motion.changed_at >= self._warm and motion.waiting_since is None
        ]
        for key in resting:
            del self._motion[key]

    def forget(self, key: Key) -> None:
        """Forget a calendar that is no more."""
        self._motion.pop(key, None)

    def stored(self, key: Key, now: float) -> None:
        """Note that new content is stored: what follows soon waits for quiet."""
        called = key in self._motion and self._motion[key].called
        self._motion[key] = _Motion(now, called=called, waiting_since=now if called else None)

    @staticmethod
    def _ripe(motion: _Motion) -> float:
        since = motion.waiting_since if motion.waiting_since is not None else motion.changed_at
        return min(motion.changed_at + QUIET_SECONDS, since + LONGEST_SECONDS)
