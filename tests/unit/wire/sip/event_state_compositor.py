"""A presence server in thirty lines (RFC 3903's ESC) on virtual time, and its wire."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from sipmessage import Message, Request

from kalends.wire.sip.publication import Declined, Publish, Published
from kalends.wire.sip.publisher import Limits, Publisher
from kalends.wire.sip.transactions import Flow, Transport

UDP = Flow(Transport.UDP, "192.0.2.1:5060")
TCP = Flow(Transport.TCP, "192.0.2.1:5060")


def answer(asked: Request, code: int, **fields: str) -> bytes:
    copied = "".join(
        f"{name}: {asked.headers[name]}\r\n" for name in ("Via", "From", "To", "Call-ID", "CSeq")
    )
    own = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"SIP/2.0 {code} x\r\n{copied}{own}Content-Length: 0\r\n\r\n".encode()


@dataclass
class Server:
    """Keeps one state per ETag, as RFC 3903 section 6 says."""

    states: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    numbers: itertools.count[int] = field(default_factory=itertools.count)
    expires: int | None = None
    least: int = 0
    first: Callable[[Request], bytes | None] = lambda _asked: None
    """May answer instead."""

    def answer(self, data: bytes) -> bytes:
        asked = Message.parse(data)
        assert isinstance(asked, Request)
        self.asked.append(asked)
        return self.first(asked) or self._publish(asked)

    def _publish(self, asked: Request) -> bytes:
        etag, expires = asked.headers.get("SIP-If-Match"), int(asked.headers["Expires"])
        if etag is not None and etag not in self.states:
            return answer(asked, 412)
        if 0 < expires < self.least:
            return answer(asked, 423, Min_Expires=str(self.least))
        held = self.states.pop(etag, None) if etag else None
        if expires == 0:
            return answer(asked, 200, Expires="0")
        new = f"e{next(self.numbers)}"
        body = asked.body or (held[1] if held else b"")
        self.states[new] = (str(asked.uri), body)
        return answer(asked, 200, SIP_ETag=new, Expires=str(self.expires or expires))

    def holds(self, target: str) -> list[bytes]:
        return [body for about, body in self.states.values() if about == target]


@dataclass
class Wire:
    """A publisher, a server and a clock; ``answers`` may be switched off."""

    server: Server = field(default_factory=Server)
    sign_in: tuple[str, str] | None = None
    limits: Limits = field(default_factory=Limits)
    transport: Transport = Transport.UDP
    now: float = 1000.0
    answers: bool = True
    results: dict[int, Published | Declined] = field(default_factory=dict)
    sent: list[float] = field(default_factory=list)
    most_out: int = 0

    def __post_init__(self) -> None:
        numbers = itertools.count()
        self.publisher = Publisher(
            lambda: f"t{next(numbers)}", lambda: self.sign_in, self.transport, self.limits
        )
        self.keys = itertools.count()

    def submit(self, *publishes: Publish) -> list[int]:
        keys = [next(self.keys) for _ in publishes]
        for key, publish in zip(keys, publishes, strict=True):
            self.publisher.submit(key, publish, self.now)
        return keys

    def connect(self, flow: Flow = UDP) -> None:
        self.publisher.connected(flow, self.now)

    def run(self, seconds: float = 100.0) -> None:
        """Carry messages to and fro, and let time pass where nobody has anything to say."""
        end = self.now + seconds
        while True:
            self.carry()
            deadline = self.publisher.next_deadline()
            if deadline is None or deadline > end:
                self.now = end
                return
            self.now = max(self.now, deadline)
            self.publisher.tick(self.now)

    def carry(self) -> None:
        while batch := self.publisher.data_to_send():
            self.most_out = max(self.most_out, len(batch))
            for flow, data in batch:
                self.sent.append(self.now)
                if self.answers:
                    self.publisher.receive(self.server.answer(data), flow, self.now)
        for key, result in self.publisher.outcomes():
            assert key not in self.results, "one outcome each"
            self.results[key] = result

    def publish(self, publish: Publish) -> Published | Declined:
        [key] = self.submit(publish)
        self.run(60)
        return self.results[key]
