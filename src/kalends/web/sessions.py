"""Sessions of people signed in to the console: the web process' own small file.

The cookie carries 256 random bits; file and memory hold their SHA-256. A session ends after
``IDLE`` without a request (an open page is one), after ``LONGEST`` in any case, and at once when
its principal is removed (looked up with every request). Written at sign-in and sign-out, and at
most every ``TOUCH`` seconds for the time of last use.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from kalends import observe
from kalends.runtime import Runtime

log = observe.logger(__name__)

IDLE: Final = 12 * 3600
LONGEST: Final = 7 * 86400
TOUCH: Final = 300
_MOST: Final = 100_000
_END: Final = "DELETE FROM session WHERE hash = ?"

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS session (
    hash TEXT PRIMARY KEY, principal TEXT NOT NULL, created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL
) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class Session:
    """One browser signed in."""

    hash: str
    principal: str
    """Id of the token or account."""
    created_at: int
    used_at: int

    def lasts(self, now: float) -> bool:
        """Tell whether the session still holds."""
        return now < self.used_at + IDLE and now < self.created_at + LONGEST


class Sessions:
    """All sessions of this process, in memory, written through to the file."""

    def __init__(self, path: Path | None, runtime: Runtime) -> None:
        self._runtime = runtime
        self._path = path
        self._sessions: dict[str, Session] = {}
        self._file: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Read the file; a broken one is replaced, which signs everybody out."""
        if self._path is not None:
            self._sessions = await self._runtime.offload(self._load, self._path)

    def _load(self, path: Path) -> dict[str, Session]:
        path.touch(mode=0o600)
        try:
            self._file = _connect(path)
            rows = self._file.execute("SELECT hash, principal, created_at, used_at FROM session")
            return {row[0]: Session(*row) for row in rows}
        except sqlite3.DatabaseError:
            path.unlink()
            path.touch(mode=0o600)
            self._file = _connect(path)
            return {}

    async def begin(self, principal: str) -> str:
        """Start a session and return the cookie's value."""
        now = int(self._runtime.now())
        await self._sweep(now)
        value = secrets.token_urlsafe(32)
        await self._keep(Session(_hash(value), principal, now, now))
        return value

    async def find(self, value: str) -> Session | None:
        """Return the session of a cookie's value, where it still holds."""
        now = int(self._runtime.now())
        session = self._sessions.get(_hash(value))
        if session is None:
            return None
        if not session.lasts(now):
            self._sessions.pop(session.hash, None)
            await self._try(_END, (session.hash,))
            return None
        if now - session.used_at >= TOUCH:
            session = replace(session, used_at=now)
            await self._keep(session)
        return session

    async def end(self, session: Session) -> None:
        """Sign out."""
        self._sessions.pop(session.hash, None)
        await self._write(_END, (session.hash,))  # or it would come back with the next start

    async def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            await self._runtime.offload(self._file.close)
            self._file = None

    async def _keep(self, session: Session) -> None:
        self._sessions[session.hash] = session
        await self._try(
            "INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?)",
            (session.hash, session.principal, session.created_at, session.used_at),
        )

    async def _try(self, statement: str, values: tuple[str | int, ...]) -> None:
        """Write where that is possible: a full disk keeps nobody out, it only forgets."""
        try:
            await self._write(statement, values)
        except sqlite3.Error as error:
            log.warning("sessions.unwritten", exc_info=error)

    async def _write(self, statement: str, values: tuple[str | int, ...]) -> None:
        if self._file is not None:
            await self._runtime.offload(self._file.execute, statement, values)

    async def _sweep(self, now: int) -> None:
        """Forget sessions that ended, in the file too; beyond ``_MOST`` the longest unused go."""
        ended = "DELETE FROM session WHERE used_at <= ? OR created_at <= ?"
        await self._try(ended, (now - IDLE, now - LONGEST))
        self._sessions = {h: s for h, s in self._sessions.items() if s.lasts(now)}
        if len(self._sessions) >= _MOST:
            newest = sorted(self._sessions.values(), key=lambda session: session.used_at)
            self._sessions = {s.hash: s for s in newest[-_MOST + 1 :]}


def _connect(path: Path) -> sqlite3.Connection:
    # Each use happens in one worker thread at a time; sqlite3 serializes by itself.
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute(_SCHEMA)
    return connection


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
