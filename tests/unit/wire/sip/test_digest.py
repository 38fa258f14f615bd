"""Digest sign-in: the RFCs' own examples, and challenges as servers write them."""

from __future__ import annotations

import pytest
from sipmessage import Response

from kalends.wire.digest import Challenge, authorization
from kalends.wire.sip.digest import Digest, challenges
from tests.quickest import quickest


def refusal(*lines: str, code: int = 401) -> Response:
    response = Response(code, "Unauthorized")
    for line in lines:
        response.headers.add("Proxy-Authenticate" if code == 407 else "WWW-Authenticate", line)
    return response


def test_the_md5_example_of_rfc_2617() -> None:
    challenge = Challenge(
        "testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", "",
        "5ccc069c403ebaf9f0171e9517f40e41", qop=True, stale=False, proxy=False,
    )  # fmt: skip
    signed = authorization(
        challenge, "Mufasa", "Circle Of Life", "GET", "/dir/index.html", cnonce="0a4f113b", count=1
    )
    assert 'response="6629fae49393a05397450978507c4ef1"' in signed
    assert "nc=00000001" in signed
    assert 'opaque="5ccc069c403ebaf9f0171e9517f40e41"' in signed


def test_the_sha_256_example_of_rfc_7616() -> None:
    challenge = Challenge(
        "http-auth@example.org", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "SHA-256",
        "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", qop=True, stale=False, proxy=False,
    )  # fmt: skip
    signed = authorization(
        challenge, "Mufasa", "Circle of Life", "GET", "/dir/index.html",
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", count=1,
    )  # fmt: skip
    assert 'response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"' in signed
    assert "algorithm=SHA-256" in signed


def test_without_qop_the_old_form_is_used() -> None:
    challenge = Challenge("r", "n", "MD5", None, qop=False, stale=False, proxy=True)
    signed = authorization(challenge, "u", "p", "PUBLISH", "sip:a@b", cnonce="c", count=1)
    assert "nc=" not in signed
    assert "cnonce" not in signed


@pytest.mark.parametrize(
    ("algorithm", "length"), [("", 32), ("md5", 32), ("SHA-256", 64), ("SHA-512-256", 64),
                              ("MD5-sess", 32)]
)  # fmt: skip
def test_each_algorithm_has_its_length(algorithm: str, length: int) -> None:
    challenge = Challenge("r", "n", algorithm, None, qop=True, stale=False, proxy=False)
    signed = authorization(challenge, "u", "p", "PUBLISH", "sip:a@b", cnonce="c", count=1)
    response = signed.partition('response="')[2].partition('"')[0]
    assert len(response) == length


def test_the_servers_first_known_challenge_is_taken() -> None:
    offered = challenges(
        refusal(
            'Digest realm="a", nonce="1", algorithm=SHA-999',
            'Basic realm="a"',
            'Digest realm="a, \\"b\\"",nonce="2",qop="auth-int, auth",stale=TRUE,algorithm=SHA-256',
            'Digest realm="a",nonce="3",algorithm=MD5',
        )
    )
    assert [challenge.nonce for challenge in offered] == ["2", "3"]
    assert offered[0].realm == 'a, "b"'
    assert offered[0].stale
    assert offered[0].qop


@pytest.mark.parametrize(
    "line",
    [
        "", "Digest", "Digest realm=", 'Digest realm="a"', 'Digest nonce="a" realm="b"',
        'Digest nonce="a', 'Digest nonce="a",qop="auth-int"', 'Digest nonce="a\x01"',
        'Digest nonce="' + "a" * 5000 + '"', "Negotiate abc",
    ],
)  # fmt: skip
def test_a_challenge_that_cannot_be_answered_is_left_out(line: str) -> None:
    assert challenges(refusal(line)) == []


def test_a_hostile_challenge_costs_nothing() -> None:
    hostile = refusal("Digest " + ",".join(['a="b"'] * 700) + ',!!=@"')
    assert quickest(lambda: challenges(hostile)) < 0.1


def test_a_nonce_is_used_again_with_a_rising_count() -> None:
    digest = Digest(lambda: "c")
    assert list(digest.fields("u", "p", "PUBLISH", "sip:a@b")) == []
    digest.challenged(refusal('Digest realm="r",nonce="n",qop="auth"'))
    for count in ("00000001", "00000002"):
        [(name, value)] = digest.fields("u", "p", "PUBLISH", "sip:a@b")
        assert name == "Authorization"
        assert f"nc={count}" in value


def test_a_proxy_and_a_server_are_both_answered() -> None:
    digest = Digest(lambda: "c")
    digest.challenged(refusal('Digest realm="r",nonce="n"'))
    digest.challenged(refusal('Digest realm="p",nonce="n"', code=407))
    names = [name for name, _ in digest.fields("u", "p", "PUBLISH", "sip:a@b")]
    assert names == ["Authorization", "Proxy-Authorization"]


def test_a_server_cannot_make_it_remember_realms_without_end() -> None:
    digest = Digest(lambda: "c")
    for number in range(100):
        digest.challenged(refusal(f'Digest realm="{number}",nonce="n"'))
    assert len(list(digest.fields("u", "p", "PUBLISH", "sip:a@b"))) == 8


def test_quotes_in_a_name_stay_within_their_quotes() -> None:
    challenge = Challenge("r", "n", "", None, qop=True, stale=False, proxy=False)
    signed = authorization(challenge, 'a", x="\\', "p", "PUBLISH", "sip:a@b", cnonce="c", count=1)
    assert signed.startswith('Digest username="a\\", x=\\"\\\\", realm=')
