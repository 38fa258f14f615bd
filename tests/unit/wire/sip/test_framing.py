"""Messages out of a stream."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalends.wire.sip.framing import StreamFramer
from kalends.wire.sip.message import MAX_MESSAGE, BadMessage

ONE = b"SIP/2.0 200 OK\r\nCall-ID: 1\r\nContent-Length: 3\r\n\r\nabc"
TWO = b"SIP/2.0 404 Not\r\nl : 0\r\n\r\n"


@given(st.lists(st.sampled_from([ONE, TWO, b"\r\n\r\n", b"\r\n"]), max_size=8), st.data())
def test_however_the_stream_is_cut_the_messages_are_the_same(
    parts: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(parts)
    framer = StreamFramer()
    found = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += framer.receive(stream[:size])
        stream = stream[size:]
    assert found == [part for part in parts if part.strip()]


@pytest.mark.parametrize(
    "bad",
    [
        b"SIP/2.0 200 OK\r\nCall-ID: 1\r\n\r\n",
        b"SIP/2.0 200 OK\r\nContent-Length: x\r\n\r\n",
        b"SIP/2.0 200 OK\r\nContent-Length: 1\r\nl: 2\r\n\r\n",
        b"SIP/2.0 200 OK\r\nContent-Length: 65535\r\n\r\n",
        b"x" * 20_000,
        b"X: y\r\n" * 10_000,
    ],
)
def test_a_stream_that_cannot_be_followed_is_given_up(bad: bytes) -> None:
    with pytest.raises(BadMessage):
        StreamFramer().receive(bad)


@given(st.lists(st.binary(max_size=5000), max_size=10))
def test_no_stream_makes_it_hold_more_than_one_message(chunks: list[bytes]) -> None:
    framer = StreamFramer()
    try:
        for chunk in chunks:
            framer.receive(chunk)
            assert len(framer._held) <= MAX_MESSAGE
    except BadMessage:
        pass
