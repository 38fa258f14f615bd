"""Requests, as the RFCs write them."""

import pytest
from lxml import etree

from kalends.model.http import Request
from kalends.model.times import Interval
from kalends.wire.caldav import build
from kalends.wire.caldav.hrefs import at_origin, digest, path_of, same, written
from kalends.wire.caldav.names import CAL, DAV

URL = "https://dav.example/calendars/anna/daily/"


def root(request: Request) -> etree._Element:
    return etree.fromstring(request.body)


def test_a_sync_report_names_its_level_in_the_body_and_depth_zero() -> None:
    request = build.build_sync(URL, "token&1", 50)
    assert dict(request.headers)["Depth"] == "0"
    found = root(request)
    assert found.findtext(DAV + "sync-token") == "token&1"
    assert found.findtext(DAV + "sync-level") == "1"
    assert found.findtext(f"{DAV}limit/{DAV}nresults") == "50"
    assert build.build_sync(URL, "").body.count(b"sync-token") in (1, 2)


def test_a_multiget_writes_paths_with_care() -> None:
    found = root(build.build_multiget(URL, ["/c/a b@ö%.ics"]))
    assert [href.text for href in found.iter(DAV + "href")] == ["/c/a%20b@%C3%B6%25.ics"]


def test_a_free_busy_query_asks_in_utc() -> None:
    found = root(build.build_free_busy(URL, Interval(1_772_323_200, 1_772_409_600)))
    window = found.find(CAL + "time-range")
    assert window is not None
    assert (window.get("start"), window.get("end")) == ("20260301T000000Z", "20260302T000000Z")


@pytest.mark.parametrize("path", ["/a b/ö.ics", "/100%.ics", "/a@b+c;d,e'f.ics", "/å/%25.ics", "/"])
def test_a_path_survives_writing_and_reading(path: str) -> None:
    assert path_of(written(path), URL) == path
    assert path_of(at_origin(path, URL), URL) == path


def test_a_closing_slash_makes_no_difference() -> None:
    assert same("/a/b/", "/a/b")
    assert digest("/a/b/") == digest("/a/b")
    assert digest("/a/b") != digest("/a/c")


@pytest.mark.parametrize("href", ["http://[::1", "//", "", "mailto:x", "javascript:alert(1)"])
def test_a_hostile_href_is_some_path_at_our_origin(href: str) -> None:
    assert at_origin(path_of(href, URL), URL).startswith("https://dav.example/")
