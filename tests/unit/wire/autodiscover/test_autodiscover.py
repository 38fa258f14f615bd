"""From an address to its server, and nowhere else with a credential."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from kalends.errors import BadAnswer, KalendsError, Throttled
from kalends.model.http import Response
from kalends.wire.autodiscover.candidates import (
    How,
    Service,
    candidates,
    candidates_of,
    domain_of,
    srv_name,
)
from kalends.wire.autodiscover.outcome import Denied, Found, RedirectAddress, RedirectUrl
from kalends.wire.autodiscover.pox import build_pox, parse_pox
from kalends.wire.autodiscover.redirects import Verdict, judge, place
from kalends.wire.autodiscover.soap import build_get_user_settings, parse_get_user_settings
from kalends.wire.autodiscover.walk import Walk
from tests.fixtures_dir import FIXTURES

ANNA = "anna@acme.example"
EWS = "https://mail.acme.example/EWS/Exchange.asmx"
NOT_HERE = Response(404)


def pox(inner: str) -> Response:
    text = (
        "<?xml version='1.0'?><Autodiscover"
        ' xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"><Response'
        ' xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">'
        f"<Account>{inner}</Account></Response></Autodiscover>"
    )
    return Response(200, {"content-type": "text/xml"}, text.encode())


def protocol(kind: str, url: str, name: str = "EwsUrl", more: str = "") -> str:
    return f"<Protocol><Type>{kind}</Type><{name}>{url}</{name}>{more}</Protocol>"


SETTINGS = "<Action>settings</Action>"
HERE = pox(SETTINGS + protocol("EXPR", EWS))


def soap(*users: str, code: str = "NoError") -> Response:
    listed = "".join(f"<UserResponse>{user}</UserResponse>" for user in users)
    text = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        "<GetUserSettingsResponseMessage"
        ' xmlns="http://schemas.microsoft.com/exchange/2010/Autodiscover"><Response>'
        f"<ErrorCode>{code}</ErrorCode><UserResponses>{listed}</UserResponses></Response>"
        "</GetUserSettingsResponseMessage></s:Body></s:Envelope>"
    )
    return Response(200, {"content-type": "text/xml"}, text.encode())


def user(code: str = "NoError", target: str = "", **settings: str) -> str:
    told = "".join(
        f"<UserSetting><Name>{name}</Name><Value>{value}</Value></UserSetting>"
        for name, value in settings.items()
    )
    return (
        f"<ErrorCode>{code}</ErrorCode><RedirectTarget>{target}</RedirectTarget>"
        f"<UserSettings>{told}</UserSettings>"
    )


def test_candidates_come_in_the_documented_order() -> None:
    assert [f"{found.how.value} {found.where}" for found in candidates(ANNA)] == [
        "soap https://acme.example/autodiscover/autodiscover.svc",
        "pox https://acme.example/autodiscover/autodiscover.xml",
        "soap https://autodiscover.acme.example/autodiscover/autodiscover.svc",
        "pox https://autodiscover.acme.example/autodiscover/autodiscover.xml",
        "probe http://autodiscover.acme.example/autodiscover/autodiscover.xml",
        "srv _autodiscover._tcp.acme.example",
    ]


def test_nothing_over_plain_http_is_asked_with_a_credential() -> None:
    for found in candidates(ANNA):
        assert found.credential == found.where.startswith("https://")


@pytest.mark.parametrize(
    "address", ["anna", "@", "a@b", "a@evil.example/x", "a@evil.example:81", "a@x.y@", "a@a..b"]
)
def test_an_address_that_could_lead_out_of_the_host_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="no domain"):
        domain_of(address)


def test_a_domain_of_other_letters_is_written_as_dns_wants_it() -> None:
    assert domain_of("anna@Bücher.example") == "xn--bcher-kva.example"
    assert srv_name("acme.example") == "_autodiscover._tcp.acme.example"


def test_service_records_count_only_at_443_by_priority_then_weight() -> None:
    found = candidates_of(
        [
            Service(20, 0, 443, "c.acme.example."),
            Service(10, 1, 443, "b.acme.example"),
            Service(10, 9, 443, "a.acme.example"),
            Service(0, 0, 80, "plain.acme.example"),
            Service(0, 0, 443, "."),
            Service(0, 0, 443, "x/y.acme.example"),
        ]
    )
    hosts = [one.where.split("/")[2] for one in found if one.how is How.POX]
    assert hosts == ["a.acme.example", "b.acme.example", "c.acme.example"]


def test_a_pox_request_escapes_the_address() -> None:
    request = build_pox("https://acme.example/a.xml", "a&<b@acme.example")
    root = etree.fromstring(request.body)
    assert "a&<b@acme.example" in [element.text for element in root.iter()]
    assert root.nsmap == {
        None: "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
    }


def test_a_soap_request_asks_for_several_mailboxes() -> None:
    request = build_get_user_settings("https://acme.example/a.svc", (ANNA, "bo@acme.example"))
    assert request.body.count(b"<a:Mailbox>") == 2
    assert b"<a:RequestedServerVersion>Exchange2010<" in request.body
    with pytest.raises(ValueError, match="1 to 100"):
        build_get_user_settings("https://acme.example/a.svc", ())


def test_pox_tells_the_endpoint_inside_and_outside() -> None:
    inside = "https://cas.acme.local/EWS/Exchange.asmx"
    found = parse_pox(pox(SETTINGS + protocol("EXCH", inside, "ASUrl") + protocol("EXPR", EWS)))
    assert isinstance(found, Found)
    assert (found.url(inside=True), found.url(inside=False)) == (inside, EWS)
    alone = parse_pox(pox(SETTINGS + protocol("EXCH", inside)))
    assert isinstance(alone, Found)
    assert alone.url(inside=False) == inside


def test_pox_tells_grouping_and_public_folders() -> None:
    more = "<GroupingInformation>g1</GroupingInformation>"
    public = "<PublicFolderInformation><SmtpAddress>pf@acme.example</SmtpAddress>"
    found = parse_pox(
        pox(SETTINGS + protocol("EXPR", EWS, more=more) + public + "</PublicFolderInformation>")
    )
    assert isinstance(found, Found)
    assert (found.grouping, found.public_folders) == ("g1", "pf@acme.example")


def test_pox_detours_and_denials() -> None:
    assert parse_pox(
        pox("<Action>redirectUrl</Action><RedirectUrl>https://x.example/a</RedirectUrl>")
    ) == RedirectUrl("https://x.example/a")
    assert parse_pox(
        pox("<Action>redirectAddr</Action><RedirectAddr>a@b.example</RedirectAddr>")
    ) == RedirectAddress("a@b.example")
    error = (
        b'<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/'
        b'2006"><Response><Error><ErrorCode>600</ErrorCode></Error></Response></Autodiscover>'
    )
    assert parse_pox(Response(200, {}, error)) == Denied("600")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Bad gateway</body></html>",
        b"<a/>",
        b"<Autodiscover/>",
        b'<Autodiscover xmlns="https://schemas.microsoft.com/x"/>',
        b'<!DOCTYPE a [<!ENTITY b "c">]><Autodiscover/>',
    ],
)
def test_a_200_need_not_be_autodiscover(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        parse_pox(Response(200, {}, body))
    with pytest.raises(BadAnswer):
        parse_get_user_settings(Response(200, {}, body), (ANNA,))


def test_soap_tells_of_each_mailbox_at_every_level() -> None:
    addresses = (ANNA, "b@acme.example", "c@acme.example", "d@acme.example", "e@acme.example")
    told = parse_get_user_settings(
        soap(
            user(
                ExternalEwsUrl=EWS,
                GroupingInformation="g1",
                EwsSupportedSchemas="Exchange2007, Exchange2013_SP1",
            ),
            user("RedirectUrl", "https://x.example/a"),
            user("RedirectAddress", "a@b.example"),
            user("InvalidUser"),
            user() + "<UserSettingErrors><UserSettingError><ErrorCode>SettingIsNotAvailable"
            "</ErrorCode></UserSettingError></UserSettingErrors>",
        ),
        addresses,
    )
    anna = told[ANNA]
    assert isinstance(anna, Found)
    assert (anna.external_url, anna.grouping) == (EWS, "g1")
    assert anna.schemas == ("Exchange2007", "Exchange2013_SP1")
    assert [told[address] for address in addresses[1:]] == [
        RedirectUrl("https://x.example/a"),
        RedirectAddress("a@b.example"),
        Denied("InvalidUser"),
        Denied("SettingIsNotAvailable"),
    ]
    assert parse_get_user_settings(soap(code="InvalidRequest"), (ANNA,)) == {
        ANNA: Denied("InvalidRequest")
    }
    with pytest.raises(Throttled):
        parse_get_user_settings(soap(code="ServerBusy"), (ANNA,))
    with pytest.raises(BadAnswer):
        parse_get_user_settings(soap(), (ANNA,))


@pytest.mark.parametrize(
    ("url", "verdict"),
    [
        ("https://acme.example/a.xml", Verdict.FOLLOW),
        ("https://mail.acme.example/a.xml", Verdict.FOLLOW),
        ("https://ACME.example./a.xml", Verdict.FOLLOW),
        ("https://autodiscover-s.outlook.com/a.xml", Verdict.FOLLOW),
        ("https://mail.hoster.example/a.xml", Verdict.FOLLOW),
        ("https://x.partner.example/a.xml", Verdict.FOLLOW),
        ("https://other.example/a.xml", Verdict.ASK),
        ("https://partner.example/a.xml", Verdict.ASK),
        ("https://evilacme.example/a.xml", Verdict.ASK),
        ("https://acme.example.evil.example/a.xml", Verdict.ASK),
        ("http://acme.example/a.xml", Verdict.REFUSE),
        ("https://acme.example:8443/a.xml", Verdict.REFUSE),
        ("https://acme.example@evil.example/a.xml", Verdict.REFUSE),
        ("https://evil.example\\@acme.example/", Verdict.REFUSE),
        ("https:///a.xml", Verdict.REFUSE),
        ("https://acme.example:x/", Verdict.REFUSE),
        ("ftp://acme.example/", Verdict.REFUSE),
        ("", Verdict.REFUSE),
        ("https://been.acme.example/a.xml", Verdict.REFUSE),
    ],
)
def test_a_redirect_goes_only_where_the_credential_may(url: str, verdict: Verdict) -> None:
    tried = frozenset({place("https://been.acme.example/a.xml")})
    allowed = ("mail.hoster.example", ".partner.example")
    assert judge(url, "acme.example", tried=tried, allowed=allowed) is verdict


@given(st.text(max_size=60))
def test_no_text_whatever_is_followed_off_the_domain(text: str) -> None:
    for url in (text, "https://" + text, "https://acme.example" + text):
        if judge(url, "acme.example") is Verdict.FOLLOW:
            host = url.strip()[len("https://") :].lower()
            assert host.startswith(("acme.example", "autodiscover")) or ".acme.example" in host


def walk_to(*answers: Response, allowed: tuple[str, ...] = ()) -> Walk:
    walk = Walk(ANNA, allowed)
    for response in answers:
        assert not walk.done
        walk.told(response)
    return walk


def test_the_second_host_is_asked_when_the_first_is_a_web_site() -> None:
    page = Response(200, {}, b"<html>Welcome</html>")
    walk = walk_to(NOT_HERE, page, NOT_HERE, HERE)
    assert walk.done
    assert walk.found is not None
    assert walk.found.external_url == EWS
    assert len(walk.reasons) == 3
    assert "anna" not in " ".join(walk.reasons)


def test_a_redirect_is_asked_next_and_a_mailbox_elsewhere_begins_anew() -> None:
    walk = walk_to(soap(user("RedirectUrl", "https://cas.acme.example/autodiscover.svc")))
    assert walk.ask().candidate.where == "https://cas.acme.example/autodiscover.svc"
    walk.told(soap(user("RedirectAddress", "anna@sub.acme.example")))
    assert walk.ask().candidate.where.startswith("https://sub.acme.example/")
    walk.told(soap(user(ExternalEwsUrl=EWS)))
    assert walk.found is not None


def test_a_hostile_redirect_ends_at_the_administrator_not_at_the_host() -> None:
    walk = walk_to(Response(302, {"location": "https://evil.example/autodiscover.svc"}))
    assert walk.refused == ["https://evil.example/autodiscover.svc"]
    assert "evil" not in walk.ask().candidate.where
    opened = walk_to(
        Response(302, {"location": "https://evil.example/autodiscover.svc"}),
        allowed=("evil.example",),
    )
    assert opened.ask().candidate.where == "https://evil.example/autodiscover.svc"


def test_over_http_only_a_redirect_counts() -> None:
    walk = walk_to(NOT_HERE, NOT_HERE, NOT_HERE, NOT_HERE)
    asked = walk.ask()
    assert (asked.candidate.how, asked.candidate.credential) == (How.PROBE, False)
    assert asked.request is not None
    assert (asked.request.method, asked.request.body) == ("GET", b"")
    walk.told(HERE)
    assert walk.found is None
    assert walk.ask().candidate.how is How.SRV


def test_a_downgrade_to_http_is_refused() -> None:
    walk = walk_to(Response(302, {"location": "http://acme.example/autodiscover.xml"}))
    assert walk.ask().candidate.where.startswith("https://")


def test_one_refused_sign_in_goes_on_at_another_host_and_two_stop_the_walk() -> None:
    walk = walk_to(Response(401))
    assert "autodiscover.acme.example" in walk.ask().candidate.where
    walk.told(Response(401))
    assert walk.done
    assert walk.sign_in_needed


def test_a_host_that_refused_the_credential_is_shown_it_by_no_redirect_either() -> None:
    away = Response(302, {"location": "https://WWW.acme.example:443/autodiscover.xml"})
    walk = walk_to(away, Response(401), away)
    assert walk.ask().candidate.where.startswith("https://autodiscover.acme.example/")
    assert not walk.sign_in_needed
    shunning = Walk(ANNA, shunned=frozenset({"www.acme.example"}))
    shunning.told(away)
    assert "www" not in shunning.ask().candidate.where.lower()


def test_another_address_may_lead_to_where_the_first_one_was_asked() -> None:
    here = "https://acme.example/autodiscover/autodiscover.svc"
    walk = walk_to(soap(user("RedirectAddress", "anna@sub.acme.example")))
    walk.told(Response(302, {"location": here}))
    assert walk.ask().candidate.where == here
    walk.told(soap(user(ExternalEwsUrl=EWS)))
    assert walk.found is not None


def test_a_redirect_may_name_a_path_alone() -> None:
    walk = walk_to(Response(301, {"location": "/Autodiscover/Moved.svc"}))
    assert walk.ask().candidate.where == "https://acme.example/Autodiscover/Moved.svc"
    assert walk_to(Response(302, {"location": "https://["})).reasons


def test_redirects_in_circles_end() -> None:
    walk = Walk(ANNA)
    for number in range(11):
        target = f"https://h{number}.acme.example/autodiscover.svc"
        walk.told(soap(user("RedirectUrl", target)))
    assert [reason for reason in walk.reasons if "too many" in reason] == walk.reasons
    assert walk.ask().candidate.where == "https://acme.example/autodiscover/autodiscover.xml"
    circle = walk_to(soap(user("RedirectAddress", ANNA.upper())))
    assert "circles" in circle.reasons[0]


def test_service_records_are_asked_in_their_order_and_end_the_walk() -> None:
    walk = walk_to(*[NOT_HERE] * 5)
    assert walk.ask().request is None
    walk.services([Service(1, 0, 443, "one.acme.example"), Service(2, 0, 443, "two.acme.example")])
    asked: list[str] = []
    while not walk.done:
        asked.append(walk.ask().candidate.where.split("/")[2])
        walk.failed("no connection")
    assert list(dict.fromkeys(asked)) == ["one.acme.example", "two.acme.example"]
    assert walk.found is None


SAMPLES = (
    [
        path
        for path in sorted((FIXTURES / "ews-docs-examples").glob("*.xml"))
        if "autodiscover" in path.name or "getusersettings" in path.name
    ]
    if FIXTURES is not None
    else []
)


@pytest.mark.skipif(not SAMPLES, reason="the documentation's samples are not here")
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_documentations_samples_are_read_or_clearly_refused(path: Path) -> None:
    response = Response(200, {"content-type": "text/xml"}, path.read_bytes())
    for parse in (parse_pox, lambda told: parse_get_user_settings(told, (ANNA,))):
        try:
            parse(response)
        except KalendsError as error:
            assert str(error)


@pytest.mark.parametrize(
    "host",
    ['a",".evil.example', "a'.evil.example", "a<b>.evil.example", "a.evil.example]", "a;b.example"],
)
def test_a_redirect_to_no_host_at_all_is_not_told_as_one_to_allow(host: str) -> None:
    assert judge(f"https://{host}/EWS", "acme.example") is Verdict.REFUSE
