"""How soon somebody who failed alone is tried again."""

from kalends.engine.reach import RETRIES, RETRY_LONGEST_OF_MANY, retry_pause

MINUTE = 60.0
JITTER = 1.2
"""The most that chance adds to a pause."""


def test_whoever_fails_alone_again_and_again_is_tried_within_the_minute() -> None:
    pauses = [retry_pause(failures, 1) for failures in range(1, 40)]
    assert pauses[:3] == [2.0, 4.0, 8.0]
    assert pauses == sorted(pauses)
    assert max(pauses) * JITTER < MINUTE


def test_many_who_fail_alone_share_a_few_tries_a_second() -> None:
    for many in (100, 500, 1000):
        assert many / retry_pause(20, many) <= RETRIES
    assert retry_pause(20, 100_000) == RETRY_LONGEST_OF_MANY


def test_a_first_failure_is_tried_again_at_once_however_many_wait() -> None:
    assert retry_pause(1, 100_000) == retry_pause(1, 1)
