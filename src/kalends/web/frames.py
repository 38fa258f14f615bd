"""Frames of the live stream: made once, sent to everybody who may see the same.

Vocabulary: a *band* is a class of viewers to whom every person looks the same: one role, one
department, one language. A *change* is one person's new state; it is encoded once per audience
and language, however many bands and clients it reaches. A *frame* is one server-sent event
(WHATWG HTML section 9.2), compressed once: a deflate block that ends with a full flush refers to
nothing before it, so the same bytes fit into every client's gzip stream (RFC 1951, RFC 1952).
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from kalends.model.profile import Profile
from kalends.presence import view_json
from kalends.runtime import Runtime
from kalends.store.contract import PersonDocument, StoredPresence
from kalends.web.eye import Eye
from kalends.web.sight import card
from kalends.web.tenants import Tenant

GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_LARGE: Final = 1 << 15
_SLICE: Final = 64
"""Changes encoded before others get a turn (≤ 2 ms)."""
_encode = msgspec.json.Encoder().encode


class Band(NamedTuple):
    """Viewers who get the same frames."""

    role: str
    department: str
    language: str | None

    def eye(self, tenant: Tenant) -> Eye:
        """Return how somebody of this band, nobody in particular, looks at people."""
        faceless = Profile("", "", language="", timezone="", department=self.department)
        return Eye(self.role, faceless, tenant, self.language)


class Frame:
    """One event, plain and compressed."""

    __slots__ = ("_packed", "plain")

    def __init__(self, plain: bytes) -> None:
        self.plain = plain
        self._packed: bytes | None = None

    @property
    def packed(self) -> bytes:
        """Return the deflate block, made at first use."""
        if self._packed is None:
            squeeze = zlib.compressobj(3, zlib.DEFLATED, -15)
            self._packed = squeeze.compress(self.plain) + squeeze.flush(zlib.Z_FULL_FLUSH)
        return self._packed

    async def squeeze(self, runtime: Runtime) -> None:
        """Compress now; a large frame in a thread (zlib lets the loop run meanwhile)."""
        if len(self.plain) > _LARGE:
            await runtime.offload(lambda: self.packed)


def event(name: str, data: bytes, revision: int | None = None) -> Frame:
    """Return one event; JSON holds no line break, so one data line will do."""
    line = b"" if revision is None else b"id: %d\n" % revision
    return Frame(b"event: %b\n%bdata: %b\n\n" % (name.encode(), line, data))


OPENING: Final = Frame(b"retry: 2000\n\n")
"""Tells the client to come back two seconds after a lost connection."""


def people_event(
    name: str, revision: int, pieces: Iterable[bytes], *, complete: bool | None = None
) -> Frame:
    """Return an event with people; a snapshot comes in parts, only the last one has an id."""
    more = b"" if complete is None else b'"complete":%b,' % (b"true" if complete else b"false")
    data = b'{"revision":%d,%b"people":[%b]}' % (revision, more, b",".join(pieces))
    return event(name, data, None if complete is False else revision)


def plain_event(name: str, **data: Any) -> Frame:
    """Return an event that is not about people's presence."""
    return event(name, _encode(data))


HEARTBEAT: Final = plain_event("beat")
"""Keeps the connection known to be alive, on both sides: a client that misses it comes back."""


AGAIN: Final = Frame(b"event: again\nid:\ndata: {}\n\n")
"""Who listens may see something else now. The empty id has the client come back for everybody:
of those who do not change it would go on showing what it may no longer see."""


class Change:
    """One person's state, encoded at most once per audience and language.

    With the person's document it is the whole entry: somebody new, or whose record changed.
    """

    __slots__ = ("_pieces", "document", "stored")

    def __init__(self, stored: StoredPresence, document: PersonDocument | None = None) -> None:
        self.stored = stored
        self.document = document
        self._pieces: dict[tuple[Any, ...], bytes] = {}

    def piece(self, eye: Eye, now: int) -> bytes | None:
        """Return the presence (or entry) as JSON for those who look so; None: nothing to tell."""
        profile = self.stored.profile
        if not eye.lists(profile) or (self.document is None and not eye.is_told(profile)):
            return None
        key = (eye.role, eye.audience(profile), eye.owns(profile), eye.language)
        found = self._pieces.get(key)
        if found is None:
            if self.document is None:
                told = view_json(eye.sees(self.stored, now))
            else:
                told = card(eye, self.document, self.stored, now)
            found = self._pieces[key] = _encode(told)
        return found


async def encoded(changes: Sequence[Change], eye: Eye, now: int) -> list[bytes]:
    """Return what somebody is told of changes, encoded in slices between which others run."""
    pieces: list[bytes] = []
    for index, change in enumerate(changes):
        piece = change.piece(eye, now)
        if piece is not None:
            pieces.append(piece)
        if index % _SLICE == _SLICE - 1:
            await asyncio.sleep(0)
    return pieces


def concerned(changes: Sequence[Change]) -> dict[str, list[Change]]:
    """Return the changes by whom they are about: the person and the person's delegates."""
    found: dict[str, list[Change]] = {}
    for change in changes:
        profile = change.stored.profile
        for person in (profile.person, *profile.delegates):
            found.setdefault(person, []).append(change)
    return found
