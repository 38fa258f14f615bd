"""Messages out of a stream. RFC 3261 sections 7.5 and 18.3; keep-alives of RFC 5626 section 4.4.

On TCP and TLS a message ends where its Content-Length says; without one the stream cannot be
followed any further, and the connection has to be closed.
"""

from __future__ import annotations

import re
from typing import Final

from kalends.wire.sip.message import MAX_HEAD, MAX_MESSAGE, BadMessage, content_length

_LENGTH: Final = re.compile(rb"\r\n(?:content-length|l)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)


class StreamFramer:
    """Cuts one connection's bytes into messages; holds at most one message."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._searched = 0

    def receive(self, data: bytes) -> list[bytes]:
        """Take bytes; return every message they complete.

        Raises ``BadMessage`` where the stream cannot be followed: close the connection.
        """
        self._held += data
        frames = []
        while (frame := self._next()) is not None:
            frames.append(frame)
        return frames

    def _next(self) -> bytes | None:
        self._skip_keep_alives()
        end = self._held.find(b"\r\n\r\n", max(0, self._searched - 3))
        if end < 0:
            self._searched = len(self._held)
            if self._searched > MAX_HEAD:
                raise BadMessage("the header does not end: the stream is not SIP")
            return None
        total = end + 4 + self._length(bytes(self._held[: end + 2]))
        if len(self._held) < total:
            self._searched = end
            return None
        frame = bytes(self._held[:total])
        del self._held[:total]
        self._searched = 0
        return frame

    def _skip_keep_alives(self) -> None:
        blank = 0
        while blank < len(self._held) and self._held[blank] in b"\r\n":
            blank += 1
        if blank:
            del self._held[:blank]
            self._searched = 0

    @staticmethod
    def _length(head: bytes) -> int:
        if len(head) > MAX_HEAD:
            raise BadMessage(f"header longer than {MAX_HEAD} bytes")
        told = _LENGTH.findall(head)
        if not told or len(set(told)) > 1:
            raise BadMessage("a stream needs one Content-Length in every message")
        length = content_length(told[0].decode("latin-1"))
        if len(head) + 2 + length > MAX_MESSAGE:
            raise BadMessage(f"longer than {MAX_MESSAGE} bytes")
        return length
