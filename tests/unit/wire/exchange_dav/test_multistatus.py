"""207 as Exchange writes it: what breaks XML parsers is mended, what is broken is refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalends.errors import AccessDenied, BadAnswer, KalendsError, NotFound
from kalends.model.http import Response
from kalends.wire.exchange_dav.multistatus import rows, trouble
from kalends.wire.exchange_dav.names import CALENDAR, EXCHANGE, HTTPMAIL
from kalends.wire.exchange_dav.search import RAW, RESPONSE
from tests.unit.wire.exchange_dav.samples import BASE, HEAD, TIMES, answer, item


def test_names_that_are_none_are_read() -> None:
    """Exchange's own: a local name that begins with a digit, braces in a namespace."""
    (row,) = rows(answer(item(TIMES, '<h:0x8218 b:dt="int">4</h:0x8218>', missing="<g:0x8506/>")))
    assert row.number(RAW[RESPONSE]) == 4


def test_what_was_not_found_is_not_there() -> None:
    (row,) = rows(answer(item(TIMES, missing="<d:location/>")))
    assert CALENDAR + "location" not in row.found
    assert row.text(CALENDAR + "dtstart") == "2026-03-02T12:00:00.000Z"


def test_of_what_repeats_the_first_counts() -> None:
    told = "<d:busystatus>OOF</d:busystatus><d:busystatus>FREE</d:busystatus>"
    (row,) = rows(answer(item(told)))
    assert row.text(CALENDAR + "busystatus") == "OOF"


def test_a_status_in_another_language_is_its_number() -> None:
    body = HEAD + item(TIMES).replace("200 OK", "200 Allt är bra") + "</a:multistatus>"
    (row,) = rows(Response(207, {}, body.encode("utf-8"), BASE))
    assert row.text(CALENDAR + "dtstart")


def test_multiple_values_are_read_each() -> None:
    told = '<f:keywords-utf8 b:dt="mv.string"><c:v>Kund</c:v><c:v>Resa</c:v></f:keywords-utf8>'
    (row,) = rows(answer(item(told)))
    assert row.values(EXCHANGE + "keywords-utf8") == ("Kund", "Resa")


@pytest.mark.parametrize("illegal", ["&#x0;", "&#0;", "&#x1F;", "&#11;", "&#xFFFF;", "\x0b"])
def test_characters_no_xml_may_hold_are_taken_out(illegal: str) -> None:
    (row,) = rows(answer(item(f"<e:subject>A{illegal}B</e:subject>")))
    assert row.text(HTTPMAIL + "subject") == "AB"


@pytest.mark.parametrize("kept", ["&#x9;", "&#10;", "&amp;", "&#x41;"])
def test_legal_references_stay(kept: str) -> None:
    (row,) = rows(answer(item(f"<e:subject>A{kept}B</e:subject>")))
    assert len(row.text(HTTPMAIL + "subject")) == 3


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_an_answer_that_was_cut_off_is_refused_even_where_it_needs_mending(share: float) -> None:
    body = answer(item(TIMES, '<h:0x8218 b:dt="int">4</h:0x8218>')).body
    with pytest.raises(BadAnswer):
        rows(Response(207, {}, body[: int(len(body) * share)], BASE))


@pytest.mark.parametrize(
    "body",
    [b"", b"<!DOCTYPE html><html>Sign in</html>", b"<html>", b"440 Login Timeout", b"<a/>", b"\0"],
)
def test_what_is_no_multistatus_is_refused(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        rows(Response(207, {}, body, BASE))


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, AccessDenied), (440, AccessDenied), (404, NotFound), (410, NotFound), (400, BadAnswer)],
)
def test_other_statuses_say_what_they_mean(status: int, error: type[KalendsError]) -> None:
    with pytest.raises(error):
        rows(Response(status, {}, b"", BASE))
    assert str(status) in str(trouble(status))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(KalendsError):
        rows(Response(207, {}, HEAD.encode() + body + b"</a:multistatus>", BASE))
