"""The first steps of a check say which of them failed, and what to do about it."""

import asyncio

from kalends.calendars.contract import CalendarRef, Step
from kalends.calendars.steps import checked
from kalends.errors import SourceTrouble
from kalends.model.http import Request, Response
from kalends.net.telling import nameless

REQUEST = Request("PROPFIND", "https://calendar.acme.example/dav/")


class Endpoint:
    def __init__(self, answer: Response | SourceTrouble, name: SourceTrouble | None = None) -> None:
        self._answer = answer
        self._name = name

    async def resolve(self, _url: str) -> list[str]:
        if self._name is not None:
            raise self._name
        return ["192.0.2.7"]

    async def send(self, _request: Request, _ref: CalendarRef | None) -> Response:
        if isinstance(self._answer, SourceTrouble):
            raise self._answer
        return self._answer


def steps(endpoint: Endpoint) -> list[Step]:
    async def taken() -> list[Step]:
        return [step async for step in checked(endpoint, REQUEST, None)]

    return asyncio.run(taken())


def answer(body: bytes) -> Response:
    return Response(200, {}, body)


def test_every_step_of_a_server_that_answers_is_fine() -> None:
    found = steps(Endpoint(answer(b'<?xml version="1.0"?><multistatus/>')))
    assert [(step.what, step.ok) for step in found] == [
        ("dns", True), ("port", True), ("tls", True), ("sign-in", True)
    ]  # fmt: skip


def test_a_page_for_people_is_no_sign_in() -> None:
    last = steps(Endpoint(answer(b"\n <!DOCTYPE html><html>Log in</html>")))[-1]
    assert (last.what, last.ok) == ("sign-in", False)
    assert "web page" in last.detail
    assert "Set url" in last.remedy


def test_a_name_without_an_address_is_a_matter_of_names() -> None:
    (only,) = steps(Endpoint(answer(b""), nameless("calendar.acme.example")))
    assert (only.what, only.ok) == ("dns", False)
    assert "spelt" in only.remedy
    assert "firewall" not in only.remedy
