"""Descriptions, free/busy, work hours, automatic replies, people, write-back, zones."""

from __future__ import annotations

import base64
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from kalends.errors import AccessDenied, BadAnswer, Conflict, NotFound, Throttled
from kalends.model.booking import Response as OwnersAnswer
from kalends.model.booking import Sensitivity, ShowAs
from kalends.model.http import Response
from kalends.model.person import WorkHours
from kalends.model.times import FOREVER, Interval
from kalends.wire.ews.contacts import Contact
from kalends.wire.ews.create_item import Appointment, build_create_item, parse_create_item
from kalends.wire.ews.delete_item import parse_delete_item
from kalends.wire.ews.find_contacts import parse_find_contacts
from kalends.wire.ews.find_folder import parse_find_folder
from kalends.wire.ews.find_item import parse_find_item
from kalends.wire.ews.find_people import parse_find_people
from kalends.wire.ews.folders import ItemId
from kalends.wire.ews.get_folder import parse_get_folder
from kalends.wire.ews.get_item import build_get_texts, parse_get_items, parse_get_texts
from kalends.wire.ews.get_server_time_zones import parse_get_server_time_zones
from kalends.wire.ews.get_user_availability import (
    Availability,
    build_get_user_availability,
    parse_get_user_availability,
    parse_merged,
)
from kalends.wire.ews.get_user_configuration import parse_get_work_hours
from kalends.wire.ews.get_user_oof_settings import parse_get_user_oof_settings
from kalends.wire.ews.resolve_names import build_resolve_names, parse_resolve_names
from kalends.wire.ews.soap import Context
from kalends.wire.ews.update_item import build_update_times, parse_update_item
from kalends.wire.ews.versions import Version
from tests.unit.wire.ews.samples import MARCH, STOCKHOLM, answer, at, found, item, refused, said

CONTEXT = Context("https://mail.acme.example/EWS/Exchange.asmx")


def batch(operation: str, *parts: tuple[str, str]) -> Response:
    """Return a batched answer of (code, content)."""
    kinds = {"NoError": "Success"}
    inner = "".join(
        f'<m:{operation}ResponseMessage ResponseClass="{kinds.get(code, "Error")}">'
        f"<m:ResponseCode>{code}</m:ResponseCode>{content}</m:{operation}ResponseMessage>"
        for code, content in parts
    )
    body = f"<m:{operation}Response><m:ResponseMessages>{inner}</m:ResponseMessages>"
    return answer(f"{body}</m:{operation}Response>")


def test_descriptions_come_in_one_line_and_one_missing_item_keeps_its_times() -> None:
    text = '<m:Items><t:CalendarItem><t:Body BodyType="Text">{}</t:Body></t:CalendarItem></m:Items>'
    told = parse_get_texts(
        batch(
            "GetItem",
            ("NoError", text.format("Tillbaka\r\n  kl 15. " + "x" * 400)),
            ("ErrorItemNotFound", "<m:Items/>"),
            ("ErrorItemCorrupt", "<m:Items/>"),
            ("NoError", text.format("")),
        ),
        ("a", "b", "c", "d"),
    )
    assert told.texts["a"].startswith("Tillbaka kl 15. xxx")
    assert len(told.texts["a"]) == 255
    assert told.texts["d"] == ""
    assert set(told.troubles) == {"b", "c"}


def test_a_busy_server_ends_the_whole_batch() -> None:
    with pytest.raises(Throttled):
        parse_get_texts(batch("GetItem", ("ErrorServerBusy", "")), ("a",))


@pytest.mark.parametrize(
    ("version", "uri"),
    [(Version.E2010_SP2, b'"item:Body"'), (Version.E2013, b'"item:TextBody"')],
)
def test_the_text_of_a_body_is_asked_as_the_version_knows_it(version: Version, uri: bytes) -> None:
    assert uri in build_get_texts(Context("https://x.example", version), ("a",)).body


@pytest.mark.parametrize("count", [0, 11])
def test_a_batch_has_one_to_ten_items(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 10"):
        build_get_texts(CONTEXT, ("a",) * count)


def test_single_items_are_read_and_what_is_gone_is_left_out() -> None:
    whole = f"<m:Items>{item()}</m:Items>"
    told = parse_get_items(
        batch("GetItem", ("NoError", whole), ("ErrorItemNotFound", "")), STOCKHOLM
    )
    assert [booking.uid for booking in told.bookings] == ["0400-1"]


EVENT = (
    "<t:CalendarEvent><t:StartTime>{start}</t:StartTime><t:EndTime>{end}</t:EndTime>"
    "<t:BusyType>{busy}</t:BusyType>{details}</t:CalendarEvent>"
)
DETAILS = (
    "<t:CalendarEventDetails><t:ID>AB12</t:ID><t:Subject>Budget</t:Subject><t:Location/>"
    "<t:IsMeeting>true</t:IsMeeting><t:IsRecurring>true</t:IsRecurring>"
    "<t:IsException>false</t:IsException><t:IsReminderSet>false</t:IsReminderSet>"
    "<t:IsPrivate>true</t:IsPrivate></t:CalendarEventDetails>"
)


def event(start: str, end: str, busy: str = "Busy", details: str = "") -> str:
    return EVENT.format(start=start, end=end, busy=busy, details=details)


def availability(*views: str, code: str = "NoError") -> Response:
    kind = "Success" if code == "NoError" else "Error"
    inner = "".join(
        f'<m:FreeBusyResponse><m:ResponseMessage ResponseClass="{kind}"><m:ResponseCode>{code}'
        f"</m:ResponseCode></m:ResponseMessage>{view}</m:FreeBusyResponse>"
        for view in views
    )
    return answer(
        "<m:GetUserAvailabilityResponse><m:FreeBusyResponseArray>"
        f"{inner}</m:FreeBusyResponseArray></m:GetUserAvailabilityResponse>"
    )


def view(kind: str, *events: str, merged: str = "", hours: str = "") -> str:
    listed = f"<t:CalendarEventArray>{''.join(events)}</t:CalendarEventArray>" if events else ""
    told = f"<t:MergedFreeBusy>{merged}</t:MergedFreeBusy>" if merged else ""
    return (
        f"<m:FreeBusyView><t:FreeBusyViewType>{kind}</t:FreeBusyViewType>{told}{listed}{hours}"
        "</m:FreeBusyView>"
    )


def of_one(response: Response, zone: ZoneInfo = STOCKHOLM) -> Availability:
    return parse_get_user_availability(response, ("a",), MARCH, {"a": zone})["a"]


def test_free_busy_alone_tells_an_interval_and_nothing_else() -> None:
    told = of_one(
        availability(view("FreeBusy", event("2026-03-02T13:00:00", "2026-03-02T14:00:00")))
    )
    (booking,) = told.bookings
    assert (booking.start, booking.end, booking.subject) == (at(2, 13), at(2, 14), "")
    assert booking.busy_only


def test_details_are_taken_where_the_rights_show_them() -> None:
    told = of_one(
        availability(
            view("Detailed", event("2026-03-02T13:00:00", "2026-03-02T14:00:00", "OOF", DETAILS))
        )
    )
    (booking,) = told.bookings
    assert (booking.show_as, booking.subject, booking.busy_only) == (ShowAs.OOF, "Budget", False)
    assert booking.sensitivity is Sensitivity.PRIVATE
    assert booking.recurring


def test_a_meeting_whose_organizer_is_not_told_does_not_pass_for_an_own_booking() -> None:
    told = of_one(
        availability(
            view("Detailed", event("2026-03-02T13:00:00", "2026-03-02T14:00:00", "Busy", DETAILS))
        )
    )
    assert told.bookings[0].response is OwnersAnswer.ACCEPTED


def test_from_midnight_to_midnight_is_a_whole_day() -> None:
    told = of_one(
        availability(view("FreeBusy", event("2026-03-04T23:00:00", "2026-03-05T23:00:00")))
    )
    (booking,) = told.bookings
    assert (booking.all_day, booking.first_day, booking.after_day) == (
        True,
        date(2026, 3, 5),
        date(2026, 3, 6),
    )


def test_one_broken_event_is_skipped_and_counted() -> None:
    told = of_one(
        availability(
            view(
                "FreeBusy",
                event("soon", "later"),
                event("2026-03-02T14:00:00", "2026-03-02T13:00:00"),
                event("2026-03-02T13:00:00", "2026-03-02T14:00:00"),
            )
        )
    )
    assert (len(told.bookings), len(told.skipped)) == (1, 2)


def test_merged_digits_become_busy_times() -> None:
    window = Interval(at(2), at(2, 3))
    response = availability(view("MergedOnly", merged="000022221100"))
    told = parse_get_user_availability(response, ("a",), window, {})["a"]
    assert [(one.start, one.end, one.show_as) for one in told.bookings] == [
        (at(2, 1), at(2, 2), ShowAs.BUSY),
        (at(2, 2), at(2, 2, 30), ShowAs.TENTATIVE),
    ]


def test_working_elsewhere_is_a_digit_since_2013() -> None:
    window = Interval(at(2), at(2, 1))
    response = availability(view("MergedOnly", merged="0440"))
    (one,) = parse_get_user_availability(response, ("a",), window, {})["a"].bookings
    assert (one.start, one.end) == (at(2, 0, 15), at(2, 0, 45))
    assert one.show_as is ShowAs.ELSEWHERE


@pytest.mark.parametrize(
    ("digits", "server"),
    [
        ("0050", b'MajorVersion="15"'),
        ("0040", b'MajorVersion="14"'),
        ("0040", b""),
        ("00x0", b'MajorVersion="15"'),
        ("020", b'MajorVersion="15"'),
        ("4444", b'MajorVersion="15"'),
    ],
    ids=[
        "5 is no data",
        "4 was no data",
        "4 of nobody knows whom",
        "no digit",
        "cut short",
        "all 4",
    ],
)
def test_time_that_is_not_told_is_not_free(digits: str, server: bytes) -> None:
    window = Interval(at(2), at(2, 1))
    body = availability(view("MergedOnly", merged=digits)).body
    body = body.replace(b'MajorVersion="15"', server)
    response = Response(200, {"content-type": "text/xml"}, body)
    told = parse_get_user_availability(response, ("a",), window, {})["a"]
    assert isinstance(told.trouble, AccessDenied)


@pytest.mark.parametrize(
    "told",
    [
        view("MergedOnly", merged="4444"),
        view("FreeBusyMerged", merged="4" * 2976),
        view("MergedOnly"),
        view("None"),
        "",
    ],
)
def test_no_data_is_not_free(told: str) -> None:
    read = of_one(availability(told))
    assert isinstance(read.trouble, AccessDenied)
    assert parse_merged(availability(told), 1) == ("",)


def test_where_no_event_is_told_the_digits_tell() -> None:
    window = Interval(at(2), at(2, 1))
    views = (view("FreeBusyMerged", merged="0220"), view("DetailedMerged", merged="0000"))
    read = parse_get_user_availability(availability(*views), ("a", "b"), window, {})
    assert [(one.start, one.end) for one in read["a"].bookings] == [(at(2, 0, 15), at(2, 0, 45))]
    assert (read["b"].bookings, read["b"].trouble) == ((), None)


def test_digits_of_many_come_as_they_are_in_the_order_asked_whatever_else_is_told() -> None:
    busy = event("2026-03-02T13:00:00", "2026-03-02T14:00:00")
    views = (view("MergedOnly", merged="0022"), "", view("DetailedMerged", busy, merged=" 0400 "))
    assert parse_merged(availability(*views), 3) == ("0022", "", "0400")
    with pytest.raises(BadAnswer):
        parse_merged(availability(*views), 2)


def test_one_mailbox_without_access_does_not_blank_the_others() -> None:
    good = view("FreeBusy", event("2026-03-02T13:00:00", "2026-03-02T14:00:00"))
    body = availability(good, good).body.replace(
        b'"Success"><m:ResponseCode>NoError',
        b'"Error"><m:ResponseCode>ErrorMailRecipientNotFound',
        1,
    )
    response = Response(200, {"content-type": "text/xml"}, body)
    told = parse_get_user_availability(response, ("a", "b"), MARCH, {})
    assert isinstance(told["a"].trouble, NotFound)
    assert len(told["b"].bookings) == 1


def test_another_number_of_mailboxes_than_asked_is_no_answer() -> None:
    with pytest.raises(BadAnswer):
        parse_get_user_availability(availability(view("FreeBusy")), ("a", "b"), MARCH, {})


def test_availability_is_bounded() -> None:
    with pytest.raises(ValueError, match="100"):
        build_get_user_availability(CONTEXT, ("a",) * 101, MARCH)
    with pytest.raises(ValueError, match="42"):
        build_get_user_availability(CONTEXT, ("a",), Interval(0, 43 * 86_400))


def hours(*periods: tuple[str, int, int]) -> str:
    told = "".join(
        f"<t:WorkingPeriod><t:DayOfWeek>{days}</t:DayOfWeek><t:StartTimeInMinutes>{start}"
        f"</t:StartTimeInMinutes><t:EndTimeInMinutes>{end}</t:EndTimeInMinutes></t:WorkingPeriod>"
        for days, start, end in periods
    )
    return f"<t:WorkingHours><t:WorkingPeriodArray>{told}</t:WorkingPeriodArray></t:WorkingHours>"


def test_work_hours_come_with_availability() -> None:
    told = hours(("Monday Tuesday", 480, 1020), ("Friday", 480, 720), ("Saturday", 1320, 120))
    assert of_one(availability(view("FreeBusy", hours=told))).work_hours == WorkHours(
        mon=("08:00-17:00",),
        tue=("08:00-17:00",),
        fri=("08:00-12:00",),
        sat=("22:00-24:00",),
        sun=("00:00-02:00",),
    )


@pytest.mark.parametrize(
    "told", [hours(), hours(("Monday", 9999, 1)), hours(("Holiday", 1, 2)), ""]
)
def test_unreadable_work_hours_are_none(told: str) -> None:
    assert of_one(availability(view("FreeBusy", hours=told))).work_hours is None


def stored(xml: str) -> Response:
    data = base64.b64encode(xml.encode()).decode()
    return answer(
        said(
            "GetUserConfiguration",
            f"<m:UserConfiguration><t:XmlData>{data}</t:XmlData></m:UserConfiguration>",
        )
    )


def test_work_hours_stored_with_the_calendar() -> None:
    xml = (
        '<Root xmlns="WorkingHours.xsd"><WorkHoursVersion1><TimeZone><Bias>-60</Bias></TimeZone>'
        "<WorkDays>Weekday</WorkDays><Start>08:30:00</Start><End>16:30:00</End>"
        "</WorkHoursVersion1></Root>"
    )
    span = ("08:30-16:30",)
    assert parse_get_work_hours(stored(xml)) == WorkHours(
        mon=span, tue=span, wed=span, thu=span, fri=span
    )
    assert parse_get_work_hours(stored("<Root/>")) is None
    assert parse_get_work_hours(stored(xml.replace("08:30:00", "early"))) is None
    with pytest.raises(BadAnswer):
        parse_get_work_hours(stored("<!DOCTYPE a><a/>"))
    with pytest.raises(NotFound):
        parse_get_work_hours(refused("GetUserConfiguration", "ErrorItemNotFound"))


def oof(state: str, duration: str = "", code: str = "NoError") -> Response:
    kind = "Success" if code == "NoError" else "Error"
    return answer(
        f'<m:GetUserOofSettingsResponse><m:ResponseMessage ResponseClass="{kind}"><m:ResponseCode>'
        f"{code}</m:ResponseCode></m:ResponseMessage><t:OofSettings><t:OofState>{state}"
        f"</t:OofState><t:ExternalAudience>None</t:ExternalAudience>{duration}"
        "<t:InternalReply><t:Message>I am ill</t:Message></t:InternalReply></t:OofSettings>"
        "</m:GetUserOofSettingsResponse>"
    )


DURATION = (
    "<t:Duration><t:StartTime>2026-03-02T00:00:00</t:StartTime>"
    "<t:EndTime>2026-03-09T00:00:00Z</t:EndTime></t:Duration>"
)


def test_automatic_replies_are_a_fact_with_start_and_end_and_without_words() -> None:
    assert parse_get_user_oof_settings(oof("Disabled", DURATION)) is None
    assert parse_get_user_oof_settings(oof("Enabled")) == Interval(0, FOREVER)
    assert parse_get_user_oof_settings(oof("Scheduled", DURATION)) == Interval(at(2), at(9))
    for broken in (oof("Scheduled"), oof("OfTomorrow")):
        with pytest.raises(BadAnswer):
            parse_get_user_oof_settings(broken)
    with pytest.raises(AccessDenied):
        parse_get_user_oof_settings(oof("Disabled", code="ErrorAccessDenied"))


CONTACT = (
    '<t:Contact><t:ItemId Id="c1"/><t:DisplayName>Bo Ek</t:DisplayName>'
    "<t:GivenName>Bo</t:GivenName><t:CompanyName>Ek AB</t:CompanyName><t:EmailAddresses>"
    '<t:Entry Key="EmailAddress1">SMTP:Bo@Ek.example</t:Entry>'
    '<t:Entry Key="EmailAddress2">/o=x/cn=bo</t:Entry></t:EmailAddresses><t:PhoneNumbers>'
    '<t:Entry Key="MobilePhone">070-123 45 67</t:Entry><t:Entry Key="Pager">1</t:Entry>'
    '<t:Entry Key="HomePhone"/></t:PhoneNumbers><t:Department>Sales</t:Department>'
    "<t:JobTitle>Chief</t:JobTitle><t:Surname>Ek</t:Surname></t:Contact>"
)
BO = Contact(
    "c1",
    "Bo Ek",
    "Bo",
    "Ek",
    "Ek AB",
    "Sales",
    "Chief",
    emails=("bo@ek.example",),
    numbers=(("mobile", "070-123 45 67"),),
)


def test_contacts_of_a_folder_are_read_page_by_page() -> None:
    page = parse_find_contacts(found(CONTACT, "<t:DistributionList/>", last="false"), 100)
    assert (page.contacts, page.next_offset, page.last_name) == ((BO,), 102, "Bo Ek")
    assert parse_find_contacts(found(CONTACT)).next_offset is None
    assert parse_find_contacts(found(last="false"), 100).next_offset is None


def resolutions(*parts: str) -> str:
    listed = "".join(f"<t:Resolution>{part}</t:Resolution>" for part in parts)
    return f"<m:ResolutionSet>{listed}</m:ResolutionSet>"


MAILBOX = (
    "<t:Mailbox><t:Name>Bo Ek</t:Name><t:EmailAddress>bo@acme.example</t:EmailAddress></t:Mailbox>"
)


def test_several_names_are_a_warning_with_usable_data() -> None:
    response = answer(
        said(
            "ResolveNames",
            resolutions(MAILBOX, MAILBOX + CONTACT),
            "Warning",
            "ErrorNameResolutionMultipleResults",
        )
    )
    first, second = parse_resolve_names(response)
    assert (first.name, first.emails, first.numbers) == ("Bo Ek", ("bo@acme.example",), ())
    assert second.emails == ("bo@acme.example", "bo@ek.example")


def test_nobody_found_is_an_ordinary_miss_but_no_mailbox_of_ones_own_is_not() -> None:
    assert parse_resolve_names(refused("ResolveNames", "ErrorNameResolutionNoResults")) == ()
    with pytest.raises(NotFound):
        parse_resolve_names(refused("ResolveNames", "ErrorNameResolutionNoMailbox"))


@pytest.mark.parametrize("text", ["", "  ", "-", ",", " , - "])
def test_names_the_server_refuses_are_not_asked(text: str) -> None:
    with pytest.raises(ValueError, match="letter or a digit"):
        build_resolve_names(CONTEXT, text)


def test_people_are_read_with_numbers() -> None:
    persona = (
        '<t:Persona><t:PersonaId Id="p1"/><t:DisplayName>Bo Ek</t:DisplayName>'
        "<t:EmailAddresses><t:Address><t:EmailAddress>Bo@Acme.example</t:EmailAddress></t:Address>"
        "</t:EmailAddresses><t:BusinessPhoneNumbers><t:PhoneNumberAttributedValue><t:Value>"
        "<t:Number>08-123</t:Number><t:Type>Business</t:Type></t:Value>"
        "</t:PhoneNumberAttributedValue></t:BusinessPhoneNumbers></t:Persona>"
    )
    page = parse_find_people(
        answer(
            '<m:FindPeopleResponse ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>'
            f"<m:People>{persona}</m:People><m:TotalNumberOfPeopleInView>3"
            "</m:TotalNumberOfPeopleInView></m:FindPeopleResponse>"
        )
    )
    (bo,) = page.contacts
    assert (bo.id, bo.emails, bo.numbers) == ("p1", ("bo@acme.example",), (("desk", "08-123"),))
    assert page.next_offset == 1


def test_folders_are_walked_to_the_end_and_never_in_circles() -> None:
    folder = '<t:Folder><t:FolderId Id="f1"/><t:FolderClass>IPF.Contact</t:FolderClass></t:Folder>'

    def listed(*folders: str, more: str) -> Response:
        root = f"<m:RootFolder {more}><t:Folders>{''.join(folders)}</t:Folders></m:RootFolder>"
        return answer(said("FindFolder", root))

    unfinished = 'IncludesLastItemInRange="false"'
    page = parse_find_folder(listed(folder, more=f'IndexedPagingOffset="7" {unfinished}'), 0)
    assert (page.folders[0].folder_class, page.next_offset) == ("IPF.Contact", 7)
    backwards = parse_find_folder(listed(folder, more=f'IndexedPagingOffset="0" {unfinished}'), 5)
    assert backwards.next_offset == 6
    assert parse_find_folder(listed(more=unfinished), 5).next_offset is None


def test_two_counters_tell_whether_a_folder_changed() -> None:
    properties = "".join(
        f'<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="{tag}" PropertyType="x"/>'
        f"<t:Value>{value}</t:Value></t:ExtendedProperty>"
        for tag, value in (("0x670A", "2026-03-02T13:00:00Z"), ("0x670b", "12"))
    )
    folder = parse_get_folder(
        answer(
            said(
                "GetFolder",
                f'<m:Folders><t:CalendarFolder><t:FolderId Id="cal"/>{properties}'
                "<t:EffectiveRights><t:Read>true</t:Read></t:EffectiveRights>"
                "</t:CalendarFolder></m:Folders>",
            )
        )
    )
    assert folder.state == ("2026-03-02T13:00:00Z", "12")
    assert folder.readable


def test_what_write_back_creates_is_read_back_as_ours_only() -> None:
    made = build_create_item(CONTEXT, Appointment(Interval(at(2, 13), at(2, 14)), "Lunch", "m1"))
    written = made.body.decode()
    inner = written[written.index("<t:CalendarItem>") : written.index("</m:Items>")]
    told = parse_find_item(found(inner), MARCH, STOCKHOLM).items
    assert (told.bookings, len(told.ours)) == ((), 1)
    assert 'SendMeetingInvitations="SendToNone"' in written


def test_nobody_works_elsewhere_before_2013() -> None:
    elsewhere = Appointment(MARCH, "", "m1", ShowAs.ELSEWHERE)
    old = Context(CONTEXT.url, Version.E2010_SP2)
    assert b">WorkingElsewhere<" in build_create_item(CONTEXT, elsewhere).body
    assert b">Free<" in build_create_item(old, elsewhere).body


def test_an_appointment_without_length_or_mark_is_not_written() -> None:
    with pytest.raises(ValueError, match="length"):
        build_create_item(CONTEXT, Appointment(Interval(5, 5), "x", "m1"))
    with pytest.raises(ValueError, match="mark"):
        build_create_item(CONTEXT, Appointment(MARCH, "x", ""))
    with pytest.raises(ValueError, match="after it begins"):
        build_update_times(CONTEXT, ItemId("a", "k"), Interval(5, 5))
    with pytest.raises(ValueError, match="change key"):
        build_update_times(CONTEXT, ItemId("a"), MARCH)


NAMED = '<m:Items><t:CalendarItem><t:ItemId Id="n1" ChangeKey="k2"/></t:CalendarItem></m:Items>'


def test_a_written_item_is_named_for_later() -> None:
    assert parse_create_item(answer(said("CreateItem", NAMED))) == ItemId("n1", "k2")
    assert parse_update_item(answer(said("UpdateItem", NAMED))) == ItemId("n1", "k2")
    with pytest.raises(BadAnswer):
        parse_create_item(answer(said("CreateItem", "<m:Items/>")))


def test_an_item_changed_by_somebody_else_is_a_conflict() -> None:
    with pytest.raises(Conflict):
        parse_update_item(refused("UpdateItem", "ErrorIrresolvableConflict"))


def test_deleting_what_is_gone_is_no_error() -> None:
    assert parse_delete_item(answer(said("DeleteItem", "")))
    assert not parse_delete_item(refused("DeleteItem", "ErrorItemNotFound"))
    with pytest.raises(AccessDenied):
        parse_delete_item(refused("DeleteItem", "ErrorAccessDenied"))


def test_a_server_names_its_zones() -> None:
    inner = (
        '<m:TimeZoneDefinitions><t:TimeZoneDefinition Id="W. Europe Standard Time"'
        ' Name="(UTC+01:00) Stockholm"><t:Periods/></t:TimeZoneDefinition></m:TimeZoneDefinitions>'
    )
    assert parse_get_server_time_zones(answer(said("GetServerTimeZones", inner))) == {
        "W. Europe Standard Time": "(UTC+01:00) Stockholm"
    }
