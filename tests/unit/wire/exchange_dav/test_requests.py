"""Requests: addresses, queries, subscriptions; and the small answers to them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lab.exchange_dav import sql
from lab.exchange_dav.values import Value

from kalends.errors import BadAnswer, NotFound
from kalends.model.http import Response
from kalends.model.times import Interval, utc
from kalends.wire.exchange_dav import contacts, folders, freebusy, search, subscribe
from kalends.wire.exchange_dav.multistatus import read_xml
from kalends.wire.exchange_dav.subscribe import News
from kalends.wire.exchange_dav.urls import at_origin, folder, mailboxes, path_of, plain
from tests.fixtures_dir import FIXTURES
from tests.unit.wire.exchange_dav.samples import BASE, HEAD, answer, item

ROOT = "https://mail.acme.example/"
MARCH = Interval(1_772_323_200, 1_775_001_600)
TEMPLATES = FIXTURES / "webdav-templates" if FIXTURES else Path("none")


def statement(body: bytes) -> str:
    return Xml.fromstring(body).findtext("{DAV:}sql") or ""


# --- addresses ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("address", "paths"),
    [
        ("anna@acme.example", ["/exchange/anna@acme.example/"]),
        ("a+b@acme.example", ["/exchange/a%2Bb@acme.example/"]),
        ("a~b@x.se", ["/exchange/a%7Eb@x.se/", "/exchange/a_x007E_b@x.se/"]),
        ("a/b@x.se", ["/exchange/a%2Fb@x.se/", "/exchange/a_xF8FF_b@x.se/"]),
        ("a#%&|*'b@x.se", ["/exchange/a%23%25%26%7C%2A%27b@x.se/"]),
        ("åsa@x.se", ["/exchange/%C3%A5sa@x.se/"]),
    ],
)
def test_a_mailboxs_address_holds_any_address(address: str, paths: list[str]) -> None:
    assert mailboxes(ROOT, address) == tuple(ROOT[:-1] + path for path in paths)


def test_public_folders_are_spelt_as_the_store_spells_them() -> None:
    assert folder(ROOT, "public", "Kunder/Nord", "A?") == (
        "https://mail.acme.example/public/Kunder_xF8FF_Nord/A_x003F_/"
    )


@pytest.mark.parametrize(
    ("href", "path"),
    [
        ("http://ex01.corp.local/exchange/a/Napt%C3%A1r/", "/exchange/a/Napt%C3%A1r/"),
        ("http://ex01/exchange/a/{47D0}.EML", "/exchange/a/%7B47D0%7D.EML"),
        ("/exchange/a/x y.EML", "/exchange/a/x%20y.EML"),
        ("x.EML", "/exchange/anna@acme.example/Kalender/x.EML"),
        ("http://[half", "/"),
        ("javascript:alert(1)", "alert%281%29"),
    ],
)
def test_of_an_answers_address_only_the_path_is_used(href: str, path: str) -> None:
    if path.startswith("/"):
        assert path_of(href, BASE) == path
    assert at_origin(path_of(href, BASE), ROOT).startswith(ROOT[:-1])


def test_addresses_are_compared_decoded() -> None:
    assert plain("/exchange/A/Napt%C3%A1r/") == plain("/exchange/a/naptár")


# --- queries --------------------------------------------------------------------------------------
def test_the_query_asks_for_what_overlaps_and_expands() -> None:
    query = sql.parse(statement(search.build_calendar(BASE, MARCH).body))
    assert (query.after, query.before) == (utc(MARCH.start), utc(MARCH.end))
    assert dict(query.select)[search.UID[1:].replace("}", "")] == ""
    assert {alias for _, alias in query.select if alias} == {"private8506", "response8218"}


@given(st.text(max_size=60))
def test_no_text_leaves_its_literal(text: str) -> None:
    query = sql.parse(statement(contacts.build_contacts(BASE, text).body))
    plain_query = sql.parse(statement(contacts.build_contacts(BASE).body))
    assert query.select == plain_query.select
    assert query.order == plain_query.order
    assert not query.where({"DAV:contentclass": "urn:content-classes:message"})


@pytest.mark.parametrize(
    ("text", "found"), [("o'", True), ("O'Br", True), ("Brien", False), ("%", True), ("", True)]
)
def test_contacts_are_searched_by_the_beginning_of_a_name(text: str, found: bool) -> None:
    query = sql.parse(statement(contacts.build_contacts(BASE, text).body))
    person: dict[str, Value] = {
        "DAV:contentclass": "urn:content-classes:person",
        "urn:schemas:contacts:cn": "O'Brien",
    }
    assert query.where(person) is found


def test_a_window_is_split_below_what_the_server_bears() -> None:
    years = Interval(0, 2000 * 86_400)
    parts = list(search.windows(years))
    assert [part.end - part.start <= 732 * 86_400 for part in parts] == [True] * 3
    assert parts[0].start == 0
    assert parts[-1].end == years.end
    assert all(one.end == other.start for one, other in pairwise(parts))


@pytest.mark.skipif(not TEMPLATES.is_dir(), reason="the public samples are not here")
def test_the_well_known_template_loses_what_ours_finds() -> None:
    """Google's connector asked whether an end lies within the window: a long leave has neither."""
    text = (TEMPLATES / "FindAppointments.xml").read_text("utf-8")
    text = text.replace("{{", "{").replace("}}", "}").replace("{0}", "")
    text = text.replace("{1}", "2026/03/01 00:00:00").replace("{2}", "2026/04/01 00:00:00")
    theirs = sql.parse(statement(text.encode()))
    ours = sql.parse(statement(search.build_calendar(BASE, MARCH).body))
    leave: dict[str, Value] = {
        "DAV:contentclass": "urn:content-classes:appointment",
        "urn:schemas:calendar:instancetype": 0,
        "urn:schemas:calendar:dtstart": utc(MARCH.start - 86_400),
        "urn:schemas:calendar:dtend": utc(MARCH.end + 86_400),
    }
    assert not theirs.where(leave)
    assert ours.where(leave)
    assert theirs.after is None  # bounded on one side only: no expansion either


@pytest.mark.skipif(not TEMPLATES.is_dir(), reason="the public samples are not here")
@pytest.mark.parametrize("name", ["FindAppointments", "FindItemUrls", "LoadFreeBusy"])
def test_templates_of_others_are_understood_by_the_emulator(name: str) -> None:
    text = (TEMPLATES / f"{name}.xml").read_text("utf-8")
    for mark in ("{0}", "{1}", "{2}"):
        text = text.replace(mark, "x")
    assert sql.parse(statement(text.encode())).select


@pytest.mark.skipif(not TEMPLATES.is_dir(), reason="the public samples are not here")
def test_a_template_with_names_that_are_none_is_mended() -> None:
    """``<h11:0x8506>`` in a namespace with braces: refused by strict parsers, readable by ours."""
    text = (TEMPLATES / "CreateAppointment.xml").read_text("utf-8")
    filled = text.replace("{{", "{").replace("}}", "}")
    with pytest.raises(Xml.ParseError):
        Xml.fromstring(filled)
    root = read_xml(filled.encode())
    assert any(str(one.tag).endswith("}_0x8506") for one in root.iter())


# --- folders --------------------------------------------------------------------------------------
def test_folders_are_found_by_what_they_are_for() -> None:
    told = (
        "<e:calendar>http://ex01/exchange/anna/Napt%C3%A1r</e:calendar>"
        "<e:contacts>http://ex01/exchange/anna/N%C3%A9vjegyek/</e:contacts>"
    )
    found = folders.parse_folders(answer(item(told)))
    assert found.calendar == "/exchange/anna/Napt%C3%A1r/"
    assert found.contacts == "/exchange/anna/N%C3%A9vjegyek/"
    assert found.inbox == ""


def test_an_answer_about_nothing_is_refused() -> None:
    with pytest.raises(BadAnswer):
        folders.parse_folders(answer())
    with pytest.raises(NotFound):
        folders.parse_folders(answer(item("<a:displayname>x</a:displayname>")))


# --- subscriptions --------------------------------------------------------------------------------
def polled(status: str, number: str = "8") -> Response:
    body = (
        '<a:multistatus xmlns:b="http://schemas.microsoft.com/Exchange/" xmlns:a="DAV:">'
        f"<a:response><a:href>http://x/</a:href><a:status>HTTP/1.1 {status}</a:status>"
        f"<b:subscriptionID><li>{number}</li></b:subscriptionID></a:response></a:multistatus>"
    )
    return Response(207, {}, body.encode())


@pytest.mark.parametrize(
    ("response", "news"),
    [
        (polled("200 OK"), News.CHANGED),
        (polled("204 No Content"), News.NOTHING),
        (polled("412 Precondition Failed"), News.FORGOTTEN),
        (polled("204 No Content", "18"), News.FORGOTTEN),
        (Response(204), News.NOTHING),
        (Response(412), News.FORGOTTEN),
        (Response(200, {}, b"<html>"), News.FORGOTTEN),
    ],
)
def test_what_a_poll_does_not_say_is_never_nothing_new(response: Response, news: News) -> None:
    assert subscribe.parse_poll(response, "8") is news


def test_a_subscription_is_its_number() -> None:
    assert subscribe.parse_subscribe(Response(200, {"subscription-id": "243"})) == "243"
    assert subscribe.parse_subscribe(Response(501, {"subscription-id": "243"})) == ""
    assert subscribe.parse_subscribe(Response(200)) == ""


# --- free/busy ------------------------------------------------------------------------------------
def busy(*people: tuple[str, str]) -> Response:
    rows = "".join(
        f"<a:item><a:displayname>x</a:displayname>{email}<a:fbdata>{digits}</a:fbdata></a:item>"
        for email, digits in people
    )
    body = f'<a:response xmlns:a="WM"><a:recipients>{rows}</a:recipients></a:response>'
    return Response(200, {}, body.encode(), ROOT)


def mail(address: str) -> str:
    return f'<a:email type="SMTP">{address}</a:email>'


HOUR = Interval(1_772_323_200, 1_772_326_800)


def test_people_are_matched_by_address_never_by_place() -> None:
    response = busy(("", "2222"), (mail("Bo@x.se"), "0110"), (mail("anna@x.se"), "0023"))
    found = freebusy.parse_freebusy(response, HOUR)
    assert set(found) == {"bo@x.se", "anna@x.se"}
    anna = found["anna@x.se"]
    assert anna is not None
    assert [(one.start - HOUR.start, one.show_as.value) for one in anna] == [
        (1800, "busy"), (2700, "oof")
    ]  # fmt: skip
    assert all(one.busy_only for one in anna)


def test_what_is_not_published_is_unknown() -> None:
    assert freebusy.parse_freebusy(busy((mail("a@x.se"), "0004")), HOUR)["a@x.se"] is None


@pytest.mark.parametrize("digits", ["00", "", "00x0", "0 0 0"])
def test_free_busy_that_is_short_or_strange_is_refused(digits: str) -> None:
    with pytest.raises(BadAnswer):
        freebusy.parse_freebusy(busy((mail("a@x.se"), digits)), HOUR)


def test_free_busy_is_asked_for_whole_quarters_and_any_address() -> None:
    window = freebusy.aligned(Interval(HOUR.start + 1, HOUR.end - 1))
    assert window == HOUR
    url = freebusy.build_freebusy(ROOT, ["a&b@x.se"], window).url
    assert url.endswith("&interval=15&u=SMTP:a%26b@x.se")


# --- contacts -------------------------------------------------------------------------------------
def test_contacts_are_read_with_everything_a_directory_wants() -> None:
    space = ' xmlns:k="urn:schemas:contacts:"'
    told = (
        f"<k:cn{space}>Bo Berg</k:cn><k:o{space}>Berg AB</k:o>"
        f"<k:telephoneNumber{space}>08-123 45 67</k:telephoneNumber>"
        f"<k:mobile{space}>070 123 45 67</k:mobile><email1>SMTP:Bo@Berg.example</email1>"
        "<email2>/o=ACME/cn=bo</email2>"
    )
    (found,) = contacts.parse_contacts(answer(item(told), item("")))
    assert (found.name, found.company) == ("Bo Berg", "Berg AB")
    assert found.emails == ("bo@berg.example",)
    assert found.numbers == (("desk", "08-123 45 67"), ("mobile", "070 123 45 67"))
    assert found.folder == "/exchange/anna/Kalender/"


def test_samples_are_as_exchange_writes_them() -> None:
    assert HEAD.count("{") == 2
