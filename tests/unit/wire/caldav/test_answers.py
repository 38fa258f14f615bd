"""Multistatus answers as servers really write them."""

import pytest

from kalends.errors import AccessDenied, BadAnswer, CursorExpired, NotFound
from kalends.model.http import Response
from kalends.wire.caldav.answers import (
    parse_changes,
    parse_listing,
    parse_objects,
    parse_resources,
)

URL = "https://dav.example/calendars/anna/daily/"
PATH = "/calendars/anna/daily/"


def answer(*responses: str, more: str = "", status: int = 207) -> Response:
    body = (
        '<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" '
        'xmlns:s="http://calendarserver.org/ns/" xmlns:o="http://owncloud.org/ns">'
        + "".join(responses) + more + "</d:multistatus>"
    )  # fmt: skip
    return Response(status, {}, body.encode(), URL)


def member(href: str, properties: str, status: str = "HTTP/1.1 200 OK") -> str:
    return (
        f"<d:response><d:href>{href}</d:href><d:propstat><d:prop>{properties}</d:prop>"
        f"<d:status>{status}</d:status></d:propstat></d:response>"
    )


def failed(href: str, status: int) -> str:
    line = f"HTTP/1.1 {status} Whatever"
    return f"<d:response><d:href>{href}</d:href><d:status>{line}</d:status></d:response>"


ETAG = '<d:getetag>"1"</d:getetag>'
TOKEN = "<d:sync-token>0</d:sync-token>"


def test_only_a_response_level_404_means_that_a_member_is_gone() -> None:
    missing = member(PATH + "b.ics", "<d:quota/>", "HTTP/1.1 404 Not Found")
    changes = parse_changes(
        answer(member(PATH + "a.ics", ETAG), missing, failed(PATH + "c.ics", 404), more=TOKEN), PATH
    )
    assert changes.members == {PATH + "a.ics": '"1"', PATH + "b.ics": ""}
    assert changes.removed == {PATH + "c.ics"}


def test_a_507_on_the_collection_asks_for_more_and_removes_nothing() -> None:
    changes = parse_changes(answer(failed(PATH.rstrip("/"), 507), more=TOKEN), PATH)
    assert changes.more
    assert not changes.removed


def test_a_falsy_looking_token_is_a_token() -> None:
    assert parse_changes(answer(more=TOKEN), PATH).token == "0"


def test_the_collection_itself_among_the_changes_is_no_member() -> None:
    changes = parse_changes(answer(member(URL, ETAG), more=TOKEN), PATH)
    assert changes.members == {}


@pytest.mark.parametrize("status", [403, 409, 410, 412])
def test_a_refused_token_is_an_expired_cursor(status: int) -> None:
    with pytest.raises(CursorExpired):
        parse_changes(Response(status, {}, b"<d:error xmlns:d='DAV:'/>", URL), PATH)


@pytest.mark.parametrize(
    "href",
    [
        PATH + "a%20b@c%25.ics",
        PATH + "a b@c%25.ics",
        PATH + "a%20b%40c%25.ics",
        "https://dav.example" + PATH + "a%20b@c%25.ics",
        "http://internal:8080" + PATH + "a%20b@c%25.ics",
        "a%20b@c%25.ics",
        f"\n  {PATH}a%20b@c%25.ics\n",
    ],
)
def test_an_href_is_known_in_every_writing(href: str) -> None:
    assert list(parse_listing(answer(member(href, ETAG))).members) == [PATH + "a b@c%.ics"]


def test_folders_are_no_members() -> None:
    kind = "<d:resourcetype><d:collection/></d:resourcetype>"
    found = parse_listing(answer(member(PATH, ETAG + kind), member(PATH + "sub", ETAG + kind)))
    assert found.members == {}


def test_an_object_without_data_is_not_there_and_not_gone() -> None:
    data = "<c:calendar-data>BEGIN:VCALENDAR\r\nEND:VCALENDAR</c:calendar-data>"
    found, gone = parse_objects(
        answer(
            member(PATH + "a.ics", ETAG + data),
            member(PATH + "b.ics", ETAG),
            failed(PATH + "c.ics", 404),
        )
    )
    assert list(found) == [PATH + "a.ics"]
    assert found[PATH + "a.ics"].body.startswith(b"BEGIN:VCALENDAR")
    assert gone == {PATH + "c.ics"}


def test_a_collection_is_described() -> None:
    (found,) = parse_resources(
        answer(
            member(
                PATH,
                "<d:resourcetype><d:collection/><c:calendar/></d:resourcetype>"
                "<d:owner><d:href>/p/bo/</d:href></d:owner>"
                "<o:owner-principal><d:href>/p/anna/</d:href></o:owner-principal>"
                '<c:supported-calendar-component-set><c:comp name="vevent"/>'
                "</c:supported-calendar-component-set>"
                "<c:schedule-calendar-transp><c:transparent/></c:schedule-calendar-transp>"
                "<d:current-user-privilege-set><d:privilege><c:read-free-busy/></d:privilege>"
                "</d:current-user-privilege-set><s:getctag>7</s:getctag>"
                "<d:supported-report-set><d:supported-report><d:report><d:sync-collection/>"
                "</d:report></d:supported-report></d:supported-report-set>",
            )
        )
    )
    assert found.is_calendar
    assert found.owner == "/p/anna/"
    assert found.transparent
    assert found.free_busy_only
    assert found.syncs
    assert found.ctag == "7"


def test_addresses_are_read_from_both_properties() -> None:
    (found,) = parse_resources(
        answer(
            member(
                "/p/anna/",
                "<c:calendar-user-address-set><d:href>mailto:Anna@Acme.example</d:href>"
                "<d:href>/p/anna/</d:href><d:href>urn:uuid:1</d:href></c:calendar-user-address-set>"
                "<s:email-address-set><s:email-address>a@b.example</s:email-address>"
                "</s:email-address-set>",
            )
        )
    )
    assert found.addresses == {"anna@acme.example", "a@b.example"}


@pytest.mark.parametrize(
    ("status", "error"), [(403, AccessDenied), (404, NotFound), (410, NotFound), (200, BadAnswer)]
)
def test_other_answers_have_their_meaning(status: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        parse_listing(Response(status, {}, b"", URL))


def test_other_xml_is_no_multistatus() -> None:
    with pytest.raises(BadAnswer, match="no multistatus"):
        parse_listing(Response(207, {}, b"<rss/>", URL))
