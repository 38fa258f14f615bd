"""Many publications at once: window, rate, probing, sign-in, large documents."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sipmessage import Request

from kalends.wire.sip.publication import Declined, Publish, Published
from kalends.wire.sip.publisher import Limits
from kalends.wire.sip.transactions import Transport
from tests.unit.wire.sip.event_state_compositor import TCP, UDP, Server, Wire, answer

ANNA = "sip:anna@acme.example"
BO = "sip:bo@acme.example"


def connected(wire: Wire) -> Wire:
    wire.connect(TCP if wire.transport.reliable else UDP)
    return wire


def crowd(size: int) -> list[Publish]:
    return [Publish(f"sip:p{number}@acme.example", b"<presence/>") for number in range(size)]


class Digesting:
    """Asks for a sign-in; ``accepts`` decides on what it is given."""

    def __init__(self, password_is_right: bool = True) -> None:
        self.right = password_is_right
        self.nonce = 1
        self.challenges = 0
        self.refusals = 0
        self.stale = False

    def __call__(self, asked: Request) -> bytes | None:
        signed = asked.headers.get("Authorization") or ""
        if self.right and f'nonce="n{self.nonce}"' in signed:
            return None
        self.challenges += 1
        self.refusals += bool(signed) and not self.right
        stale = ",stale=true" if self.stale and signed else ""
        line = f'Digest realm="r",nonce="n{self.nonce}",qop="auth"{stale}'
        return answer(asked, 401, WWW_Authenticate=line)


def test_publish_modify_refresh_and_remove() -> None:
    wire = connected(Wire())
    first = wire.publish(Publish(ANNA, b"one"))
    assert first == Published("e0", 3600)
    second = wire.publish(Publish(ANNA, b"two", etag="e0"))
    assert wire.server.holds(ANNA) == [b"two"]
    assert second == Published("e1", 3600)
    assert wire.publish(Publish(ANNA, etag="e1")) == Published("e2", 3600)
    assert wire.server.holds(ANNA) == [b"two"]
    assert wire.publish(Publish(ANNA, etag="e2", expires=0)) == Published("", 0)
    assert wire.server.holds(ANNA) == []


def test_a_request_has_all_that_rfc_3261_asks_for() -> None:
    wire = connected(Wire())
    wire.publish(Publish(ANNA, b"one", sender="sip:kalends@acme.example"))
    [asked] = wire.server.asked
    assert str(asked.uri) == ANNA
    assert asked.headers["To"] == f"<{ANNA}>"
    assert re.fullmatch(r"<sip:kalends@acme\.example>;tag=\w+", asked.headers["From"])
    assert asked.headers["Max-Forwards"] == "70"
    assert asked.headers["CSeq"] == "1 PUBLISH"
    assert asked.headers["Event"] == "presence"
    assert asked.headers["Content-Length"] == "3"


def test_state_the_server_lost_is_published_anew_within_the_same_call() -> None:
    wire = connected(Wire())
    assert wire.publish(Publish(ANNA, b"two", etag="gone")) == Published("e0", 3600)
    assert [asked.headers["CSeq"] for asked in wire.server.asked] == ["1 PUBLISH", "2 PUBLISH"]
    assert len({asked.headers["Call-ID"] for asked in wire.server.asked}) == 1


def test_a_minimum_duration_is_learned_for_everybody() -> None:
    wire = connected(Wire(Server(least=600)))
    assert wire.publish(Publish(ANNA, b"x", expires=300)) == Published("e0", 600)
    wire.publish(Publish(BO, b"x", expires=300))
    assert [asked.headers["Expires"] for asked in wire.server.asked] == ["300", "600", "600"]
    wire.publish(Publish(BO, etag="e1", expires=0))
    assert wire.server.asked[-1].headers["Expires"] == "0"


def test_one_request_goes_ahead_and_the_window_opens_when_it_is_answered() -> None:
    wire = connected(Wire(limits=Limits(window=10, max_per_second=1e6)))
    wire.submit(*crowd(50))
    assert len(wire.publisher.data_to_send()) == 1
    wire = connected(Wire(limits=Limits(window=10, max_per_second=1e6)))
    keys = wire.submit(*crowd(50))
    wire.run(1)
    assert wire.most_out == 10
    assert all(isinstance(wire.results[key], Published) for key in keys)


def test_no_more_than_the_rate_begins_in_any_second() -> None:
    wire = connected(Wire(limits=Limits(max_per_second=100)))
    wire.submit(*crowd(500))
    began = wire.now
    wire.run(100)
    assert len(wire.results) == 500
    assert wire.sent[-1] - began == pytest.approx(5.0, abs=0.2)
    for at in wire.sent:
        assert sum(at <= other < at + 1 for other in wire.sent) <= 106


def test_a_silent_server_is_asked_once_and_everything_waiting_comes_back() -> None:
    wire = connected(Wire(answers=False))
    wire.submit(*crowd(1000))
    wire.run(33)
    assert len(wire.results) == 1000
    assert {result.code for result in wire.results.values() if isinstance(result, Declined)} == {
        "unreachable"
    }
    assert len(wire.sent) == 11  # one request and its repetitions


def test_a_connection_nobody_answers_on_is_given_up_for_another() -> None:
    wire = connected(Wire(answers=False))
    wire.submit(Publish(ANNA, b"x"))
    wire.run(33)
    assert wire.publisher.abandoned() == [UDP]
    assert wire.publisher.abandoned() == []
    wire.submit(Publish(ANNA, b"x"))
    assert wire.publisher.wants is Transport.UDP


def test_work_nobody_waits_for_is_not_begun() -> None:
    wire = Wire()
    keys = wire.submit(*crowd(3))
    assert wire.publisher.cancel(set(keys[:2])) == set(keys[:2])
    connected(wire).run(1)
    assert set(wire.results) == {keys[2]}


def test_one_person_without_an_answer_does_not_stop_the_others() -> None:
    deaf = Server(first=lambda asked: b"rubbish" if "p1@" in str(asked.uri) else None)
    wire = connected(Wire(deaf))
    keys = wire.submit(*crowd(5))
    wire.run(20)
    assert set(keys) - set(wire.results) == {keys[1]}
    wire.submit(Publish(ANNA, b"x"))
    wire.run(20)
    assert wire.server.holds(ANNA) == [b"x"]
    assert isinstance(wire.results[keys[1]], Declined)


def test_a_burst_needs_one_challenge_not_one_each() -> None:
    asks = Digesting()
    wire = connected(Wire(Server(first=asks), sign_in=("kalends", "secret")))
    keys = wire.submit(*crowd(200))
    wire.run(10)
    assert all(isinstance(wire.results[key], Published) for key in keys)
    assert asks.challenges == 1


def test_a_stale_nonce_is_replaced_without_alarm() -> None:
    asks = Digesting()
    wire = connected(Wire(Server(first=asks), sign_in=("kalends", "secret")))
    wire.publish(Publish(ANNA, b"x"))
    asks.nonce, asks.stale = 2, True
    assert isinstance(wire.publish(Publish(BO, b"x")), Published)


def test_a_new_nonce_without_the_word_stale_is_taken_too() -> None:
    asks = Digesting()
    wire = connected(Wire(Server(first=asks), sign_in=("kalends", "secret")))
    wire.publish(Publish(ANNA, b"x"))
    asks.nonce = 2
    keys = wire.submit(*crowd(50))
    wire.run(10)
    assert all(isinstance(wire.results[key], Published) for key in keys)


def test_a_wrong_password_is_tried_once_not_once_per_person() -> None:
    asks = Digesting(password_is_right=False)
    wire = connected(Wire(Server(first=asks), sign_in=("kalends", "wrong")))
    wire.submit(*crowd(1000))
    wire.run(10)
    assert asks.refusals == 1
    assert len(wire.results) == 1000
    assert {result.code for result in wire.results.values() if isinstance(result, Declined)} == {
        "sign-in"
    }


def test_in_a_day_a_wrong_password_is_tried_twice_an_hour_at_most() -> None:
    asks = Digesting(password_is_right=False)
    wire = connected(Wire(Server(first=asks), sign_in=("kalends", "wrong")))
    for _minute in range(24 * 60):
        wire.submit(*crowd(5))
        wire.run(60)
    assert asks.refusals <= 48


def test_a_new_password_is_tried_at_once() -> None:
    asks = Digesting(password_is_right=False)
    wire = connected(Wire(Server(first=asks), sign_in=("kalends", "wrong")))
    assert isinstance(wire.publish(Publish(ANNA, b"x")), Declined)
    asks.right, wire.sign_in = True, ("kalends", "right")
    assert isinstance(wire.publish(Publish(ANNA, b"x")), Published)


def test_a_password_changed_at_the_server_is_found_out_by_one_probe() -> None:
    asks = Digesting()
    wire = connected(Wire(Server(first=asks), sign_in=("kalends", "secret")))
    wire.publish(Publish(ANNA, b"x"))
    asks.right = False
    wire.submit(*crowd(20))
    wire.run(10)
    # Twenty were on their way with the nonce known as good; only one answers the challenge anew.
    assert asks.refusals == 21
    assert all(isinstance(result, Declined) for key, result in wire.results.items() if key > 0)


def test_a_server_that_forbids_everything_counts_as_a_refused_sign_in() -> None:
    asks = Digesting()

    def forbid(asked: Request) -> bytes | None:
        return asks(asked) or answer(asked, 403)

    wire = connected(Wire(Server(first=forbid), sign_in=("kalends", "wrong")))
    wire.submit(*crowd(1000))
    wire.run(10)
    assert sum("Authorization" in asked.headers.keys() for asked in wire.server.asked) == 2  # noqa: SIM118 (not a dict)


def test_one_forbidden_person_does_not_stop_the_others() -> None:
    wire = connected(
        Wire(Server(first=lambda asked: answer(asked, 403) if "bo@" in str(asked.uri) else None))
    )
    keys = wire.submit(Publish(ANNA, b"x"), Publish(BO, b"x"), *crowd(5))
    wire.run(10)
    assert [key for key in keys if isinstance(wire.results[key], Declined)] == [keys[1]]


def test_a_challenge_without_a_credential_is_told() -> None:
    wire = connected(Wire(Server(first=Digesting())))
    result = wire.publish(Publish(ANNA, b"x"))
    assert isinstance(result, Declined)
    assert result.code == "sign-in"
    assert "none is configured" in result.message


def test_a_server_that_challenges_endlessly_is_left() -> None:
    def never(asked: Request) -> bytes:
        return answer(asked, 401, WWW_Authenticate='Digest realm="r",nonce="n",stale=true')

    wire = connected(Wire(Server(first=never), sign_in=("u", "p")))
    assert isinstance(wire.publish(Publish(ANNA, b"x")), Declined)
    assert len(wire.server.asked) == 8


def test_a_server_that_asks_for_silence_gets_it_from_everybody() -> None:
    wire = connected(Wire(Server(first=lambda asked: answer(asked, 503, Retry_After="60"))))
    wire.submit(*crowd(100))
    wire.run(1)
    assert len(wire.server.asked) == 1
    later = wire.results[99]
    assert isinstance(later, Declined)
    assert (later.code, later.retry_after) == ("throttled", 60)
    wire.server.first = lambda _asked: None
    assert isinstance(wire.publish(Publish(ANNA, b"x")), Declined)
    wire.run(60)
    assert isinstance(wire.publish(Publish(ANNA, b"x")), Published)


def test_a_document_too_long_for_a_datagram_goes_by_tcp() -> None:
    wire = connected(Wire())
    [key] = wire.submit(Publish(ANNA, b"x" * 1500))
    assert wire.publisher.data_to_send() == []
    assert wire.publisher.wants is Transport.TCP
    wire.connect(TCP)
    wire.run(1)
    assert isinstance(wire.results[key], Published)
    assert wire.server.asked[0].headers["Via"].startswith("SIP/2.0/TCP ")


def test_a_server_without_tcp_gets_the_long_datagram() -> None:
    wire = connected(Wire())
    [key] = wire.submit(Publish(ANNA, b"x" * 1500))
    wire.publisher.unreachable("refused", wire.now)
    wire.run(1)
    assert isinstance(wire.results[key], Published)
    assert wire.server.asked[0].headers["Via"].startswith("SIP/2.0/UDP ")


def test_work_waits_for_a_connection_and_says_so() -> None:
    wire = Wire(transport=Transport.TCP)
    assert wire.publisher.wants is None
    [key] = wire.submit(Publish(ANNA, b"x"))
    assert wire.publisher.wants is Transport.TCP
    wire.connect(TCP)
    assert wire.publisher.wants is None
    wire.run(1)
    assert isinstance(wire.results[key], Published)


def test_a_broken_connection_is_asked_again_once() -> None:
    wire = connected(Wire(transport=Transport.TCP, answers=False))
    [key] = wire.submit(Publish(ANNA, b"x"))
    wire.carry()
    wire.publisher.disconnected(TCP, "reset", wire.now)
    assert wire.publisher.wants is Transport.TCP
    again = TCP._replace(number=2)
    wire.connect(again)
    wire.carry()
    wire.publisher.disconnected(again, "reset", wire.now)
    wire.carry()
    assert wire.results[key] == Declined("unreachable", "reset")


def test_no_connection_gives_everything_back() -> None:
    wire = Wire(transport=Transport.TLS)
    wire.submit(*crowd(3))
    wire.publisher.unreachable("no route", wire.now, code="certificate")
    wire.carry()
    assert [result.code for result in wire.results.values() if isinstance(result, Declined)] == [
        "certificate"
    ] * 3
    assert wire.publisher.wants is None


def test_what_cannot_be_said_in_sip_is_given_up_without_sending() -> None:
    wire = connected(Wire())
    results = [wire.publish(wrong) for wrong in (Publish("x", b"x"), Publish(ANNA))]
    assert all(isinstance(result, Declined) and result.give_up for result in results)
    assert wire.server.asked == []


codes = st.sampled_from([200, 200, 200, 100, 301, 401, 403, 404, 407, 408, 412, 423, 500, 503, 603])
fields = st.fixed_dictionaries(
    {},
    optional={
        "SIP_ETag": st.sampled_from(["e", "", "a b"]),
        "Expires": st.sampled_from(["0", "1", "60", "99999999999", "x"]),
        "Min_Expires": st.sampled_from(["0", "7200", "x"]),
        "Retry_After": st.sampled_from(["0", "5", "x", "99999"]),
        "WWW_Authenticate": st.sampled_from(
            ['Digest realm="r",nonce="n"', 'Digest nonce="n",stale=true', "Digest", "Basic x"]
        ),
        "Proxy_Authenticate": st.sampled_from(['Digest realm="p",nonce="n",qop="auth"', ""]),
    },
)


@given(st.lists(st.one_of(st.none(), st.tuples(codes, fields)), max_size=12), st.booleans())
def test_whatever_a_server_answers_every_publication_has_one_outcome(
    script: list[tuple[int, dict[str, str]] | None], signed: bool
) -> None:
    def scripted(asked: Request) -> bytes | None:
        step = script.pop() if script else None
        return answer(asked, step[0], **step[1]) if step else None

    wire = connected(Wire(Server(first=scripted), sign_in=("u", "p") if signed else None))
    keys = wire.submit(*crowd(5), Publish(ANNA, etag="lost"), Publish(ANNA, etag="e0", expires=0))
    wire.run(400)
    assert set(wire.results) == set(keys)
    assert wire.publisher.next_deadline() is None
