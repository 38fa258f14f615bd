"""What each answer to a PUBLISH means (RFC 3903)."""

from __future__ import annotations

import pytest
from sipmessage import Response

from kalends.wire.sip.message import BadMessage
from kalends.wire.sip.publication import (
    Again,
    Declined,
    Publish,
    Published,
    judge,
    refresh_in,
)

ANNA = "sip:anna@acme.example"
INITIAL = Publish(ANNA, b"<presence/>")
MODIFY = Publish(ANNA, b"<presence/>", etag="e1")
REFRESH = Publish(ANNA, etag="e1")
REMOVE = Publish(ANNA, etag="e1", expires=0)


def answer(code: int, **fields: str) -> Response:
    response = Response(code, "x")
    for name, value in fields.items():
        response.headers.add(name.replace("_", "-"), value)
    return response


@pytest.mark.parametrize("asked", [INITIAL, MODIFY, REFRESH])
def test_every_success_gives_a_new_etag_and_the_servers_own_duration(asked: Publish) -> None:
    assert judge(asked, answer(200, SIP_ETag="e2", Expires="600")) == Published("e2", 600)


def test_without_expires_what_was_asked_for_holds() -> None:
    assert judge(INITIAL, answer(200, SIP_ETag="e2")) == Published("e2", 3600)


def test_success_without_an_etag_comes_from_no_presence_server() -> None:
    step = judge(INITIAL, answer(200))
    assert isinstance(step, Declined)
    assert step.give_up


@pytest.mark.parametrize("etag", ["a b", "a\tb", "x" * 600])
def test_an_etag_that_is_no_token_is_not_kept(etag: str) -> None:
    assert isinstance(judge(INITIAL, answer(200, SIP_ETag=etag)), Declined)


def test_a_removal_needs_no_etag_in_the_answer() -> None:
    assert judge(REMOVE, answer(200)) == Published("", 0)


def test_lost_state_is_published_anew() -> None:
    assert judge(MODIFY, answer(412)) == Again(Publish(ANNA, b"<presence/>"))


def test_a_refresh_of_lost_state_asks_for_the_document_at_once() -> None:
    step = judge(REFRESH, answer(412))
    assert isinstance(step, Declined)
    assert (step.code, step.etag, step.retry_after, step.give_up) == ("etag-lost", "", 0.0, False)


def test_removing_lost_state_is_done() -> None:
    assert judge(REMOVE, answer(412)) == Published("", 0)


def test_a_duration_too_brief_is_lengthened() -> None:
    step = judge(Publish(ANNA, b"x", expires=300), answer(423, Min_Expires="1800"))
    assert step == Again(Publish(ANNA, b"x", expires=1800))


@pytest.mark.parametrize("least", ["", "100", "3600", "9999999"])
def test_a_server_that_says_no_usable_minimum_is_given_up(least: str) -> None:
    step = judge(INITIAL, answer(423, Min_Expires=least))
    assert isinstance(step, Declined)
    assert step.give_up


@pytest.mark.parametrize("code", [403, 404, 405, 413, 415, 489, 400, 420, 501, 513, 603, 302])
def test_what_trying_again_cannot_change_is_given_up(code: int) -> None:
    step = judge(MODIFY, answer(code))
    assert isinstance(step, Declined)
    assert step.give_up
    assert step.etag == "e1"
    assert str(code) in step.message


@pytest.mark.parametrize("code", [408, 480, 491, 500, 502, 503, 504, 599])
def test_what_may_pass_is_tried_again(code: int) -> None:
    step = judge(MODIFY, answer(code))
    assert isinstance(step, Declined)
    assert not step.give_up
    assert step.retry_after is None


def test_retry_after_is_obeyed_within_an_hour() -> None:
    step = judge(MODIFY, answer(503, Retry_After="120 (lunch)"))
    assert isinstance(step, Declined)
    assert (step.code, step.retry_after) == ("throttled", 120)
    step = judge(MODIFY, answer(503, Retry_After="9999999"))
    assert isinstance(step, Declined)
    assert step.retry_after == 3600


def test_the_fields_say_the_operation() -> None:
    assert dict(INITIAL.fields()) == {
        "Event": "presence", "Expires": "3600", "Content-Type": "application/pidf+xml"
    }  # fmt: skip
    assert dict(REMOVE.fields()) == {"Event": "presence", "Expires": "0", "SIP-If-Match": "e1"}


@pytest.mark.parametrize(
    "wrong",
    [
        Publish(ANNA),
        Publish("tel:+46701", b"x"),
        Publish("x", b"x"),
        Publish(ANNA, b"x", sender="y"),
    ],
)
def test_what_sip_cannot_say_is_refused(wrong: Publish) -> None:
    with pytest.raises(BadMessage):
        wrong.check()


@pytest.mark.parametrize(("expires", "latest"), [(3600, 2880), (300, 240), (100, 70), (40, 20)])
def test_a_refresh_comes_well_before_the_end_and_spread(expires: int, latest: float) -> None:
    assert refresh_in(expires, 0.0) == latest
    assert refresh_in(expires, 0.5) == pytest.approx(0.95 * latest)
