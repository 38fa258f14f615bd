"""MIME content, properties behind the fields, folders of one's own, stored configurations."""

from __future__ import annotations

import base64
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lab.exchange import mime
from lab.exchange.calendar import Appointment, Attendee, Entry
from lab.exchange.mailbox import Mailbox
from lab.exchange.properties import Seen, path_key, value_of
from lab.exchange.recurrence import MONTHS, Recurrence
from lab.exchange.xml import M, T
from lab.exchange.zones import DAYS
from lxml import etree

from icalendar import Calendar
from tests.unit.lab.exchange.desk import ANNA, CALENDAR, IDS, desk, value

ZONE = "W. Europe Standard Time"
START = datetime(2026, 3, 3, 8, tzinfo=UTC)
weekdays = st.sets(st.sampled_from(DAYS), min_size=1, max_size=1).map(tuple)
groups = st.sampled_from([("Weekday",), ("WeekendDay",), ("Day",)])
indexes = st.sampled_from(["First", "Second", "Third", "Fourth", "Last"])
limits: st.SearchStrategy[dict[str, object]] = st.one_of(
    st.just({}),
    st.integers(1, 50).map(lambda n: {"number": n}),
    st.dates(date(2026, 4, 1), date(2027, 4, 1)).map(lambda one: {"until": one}),
)
FIRST = date(2026, 3, 3)
rules = st.one_of(
    st.builds(Recurrence, st.just("Daily"), st.just(FIRST), interval=st.integers(1, 9)),
    st.builds(
        Recurrence, st.just("Weekly"), st.just(FIRST), interval=st.integers(1, 4),
        days=st.sets(st.sampled_from(DAYS), min_size=1).map(
            lambda one: tuple(sorted(one, key=DAYS.index))
        ),
        first_day=st.sampled_from(["Monday", "Sunday"]),
    ),
    st.builds(
        Recurrence, st.just("AbsoluteMonthly"), st.just(FIRST), day=st.integers(1, 28),
        interval=st.integers(1, 4), month=st.just(3),
    ),
    st.builds(
        Recurrence, st.just("RelativeYearly"), st.just(FIRST), days=st.one_of(weekdays, groups),
        index=indexes, month=st.integers(1, len(MONTHS)), day=st.just(3),
    ),
)  # fmt: skip


def box() -> Mailbox:
    return Mailbox(ANNA, "Anna Berg", 1)


def back(item: Appointment) -> Appointment:
    """Return what is read from what is written."""
    return mime.read(mime.write(box(), item), box(), Appointment(7, START, START))


@given(rules, limits)
def test_a_series_comes_back_with_the_same_dates(
    rule: Recurrence, limit: dict[str, object]
) -> None:
    told = Recurrence(
        rule.kind, rule.start, rule.interval, rule.days, rule.index, rule.day, rule.month,
        rule.first_day, **limit,  # type: ignore[arg-type] # one of two names
    )  # fmt: skip
    item = Appointment(1, START, START + timedelta(hours=1), uid="x", zone=ZONE, recurrence=told)
    found = back(item).recurrence
    assert found is not None
    last = date(2028, 1, 1)

    def dates(one: Recurrence) -> list[date]:
        return [
            day
            for _, day in zip(range(60), (d for _, d in one.dates()), strict=False)
            if day < last
        ]

    assert dates(found) == dates(told)


def test_what_an_item_says_comes_back() -> None:
    item = Appointment(
        1, START, START + timedelta(hours=1), subject="Budget; figures, <more>",
        uid="u-1", zone=ZONE,
        location="Here", body="Two\nlines", categories=("A, b", "C"), busy="OOF",
        sensitivity="Confidential", required=(Attendee("bea@example.test", "Bea Alm"),),
    )  # fmt: skip
    found = back(item)
    for name in (
        "start",
        "end",
        "subject",
        "uid",
        "zone",
        "location",
        "body",
        "categories",
        "busy",
    ):
        assert getattr(found, name) == getattr(item, name)
    assert (found.sensitivity, found.required[0].name) == ("Confidential", "Bea Alm")


def test_whole_days_exceptions_and_deletions_come_back() -> None:
    whole = Appointment(
        1, datetime(2026, 3, 2, 23, tzinfo=UTC), datetime(2026, 3, 3, 23, tzinfo=UTC), zone=ZONE,
        all_day=True, recurrence=Recurrence("Daily", date(2026, 3, 3), number=5),
    )  # fmt: skip
    second, third = whole.start + timedelta(days=1), whole.start + timedelta(days=2)
    whole.deleted = {second}
    whole.exceptions[third] = Appointment(
        1, third, third + timedelta(days=2), subject="Longer", zone=ZONE, all_day=True
    )
    found = back(whole)
    assert (found.all_day, found.start, found.deleted) == (True, whole.start, {second})
    assert found.exceptions[third].end == third + timedelta(days=2)


def test_a_time_in_utc_that_names_a_zone_is_in_utc() -> None:
    text = (
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:1\n"
        f"DTSTART;TZID={ZONE}:20260303T080000Z\nDTEND;TZID={ZONE}:20260303T090000Z\n"
        "END:VEVENT\nEND:VCALENDAR\n"
    )
    content = base64.b64encode(text.encode()).decode()
    found = mime.read(content, box(), Appointment(7, START, START))
    assert (found.start, found.zone) == (START, ZONE)


def test_mime_content_is_given_where_it_is_asked_for() -> None:
    one = desk()
    number = one.view("2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z")[0][0].get("Id")
    found = one.ask(
        f"<m:GetItem><m:ItemShape>{IDS}<t:IncludeMimeContent>true</t:IncludeMimeContent>"
        f'</m:ItemShape><m:ItemIds><t:ItemId Id="{number}"/></m:ItemIds></m:GetItem>'
    )
    text = base64.b64decode(value(found, "MimeContent")).decode()
    [event] = Calendar.from_ical(text).walk("VEVENT")
    assert str(event["SUMMARY"]) == "Budget & <figures>"
    assert f"TZID:{ZONE}" in text


def test_an_item_is_made_from_mime_content() -> None:
    one = desk()
    item = Appointment(1, START, START + timedelta(hours=2), subject="Made", uid="u-1", zone=ZONE)
    one.ask(
        '<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items><t:CalendarItem>'
        f"<t:MimeContent>{mime.write(box(), item)}</t:MimeContent>"
        "</t:CalendarItem></m:Items></m:CreateItem>"
    )
    found = one.anna.items[max(one.anna.items)]
    assert (found.subject, found.start, found.uid) == ("Made", START, "u-1")
    assert one.codes(
        '<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items><t:CalendarItem>'
        "<t:MimeContent>bm8=</t:MimeContent></t:CalendarItem></m:Items></m:CreateItem>"
    ) == ["ErrorMimeContentInvalid"]


def path(**attributes: str) -> etree._Element:
    return etree.Element(T + "ExtendedFieldURI", attributes)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"PropertyTag": "0x37", "PropertyType": "String"}, "Weekly"),
        ({"PropertyTag": "55", "PropertyType": "String"}, "Weekly"),
        ({"DistinguishedPropertySetId": "Appointment", "PropertyId": "33315"}, "true"),
        ({"PropertySetId": "00062002-0000-0000-C000-000000000046", "PropertyId": "33285"}, "2"),
        ({"DistinguishedPropertySetId": "PublicStrings",
          "PropertyName": "urn:schemas:calendar:instancetype"}, "1"),
        ({"DistinguishedPropertySetId": "PublicStrings", "PropertyName": "mine"}, None),
    ],
)  # fmt: skip
def test_properties_are_told_from_the_fields(asked: dict[str, str], expected: str | None) -> None:
    one = desk()
    item = next(each for each in one.anna.items.values() if each.recurrence)
    assert value_of(Seen(one.anna, Entry(item, "RecurringMaster")), path(**asked)) == expected


def test_a_foreign_uid_is_wrapped_into_a_global_id() -> None:
    one = desk()
    item = one.anna.items[1]
    wanted = path(DistinguishedPropertySetId="Meeting", PropertyId="3")
    own = base64.b64decode(value_of(Seen(one.anna, Entry(item, "Single")), wanted) or "")
    assert own.hex().upper() == item.uid
    item.uid = "mine@example.test"
    wrapped = base64.b64decode(value_of(Seen(one.anna, Entry(item, "Single")), wanted) or "")
    assert b"vCal-Uid" in wrapped
    assert b"mine@example.test" in wrapped


def test_a_set_and_its_guid_name_the_same_property() -> None:
    names = [
        path(DistinguishedPropertySetId="Common", PropertyId="34051", PropertyType="Integer"),
        path(PropertySetId="{00062008-0000-0000-C000-000000000046}", PropertyId="34051"),
    ]
    assert len({path_key(one) for one in names}) == 1


def test_a_page_is_restricted_and_sorted_by_properties() -> None:
    one = desk()
    field = '<t:ExtendedFieldURI PropertyTag="0x37" PropertyType="String"/>'
    found = one.ask(
        f'<m:FindItem Traversal="Shallow"><m:ItemShape>{IDS}<t:AdditionalProperties>{field}'
        "</t:AdditionalProperties></m:ItemShape><m:IndexedPageItemView MaxEntriesReturned='9' "
        "Offset='0' BasePoint='Beginning'/><m:Restriction><t:IsEqualTo><t:ExtendedFieldURI "
        'DistinguishedPropertySetId="Appointment" PropertyId="33315" PropertyType="Boolean"/>'
        '<t:FieldURIOrConstant><t:Constant Value="false"/></t:FieldURIOrConstant></t:IsEqualTo>'
        f'</m:Restriction><m:SortOrder><t:FieldOrder Order="Descending">{field}</t:FieldOrder>'
        f"</m:SortOrder><m:ParentFolderIds>{CALENDAR}</m:ParentFolderIds></m:FindItem>"
    )
    assert [node.text for node in found.iter(T + "Value")] == ["Budget & <figures>"]


def test_a_folder_is_made_found_by_its_class_and_removed_with_what_is_in_it() -> None:
    one = desk()
    root = '<t:DistinguishedFolderId Id="msgfolderroot"/>'
    make = (
        f"<m:CreateFolder><m:ParentFolderId>{root}</m:ParentFolderId><m:Folders><t:Folder>"
        "<t:FolderClass>IPF.Appointment</t:FolderClass><t:DisplayName>Second</t:DisplayName>"
        "</t:Folder></m:Folders></m:CreateFolder>"
    )
    number = one.ask(make).find(f".//{T}FolderId")
    assert number is not None
    assert one.codes(make) == ["ErrorFolderExists"]
    find = (
        f'<m:FindFolder Traversal="Shallow"><m:FolderShape>{IDS}<t:AdditionalProperties>'
        '<t:FieldURI FieldURI="folder:DisplayName"/></t:AdditionalProperties></m:FolderShape>'
        '<m:Restriction><t:IsEqualTo><t:FieldURI FieldURI="folder:FolderClass"/>'
        '<t:FieldURIOrConstant><t:Constant Value="IPF.Appointment"/></t:FieldURIOrConstant>'
        f"</t:IsEqualTo></m:Restriction><m:ParentFolderIds>{root}</m:ParentFolderIds></m:FindFolder>"
    )
    titles = [node.text for node in one.ask(find).iter(T + "DisplayName")]
    assert titles == ["Calendar", "Second"]
    own = one.anna.own["#101"]
    one.anna.add(Appointment(0, START, START, folder=own.name))
    remove = (
        '<m:DeleteFolder DeleteType="HardDelete"><m:FolderIds>'
        f'<t:FolderId Id="{number.get("Id")}"/></m:FolderIds></m:DeleteFolder>'
    )
    assert one.codes(remove) == ["NoError"]
    assert one.codes(remove) == ["ErrorFolderNotFound"]
    assert all(item.folder == "calendar" for item in one.anna.items.values())


def configuration(name: str, folder: str) -> str:
    return (
        f'<m:GetUserConfiguration><m:UserConfigurationName Name="{name}">'
        f'<t:DistinguishedFolderId Id="{folder}"/></m:UserConfigurationName>'
        "<m:UserConfigurationProperties>All</m:UserConfigurationProperties></m:GetUserConfiguration>"
    )


def test_work_hours_are_kept_with_the_calendar() -> None:
    one = desk()
    one.anna.hours, one.anna.days = (450, 975), ("Monday", "Friday")
    found = one.ask(configuration("WorkHours", "calendar"))
    text = base64.b64decode(value(found, "XmlData")).decode()
    assert "<Start>07:30:00</Start><End>16:15:00</End><WorkDays>Monday Friday</WorkDays>" in text
    # The last Sunday of March, two o'clock; Sunday is 0.
    march = "<Time>02:00:00</Time><Date>0000/03/05</Date><DayOfWeek>0</DayOfWeek>"
    assert re.search(f"<DaylightSavings><Bias>-60</Bias><ChangeDate>{march}", text)


def test_a_configuration_nobody_stored_is_not_found_and_2007_knows_none() -> None:
    one = desk()
    assert one.codes(configuration("WorkHours", "inbox")) == ["ErrorItemNotFound"]
    names = [
        node.text for node in one.ask(configuration("OWA.UserOptions", "root")).iter(T + "Value")
    ]
    assert names[:2] == ["timezone", ZONE]
    old = desk("2007 SP1")
    assert old.fault(configuration("WorkHours", "calendar")) == "ErrorSchemaValidation"
    assert (
        one.ask(configuration("WorkHours", "calendar")).find(f".//{M}UserConfiguration") is not None
    )
