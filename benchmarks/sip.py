"""SIP PUBLISH: documents rendered, and publications acknowledged by a server on loopback.

Run alone with ``python -m benchmarks.sip``. The server is a process of its own that answers 200
with a new ETag and does nothing else, so that what is measured is our side.
"""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import re
import socket
import time
from multiprocessing.connection import Connection
from typing import cast

import msgspec

from benchmarks.figure import Figure
from kalends.endpoints.kind import HttpFactory, Place, Services
from kalends.kinds.sip_publish import KIND
from kalends.model.organization import OrganizationSettings
from kalends.model.profile import Profile
from kalends.model.view import NextView, Texts, View
from kalends.model.vocabulary import Audience, Availability, Level
from kalends.runtime import Runtime
from kalends.sinks.contract import Delivered, PresenceSink, Publication

PEOPLE = 5_000
CONCURRENT = 4
COPIED = re.compile(rb"^(?:Via|From|To|Call-ID|CSeq): [^\r]*\r\n", re.MULTILINE)

MEETING = View(
    person="anna", revision=1, availability=Availability.BUSY, activity="meeting", role="work",
    since=1_772_445_600, until=1_772_449_200, returns_at=1_772_449_200, reachable_at=1_772_449_200,
    note=None, next=NextView(1_772_449_200, 1_772_452_800, "lunch", Availability.AWAY), origin=None,
    set_by=None, set_at=None, line=None, diversion=None,
    texts=Texts("Möte -12:00", "Möte, tillbaka 12:00", "Anna är i möte."), stale_since=None,
    booking_until=None, audience=Audience.OUTSIDE, level=Level.ACTIVITY,
)  # fmt: skip


def _answer(asked: bytes, number: int) -> bytes:
    return (
        b"SIP/2.0 200 OK\r\n"
        + b"".join(COPIED.findall(asked.partition(b"\r\n\r\n")[0] + b"\r\n"))
        + b"SIP-ETag: e%d\r\nExpires: 1800\r\nContent-Length: 0\r\n\r\n" % number
    )


def _respond(ready: Connection) -> None:
    """Answer datagrams for ever."""
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        server.bind(("127.0.0.1", 0))
        ready.send(server.getsockname()[1])
        for number in itertools.count():
            data, address = server.recvfrom(65_535)
            server.sendto(_answer(data, number), address)


def _publications(sink: PresenceSink) -> list[Publication]:
    made = []
    for number in range(PEOPLE):
        profile = Profile(f"p{number}", "", "sv", "UTC", sip=f"sip:p{number}@acme.example")
        view = msgspec.structs.replace(MEETING, person=profile.person)
        rendered = sink.render(view, profile)
        assert rendered is not None
        made.append(Publication(profile.person, 1, rendered, None, profile, 0))
    return made


async def _publish(port: int) -> tuple[float, float, int]:
    """Return seconds to render everybody, seconds to publish everybody, bytes of a document."""
    options = KIND.options.model_validate(
        {"server": f"sip:127.0.0.1:{port}", "max_per_second": 10_000}
    )
    place = Place(OrganizationSettings(id="acme", name="Acme"), "lamps", True, lambda _field: None)
    endpoint = KIND.endpoint(Services(Runtime(), cast(HttpFactory, None)), place, options)
    assert KIND.sink is not None
    sink: PresenceSink = KIND.sink(endpoint, place, options)
    begun = time.perf_counter()
    waiting = _publications(sink)
    rendered = time.perf_counter() - begun
    size = len(waiting[0].rendered)
    delivered = 0

    async def work() -> None:
        nonlocal delivered
        while waiting:
            batch = [waiting.pop() for _ in range(min(sink.batch, len(waiting)))]
            outcomes = await sink.publish(batch)
            delivered += sum(isinstance(outcome, Delivered) for outcome in outcomes)

    begun = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(CONCURRENT)))
    published = time.perf_counter() - begun
    await endpoint.close()
    assert delivered == PEOPLE, f"{PEOPLE - delivered} were not delivered"
    return rendered, published, size


def figures() -> list[Figure]:
    """Measure on this machine."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=_respond, args=(theirs,), daemon=True)
    server.start()
    try:
        rendered, published, size = asyncio.run(_publish(ours.recv()))
    finally:
        server.kill()
        server.join()
    renders, publishes = PEOPLE / rendered, PEOPLE / published
    return [
        Figure("PIDF documents rendered", round(renders), "/s", 10_000, renders >= 10_000),
        Figure("PUBLISH acknowledged over UDP", round(publishes), "/s", 1_000, publishes >= 1_000),
        Figure("a PIDF document with what follows", size, "bytes", 1_100, size <= 1_100),
    ]


if __name__ == "__main__":
    for figure in figures():
        print(figure)
