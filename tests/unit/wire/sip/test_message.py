"""Reading within limits, writing without injection. Samples are ours, in the spirit of RFC 4475."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sipmessage import Response

from kalends.wire.sip.message import (
    MAX_LINES,
    BadMessage,
    address_of_record,
    essentials,
    first,
    number,
    read,
    request,
    values,
    write,
)
from tests.quickest import quickest


def lines(*texts: str, body: bytes = b"") -> bytes:
    return "\r\n".join(texts).encode() + b"\r\n\r\n" + body


PLAIN = lines(
    "SIP/2.0 200 OK",
    "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa1;rport=5060;received=192.0.2.1",
    "From: <sip:anna@acme.example>;tag=1",
    "To: <sip:anna@acme.example>;tag=2",
    "Call-ID: c1",
    "CSeq: 3 PUBLISH",
    "SIP-ETag: a.1234.5.6",
    "Expires: 600",
    "Content-Length: 0",
)


def test_an_answer_is_read() -> None:
    answer = read(PLAIN)
    assert isinstance(answer, Response)
    assert answer.code == 200
    told = essentials(answer)
    assert (told.branch, told.cseq, told.method, told.call_id) == ("z9hG4bKa1", 3, "PUBLISH", "c1")
    assert number(answer, "Expires") == 600


def test_folded_lines_compact_names_and_loose_colons_are_read() -> None:
    answer = read(
        lines(
            "SIP/2.0 200 All  is\twell",
            "v  : SIP/2.0/UDP  192.0.2.1;branch=z9hG4bKx",
            " ;rport=1",
            "i:c2",
            "cseq:",
            "\t 0009",
            "  PUBLISH",
            "l : 2",
            body=b"okrest",
        )
    )
    told = essentials(answer)
    assert (told.branch, told.cseq, told.call_id) == ("z9hG4bKx", 9, "c2")
    assert answer.body == b"ok"


def test_several_vias_in_one_line_count_by_the_first() -> None:
    answer = read(
        lines(
            "SIP/2.0 200 OK",
            'Via: SIP/2.0/UDP a.example;branch=z9hG4bK1;x="a,b", SIP/2.0/TCP b;branch=z9hG4bK2',
            "Call-ID: c",
            "CSeq: 1 PUBLISH",
        )
    )
    assert essentials(answer).branch == "z9hG4bK1"
    assert len(values(answer, "Via")) == 2


def test_a_comma_in_quotes_or_brackets_separates_nothing() -> None:
    answer = read(lines("SIP/2.0 302 M", 'Contact: "a, \\", b" <sip:a,b@c>;q=1, <sip:d@e>'))
    assert values(answer, "Contact") == ['"a, \\", b" <sip:a,b@c>;q=1', "<sip:d@e>"]
    assert first(answer, "Nothing") == ""


def test_keep_alives_before_a_message_are_skipped() -> None:
    assert read(b"\r\n\r\n" + PLAIN).body == b""


def test_a_number_may_have_a_comment_behind_it() -> None:
    answer = read(lines("SIP/2.0 503 Busy", "Retry-After: 120 (back soon);duration=3600"))
    assert number(answer, "Retry-After") == 120


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"\r\n\r\n",
        b"\x00" * 100,
        b"\xff\xfe" + PLAIN,
        PLAIN[:-2],
        PLAIN.replace(b"Content-Length: 0", b"Content-Length: 5"),
        PLAIN.replace(b"Content-Length: 0", b"Content-Length: -1"),
        PLAIN.replace(b"Content-Length: 0", b"Content-Length: 9999999999999999999"),
        PLAIN.replace(b"Content-Length: 0", "Content-Length: ٣".encode()),
        PLAIN.replace(b"SIP/2.0 200", b"SIP/2.0 abc"),
        PLAIN.replace(b"SIP/2.0 200", b"SIP/7.0 200"),
        PLAIN.replace(b"Call-ID: c1", b"no colon here"),
        PLAIN.replace(b"Call-ID: c1", b"Call-ID: c1\x00"),
        PLAIN.replace(b"Call-ID: c1", b"Call-ID: c1\nX: y"),
        lines("SIP/2.0 200 OK", *["X: y"] * MAX_LINES),
        lines("SIP/2.0 200 OK", "X: " + "y" * 20_000),
        b"SIP/2.0 200 OK\r\n" + b"x" * 70_000,
        lines("OPTIONS urn:nothing SIP/2.0"),
        lines("OPTIONS sip:a@b;self=1 SIP/2.0"),
    ],
)
def test_what_breaks_the_rules_is_refused(bad: bytes) -> None:
    with pytest.raises(BadMessage):
        read(bad)


@pytest.mark.parametrize(
    ("field", "instead"),
    [
        (b"CSeq: 3 PUBLISH", b"CSeq: PUBLISH"),
        (b"CSeq: 3 PUBLISH", b"CSeq: 99999999999 PUBLISH"),
        (b"Call-ID: c1", b"Call-ID: "),
        (b"Via: SIP", b"Via: SIPPED"),
        (b"Via: ", b"X-Via: "),
        (b"rport=5060", b"self=1"),
    ],
)
def test_without_what_tells_a_message_apart_it_is_nobodys(field: bytes, instead: bytes) -> None:
    assert field in PLAIN
    message = read(PLAIN.replace(field, instead))
    with pytest.raises(BadMessage):
        essentials(message)


@given(st.binary(max_size=2000))
@example(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;self=1\r\n\r\n")
def test_random_bytes_are_refused_or_read_but_never_raise_anything_else(data: bytes) -> None:
    only_bad_message(data)


@given(st.data())
def test_a_message_with_random_damage_never_raises_anything_else(data: st.DataObject) -> None:
    damaged = bytearray(PLAIN)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at : at + data.draw(st.integers(0, 3))] = data.draw(
            st.one_of(
                st.binary(max_size=4), st.sampled_from([b"\r\n", b'"', b";", b",", b"<", b":"])
            )
        )
    only_bad_message(bytes(damaged))


def only_bad_message(data: bytes) -> None:
    try:
        message = read(data)
        essentials(message)
        number(message, "Expires")
        values(message, "Contact")
    except BadMessage:
        pass


def test_the_costliest_message_is_read_quickly() -> None:
    names = [f"H{number}: {number}" for number in range(MAX_LINES - 50)]
    vias = ["Via: " + ", ".join(['SIP/2.0/UDP a;b="c,d"'] * 15)] * 38
    costly = lines("SIP/2.0 200 OK", "CSeq: 1 PUBLISH", *vias, "i: c", *names)
    assert quickest(lambda: essentials(read(costly))) < 0.1


def test_a_request_is_written_with_its_length() -> None:
    built = request("PUBLISH", "sip:anna@acme.example", [("Event", "presence")], "ö".encode())
    assert (
        write(built)
        == (
            "PUBLISH sip:anna@acme.example SIP/2.0\r\nEvent: presence\r\nContent-Length: 2\r\n\r\nö"
        ).encode()
    )


@given(st.text(st.characters(), min_size=1, max_size=30))
def test_as_many_fields_come_out_as_went_in(value: str) -> None:
    built = request("PUBLISH", "sip:a@b.example", [("Event", value), ("Expires", "1")])
    try:
        written = write(built)
    except (BadMessage, UnicodeEncodeError):
        return
    assert written.split(b"\r\n\r\n")[0].count(b"\r\n") == 3
    assert b"\n" not in written.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("sip:anna@acme.example", "sip:anna@acme.example"),
        ("sip:anna@ACME.example:5070;transport=tcp", "sip:anna@acme.example"),
        ("sips:anna:secret@acme.example", "sips:anna@acme.example"),
        ("sip:+46701234567@[2001:db8::1]:5060", "sip:+46701234567@[2001:db8::1]"),
        ("sip:%61nna%20b@acme.example", "sip:anna%20b@acme.example"),
        ("sip:anna@PBX2:5070;transport=tcp", "sip:anna@pbx2"),
        ("sip:anna:secret@srv01.site1", "sip:anna@srv01.site1"),
        ("sip:anna@3cx", "sip:anna@3cx"),
    ],
)
def test_presence_is_named_by_the_address_of_record(written: str, name: str) -> None:
    assert address_of_record(written) == name


@pytest.mark.parametrize(
    "wrong", ["", "anna", "sip:acme.example", "tel:+4670", "sip:a@b\r\nX: y", "sip:a@pbx2\n"]
)
def test_what_is_no_address_of_record_is_refused(wrong: str) -> None:
    with pytest.raises(BadMessage):
        address_of_record(wrong)
