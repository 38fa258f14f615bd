"""Presence published to a SIP presence server, person by person (RFC 3903).

Place in the flow: the pump hands over rendered views; this turns each into a publication, and
what the server said into something to remember. The memory of a person is the address, the
server's ETag and its expiry: a process that starts again goes on with the publication it left,
so that watchers never see two contradicting persons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from kalends.endpoints.sip import Result, SipEndpoint
from kalends.model.profile import Profile
from kalends.model.view import View
from kalends.model.vocabulary import Audience
from kalends.runtime import Runtime
from kalends.sinks.contract import Delivered, Delivery, Failed, Outcome, Publication
from kalends.wire.pidf import Style, render
from kalends.wire.sip.message import BadMessage, address_of_record, parse_uri
from kalends.wire.sip.publication import Declined, Publish, Published, refresh_in

GRACE: int = 60
"""Seconds an ETag is still tried after its expiry: clocks differ, and 412 costs little."""


class Memory(msgspec.Struct, frozen=True, array_like=True):
    """What the server holds of one person."""

    target: str
    """Address it was published for: a person's address may change."""
    etag: str
    expires_at: int
    """UTC seconds."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Memory)


def unpack_memory(packed: bytes | None) -> Memory | None:
    """Return what was remembered; None for nothing, and for what another version wrote."""
    try:
        return _decoder.decode(packed) if packed else None
    except msgspec.DecodeError:
        return None


@dataclass(frozen=True, slots=True)
class Publishing:
    """How one organization publishes."""

    audience: Audience = Audience.OUTSIDE
    expires: int = 1800
    domain: str | None = None
    """Host that replaces the one of every person's address."""
    sender: str = ""
    style: Style = field(default_factory=Style)
    batch: int = 200
    secure: bool = False
    """Whether the way to the server is TLS: only then may a sips: address be published."""


class SipPublishSink:
    """The ``PresenceSink`` over one SIP endpoint."""

    def __init__(self, runtime: Runtime, endpoint: SipEndpoint, publishing: Publishing) -> None:
        self._runtime = runtime
        self._endpoint = endpoint
        self._publishing = publishing
        self._speakers: dict[str, str] = {}
        """Address → whose presence is published for it: ``domain`` may make two people's one."""

    @property
    def delivery(self) -> Delivery:
        """A lamp: the present counts."""
        return Delivery.LATEST

    @property
    def audience(self) -> Audience:
        """Whose view it is given; outside unless configured."""
        return self._publishing.audience

    @property
    def concurrency(self) -> int:
        """Several, so that one person's silence does not hold up the next batch."""
        return 4

    @property
    def batch(self) -> int:
        """As many as the rate lets out within seconds."""
        return self._publishing.batch

    def render(self, view: View, profile: Profile) -> bytes | None:
        """Return the person's PIDF document; None for somebody without a SIP address."""
        target = self._target(profile)
        if target is None:
            return None
        return render(view, target, profile.language, self._publishing.style)

    async def publish(self, publications: Sequence[Publication]) -> list[Outcome]:
        """Publish; see ``PresenceSink.publish``."""
        planned = [self._plan(publication) for publication in publications]
        asked = [each for each in planned if isinstance(each, Publish)]
        moved = [old for each in publications if (old := self._moved(each)) is not None]
        results = await self._endpoint.publish([*asked, *moved])
        answers = iter(results)
        return [
            self._outcome(each, next(answers), unpack_memory(publication.memory))
            if isinstance(each, Publish)
            else each
            for each, publication in zip(planned, publications, strict=True)
        ]

    async def withdraw(self, publications: Sequence[Publication]) -> None:
        """Remove what is published; what the server no longer holds costs nothing."""
        held = [unpack_memory(publication.memory) for publication in publications]
        self._release({publication.person for publication in publications})
        await self._endpoint.publish(
            [self._removal(memory) for memory in held if memory is not None and self._live(memory)]
        )

    async def close(self) -> None:
        """Nothing of its own is open: the endpoint is closed by whoever opened it."""

    # --- one person ---------------------------------------------------------------------------
    def _target(self, profile: Profile) -> str | None:
        """Return the address presence is published for; None where there is none."""
        try:
            target = address_of_record(profile.sip)
        except BadMessage:
            return None
        if self._publishing.domain is None:
            return target
        return f"{target.rpartition('@')[0]}@{self._publishing.domain}"

    def _plan(self, publication: Publication) -> Publish | Failed:
        target = self._target(publication.profile)
        if target is None:
            return _hopeless("no-sip-address", "this person has no SIP address (sip:user@host)")
        if parse_uri(target).scheme == "sips" and not self._publishing.secure:
            return _hopeless("insecure", "a sips: address is published by transport=tls only")
        if self._speakers.setdefault(target, publication.person) != publication.person:
            return _hopeless("sip-address-taken", "somebody else's presence is published for it")
        memory = unpack_memory(publication.memory)
        live = memory is not None and memory.target == target and self._live(memory)
        etag = memory.etag if memory is not None and live else ""
        if not publication.rendered and not etag:
            return Failed("etag-lost", "the publication ended", retry_at=self._runtime.now())
        return Publish(
            target,
            publication.rendered,
            etag,
            self._publishing.expires,
            self._publishing.sender,
            publication.refresh,
        )

    def _moved(self, publication: Publication) -> Publish | None:
        """Return the removal of what is still published for a former address."""
        memory = unpack_memory(publication.memory)
        if memory is None or not self._live(memory):
            return None
        if self._target(publication.profile) == memory.target:
            return None
        if self._speakers.get(memory.target) == publication.person:
            del self._speakers[memory.target]
        return self._removal(memory)

    def _release(self, people: set[str]) -> None:
        """Let others speak for the addresses of people who are published no more."""
        for target in [one for one, person in self._speakers.items() if person in people]:
            del self._speakers[target]

    def _removal(self, memory: Memory) -> Publish:
        sender = self._publishing.sender
        return Publish(memory.target, etag=memory.etag, expires=0, sender=sender)

    def _live(self, memory: Memory) -> bool:
        return bool(memory.etag) and memory.expires_at + GRACE > self._runtime.now()

    def _outcome(self, asked: Publish, result: Result, memory: Memory | None) -> Outcome:
        now = self._runtime.now()
        if isinstance(result, Published):
            held = Memory(asked.target, result.etag, int(now + result.expires))
            refresh = refresh_in(result.expires, self._runtime.random.random())
            return Delivered(_encoder.encode(held), now + refresh)
        return _failed(result, memory, now)


def _failed(result: Declined, memory: Memory | None, now: float) -> Failed:
    # The pump stores what it is given: the ETag has to be given again while it is good.
    kept = _encoder.encode(memory) if memory is not None and memory.etag == result.etag else None
    retry_at = None if result.retry_after is None else now + result.retry_after
    return Failed(result.code, result.message, retry_at, kept, result.give_up)


def _hopeless(code: str, message: str) -> Failed:
    return Failed(code, message, give_up=True)
