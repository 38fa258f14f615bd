"""Pacing of an endpoint and of a failing calendar."""

from __future__ import annotations

import pytest

from kalends.engine.gate import (
    DENIED_LATER_SECONDS,
    DENIED_PROBES,
    DENIED_SECONDS,
    PROBE_SECONDS,
    RECOVERY_READS,
    Gate,
    Shut,
    calendar_delay,
    concerns_endpoint,
    stale_after,
)
from kalends.errors import (
    AccessDenied,
    BadAnswer,
    SignInNeeded,
    SourceTrouble,
    SuspiciouslyEmpty,
    Throttled,
    Unreachable,
)


def never() -> float:
    return 0.0


def always() -> float:
    return 1.0


def failed(gate: Gate, times: int, now: float = 0.0) -> None:
    for _ in range(times):
        gate.failed(Unreachable("no connection"), now, 1e9, never)


def test_one_lost_connection_does_not_shut_the_source() -> None:
    gate = Gate(4)
    failed(gate, 2)
    assert gate.free(0.0) == 4


def test_a_server_that_is_down_gets_one_probe_in_thirty_seconds() -> None:
    gate = Gate(20)
    failed(gate, 3)
    assert gate.shut is Shut.DOWN
    assert gate.free(PROBE_SECONDS - 0.1) == 0
    assert gate.free(PROBE_SECONDS) == 1
    gate.in_flight = 1
    assert gate.free(PROBE_SECONDS) == 0
    gate.in_flight = 0
    failed(gate, 1, now=PROBE_SECONDS)
    assert gate.free(2 * PROBE_SECONDS - 0.1) == 0


def test_after_an_outage_at_most_ten_read_at_once() -> None:
    gate = Gate(50)
    failed(gate, 3)
    assert gate.succeeded()
    assert gate.free(1.0) == RECOVERY_READS
    gate.recovering = False
    assert gate.free(1.0) == 50


@pytest.mark.parametrize("kind", [Unreachable, Throttled, SignInNeeded])
def test_a_source_fails_since_its_first_failure_until_it_answers(kind: type[SourceTrouble]) -> None:
    gate = Gate(4)
    gate.failed(kind("?"), 10.0, 1e9, never)
    gate.failed(kind("?"), 50.0, 1e9, never)
    assert gate.failing_since == 10.0
    gate.succeeded()
    assert gate.failing_since is None


def test_chance_makes_a_wait_longer_and_never_shorter() -> None:
    down, refused, named, nameless = (Gate(4) for _ in range(4))
    for _ in range(3):
        down.failed(Unreachable("no connection"), 0.0, 1e9, always)
    refused.failed(SignInNeeded("401"), 0.0, 1e9, always)
    named.failed(Throttled("429", at=1e9 + 120.0), 0.0, 1e9, always)
    nameless.failed(Throttled("429"), 0.0, 1e9, always)
    least = (PROBE_SECONDS, PROBE_SECONDS, 120.0, 10.0)
    for gate, seconds in zip((down, refused, named, nameless), least, strict=True):
        assert seconds < gate.opens_at <= 1.2 * seconds


def test_a_throttling_server_is_left_alone_until_it_says() -> None:
    gate = Gate(4)
    gate.failed(Throttled("429", at=1_000_120.0), 50.0, 1_000_000.0, never)
    assert gate.free(169.9) == 0
    assert gate.free(170.0) == 4


def test_a_throttling_server_that_names_no_time_waits_longer_each_time() -> None:
    gate = Gate(4)
    gate.failed(Throttled("429"), 0.0, 0.0, never)
    first = gate.opens_at
    gate.failed(Throttled("429"), first, 0.0, never)
    assert gate.opens_at - first > first


def test_a_refused_sign_in_shuts_the_source_and_a_reset_opens_it() -> None:
    gate = Gate(4)
    gate.failed(SignInNeeded("401"), 0.0, 0.0, never)
    assert gate.free(1.0) == 0
    gate.reset()
    assert gate.free(1.0) == 4


def test_one_persons_own_credential_says_nothing_about_the_server() -> None:
    assert concerns_endpoint(SignInNeeded("401"), own_credential=False)
    assert not concerns_endpoint(SignInNeeded("401"), own_credential=True)
    assert not concerns_endpoint(AccessDenied("not shared"), own_credential=False)
    assert not concerns_endpoint(BadAnswer("HTML"), own_credential=False)


def test_a_denied_calendar_is_tried_every_five_minutes_for_an_hour_then_hourly() -> None:
    error = AccessDenied("not shared")
    first = [calendar_delay(error, n, never) for n in range(1, DENIED_PROBES + 1)]
    assert set(first) == {DENIED_SECONDS}
    assert sum(first) == 3600
    assert calendar_delay(error, DENIED_PROBES + 1, never) == DENIED_LATER_SECONDS


def test_nonsense_is_asked_again_ever_more_slowly() -> None:
    delays = [calendar_delay(BadAnswer("HTML"), n, never) for n in range(1, 9)]
    assert delays == sorted(delays)
    assert delays[0] == 30
    assert delays[-1] == 900


def test_an_emptied_calendar_is_looked_at_again_within_a_minute_or_so() -> None:
    assert calendar_delay(SuspiciouslyEmpty("empty"), 1, never) == 60


def test_calendars_are_stale_after_two_missed_polls_at_most_two_minutes() -> None:
    assert stale_after(15) == 15
    assert stale_after(60) + 60 <= 120
