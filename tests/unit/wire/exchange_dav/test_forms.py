"""OWA's forms: a machine of requests and answers, without a server."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalends.errors import BadAnswer, KalendsError, RedirectRefused
from kalends.model.http import Response
from kalends.wire.exchange_dav.forms import (
    LogOn,
    Refused,
    Session,
    cookies_of,
    read_form,
    wants_form,
)

URL = "https://mail.acme.example/exchange/"
LOGON = "https://mail.acme.example/exchweb/bin/auth/owalogon.asp?url=x&reason=0"
FORM = (
    b'<html><form action="owaauth.dll" method="POST"><input type="hidden" name="destination" '
    b'value="https://mail.acme.example/exchange/"><INPUT TYPE=hidden NAME=flags value=0>'
    b'<input name="username"><input type="password" name="password"></form>'
)


def moved(location: str, cookies: str = "") -> Response:
    return Response(302, {"location": location} | ({"set-cookie": cookies} if cookies else {}))


def at_form() -> LogOn:
    """Return a machine that is about to post."""
    machine = LogOn(URL, "ACME\\svc", "p&ss=å")
    assert machine.request.method == "GET"
    assert machine.receive(moved(LOGON)) is None
    assert machine.request.url == LOGON
    assert machine.receive(Response(200, {}, FORM)) is None
    return machine


def test_the_form_is_posted_where_it_says_with_what_it_holds() -> None:
    request = at_form().request
    assert request.url == "https://mail.acme.example/exchweb/bin/auth/owaauth.dll"
    assert b"username=ACME%5Csvc&password=p%26ss%3D%C3%A5" in request.body
    assert b"destination=https%3A%2F%2Fmail.acme.example%2Fexchange%2F" in request.body
    assert b"flags=4&" in request.body


def test_cookies_of_2003_with_commas_and_suffixes_make_a_session() -> None:
    told = (
        'cadataKGk8aV="2ax="; expires=Sat, 21-Nov-2026 10:00:00 GMT; HttpOnly; secure; path=/\n'
        "sessionid=47d0,0x409; path=/"
    )
    session = at_form().receive(moved(URL, told))
    assert isinstance(session, Session)
    assert session.header == ("Cookie", 'cadataKGk8aV="2ax="; sessionid=47d0,0x409')
    assert "2ax" not in repr(session)


@pytest.mark.parametrize(
    "answer",
    [
        moved(URL),
        moved(LOGON.replace("reason=0", "reason=2")),
        moved(URL, "lang=sv; path=/"),
        moved(URL, "sessionid=; path=/"),
        moved(LOGON.replace("reason=0", "reason=2"), "sessionid=x; path=/"),
        Response(200, {}, FORM),
    ],
)
def test_a_redirect_without_a_session_is_a_refusal(answer: Response) -> None:
    assert at_form().receive(answer) == Refused()


def test_the_password_is_posted_once() -> None:
    machine = at_form()
    assert machine.posted
    machine.receive(moved(LOGON.replace("reason=0", "reason=2")))
    assert machine.request.method == "POST"  # there is no next request


@pytest.mark.parametrize("where", ["https://evil.example/x", "http://mail.acme.example/x", "//e/x"])
def test_neither_page_nor_form_leads_elsewhere(where: str) -> None:
    with pytest.raises(RedirectRefused):
        LogOn(URL, "svc", "secret").receive(moved(where))
    machine = LogOn(URL, "svc", "secret")
    machine.receive(moved(LOGON))
    with pytest.raises(RedirectRefused):
        machine.receive(Response(200, {}, FORM.replace(b"owaauth.dll", where.encode())))
    assert b"secret" not in machine.request.body


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"<html>welcome",
        b'<form><input name="username"></form>',
        b'<form><input name="username"><input type=password name=password>'
        b"<input type=password name=passcode></form>",
        b'<form><input type="password" name="pin"></form>',
    ],
)
def test_a_page_without_a_form_for_name_and_password_is_refused(page: bytes) -> None:
    with pytest.raises(BadAnswer):
        LogOn(URL, "svc", "secret").receive(Response(200, {}, page))


def test_redirects_without_end_are_refused() -> None:
    machine = LogOn(URL, "svc", "secret")
    with pytest.raises(BadAnswer):
        for _ in range(10):
            machine.receive(moved(LOGON))


@pytest.mark.parametrize(
    ("response", "wants"),
    [
        (Response(440), True),
        (moved(LOGON), True),
        (moved("/owa/auth/logon.aspx?url=x"), True),
        (moved("/owa/?ae=Folder"), False),
        (moved("https://mail.acme.example/exchange/anna/"), False),
        (Response(401), False),
        (Response(207), False),
    ],
)
def test_what_means_sign_on_again(response: Response, wants: bool) -> None:
    assert wants_form(response) is wants


def test_a_session_takes_up_cookies_that_are_set_anew() -> None:
    session = Session((("sessionid", "1"), ("cadata", "2")))
    renewed = session.renewed(Response(207, {"set-cookie": "cadata=3; path=/\nold=; path=/"}))
    assert dict(renewed.cookies) == {"sessionid": "1", "cadata": "3"}
    assert session.renewed(Response(207)) is session


@given(st.binary(max_size=2000))
def test_any_page_is_read_or_refused(page: bytes) -> None:
    read_form(page)
    with suppress(KalendsError):
        LogOn(URL, "svc", "secret").receive(Response(200, {}, page))


@given(st.text(max_size=500))
def test_any_cookie_header_is_read(header: str) -> None:
    cookies_of(Response(302, {"set-cookie": header}))
