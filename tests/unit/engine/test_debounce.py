"""Edits in quick succession."""

from __future__ import annotations

from kalends.engine.debounce import LONGEST_SECONDS, QUIET_SECONDS, Debounce

KEY = ("anna", "default")


def test_the_first_news_of_a_quiet_calendar_is_read_at_once() -> None:
    assert Debounce(60).heard(KEY, 100.0) == 100.0


def test_fifty_hints_in_ten_seconds_lead_to_two_reads() -> None:
    debounce = Debounce(60)
    reads, noted = 0, None
    for step in range(50):
        now = 100 + step * 0.2
        if noted is not None and noted <= now:
            later = debounce.ripe_at(KEY, now)
            reads += later is None
            noted = later
        at = debounce.heard(KEY, now)
        if at == now:
            reads += 1
            debounce.stored(KEY, now)
        elif at is not None:
            noted = at
    assert reads == 1
    assert noted is not None
    end = 100 + 49 * 0.2
    later = debounce.ripe_at(KEY, noted)
    assert later is None or later == end + QUIET_SECONDS
    assert debounce.ripe_at(KEY, end + QUIET_SECONDS) is None


def test_a_calendar_that_never_rests_is_read_all_the_same() -> None:
    debounce = Debounce(60)
    debounce.heard(KEY, 0.0)
    debounce.heard(KEY, 1.0)
    for second in range(2, 30):
        debounce.heard(KEY, float(second))
    assert debounce.ripe_at(KEY, 1.0 + LONGEST_SECONDS) is None


def test_polls_that_keep_finding_news_store_it_once_it_rests() -> None:
    debounce = Debounce(1)
    assert debounce.seen(KEY, 1, 0.0) is None
    now, content, stored = 1.0, 2, 0
    while now < 12:
        later = debounce.seen(KEY, content, now)
        if later is None:
            stored += 1
            break
        now, content = later, content + 1 if now < 9 else content
    assert stored == 1
    assert now > 9


def test_edits_after_a_rest_wait_for_the_next_rest() -> None:
    debounce = Debounce(1)
    assert debounce.seen(KEY, 1, 0.0) is None
    assert debounce.seen(KEY, 2, 1.0) == 1.0 + QUIET_SECONDS
    assert debounce.seen(KEY, 2, 3.0) is None  # it came to rest
    assert debounce.seen(KEY, 3, 4.0) == 4.0 + QUIET_SECONDS


def test_an_edit_that_was_taken_back_is_waited_for_no_more() -> None:
    debounce = Debounce(1)
    debounce.same(KEY)
    debounce.seen(KEY, 1, 0.0)
    debounce.seen(KEY, 2, 1.0)
    debounce.same(KEY)
    debounce.sweep(60.0)
    assert len(debounce) == 0


def test_a_change_minutes_after_the_last_is_stored_at_once() -> None:
    debounce = Debounce(60)
    assert debounce.seen(KEY, 1, 0.0) is None
    assert debounce.seen(KEY, 2, 60.0) is None


def test_calendars_at_rest_are_forgotten() -> None:
    debounce = Debounce(5)
    debounce.heard(KEY, 0.0)
    debounce.sweep(3.0)
    assert len(debounce) == 1
    debounce.sweep(60.0)
    assert len(debounce) == 0
