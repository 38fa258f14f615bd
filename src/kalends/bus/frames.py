"""What goes over the local bus: a length (4 bytes, big-endian), then one message in msgpack.

A length beyond ``LIMIT`` ends the connection before anything of it is read (invariant 11).
"""

from __future__ import annotations

import asyncio
from typing import Final, TypeAlias

import msgspec

LIMIT: Final = 64 << 20
"""Bytes of one message: `apply` carries whole organizations."""
_LENGTH: Final = 4


class Notice(msgspec.Struct, frozen=True, array_like=True, tag="n"):
    """``publish``."""

    topic: str
    payload: bytes


class Ask(msgspec.Struct, frozen=True, array_like=True, tag="q"):
    """``request``."""

    number: int
    """Chosen by the asker; comes back with the answer."""
    payload: bytes
    until: float | None = None
    """Monotonic seconds of this machine from which on it is not begun any more. That clock is one
    for all its processes and is never set (clock_gettime(2))."""


class Begun(msgspec.Struct, frozen=True, array_like=True, tag="b"):
    """What was asked for is about to be begun."""

    number: int


class Reply(msgspec.Struct, frozen=True, array_like=True, tag="a"):
    """The answer."""

    number: int
    payload: bytes


class NoReply(msgspec.Struct, frozen=True, array_like=True, tag="x"):
    """Why there is no answer."""

    number: int
    reason: str
    begun: bool = True
    """Whether anything may have been done."""


Frame: TypeAlias = Notice | Ask | Begun | Reply | NoReply


class BadFrame(Exception):
    """The other side does not speak this protocol, or passed the limit."""


_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)


def pack(frame: Frame) -> bytes:
    """Return the bytes of a frame. Raises ``BadFrame`` beyond ``LIMIT``."""
    body = _encoder.encode(frame)
    if len(body) > LIMIT:
        raise BadFrame(f"a message of {len(body)} bytes; at most {LIMIT} travel")
    return len(body).to_bytes(_LENGTH, "big") + body


async def read(stream: asyncio.StreamReader) -> Frame:
    """Return the next frame. Raises ``BadFrame``, ``asyncio.IncompleteReadError`` at the end."""
    length = int.from_bytes(await stream.readexactly(_LENGTH), "big")
    if length > LIMIT:
        raise BadFrame(f"a message of {length} bytes; at most {LIMIT} travel")
    body = await stream.readexactly(length)
    try:
        return _decoder.decode(body)
    except msgspec.DecodeError as error:
        raise BadFrame("not a message of this bus") from error
