"""Standard Webhooks against the reference library."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from kalends.wire.webhook import Secret, event, headers, message_id

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_example_of_the_specification() -> None:
    body = b'{"test": 2432232314}'
    signature = Secret.parse(SECRET).sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(min_size=16, max_size=64), st.text(), st.integers(0, 2**40))
def test_signatures_are_those_of_the_reference_library(key: bytes, text: str, at: int) -> None:
    at = at % 4_000_000_000
    secret = "whsec_" + base64.b64encode(key).decode()
    body = event("presence.changed", at, {"note": text})
    reference = Webhook(secret).sign("msg_1", datetime.fromtimestamp(at, UTC), body.decode())
    assert Secret.parse(secret).sign("msg_1", at, body) == reference


def test_a_message_carries_one_signature_per_secret() -> None:
    secrets = [Secret.parse(SECRET), Secret(b"0" * 24)]
    told = dict(headers(secrets, "msg_1", 1614265330, b"{}"))
    assert told["Webhook-Id"] == "msg_1"
    assert told["Webhook-Timestamp"] == "1614265330"
    assert told["Webhook-Signature"].count("v1,") == 2


@pytest.mark.parametrize("text", ["", "whsec_", "hunter2!", "whsec_c2hvcnQ=", "whsec_å"])
def test_what_is_no_secret_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match="a secret") as refused:
        Secret.parse(text)
    assert not text or text not in str(refused.value)


def test_padding_and_prefix_may_be_left_out() -> None:
    assert Secret.parse(SECRET) == Secret.parse(SECRET.removeprefix("whsec_"))
    assert Secret.parse("whsec_" + base64.b64encode(b"0" * 17).decode().rstrip("=")) == Secret(
        b"0" * 17
    )


def test_ids_tell_changes_apart_and_hide_the_person() -> None:
    ids = {
        message_id("acme", "hook", [("anna", 1)]),
        message_id("acme", "hook", [("anna", 2)]),
        message_id("acme", "hook", [("bo", 1)]),
        message_id("acme", "hook2", [("anna", 1)]),
        message_id("other", "hook", [("anna", 1)]),
        message_id("acme", "hook", [("anna", 1), ("bo", 2)]),
        message_id("acme", "hook", [("bo", 2), ("anna", 1)]),
    }
    assert len(ids) == 7
    assert not any("anna" in one or "." in one for one in ids)
