"""Ports for programs that have to be told one before they start."""

import contextlib
import random
import socket
from typing import Final

_CHOICE: Final = range(20_000, 32_000)
"""Below what a system hands out by itself (Linux: 32768 and up): until the program listens, no
connection of a test that runs beside takes its port away."""
_chance = random.SystemRandom()


def free_port() -> int:
    """Return a port that is free for both UDP and TCP."""
    while True:
        port = _chance.choice(_CHOICE)
        with (
            contextlib.suppress(OSError),  # taken: another one
            socket.socket() as stream,
            socket.socket(type=socket.SOCK_DGRAM) as datagram,
        ):
            stream.bind(("127.0.0.1", port))
            datagram.bind(("127.0.0.1", port))
            return port
