"""The client transaction of RFC 3261 figure 6, on a clock of our own."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalends.wire.sip.message import read, request
from kalends.wire.sip.transactions import (
    Answered,
    ClientTransactions,
    Flow,
    Lost,
    Silent,
    TooLong,
    Transport,
)

UDP = Flow(Transport.UDP, "192.0.2.1:5060")
TCP = Flow(Transport.TCP, "192.0.2.1:5060")


def transactions() -> ClientTransactions:
    numbers = itertools.count(1)
    return ClientTransactions(lambda: f"t{next(numbers)}")


def ask(layer: ClientTransactions, flow: Flow = UDP, now: float = 0.0) -> str:
    fields = [("Call-ID", "c"), ("CSeq", "1 PUBLISH")]
    return layer.send(request("PUBLISH", "sip:a@b.example", fields), flow, now)


def answer(branch: str, code: int, method: str = "PUBLISH") -> bytes:
    return (
        f"SIP/2.0 {code} x\r\nVia: SIP/2.0/UDP h;branch={branch}\r\nCall-ID: c\r\n"
        f"CSeq: 1 {method}\r\n\r\n"
    ).encode()


def sent_at(layer: ClientTransactions, until: float) -> list[float]:
    """Let time pass, deadline by deadline; return when something went out."""
    times = []
    while (deadline := layer.next_deadline()) is not None and deadline <= until:
        layer.tick(deadline)
        times += [deadline for _ in layer.data_to_send()]
    return times


def test_a_datagram_is_repeated_ever_more_slowly_until_timer_f() -> None:
    layer = transactions()
    branch = ask(layer)
    assert len(layer.data_to_send()) == 1
    assert sent_at(layer, 100) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert layer.events() == [Silent(branch)]
    assert (len(layer), layer.next_deadline()) == (0, None)


def test_repetitions_are_the_same_bytes() -> None:
    layer = transactions()
    ask(layer)
    [(_, first)] = layer.data_to_send()
    layer.tick(0.5)
    assert layer.data_to_send() == [(UDP, first)]


def test_a_stream_repeats_nothing_but_times_out_too() -> None:
    layer = transactions()
    branch = ask(layer, TCP)
    layer.data_to_send()
    assert sent_at(layer, 100) == []
    assert layer.events() == [Silent(branch)]


def test_after_a_provisional_answer_it_is_repeated_every_t2() -> None:
    layer = transactions()
    branch = ask(layer)
    layer.data_to_send()
    layer.receive(answer(branch, 100), UDP, 0.2)
    assert layer.events() == []
    assert sent_at(layer, 100)[:3] == [0.5, 4.5, 8.5]


def test_a_final_answer_ends_it_and_repeated_answers_are_absorbed() -> None:
    layer = transactions()
    branch = ask(layer)
    layer.data_to_send()
    layer.receive(answer(branch, 200), UDP, 0.1)
    layer.receive(answer(branch, 200), UDP, 0.2)
    [event] = layer.events()
    assert isinstance(event, Answered)
    assert (event.branch, event.response.code) == (branch, 200)
    assert layer.next_deadline() == pytest.approx(5.1)
    assert sent_at(layer, 100) == []
    assert len(layer) == 0


def test_on_a_stream_an_answered_transaction_is_gone_at_once() -> None:
    layer = transactions()
    branch = ask(layer, TCP)
    layer.receive(answer(branch, 200), TCP, 0.1)
    layer.tick(0.1)
    assert len(layer) == 0


@pytest.mark.parametrize(
    ("data", "flow"),
    [
        (answer("z9hG4bKother", 200), UDP),
        (answer("z9hG4bKt1", 200, "OPTIONS"), UDP),
        (answer("z9hG4bKt1", 200), TCP),
        (answer("z9hG4bKt1", 999), UDP),
        (answer("z9hG4bKt1", 0), UDP),
        (b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKt1\r\ni: c\r\n"
         b"CSeq: 1 PUBLISH\r\n\r\n", UDP),
        (b"rubbish", UDP),
    ],
)  # fmt: skip
def test_an_answer_that_does_not_match_is_dropped(data: bytes, flow: Flow) -> None:
    layer = transactions()
    assert ask(layer) == "z9hG4bKt1"
    layer.receive(data, flow, 0.1)
    assert layer.events() == []
    assert layer.dropped == 1


def test_a_broken_flow_is_told_to_those_who_wait_on_it() -> None:
    layer = transactions()
    lost, kept, done = ask(layer, TCP), ask(layer, UDP), ask(layer, TCP)
    layer.receive(answer(done, 200), TCP, 0.0)
    layer.events()
    layer.lost(TCP, "reset")
    assert layer.events() == [Lost(lost, "reset")]
    layer.receive(answer(kept, 200), UDP, 0.1)
    assert [event.branch for event in layer.events()] == [kept]


def test_what_does_not_fit_a_datagram_is_not_begun() -> None:
    layer = transactions()
    big = request("PUBLISH", "sip:a@b.example", [], b"x" * 1300)
    with pytest.raises(TooLong):
        layer.send(big, UDP, 0.0, datagram=1300)
    assert layer.data_to_send() == []
    assert layer.send(big, TCP, 0.0, datagram=1300)


def test_the_via_names_the_transport_and_asks_for_the_port() -> None:
    layer = transactions()
    branch = ask(layer, TCP)
    [(_, data)] = layer.data_to_send()
    assert read(data).headers.getlist("Via") == [
        f"SIP/2.0/TCP 192.0.2.1:5060;rport;branch={branch}"
    ]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("ask"), st.sampled_from([UDP, TCP])),
            st.tuples(st.just("answer"), st.integers(0, 30)),
            st.tuples(st.just("provisional"), st.integers(0, 30)),
            st.tuples(st.just("wait"), st.floats(0, 10)),
            st.tuples(st.just("lost"), st.sampled_from([UDP, TCP])),
        ),
        max_size=40,
    )
)
def test_every_request_ends_exactly_once(steps: list[tuple[str, object]]) -> None:
    layer = transactions()
    asked: list[tuple[str, Flow]] = []
    ended: list[str] = []
    now = 0.0
    for step, about in steps:
        match step, about:
            case "ask", Flow() as flow:
                asked.append((ask(layer, flow, now), flow))
            case "wait", float() as seconds:
                now += seconds
                layer.tick(now)
            case "lost", Flow() as flow:
                layer.lost(flow, "reset")
            case _, int() as which if which < len(asked):
                branch, flow = asked[which]
                layer.receive(answer(branch, 200 if step == "answer" else 100), flow, now)
        ended += [event.branch for event in layer.events()]
        deadline = layer.next_deadline()
        assert deadline is None or deadline >= 0
    sent_at(layer, now + 100)
    ended += [event.branch for event in layer.events()]
    assert sorted(ended) == sorted(branch for branch, _ in asked)
    assert len(layer) == 0
