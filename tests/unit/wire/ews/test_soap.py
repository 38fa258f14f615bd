"""The envelope: what is let in, what is refused, and how clearly."""

from __future__ import annotations

import pytest

from kalends.errors import BadAnswer, SourceTrouble, Throttled, TooLarge
from kalends.model.http import Response
from kalends.wire import xml
from kalends.wire.ews.errors import Answered
from kalends.wire.ews.get_folder import parse_get_folder
from kalends.wire.ews.soap import one, read
from tests.unit.wire.ews.samples import answer, envelope, fault, said

FOLDER = said(
    "GetFolder",
    '<m:Folders><t:CalendarFolder><t:FolderId Id="AAMk" ChangeKey="x"/>'
    "<t:DisplayName>Kalender{0}</t:DisplayName></t:CalendarFolder></m:Folders>",
)


def _xml(body: bytes, status: int = 200) -> Response:
    return Response(status, {"content-type": "text/xml"}, body)


def test_an_answer_tells_content_and_server() -> None:
    found = read(answer(FOLDER))
    assert found.server is not None
    assert (found.server.major, found.server.minor, found.server.build) == (15, 2, 1748)
    assert found.server.schema == "V2017_07_11"
    assert one(found, "GetFolderResponse").kind == "Success"


@pytest.mark.parametrize(
    "reference", ["&#x0;", "&#x1F;", "&#0;", "&#31;", "&#xB;", "&#xD800;", "&#xFFFF;", "\x02"]
)
def test_an_illegal_character_of_a_user_does_not_hide_the_mailbox(reference: str) -> None:
    folder = parse_get_folder(answer(FOLDER.replace("{0}", reference)))
    assert folder.name == "Kalender"


@pytest.mark.parametrize("reference", ["&#x9;", "&#10;", "&#xE5;", "&#x1F600;"])
def test_legal_references_are_kept_when_illegal_ones_are_cleaned(reference: str) -> None:
    folder = parse_get_folder(answer(FOLDER.replace("{0}", reference + "x&#x0;")))
    assert folder.name.startswith("Kalender")
    assert len(folder.name) == len("Kalender") + 2


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"<html><body>Sign in</body></html>", "web page"),
        (b"<!DOCTYPE html><p>Bad gateway", "web page"),
        (b"<a/>", "no SOAP envelope"),
        (b"plain words", "well-formed"),
        (envelope(FOLDER)[:-20], "well-formed"),
        (envelope(FOLDER).replace(b"http://schemas.xmlsoap", b"https://schemas.xmlsoap"), "https"),
        (envelope(""), "no content"),
        (envelope('<x xmlns="urn:x"/>'), "another namespace"),
        (envelope(said("FindItem", "")), "no GetFolderResponse"),
        (envelope("<m:GetFolderResponse/>"), "no ResponseMessages"),
        (
            envelope("<m:GetFolderResponse><m:ResponseMessages/></m:GetFolderResponse>"),
            "no response message",
        ),
        (envelope(said("GetFolder", "<m:Folders/>")), "no folder"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "document type"),
    ],
)
def test_what_is_no_answer_is_refused_in_clear_words(body: bytes, words: str) -> None:
    with pytest.raises(BadAnswer, match=words):
        parse_get_folder(_xml(body))


def test_an_entity_bomb_is_refused_before_it_grows() -> None:
    bomb = b'<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">' + b"".join(
        b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
    )
    with pytest.raises(BadAnswer):
        read(_xml(bomb + b"]><s>&j;</s>"))


def test_an_external_entity_is_not_fetched() -> None:
    body = b'<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/hostname">]><s>&a;</s>'
    with pytest.raises(BadAnswer, match="document type"):
        read(_xml(body))


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(BadAnswer):
        read(_xml(envelope("<m:a>" * 5000 + "</m:a>" * 5000)))


def test_a_huge_answer_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml, "MAX_BYTES", 1000)
    with pytest.raises(TooLarge):
        xml.parse(b"<a>" + b"x" * 2000 + b"</a>", max_bytes=xml.MAX_BYTES)


def test_a_status_without_an_envelope_tells_retry_after() -> None:
    headers = {"content-type": "text/html", "retry-after": "120"}
    with pytest.raises(Throttled) as caught:
        read(Response(503, headers, b"<html>busy</html>"))
    assert isinstance(caught.value, Answered)
    assert caught.value.fault.back_off == 120


def test_broken_xml_with_an_error_status_means_the_status() -> None:
    with pytest.raises(SourceTrouble) as caught:
        read(_xml(b"<broken", 503))
    assert isinstance(caught.value, Throttled)


def test_a_fault_without_detail_is_read_by_its_faultcode() -> None:
    body = (
        "<s:Fault><faultcode>a:ErrorSchemaValidation</faultcode>"
        "<faultstring>words</faultstring></s:Fault>"
    )
    with pytest.raises(Answered) as caught:
        read(answer(body, 500))
    assert caught.value.fault.code == "ErrorSchemaValidation"


def test_the_words_of_a_server_reach_no_text_of_ours() -> None:
    with pytest.raises(Answered) as caught:
        read(fault("ErrorAccessDenied"))
    assert "words" not in str(caught.value)


def test_a_code_is_a_word_whatever_the_server_puts_there() -> None:
    body = fault("a:" + "x y\x1f&lt;b>" * 5000)
    with pytest.raises(Answered) as raised:
        read(_xml(body.body, 500))
    assert len(str(raised.value)) < 150
    assert str(raised.value).isprintable()
    assert "<" not in str(raised.value)


@pytest.mark.parametrize(
    ("header", "told", "wait"),
    [("120", "30000", 120.0), ("120", "297749", 297.749), ("120", "0", 120.0), ("", "0", None)],
)
def test_the_longer_of_two_silences_is_kept(header: str, told: str, wait: float | None) -> None:
    busy = fault("ErrorServerBusy", f'<t:Value Name="BackOffMilliseconds">{told}</t:Value>')
    headers = {"content-type": "text/xml", "retry-after": header}
    with pytest.raises(Throttled) as raised:
        read(Response(500, headers, busy.body))
    assert isinstance(raised.value, Answered)
    assert raised.value.fault.back_off == wait


def test_a_sign_on_page_says_what_to_publish() -> None:
    page = Response(200, {"content-type": "text/html"}, b"<!DOCTYPE html><html>Sign in</html>")
    with pytest.raises(BadAnswer) as raised:
        read(page)
    assert "Publish /EWS without forms-based sign-on" in raised.value.remedy
