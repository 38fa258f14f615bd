"""Write-back: a manual presence as an appointment in the person's own calendar.

Place in the flow: *view → pump → this → calendar*. It is a sink like any other, so that order,
retries and restarts are the pump's; the engine opens one for every source with
``write_back = true``. Only people who opted in (``preferences.write_back``) are written for.

Rules:

- what is written carries our mark and is never read back as news (invariant 5);
- a state that ends early shortens its appointment, one that lasted less than a minute takes it out;
- an appointment that somebody removed or moved by hand is left as that person wants it;
- a state without an end is written to the end of the person's day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

import msgspec

from kalends.errors import AccessDenied, CursorExpired, KalendsError, NotFound
from kalends.model.booking import Sensitivity, ShowAs
from kalends.model.profile import Profile
from kalends.model.times import Interval, day_start
from kalends.model.view import View
from kalends.model.vocabulary import Audience, Availability, Origin
from kalends.policy.vocabulary import Vocabulary
from kalends.runtime import Runtime
from kalends.sinks.contract import Delivered, Delivery, Failed, Outcome, Publication
from kalends.wire.ews.create_item import Appointment

_SHORTEST: Final = 60
_SHOW_AS: Final = {
    Availability.BUSY: ShowAs.BUSY,
    Availability.DND: ShowAs.BUSY,
    Availability.AWAY: ShowAs.OOF,
    Availability.OFFLINE: ShowAs.OOF,
}
_REMEDY: Final = (
    "the account may read this calendar but not write into it: give it the right to create and "
    "edit its own items there, or switch write_back off"
)


class CalendarWriter(Protocol):
    """What writes into calendars; errors are ``kalends.errors``."""

    @property
    def runtime(self) -> Runtime:
        """Clock."""

    async def create(self, address: str, appointment: Appointment) -> str:
        """Put an appointment into a calendar; return its id."""

    async def change(self, address: str, id: str, interval: Interval) -> str:
        """Give it other times; return its id. ``NotFound``: somebody took it away."""

    async def delete(self, address: str, id: str) -> None:
        """Take it out; gone already is no error."""

    async def ours(self, address: str, interval: Interval) -> tuple[str, ...]:
        """Return ids of appointments of ours that overlap."""


class Wanted(msgspec.Struct, frozen=True, array_like=True):
    """What the calendar should hold; no start: nothing."""

    start: int = 0
    end: int = 0
    subject: str = ""
    show_as: ShowAs = ShowAs.BUSY
    private: bool = False


class Written(msgspec.Struct, frozen=True, array_like=True):
    """What the pump remembers: the appointment we wrote."""

    id: str
    """Empty: the person took it away, and it is not written again."""
    wanted: Wanted
    address: str


_pack = msgspec.msgpack.encode
_wanted = msgspec.msgpack.Decoder(Wanted)
_written = msgspec.msgpack.Decoder(Written)


class WriteBackSink:
    """``PresenceSink`` that writes into calendars."""

    def __init__(self, writer: CalendarWriter, vocabulary: Callable[[], Vocabulary]) -> None:
        self._writer = writer
        self._vocabulary = vocabulary

    @property
    def delivery(self) -> Delivery:
        """The present state; what came and went meanwhile is not written."""
        return Delivery.LATEST

    @property
    def audience(self) -> Audience:
        """The person: it is the person's own calendar."""
        return Audience.SELF

    @property
    def concurrency(self) -> int:
        """Few at once: reading comes first on this budget."""
        return 4

    @property
    def batch(self) -> int:
        """One person at a time."""
        return 1

    def render(self, view: View, profile: Profile) -> bytes | None:
        """Return what the calendar should hold; None where the person has not opted in."""
        if not profile.write_back or not profile.email:
            return None
        if view.origin is not Origin.MANUAL or view.since is None or view.activity is None:
            return _pack(Wanted())
        show_as = _SHOW_AS.get(view.availability)
        end = view.until or _day_end(view.since, profile.timezone)
        if show_as is None or end <= view.since:
            return _pack(Wanted())  # "available" books nothing
        words = self._vocabulary()
        name = words.name(view.activity, profile.language)
        subject = f"{name}: {view.note}" if view.note else name
        private = view.activity in words.sensitive
        return _pack(Wanted(view.since, end, subject, show_as, private))

    async def publish(self, publications: Sequence[Publication]) -> Sequence[Outcome]:
        """Make calendars hold what is wanted."""
        return [await self._one(publication) for publication in publications]

    async def withdraw(self, publications: Sequence[Publication]) -> None:
        """End what runs: the person opted out, left, or is no longer live."""
        for publication in publications:
            before = _before(publication)
            if before is not None and before.id:
                await self._end(before)

    async def close(self) -> None:
        """Do nothing: the endpoint is closed by whoever opened it."""

    async def _one(self, publication: Publication) -> Outcome:
        if not publication.rendered:
            return Delivered(publication.memory)
        wanted = _wanted.decode(publication.rendered)
        try:
            now = await self._made(publication, wanted)
        except AccessDenied as error:
            return Failed(error.code, _REMEDY, memory=publication.memory, give_up=True)
        except (KalendsError, TimeoutError) as error:
            code = getattr(error, "code", "trouble")
            at = getattr(error, "at", None)
            return Failed(code, str(error), at, memory=publication.memory)
        return Delivered(None if now is None else _pack(now))

    async def _made(self, publication: Publication, wanted: Wanted) -> Written | None:
        before = _before(publication)
        if before is not None and before.wanted.start == wanted.start:
            return await self._adjust(before, wanted)
        if before is not None:
            await self._end(before)
        if not wanted.start or wanted.end <= self._writer.runtime.now():
            return None
        return await self._write(publication.profile.email.lower(), wanted)

    async def _adjust(self, before: Written, wanted: Wanted) -> Written:
        """The same state with another end or word."""
        if not before.id:
            return msgspec.structs.replace(before, wanted=wanted)
        interval = Interval(wanted.start, wanted.end)
        try:
            if _without_end(before.wanted) != _without_end(wanted):
                await self._writer.delete(before.address, before.id)
                return await self._create(before.address, wanted)
            id = await self._writer.change(before.address, before.id, interval)
        except NotFound:
            id = ""
        except CursorExpired:  # the mailbox moved, and its items have other ids
            return await self._write(before.address, wanted)
        return Written(id, wanted, before.address)

    async def _write(self, address: str, wanted: Wanted) -> Written:
        """Write an appointment; one of ours that lies there is left from a try cut short."""
        # A second in: the appointment that ended at this very moment is none of it.
        lasting = Interval(wanted.start + 1, max(wanted.end, wanted.start + 2))
        for id in await self._writer.ours(address, lasting):
            await self._writer.delete(address, id)
        return await self._create(address, wanted)

    async def _create(self, address: str, wanted: Wanted) -> Written:
        appointment = Appointment(
            Interval(wanted.start, wanted.end),
            wanted.subject,
            mark=str(wanted.start),
            show_as=wanted.show_as,
            sensitivity=Sensitivity.PRIVATE if wanted.private else Sensitivity.NORMAL,
        )
        return Written(await self._writer.create(address, appointment), wanted, address)

    async def _end(self, before: Written) -> None:
        """End an appointment now, where it would run on."""
        now = int(self._writer.runtime.now())
        start, end = before.wanted.start, before.wanted.end
        if not before.id or end <= now + _SHORTEST:
            return
        try:
            await self._cut(before.address, before.id, Interval(start, now))
        except CursorExpired:  # the mailbox moved, and its items have other ids
            for id in await self._writer.ours(before.address, Interval(now, end)):
                await self._cut(before.address, id, Interval(start, now))

    async def _cut(self, address: str, id: str, passed: Interval) -> None:
        """Leave of an appointment what has passed; nothing, where that was a slip."""
        if passed.end - passed.start < _SHORTEST:
            await self._writer.delete(address, id)
            return
        try:
            await self._writer.change(address, id, passed)
        except NotFound:
            return


def _before(publication: Publication) -> Written | None:
    return None if publication.memory is None else _written.decode(publication.memory)


def _without_end(wanted: Wanted) -> Wanted:
    return msgspec.structs.replace(wanted, end=0)


def _day_end(moment: int, timezone: str) -> int:
    zone = ZoneInfo(timezone)
    day = datetime.fromtimestamp(moment, UTC).astimezone(zone).date()
    return day_start(day + timedelta(days=1), zone)
