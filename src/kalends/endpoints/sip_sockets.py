"""The sockets below SIP: datagrams, streams, TLS; each connected to one vetted address.

Place in the flow: ``endpoints.sip`` asks for a connection and gets a ``Line``: something to send
on, with the ``Flow`` it is known by in ``wire.sip``. What arrives is handed up message by
message. UDP sockets are connected, so that the kernel drops what others send and ICMP errors
come back.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

from kalends.errors import AddressRefused, CertificateRefused, Unreachable, UserError
from kalends.net.address import AddressRules, Carriage
from kalends.net.tls import GuardedContext, explain
from kalends.wire.sip.framing import StreamFramer
from kalends.wire.sip.message import BadMessage, parse_uri
from kalends.wire.sip.transactions import Flow, Transport

CONNECT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class SipServer:
    """Where a SIP server listens."""

    host: str
    """Name or address, IPv6 without brackets."""
    port: int
    transport: Transport

    @classmethod
    def parse(cls, text: str) -> SipServer:
        """Read ``sip:host:port;transport=udp|tcp|tls`` or ``sips:host``.

        Defaults are RFC 3261's: UDP and 5060, TLS 5061. ``UserError`` says what is wrong.
        """
        try:
            uri = parse_uri(text)
        except BadMessage as error:
            raise UserError(_server_complaint(text)) from error
        default = "tls" if uri.scheme == "sips" else "udp"
        word = (uri.parameters.get("transport") or default).upper()
        if uri.scheme not in ("sip", "sips") or uri.user or word not in set(Transport):
            raise UserError(_server_complaint(text))
        transport = Transport(word)
        if uri.scheme == "sips" and transport is not Transport.TLS:
            raise UserError(_server_complaint(text))
        port = uri.port or (5061 if transport is Transport.TLS else 5060)
        if not 0 < port < 65536:
            raise UserError(_server_complaint(text))
        return cls(uri.host.strip("[]"), port, transport)


def _server_complaint(text: str) -> str:
    return (
        f"server = {text!r} is no SIP server; write sip:host:5060;transport=udp, "
        "sip:host:5060;transport=tcp or sip:host:5061;transport=tls"
    )


class Receiver(Protocol):
    """Who is told what happens on a line."""

    def received(self, line: Line, message: bytes) -> None:
        """One message has arrived."""

    def broken(self, line: Line, reason: str) -> None:
        """The line is gone; nothing more will arrive."""


class Line(Protocol):
    """One open socket to the server."""

    @property
    def flow(self) -> Flow:
        """The name ``wire.sip`` knows it by."""

    def send(self, message: bytes) -> None:
        """Send one message; never raises."""

    def close(self) -> None:
        """Hang up without being told of it."""


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, receiver: Receiver, flow: Flow) -> None:
        self._receiver = receiver
        self.flow = flow
        self.closed = False
        self.transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Python 3.11's datagram transports are no instances of DatagramTransport.
        self.transport = cast("asyncio.DatagramTransport", transport)
        self.flow = self.flow._replace(local=_local(transport))

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if not self.closed:
            self._receiver.received(self, data)

    def error_received(self, exc: Exception) -> None:
        """ICMP: nobody listens there, or no way leads there."""
        self._break(str(getattr(exc, "strerror", None) or exc))

    def connection_lost(self, exc: Exception | None) -> None:
        self._break("closed")

    def _break(self, reason: str) -> None:
        if not self.closed:
            self.close()
            self._receiver.broken(self, reason)

    def send(self, message: bytes) -> None:
        if not self.closed:
            self.transport.sendto(message)

    def close(self) -> None:
        self.closed = True
        self.transport.close()


class _Stream(asyncio.Protocol):
    def __init__(self, receiver: Receiver, flow: Flow) -> None:
        self._receiver = receiver
        self._framer = StreamFramer()
        self.flow = flow
        self.closed = False
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.flow = self.flow._replace(local=_local(transport))

    def data_received(self, data: bytes) -> None:
        try:
            messages = self._framer.receive(data)
        except BadMessage as error:
            self._break(str(error))
            return
        for message in messages:
            if not self.closed:
                self._receiver.received(self, message)

    def connection_lost(self, exc: Exception | None) -> None:
        self._break("the server closed the connection" if exc is None else "the connection broke")

    def _break(self, reason: str) -> None:
        if not self.closed:
            self.close()
            self._receiver.broken(self, reason)

    def send(self, message: bytes) -> None:
        if not self.closed:
            self.transport.write(message)

    def close(self) -> None:
        self.closed = True
        self.transport.abort()


class Lines:
    """Opens lines to one server: names resolved anew each time, every address vetted."""

    def __init__(self, server: SipServer, rules: AddressRules, tls: GuardedContext | None) -> None:
        self._server = server
        self._rules = rules
        self._tls = tls
        self._opened = 0
        self._turn = 0

    @property
    def certificate_expires_at(self) -> float | None:
        """When the first of the certificates seen here ends, UTC seconds; None: none seen yet."""
        return min(self._tls.expires_at.values(), default=None) if self._tls else None

    def next_address(self) -> None:
        """Begin with another of the server's addresses next time: this one is silent."""
        self._turn += 1

    async def open(self, transport: Transport, receiver: Receiver) -> Line:
        """Return a new line.

        Raises ``AddressRefused``, ``CertificateRefused`` or ``Unreachable`` where none can be.
        """
        addresses = await self._addresses(transport)
        trouble: OSError | None = None
        for address in addresses:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    return await self._connect(transport, address, receiver)
            except ssl.SSLError as error:
                raise CertificateRefused(explain(error, self._server.host)) from error
            except OSError as error:  # TimeoutError is one
                trouble = error
        raise Unreachable(f"no connection to {self._name()}: {_reason(trouble)}") from trouble

    async def _addresses(self, transport: Transport) -> list[str]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                found = await loop.getaddrinfo(self._server.host, self._server.port)
        except OSError as error:
            raise Unreachable(f"{self._server.host} has no address: {_reason(error)}") from error
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        allowed = [address for address in addresses if self._allows(transport, address)]
        if not allowed:
            raise AddressRefused(self._refusal(transport, addresses))
        turn = self._turn % len(allowed)
        return allowed[turn:] + allowed[:turn]

    def _allows(self, transport: Transport, address: str) -> bool:
        # Digest never shows the password, so signing in may go where plain text may go.
        carriage = Carriage.TLS if transport is Transport.TLS else Carriage.PLAIN
        return self._rules.carrying(carriage).allows(address)

    def _refusal(self, transport: Transport, addresses: list[str]) -> str:
        where = f"{self._server.host} ({', '.join(addresses[:4])})"
        if transport is Transport.TLS:
            return f"{where} is not open to this sink"
        return f"{where} is not next door: presence goes there by transport=tls only"

    async def _connect(self, transport: Transport, address: str, receiver: Receiver) -> Line:
        loop = asyncio.get_running_loop()
        self._opened += 1
        flow = Flow(transport, "", self._opened)
        line: _Datagrams | _Stream
        if transport is Transport.UDP:
            _, line = await loop.create_datagram_endpoint(
                lambda: _Datagrams(receiver, flow), remote_addr=(address, self._server.port)
            )
        else:
            tls = self._tls if transport is Transport.TLS else None
            _, line = await loop.create_connection(
                lambda: _Stream(receiver, flow),
                address,
                self._server.port,
                ssl=tls,
                server_hostname=self._server.host if tls else None,
            )
        if line.closed:  # gone before we could say so
            raise ConnectionResetError
        return line

    def _name(self) -> str:
        return f"{self._server.host}:{self._server.port}"


def _local(transport: asyncio.BaseTransport) -> str:
    host, port = transport.get_extra_info("sockname")[:2]
    return f"[{host.partition('%')[0]}]:{port}" if ":" in host else f"{host}:{port}"


def _reason(error: OSError | None) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return getattr(error, "strerror", None) or "refused"
