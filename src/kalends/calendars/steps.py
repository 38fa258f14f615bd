"""The first steps of every check over HTTP: name, connection, certificate, sign-in.

The guarded client makes the connection and vets the address; which step failed is read off the
kind of trouble it raises, so that a check opens no socket of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, Protocol
from urllib.parse import urlsplit

from kalends.calendars.contract import CalendarRef, Step
from kalends.errors import (
    AccessDenied,
    AddressRefused,
    BadAnswer,
    CertificateRefused,
    NotFound,
    SourceTrouble,
    Throttled,
    Unreachable,
)
from kalends.model.http import Request, Response
from kalends.net.signin import NotAsked

_ORDER: Final = ("port", "tls", "sign-in")
_PAGES: Final = (b"<!doctype html", b"<html")


def quoted(text: str) -> str:
    """Return a text as PowerShell takes it literally, in a command somebody is told to type."""
    return "'" + text.replace("'", "''") + "'"


def explained(what: str, subject: str, error: SourceTrouble) -> Step:
    """Return a failed step with the error's own remedy."""
    return Step(what, subject, False, str(error), error.remedy)


def unread(ref: CalendarRef, error: SourceTrouble) -> Step:
    """Return that a calendar cannot be read, and whether it was only looked for here."""
    absent = ref.url is None and isinstance(error, NotFound)
    name = f"{ref.person}/{ref.name}"
    return Step("calendar", name, False, str(error), error.remedy, absent=absent)


class Asked(Protocol):
    """The part of an endpoint that a check needs."""

    async def resolve(self, url: str) -> list[str]:
        """Return the addresses of an URL's host."""

    async def send(self, request: Request, ref: CalendarRef | None) -> Response:
        """Send a request, signed in."""


async def checked(
    endpoint: Asked,
    request: Request,
    ref: CalendarRef | None,
    *,
    page: str = BadAnswer.remedy,
) -> AsyncIterator[Step]:
    """Yield the steps up to the sign-in; the last one fails where something is wrong.

    ``page`` is what to do about a web page that answers.
    """
    parts = urlsplit(request.url)
    host = parts.hostname or ""
    try:
        addresses = await endpoint.resolve(request.url)
    except SourceTrouble as error:
        yield explained("dns", host, error)
        return
    yield Step("dns", host, True, ", ".join(addresses))
    steps = [step for step in _ORDER if step != "tls" or parts.scheme == "https"]
    try:
        response = await endpoint.send(request, ref)
    except AccessDenied:  # signed in: what this one calendar refuses is told with it
        for step in steps:
            yield Step(step, host, True)
        return
    except SourceTrouble as error:
        failed = _failed(error)
        for step in steps[: steps.index(failed)] if failed in steps else []:
            yield Step(step, host, True)
        yield explained(failed, host, error)
        return
    for step in steps[:-1]:
        yield Step(step, host, True)
    yield _signed_in(host, response, page)


def _signed_in(host: str, response: Response, page: str) -> Step:
    """Return the last step; a page for people in place of an answer has one meaning."""
    if response.body.lstrip()[:200].lower().startswith(_PAGES):
        told = f"answers {response.status} with a web page: a page to sign in on, or a portal"
        return Step("sign-in", host, False, told, page)
    return Step("sign-in", host, True, f"answers {response.status}")


def _failed(error: SourceTrouble) -> str:
    if isinstance(error, AddressRefused):
        return "address"
    if isinstance(error, CertificateRefused):
        return "tls"
    if isinstance(error, Unreachable) and not isinstance(error, (Throttled, NotAsked)):
        return "port"
    return "sign-in"
