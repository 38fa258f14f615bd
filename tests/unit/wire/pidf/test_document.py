"""Presence documents: what they say, that they say it canonically, and that schemas accept them."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from kalends.model.times import FOREVER
from kalends.model.view import DiversionView, NextView, Texts, View
from kalends.model.vocabulary import Audience, Availability, Level
from kalends.wire.pidf import ACTIVITIES, RPID, Style, activity_table, render
from tests.fixtures_dir import FIXTURES

NS = {
    "p": "urn:ietf:params:xml:ns:pidf",
    "dm": "urn:ietf:params:xml:ns:pidf:data-model",
    "r": "urn:ietf:params:xml:ns:pidf:rpid",
    "ts": "urn:ietf:params:xml:ns:pidf:timed-status",
}
ANNA = "sip:anna@acme.example"
NOON = 1_772_445_600  # 2026-03-02T10:00:00Z


def a_view(**changes: object) -> View:
    plain = View(
        person="anna",
        revision=7,
        availability=Availability.BUSY,
        activity="meeting",
        role="work",
        since=NOON,
        until=NOON + 3600,
        returns_at=NOON + 3600,
        reachable_at=NOON + 3600,
        note=None,
        next=None,
        origin=None,
        set_by=None,
        set_at=None,
        line=None,
        diversion=None,
        texts=Texts("Möte -12:00", "Möte, tillbaka 12:00", "Anna är i möte."),
        stale_since=None,
        booking_until=None,
        audience=Audience.ORGANIZATION,
        level=Level.ACTIVITY,
    )
    return msgspec.structs.replace(plain, **changes)


def the_document(view: View, style: Style | None = None, language: str = "sv") -> etree._Element:
    return etree.fromstring(render(view, ANNA, language, style))


def text(document: etree._Element, path: str) -> str:
    found = document.xpath(f"string({path})", namespaces=NS)
    assert isinstance(found, str)
    return found


def count(document: etree._Element, path: str) -> int:
    found = document.xpath(f"count({path})", namespaces=NS)
    assert isinstance(found, float)
    return int(found)


def basic(view: View, style: Style | None = None) -> str:
    return text(the_document(view, style), "p:tuple/p:status/p:basic")


def test_a_meeting_is_told_with_its_times_and_words() -> None:
    document = the_document(a_view())
    assert document.get("entity") == ANNA
    assert count(document, "dm:person/r:activities/r:meeting") == 1
    assert text(document, "dm:person/r:activities/@from") == "2026-03-02T10:00:00Z"
    assert text(document, "dm:person/r:activities/@until") == "2026-03-02T11:00:00Z"
    assert text(document, "p:tuple/p:note") == "Möte, tillbaka 12:00"
    assert text(document, "p:tuple/p:note/@xml:lang") == "sv"
    assert text(document, "p:tuple/p:timestamp") == "2026-03-02T10:00:00Z"


def test_somebody_in_a_meeting_can_still_be_reached() -> None:
    assert basic(a_view()) == "open"


@pytest.mark.parametrize("away", [Availability.AWAY, Availability.DND, Availability.OFFLINE])
def test_where_nobody_answers_the_service_is_closed(away: Availability) -> None:
    assert basic(a_view(availability=away)) == "closed"


def test_a_diversion_keeps_the_service_open() -> None:
    diverted = a_view(
        availability=Availability.AWAY, diversion=DiversionView("voicemail", "no-answer")
    )
    assert basic(diverted) == "open"


def test_an_organization_says_what_closed_means() -> None:
    assert basic(a_view(), Style(closed=frozenset({Availability.BUSY}))) == "closed"


def test_an_audience_that_is_not_told_why_sees_the_availability_only() -> None:
    document = the_document(a_view(activity=None, role=None, availability=Availability.AWAY))
    assert count(document, "dm:person/r:activities/r:away") == 1
    assert count(document, "dm:person/r:activities/*") == 1
    assert count(document, "dm:person/r:sphere") == 0


def test_an_activity_of_the_organization_falls_back_on_its_availability() -> None:
    assert count(the_document(a_view(activity="padel")), "//r:activities/r:busy") == 1


def test_an_organization_maps_its_own_activities() -> None:
    style = Style(activities=activity_table({"padel": ("playing", "other"), "meeting": ("busy",)}))
    document = the_document(a_view(activity="padel"), style)
    assert count(document, "//r:activities/r:playing") == 1
    assert text(document, "//r:activities/r:other") == "padel"
    assert count(the_document(a_view(), style), "//r:activities/r:busy") == 1


def test_an_element_rpid_does_not_know_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"activity_map\.lunch.*'lunch'"):
        activity_table({"lunch": ("lunch",)})


def test_somebody_available_has_no_activity() -> None:
    free = a_view(availability=Availability.AVAILABLE, activity="available", until=FOREVER)
    assert count(the_document(free), "//r:activities") == 0


def test_an_end_that_is_not_known_is_not_told() -> None:
    document = the_document(a_view(until=FOREVER, since=0))
    assert count(document, "//@until") == 0
    assert count(document, "//@from") == 0
    assert count(document, "//p:timestamp") == 0


def test_what_follows_is_a_timed_status() -> None:
    lunch = NextView(NOON + 3600, NOON + 7200, "lunch", Availability.AWAY)
    document = the_document(a_view(next=lunch))
    assert text(document, "//ts:timed-status/@from") == "2026-03-02T11:00:00Z"
    assert text(document, "//ts:timed-status/@until") == "2026-03-02T12:00:00Z"
    assert text(document, "//ts:timed-status/ts:basic") == "closed"


def test_what_follows_can_be_left_out() -> None:
    following = a_view(next=NextView(NOON + 3600, NOON + 7200, "lunch", Availability.AWAY))
    assert render(following, ANNA, "sv", Style(timed_status=False)) == render(
        a_view(), ANNA, "sv", Style(timed_status=False)
    )


def test_a_note_stands_with_the_person_and_the_line_with_the_service() -> None:
    document = the_document(a_view(note="Ring Bo i stället"))
    assert text(document, "dm:person/dm:note") == "Ring Bo i stället"
    assert text(document, "p:tuple/p:note") == "Möte, tillbaka 12:00"


def test_the_revision_and_the_age_of_the_data_are_no_part_of_the_form() -> None:
    assert render(a_view(), ANNA, "sv") == render(a_view(revision=8, stale_since=1), ANNA, "sv")


def test_markup_in_a_note_stays_text() -> None:
    note = '<away/> & "so" ]]> on\r\n\x00\x1b[31m'
    assert text(the_document(a_view(note=note)), "dm:person/dm:note") == (
        '<away/> & "so" ]]> on [31m'
    )


def test_a_long_note_is_cut() -> None:
    assert len(text(the_document(a_view(note="ö" * 9999)), "dm:person/dm:note")) == 255


@pytest.mark.parametrize(
    "entity", ["", "anna", "http://acme", "sip:a b@c", 'sip:a"@c', "sip:a<b@c", "sip:a\r\nX: y@c"]
)
def test_what_is_no_address_has_no_document(entity: str) -> None:
    with pytest.raises(ValueError, match="address"):
        render(a_view(), entity, "sv")


def test_a_document_is_small() -> None:
    lunch = NextView(NOON + 3600, NOON + 7200, "lunch", Availability.AWAY)
    assert len(render(a_view(next=lunch, note="tillbaka efter lunch"), ANNA, "sv")) < 1300


def schema() -> etree.XMLSchema:
    if FIXTURES is None:
        pytest.skip("the IETF's schemas are not here (KALENDS_FIXTURES)")
    folder = FIXTURES / "sip-schemas"
    imports = "".join(
        f'<xs:import namespace="{namespace}" schemaLocation="{folder / name}.xsd"/>'
        for namespace, name in (
            (NS["p"], "pidf"),
            (NS["dm"], "data-model"),
            (NS["r"], "rpid"),
        )
    )
    combined = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{imports}</xs:schema>'
    parser = etree.XMLParser(no_network=True, load_dtd=False)
    return etree.XMLSchema(etree.fromstring(combined, parser))


moments = st.one_of(st.none(), st.integers(0, 4_000_000_000), st.just(FOREVER))
anything = st.text(st.characters(), max_size=300)
views = st.builds(
    a_view,
    availability=st.sampled_from(Availability),
    activity=st.one_of(st.none(), st.sampled_from(sorted(RPID)), st.just("lunch"), st.just("x.y")),
    role=st.sampled_from([None, "work", "private", "other"]),
    since=moments,
    until=moments,
    note=st.one_of(st.none(), anything),
    next=st.one_of(
        st.none(),
        st.builds(
            NextView,
            st.integers(0, FOREVER),
            st.integers(0, FOREVER),
            st.just("lunch"),
            st.sampled_from(Availability),
        ),
    ),
    texts=st.builds(Texts, st.just(""), anything, st.just("")),
)
styles = st.builds(
    lambda activity, elements: Style(activities=activity_table({activity: elements})),
    st.sampled_from(["lunch", "meeting", "x.y"]),
    st.lists(st.sampled_from(sorted(RPID)), max_size=3),
)


def test_every_document_is_valid_by_the_schemas_of_the_ietf() -> None:
    accepts = schema()

    @given(views, styles, st.one_of(st.sampled_from(["sv", "nb", "en-GB"]), anything))
    def valid(view: View, style: Style, language: str) -> None:
        document = etree.fromstring(render(view, ANNA, language, style))
        accepts.assertValid(document)

    valid()


def test_the_schemas_would_notice_a_wrong_document() -> None:
    wrong = render(a_view(), ANNA, "sv").replace(b"<rpid:meeting/>", b"<rpid:lunch/>")
    assert not schema().validate(etree.fromstring(wrong))


def test_the_reference_page_has_the_table_that_is_used() -> None:
    page = (Path(__file__).parents[4] / "docs" / "reference" / "sip-publish.md").read_text()
    table = page.partition("| Activity | RPID |")[2].partition("\n\n")[0]
    cells = re.findall(r"\| `([a-z-]+)` \| (?:`([a-z-]+)`|–) (?=\|)", table)
    assert {name: (found,) if found else () for name, found in cells} == dict(ACTIVITIES)
