"""What went wrong on the way, as what the caller does next (``kalends.errors``).

Texts name scheme, host and port and no other part of an address: they reach logs.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from kalends.errors import (
    AddressRefused,
    BadAnswer,
    CertificateRefused,
    SourceTrouble,
    Unreachable,
)
from kalends.net.connect import AddressNotOpen, ConnectionLost
from kalends.net.tls import explain

LOST: Final = (aiohttp.ClientError, OSError, TimeoutError, ValueError)
"""What aiohttp raises; none of it is a ``KalendsError``."""


def told(error: Exception, place: str) -> SourceTrouble:
    """Turn what aiohttp raised into what the caller does next; ``place`` is its origin."""
    refusal = _refused_address(error)
    if refusal is not None:
        return AddressRefused(str(refusal))
    tls = _tls_error(error)
    if isinstance(tls, ssl.CertificateError):
        return CertificateRefused(explain(tls, place))
    if tls is not None:
        return Unreachable(explain(tls, place))
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return nameless(urlsplit(place).hostname or place)
    if isinstance(error, (TimeoutError, asyncio.TimeoutError)):
        return Unreachable(f"no connection to {place} in time")
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = _reason(error) or "closed while it was set up"
        return Unreachable(f"no connection to {place}: {reason}")
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return ConnectionLost(f"{place} closed the connection")
    if isinstance(error, aiohttp.ClientPayloadError):
        return Unreachable(f"the answer of {place} was cut off")
    if isinstance(error, (aiohttp.ClientResponseError, aiohttp.InvalidURL, ValueError)):
        return BadAnswer(f"{place} does not answer as HTTP should")
    return Unreachable(f"the connection to {place} was lost")


def nameless(host: str) -> Unreachable:
    """Return that a name has no address, with what to do about a name."""
    trouble = Unreachable(f"the name {host} has no address")
    trouble.remedy = "Check how the name is spelt, and that the DNS of this machine knows it."
    return trouble


def _reason(error: aiohttp.ClientConnectorError) -> str | None:
    """Return the system's own words: asyncio's name the address once more, as Python does."""
    number = error.os_error.errno
    return os.strerror(number) if number and number > 0 else error.strerror


def _refused_address(error: BaseException | None) -> AddressRefused | None:
    while error is not None:
        if isinstance(error, AddressNotOpen):
            return error.refusal
        error = error.__cause__ or error.__context__
    return None


def _tls_error(error: Exception) -> ssl.SSLError | None:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        inner = error.certificate_error
        return inner if isinstance(inner, ssl.SSLError) else None
    cause = error.__cause__
    return next((one for one in (error, cause) if isinstance(one, ssl.SSLError)), None)
