"""A credential is bound to scheme, host and port (threat 3)."""

import pytest

from kalends.errors import RedirectRefused, UserError
from kalends.net.contract import HttpOptions
from kalends.net.origin import Home, origin, parse_url

HOME = Home("https://DAV.acme.example./cal/", ["backup.acme.example", "alt.example:8443"])


@pytest.mark.parametrize(
    "url",
    [
        "https://dav.acme.example/x",
        "https://dav.acme.example:443/x",
        "https://Dav.Acme.Example./x",
        "https://backup.acme.example/",
        "https://alt.example:8443/",
    ],
)
def test_home_is_the_endpoint_and_the_listed_hosts(url: str) -> None:
    HOME.address(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://dav.acme.example/x",
        "https://dav.acme.example:8443/x",
        "https://dav.acme.example.evil.example/",
        "https://evil.example/dav.acme.example/",
        "https://dav.acme.example@evil.example/",
        "https://dav.acme.example%2f@evil.example/",
        "https://evil.example#@dav.acme.example/",
        "https://evil.example\\@dav.acme.example/",
        "https://alt.example/",
        "https://xn--dv-wia.acme.example/",
        "ftp://dav.acme.example/",
        "javascript:alert(1)",
        "//dav.acme.example/",
        "/cal/",
        "",
        "https://",
        "https://[::1",
        "https://dav.acme.example:99999/",
    ],
)
def test_elsewhere_is_elsewhere(url: str) -> None:
    with pytest.raises(RedirectRefused):
        HOME.address(url)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/a%20b", "https://dav.acme.example/a%20b"),
        ("b", "https://dav.acme.example/cal/b"),
        ("?x=1", "https://dav.acme.example/cal/?x=1"),
        ("//backup.acme.example/", "https://backup.acme.example/"),
        ("https://u:p@dav.acme.example/x#y", "https://dav.acme.example/x"),
    ],
)
def test_redirects_are_resolved_against_where_they_came_from(location: str, target: str) -> None:
    assert str(HOME.follow(parse_url("https://dav.acme.example/cal/"), location)) == target


def test_percent_encoding_is_kept_to_the_letter_and_the_rest_is_quoted() -> None:
    assert str(parse_url("https://a.example/%7Eb/%c3%a5%2F;v=1?q=%20")) == (
        "https://a.example/%7Eb/%c3%a5%2F;v=1?q=%20"
    )
    assert str(parse_url("https://a.example/å b\r\nX: y")).isascii()
    assert "\n" not in str(parse_url("https://a.example/å b\r\nX: y"))


def test_an_origin_reads_as_one_writes_it() -> None:
    assert str(origin(parse_url("https://A.example/x"))) == "https://a.example"
    assert str(origin(parse_url("http://[::1]:5232/"))) == "http://[::1]:5232"


@pytest.mark.parametrize("listed", ["http://plain.example", "", "a b"])
def test_a_listed_host_that_cannot_be_used_is_named(listed: str) -> None:
    with pytest.raises(UserError, match="allowed_hosts"):
        Home("https://a.example/", [listed])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("url", "https://svc:pw@dav.example/"),
        ("certificate_pins", ["abcd"]),
        ("certificate_pins", ["pin-sha256:abcd"]),
    ],
)
def test_options_that_cannot_be_meant_are_refused_when_written(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"carries no user name|is no pin"):
        HttpOptions.model_validate({"url": "https://dav.example/", key: value})
