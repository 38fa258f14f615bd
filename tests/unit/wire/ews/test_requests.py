"""Every request, in every version that may be asked it, against Microsoft's schema."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import replace

import pytest
from lxml import etree

import kalends.wire.ews
from kalends.model.booking import Sensitivity, ShowAs
from kalends.model.http import Request
from kalends.wire.ews.create_item import Appointment, build_create_item
from kalends.wire.ews.delete_item import build_delete_item
from kalends.wire.ews.errors import NotOffered
from kalends.wire.ews.find_contacts import build_find_contacts, build_find_contacts_from
from kalends.wire.ews.find_folder import build_find_folder
from kalends.wire.ews.find_item import build_find_item
from kalends.wire.ews.find_people import build_find_people
from kalends.wire.ews.folders import PUBLIC_FOLDERS, Folder, ItemId, calendar_of
from kalends.wire.ews.get_events import build_get_events
from kalends.wire.ews.get_folder import build_get_folder
from kalends.wire.ews.get_item import (
    build_get_change_key,
    build_get_items,
    build_get_texts,
)
from kalends.wire.ews.get_mail_tips import build_get_mail_tips
from kalends.wire.ews.get_server_time_zones import build_get_server_time_zones
from kalends.wire.ews.get_streaming_events import build_get_streaming_events
from kalends.wire.ews.get_user_availability import build_get_user_availability
from kalends.wire.ews.get_user_configuration import build_get_work_hours
from kalends.wire.ews.get_user_oof_settings import build_get_user_oof_settings
from kalends.wire.ews.masters import build_get_masters
from kalends.wire.ews.resolve_names import build_resolve_names
from kalends.wire.ews.soap import Context
from kalends.wire.ews.subscribe import (
    build_subscribe_pull,
    build_subscribe_push,
    build_subscribe_streaming,
)
from kalends.wire.ews.sync_folder_items import build_sync_folder_items
from kalends.wire.ews.unsubscribe import build_unsubscribe
from kalends.wire.ews.update_item import build_update_times
from kalends.wire.ews.versions import Version
from tests.unit.wire.ews.samples import MARCH
from tests.unit.wire.ews.schema import content, problems

URL = "https://mail.acme.example/EWS/Exchange.asmx"
GUID = "f6bc657d-dde1-4f94-952d-143b95d6483d"
ADDRESS = "o'neil~#%+&|*/<x>@acme.example"
"""Every character that broke somebody's gateway."""

APPOINTMENT = Appointment(MARCH, "Möte & <lunch>", "anna", sensitivity=Sensitivity.PRIVATE)
REQUESTS: dict[str, Callable[[Context], Request]] = {
    "get folder": build_get_folder,
    "get shared folder": lambda c: build_get_folder(c, calendar_of(ADDRESS)),
    "find folder": lambda c: build_find_folder(c, PUBLIC_FOLDERS, 200),
    "find folder with replicas": lambda c: build_find_folder(c, PUBLIC_FOLDERS, replicas=True),
    "find item": lambda c: build_find_item(c, MARCH),
    "find item by id": lambda c: build_find_item(c, MARCH, Folder(id="AAMk=")),
    "sync": build_sync_folder_items,
    "sync from a state": lambda c: build_sync_folder_items(c, "H4sIAAA="),
    "subscribe streaming": build_subscribe_streaming,
    "subscribe pull": lambda c: build_subscribe_pull(c, 30),
    "subscribe pull from": lambda c: build_subscribe_pull(c, 30, watermark="AAAA"),
    "subscribe push": lambda c: build_subscribe_push(c, "https://k.example/hook/x?a=1&b=2", 1),
    "get events": lambda c: build_get_events(c, GUID, "AAAA"),
    "get streaming events": lambda c: build_get_streaming_events(c, (GUID, GUID)),
    "unsubscribe": lambda c: build_unsubscribe(c, GUID),
    "get texts": lambda c: build_get_texts(c, ("AAMk1", "AAMk2")),
    "get items": lambda c: build_get_items(c, ("AAMk1",)),
    "get change key": lambda c: build_get_change_key(c, "AAMk1"),
    "get masters": lambda c: build_get_masters(c, ("AAMk1", "AAMk2")),
    "availability": lambda c: build_get_user_availability(c, (ADDRESS,), MARCH),
    "availability of a hundred": lambda c: build_get_user_availability(
        c, tuple(f"p{number}&@acme.example" for number in range(100)), MARCH, "FreeBusy"
    ),
    "work hours": build_get_work_hours,
    "oof": lambda c: build_get_user_oof_settings(c, ADDRESS),
    "mail tips of fifty": lambda c: build_get_mail_tips(
        c, ADDRESS, tuple(f"p{number}&@acme.example" for number in range(50))
    ),
    "resolve names": lambda c: build_resolve_names(c, "Ek, Bo <&>"),
    "find people": lambda c: build_find_people(c, "<Bo> & Ek", 100),
    "find contacts": lambda c: build_find_contacts(c, "07&01", PUBLIC_FOLDERS, 100),
    "all contacts": lambda c: build_find_contacts(c, ""),
    "contacts by name": lambda c: build_find_contacts_from(c, "Ek"),
    "create item": lambda c: build_create_item(c, APPOINTMENT),
    "create item elsewhere": lambda c: build_create_item(
        c, replace(APPOINTMENT, show_as=ShowAs.ELSEWHERE)
    ),
    "update item": lambda c: build_update_times(c, ItemId("AAMk", "DwAA"), MARCH),
    "delete item": lambda c: build_delete_item(c, ItemId("AAMk", "DwAA")),
    "server time zones": build_get_server_time_zones,
    "one time zone": lambda c: build_get_server_time_zones(c, ("W. Europe Standard Time",)),
}


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize("name", REQUESTS)
def test_every_request_validates_against_microsofts_schema(name: str, version: Version) -> None:
    context = Context(URL, version, impersonate=ADDRESS)
    try:
        request = REQUESTS[name](context)
    except NotOffered as error:
        assert version.label in str(error)
        return
    assert problems(request) == []


def test_no_builder_is_left_out() -> None:
    found = set()
    for module in pkgutil.iter_modules(kalends.wire.ews.__path__):
        names = vars(importlib.import_module(f"kalends.wire.ews.{module.name}"))
        found |= {name for name in names if name.startswith("build_")}
    found -= {"build_send_notification_result"}  # an answer: test_notifications validates it
    assert found <= set(globals())


@pytest.mark.parametrize("name", REQUESTS)
def test_every_request_is_one_post_to_the_endpoint_without_a_credential(name: str) -> None:
    request = REQUESTS[name](Context(URL, impersonate=ADDRESS))
    assert (request.method, request.url) == ("POST", URL)
    assert ("Content-Type", "text/xml; charset=utf-8") in request.headers
    assert not {"authorization", "cookie"} & {name.lower() for name, _ in request.headers}


def test_an_address_with_every_awkward_character_survives() -> None:
    request = build_get_folder(Context(URL, impersonate=ADDRESS), calendar_of(ADDRESS))
    texts = [element.text for element in etree.fromstring(request.body).iter() if element.text]
    assert texts.count(ADDRESS) == 2


def test_characters_xml_cannot_carry_are_left_out() -> None:
    request = build_get_folder(Context(URL), calendar_of("a\x00b\x1f\ufffe@acme.example"))
    assert b"<t:EmailAddress>ab@acme.example</t:EmailAddress>" in request.body


def test_an_anchor_cannot_smuggle_a_header() -> None:
    context = Context(URL, anchor="a@acme.example\r\nX-Evil: 1", prefer_affinity=True)
    headers = dict(build_get_folder(context).headers)
    assert headers["X-AnchorMailbox"] == "a@acme.exampleX-Evil: 1"
    assert headers["X-PreferServerAffinity"] == "true"


@pytest.mark.parametrize(
    ("version", "impersonate", "element"),
    [
        (Version.E2007_SP1, "a@acme.example", "PrimarySmtpAddress"),
        (Version.E2010, "a@acme.example", "SmtpAddress"),
        (Version.E2007_SP1, "S-1-5-21-1", "SID"),
    ],
)
def test_impersonation_is_written_as_the_version_understands_it(
    version: Version, impersonate: str, element: str
) -> None:
    body = build_get_folder(Context(URL, version, impersonate=impersonate)).body
    assert f"<t:{element}>{impersonate}</t:{element}>".encode() in body


def test_the_version_comes_first_and_the_headers_in_the_documented_order() -> None:
    context = Context(URL, impersonate="a@b.example", zone="UTC", precision="Seconds")
    request = build_find_item(context, MARCH)
    header = etree.fromstring(request.body)[0]
    assert [etree.QName(element).localname for element in header] == [
        "RequestServerVersion",
        "ExchangeImpersonation",
        "TimeZoneContext",
        "DateTimePrecision",
    ]
    assert problems(request) == []


@pytest.mark.parametrize(
    ("version", "zone_field"),
    [
        (Version.E2007_SP1, None),
        (Version.E2010_SP2, "calendar:StartTimeZone"),
        (Version.E2013, "calendar:StartTimeZoneId"),
    ],
)
def test_each_version_is_asked_the_fields_it_knows(version: Version, zone_field: str) -> None:
    uris = [
        str(element.get("FieldURI"))
        for element in content(build_find_item(Context(URL, version), MARCH)).iter()
        if element.get("FieldURI")
    ]
    assert [uri for uri in uris if "TimeZone" in uri] == ([zone_field] if zone_field else [])
    assert not [uri for uri in uris if "Attendees" in uri or "Body" in uri]


@pytest.mark.parametrize(("version", "asked"), [(Version.E2007_SP1, False), (Version.E2010, False)])
def test_free_busy_changed_is_not_asked_of_servers_that_call_it_a_schema_violation(
    version: Version, asked: bool
) -> None:
    body = build_subscribe_pull(Context(URL, version), 30).body
    assert (b"FreeBusyChangedEvent" in body) is asked
    newer = build_subscribe_pull(Context(URL, Version.E2010_SP1), 30).body
    assert b"FreeBusyChangedEvent" in newer


def test_streaming_is_not_asked_before_2010_sp1() -> None:
    with pytest.raises(NotOffered, match="Exchange2010_SP1"):
        build_subscribe_streaming(Context(URL, Version.E2010))
    with pytest.raises(NotOffered):
        build_get_streaming_events(Context(URL, Version.E2007_SP1), (GUID,))


@pytest.mark.parametrize("count", [0, 201])
def test_a_stream_reads_one_to_two_hundred_subscriptions(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 200"):
        build_get_streaming_events(Context(URL), (GUID,) * count)


def test_a_window_is_at_most_two_years() -> None:
    with pytest.raises(ValueError, match="two years"):
        build_find_item(Context(URL), MARCH._replace(end=MARCH.start + 3 * 365 * 86_400))
    with pytest.raises(ValueError, match="longer than nothing"):
        build_find_item(Context(URL), MARCH._replace(end=MARCH.start))
