"""Challenges, Basic and Digest: the RFCs' own examples, and what must never happen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalends.errors import SignInNeeded
from kalends.model.http import Request, Response
from kalends.net.challenge import Challenge, challenges
from kalends.net.contract import Credential
from kalends.net.digest import choose
from kalends.net.signin import Bearer, Password, Verdict, basic

URL = "https://dav.example/cal"
SVC = Credential("svc", "pw")
GET = Request("GET", URL)


def refused(*offers: str) -> Response:
    return Response(401, {"www-authenticate": ", ".join(offers)})


# --- RFC 9110 section 11.6.1 ------------------------------------------------------------------


def test_several_challenges_in_one_header() -> None:
    header = (
        'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\"",'
        " Negotiate, NTLM TlRMTVNTUAAC==, Digest nonce=abc"
    )
    assert challenges(header) == [
        Challenge("basic", {"realm": "simple"}),
        Challenge("newauth", {"realm": "apps", "type": "1", "title": 'Login to "apps"'}),
        Challenge("negotiate"),
        Challenge("ntlm", {}, "TlRMTVNTUAAC=="),
        Challenge("digest", {"nonce": "abc"}),
    ]


@given(st.text())
def test_any_header_is_read_without_a_crash(header: str) -> None:
    for challenge in challenges(header):
        assert challenge.scheme == challenge.scheme.lower()


def test_an_endless_header_is_read_in_no_time() -> None:
    for piece in ("a ", "a=", 'a="', '\\"', ",", "a=b,", '"\\'):
        challenges(piece * 50_000)


# --- RFC 7616 section 3.9.1 -------------------------------------------------------------------

NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
OPAQUE = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_rfc_7616(algorithm: str, response: str) -> None:
    offer = (
        f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
        f'nonce="{NONCE}", opaque="{OPAQUE}"'
    )
    digest = choose(challenges(offer))
    assert digest is not None
    value = digest.authorization(
        "GET",
        "/dir/index.html",
        Credential("Mufasa", "Circle of Life"),
        "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert f'response="{response}"' in value
    assert "nc=00000001" in value
    assert f'opaque="{OPAQUE}"' in value


def test_the_example_of_rfc_2617_without_qop_as_of_rfc_2069() -> None:
    digest = choose([Challenge("digest", {"realm": "r", "nonce": "n"})])
    assert digest is not None
    value = digest.authorization("GET", "/", Credential("u", "p"), "c")
    # md5(md5("u:r:p"):n:md5("GET:/")), reckoned with md5sum
    assert 'response="f23121ca97143c6b358da620220c83b4"' in value
    assert "cnonce" not in value


def test_the_strongest_algorithm_is_chosen_and_unknown_ones_are_not() -> None:
    given = {"realm": "r", "nonce": "n"}
    offers = [
        Challenge("digest", given | {"algorithm": name})
        for name in ("SHA-999", "MD5", "SHA-256", "MD5-sess")
    ]
    best = choose(offers)
    assert best is not None
    assert best.challenge.algorithm == "SHA-256"
    assert choose(offers[:1]) is None
    assert choose([Challenge("digest", given | {"qop": "auth-int"})]) is None


# --- Password ---------------------------------------------------------------------------------

DIGEST = 'Digest realm="r", nonce="n1", qop="auth"'
STALE = 'Digest realm="r", nonce="n2", qop="auth", stale=true'


def test_auto_sends_basic_unasked_and_a_refusal_is_a_refusal() -> None:
    password = Password("auto")
    assert password.before(GET, SVC) == basic(SVC) == "Basic c3ZjOnB3"
    assert password.judge(GET, refused('Basic realm="x"', DIGEST), SVC) is Verdict.REFUSED


def test_basic_is_utf_8() -> None:
    assert basic(Credential("åsa", "pä:ß")) == "Basic w6VzYTpww6Q6w58="


def test_where_digest_was_asked_for_the_password_never_goes_again() -> None:
    password = Password("auto")
    assert password.judge(GET, refused(DIGEST), SVC) is Verdict.AGAIN
    for _ in range(3):
        assert str(password.before(GET, SVC)).startswith("Digest ")
        password.judge(GET, refused('Basic realm="downgrade"'), SVC)


def test_a_first_challenge_and_a_stale_nonce_are_no_failed_sign_ins() -> None:
    password = Password("digest")
    assert password.before(GET, SVC) is None
    assert password.judge(GET, refused(DIGEST), SVC) is Verdict.AGAIN
    assert password.judge(GET, refused(STALE), SVC) is Verdict.AGAIN
    assert 'nonce="n2"' in str(password.before(GET, SVC))
    assert password.judge(GET, refused(DIGEST), SVC) is Verdict.REFUSED


def test_a_nonce_of_one_origin_or_person_is_not_used_for_another() -> None:
    password = Password("digest")
    password.judge(GET, refused(DIGEST), SVC)
    assert password.before(Request("GET", "https://dav.example:8443/cal"), SVC) is None
    assert password.before(GET, Credential("bo", "pw")) is None


def test_no_way_in_names_what_is_offered() -> None:
    with pytest.raises(SignInNeeded, match="offers negotiate, ntlm to sign in"):
        Password("auto").judge(GET, refused("Negotiate", "NTLM"), SVC)
    with pytest.raises(SignInNeeded, match="'digest' cannot be used"):
        Password("digest").judge(GET, refused('Basic realm="x"'), SVC)


def test_a_token_is_a_bearer_token() -> None:
    bearer = Bearer()
    assert bearer.before(GET, SVC) == "Bearer pw"
    assert bearer.judge(GET, refused("Bearer"), SVC) is Verdict.REFUSED
