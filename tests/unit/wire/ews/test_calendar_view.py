"""What an appointment in a calendar view becomes, fact by fact."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from kalends.errors import BadAnswer, TooLarge
from kalends.model.booking import Booking, Response, Sensitivity, ShowAs
from kalends.model.times import Interval, days
from kalends.wire.ews.find_item import CalendarPage, halves, join, parse_find_item
from kalends.wire.ews.shapes import MARK_NAME, MARK_SET
from tests.unit.wire.ews.samples import MARCH, STOCKHOLM, answer, at, found, item, said

T = "http://schemas.microsoft.com/exchange/services/2006/types"


def page(*items: str, zone: ZoneInfo = STOCKHOLM) -> CalendarPage:
    return parse_find_item(found(*items), MARCH, zone)


def booking(zone: ZoneInfo = STOCKHOLM, **fields: str) -> Booking:
    read = page(item(**fields), zone=zone)
    assert len(read.items.bookings) == 1
    return read.items.bookings[0]


def test_an_appointment_is_a_booking_with_every_fact() -> None:
    made = booking(
        Categories="<t:Categories><t:String>Kund, viktig</t:String><t:String>Röd</t:String>"
        "</t:Categories>"
    )
    assert made == Booking(
        "0400-1", at(2, 13), at(2, 14), ShowAs.BUSY, "Budget", categories=("Kund, viktig", "Röd")
    )


@pytest.mark.parametrize(
    ("told", "show_as"),
    [
        ("Free", ShowAs.FREE),
        ("Tentative", ShowAs.TENTATIVE),
        ("Busy", ShowAs.BUSY),
        ("OOF", ShowAs.OOF),
        ("WorkingElsewhere", ShowAs.ELSEWHERE),
        ("NoData", ShowAs.BUSY),
        ("OfTomorrow", ShowAs.BUSY),
        ("", ShowAs.BUSY),
    ],
)
def test_unknown_free_busy_status_is_busy_never_free(told: str, show_as: ShowAs) -> None:
    assert booking(LegacyFreeBusyStatus=told).show_as is show_as


@pytest.mark.parametrize(
    ("told", "sensitivity"),
    [
        ("Normal", Sensitivity.NORMAL),
        ("Personal", Sensitivity.PERSONAL),
        ("Private", Sensitivity.PRIVATE),
        ("Confidential", Sensitivity.CONFIDENTIAL),
        ("OfTomorrow", Sensitivity.PRIVATE),
        ("", Sensitivity.NORMAL),
    ],
)
def test_unknown_sensitivity_is_private(told: str, sensitivity: Sensitivity) -> None:
    assert booking(Sensitivity=told).sensitivity is sensitivity


@pytest.mark.parametrize(
    ("told", "state", "response"),
    [
        ("Organizer", "1", Response.OWN),
        ("Accept", "3", Response.ACCEPTED),
        ("Tentative", "3", Response.TENTATIVE),
        ("Decline", "3", Response.DECLINED),
        ("NoResponseReceived", "3", Response.UNANSWERED),
        ("Unknown", "0", Response.OWN),
        ("Unknown", "3", Response.UNANSWERED),
        ("", "", Response.OWN),
        ("", "3", Response.UNANSWERED),
    ],
)
def test_the_owners_answer(told: str, state: str, response: Response) -> None:
    assert booking(MyResponseType=told, AppointmentState=state).response is response


@pytest.mark.parametrize(
    ("told", "state", "cancelled"),
    [("true", "0", True), ("false", "7", True), ("", "5", True), ("false", "3", False)],
)
def test_a_meeting_withdrawn_by_its_organizer_is_cancelled(
    told: str, state: str, cancelled: bool
) -> None:
    assert booking(IsCancelled=told, AppointmentState=state).cancelled is cancelled


def test_occurrences_of_a_series_are_told_apart_by_their_original_start() -> None:
    made = page(
        item(CalendarItemType="Occurrence", RecurrenceId="2026-03-02T13:00:00Z"),
        item(
            CalendarItemType="Exception",
            RecurrenceId="2026-03-09T13:00:00Z",
            Start="2026-03-10T08:00:00Z",
            End="2026-03-10T09:00:00Z",
        ),
    )
    assert [found.uid for found in made.items.bookings] == [
        f"0400-1/{at(2, 13)}",
        f"0400-1/{at(9, 13)}",
    ]
    assert all(found.recurring for found in made.items.bookings)


def test_an_occurrence_without_a_recurrence_id_goes_by_its_original_start_or_its_start() -> None:
    moved = booking(CalendarItemType="Exception", OriginalStart="2026-03-01T13:00:00Z")
    assert moved.uid == f"0400-1/{at(1, 13)}"
    assert booking(CalendarItemType="Occurrence").uid == f"0400-1/{at(2, 13)}"


def test_is_recurring_false_on_an_occurrence_does_not_fool_us() -> None:
    assert booking(CalendarItemType="Occurrence", IsRecurring="false").recurring
    assert booking(CalendarItemType="", IsRecurring="true").recurring


def test_an_all_day_appointment_is_whole_days_of_its_owner() -> None:
    made = booking(Start="2026-03-04T23:00:00Z", End="2026-03-06T23:00:00Z", IsAllDayEvent="true")
    assert (made.all_day, made.first_day, made.after_day) == (
        True,
        date(2026, 3, 5),
        date(2026, 3, 7),
    )
    assert made.interval(STOCKHOLM) == days(date(2026, 3, 5), date(2026, 3, 7), STOCKHOLM)


@pytest.mark.parametrize(
    "zone_field",
    [
        f'<t:StartTimeZone xmlns:t="{T}" Id="Eastern Standard Time" Name="(UTC-05:00)"/>',
        f'<t:StartTimeZoneId xmlns:t="{T}">Eastern Standard Time</t:StartTimeZoneId>',
        "",
    ],
)
def test_an_all_day_appointment_made_in_new_york_is_the_same_day_in_stockholm(
    zone_field: str,
) -> None:
    made = booking(
        Start="2026-03-05T05:00:00Z",
        End="2026-03-06T05:00:00Z",
        IsAllDayEvent="true",
        StartTimeZone=zone_field,
    )
    assert (made.first_day, made.after_day) == (date(2026, 3, 5), date(2026, 3, 6))


def test_an_all_day_appointment_over_the_change_of_clocks() -> None:
    made = booking(Start="2026-03-28T23:00:00Z", End="2026-03-29T22:00:00Z", IsAllDayEvent="true")
    assert (made.first_day, made.after_day) == (date(2026, 3, 29), date(2026, 3, 30))


def test_an_all_day_appointment_in_a_custom_zone_is_the_nearest_day() -> None:
    made = booking(
        Start="2026-03-04T15:00:00Z",
        End="2026-03-05T15:00:00Z",
        IsAllDayEvent="true",
        StartTimeZoneId="tzone://Microsoft/Custom",
    )
    assert (made.first_day, made.after_day) == (date(2026, 3, 5), date(2026, 3, 6))


@pytest.mark.parametrize(
    "start", ["2026-03-02T14:00:00+01:00", "2026-03-02T13:00:00", " 2026-03-02T13:00:00.000Z "]
)
def test_times_with_an_offset_without_a_zone_or_with_fractions(start: str) -> None:
    assert booking(Start=start).start == at(2, 13)


def test_the_organizer_is_an_address_not_a_display_name() -> None:
    name = "<t:Organizer><t:Mailbox><t:Name>Bo Ek</t:Name></t:Mailbox></t:Organizer>"
    assert booking(Organizer=name).organizer == ""
    with_address = name.replace(
        "</t:Mailbox>", "<t:EmailAddress>Bo.Ek@Acme.example</t:EmailAddress></t:Mailbox>"
    )
    assert booking(Organizer=with_address).organizer == "bo.ek@acme.example"


@pytest.mark.parametrize(
    ("tag", "value", "organizer"),
    [
        ("0x5d02", "Bo@Other.example", "bo@other.example"),
        ("0x65", "bo@other.example", "bo@other.example"),
        ("0x65", "/o=Acme/ou=Exchange/cn=Recipients/cn=bo", ""),
        ("0x1234", "bo@other.example", ""),
    ],
)
def test_the_organizers_address_comes_as_a_mapi_property(
    tag: str, value: str, organizer: str
) -> None:
    extended = (
        f'<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="{tag}" PropertyType="String"/>'
        f"<t:Value>{value}</t:Value></t:ExtendedProperty>"
    )
    assert booking(ExtendedProperty=extended).organizer == organizer


def test_what_kalends_wrote_is_never_read_back_as_news() -> None:
    mark = (
        f'<t:ExtendedProperty><t:ExtendedFieldURI PropertySetId="{MARK_SET.upper()}"'
        f' PropertyName="{MARK_NAME}" PropertyType="String"/><t:Value>1</t:Value>'
        "</t:ExtendedProperty>"
    )
    read = page(item(), item(UID="0400-2", ItemId='<t:ItemId Id="AAMk2"/>', Mark=mark))
    assert [made.uid for made in read.items.bookings] == ["0400-1"]
    assert read.items.ours == ("AAMk2",)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"Start": ""}, "no Start"),
        ({"End": ""}, "no End"),
        ({"Start": "soon"}, "Start is no time"),
        ({"End": "99999-01-01T00:00:00Z"}, "End is no time"),
        ({"End": "2026-03-02T12:00:00Z"}, "ends before it begins"),
    ],
)
def test_one_broken_appointment_is_skipped_and_counted_and_the_rest_lives(
    fields: dict[str, str], reason: str
) -> None:
    read = page(item(UID="0400-2", ItemId='<t:ItemId Id="AAMk2"/>', **fields), item())
    assert [made.uid for made in read.items.bookings] == ["0400-1"]
    assert [skipped.uid for skipped in read.items.skipped] == ["0400-2"]
    assert reason in read.items.skipped[0].reason
    assert "Budget" not in read.items.skipped[0].reason


def test_an_appointment_without_a_uid_has_a_stable_identity() -> None:
    assert booking(UID="").uid == booking(UID="").uid
    assert booking(UID="").uid != booking(UID="", ItemId='<t:ItemId Id="AAMk2"/>').uid


def test_two_appointments_with_one_uid_are_both_kept() -> None:
    read = page(item(), item(ItemId='<t:ItemId Id="AAMk2"/>', Start="2026-03-02T12:00:00Z"))
    assert len({made.uid for made in read.items.bookings}) == 2
    assert read.items.ids == ("AAMk1", "AAMk2")


def test_one_appointment_listed_twice_counts_once() -> None:
    assert len(page(item(), item()).items.bookings) == 1


def test_other_items_of_the_folder_and_unexpanded_masters_are_counted_not_shown() -> None:
    message = "<t:Message><t:ItemId Id='m'/><t:Subject>x</t:Subject></t:Message>"
    master = item(UID="0400-3", CalendarItemType="RecurringMaster")
    read = page(message, master, item(UID="0400-2"))
    assert (read.items.others, read.items.masters) == (1, ("AAMk1",))
    assert [made.uid for made in read.items.bookings] == ["0400-2"]


def test_a_subject_is_cut_and_may_be_missing() -> None:
    assert booking(Subject="").subject == ""
    assert booking(Subject="<t:Subject/>").subject == ""
    assert len(booking(Subject="å" * 300).subject) == 255


def test_appointments_that_only_touch_the_window_are_left_out() -> None:
    read = page(
        item(UID="before", Start="2026-02-28T23:00:00Z", End="2026-03-01T00:00:00Z"),
        item(UID="after", Start="2026-04-01T00:00:00Z", End="2026-04-01T01:00:00Z"),
        item(UID="into", Start="2026-02-28T23:00:00Z", End="2026-03-01T00:30:00Z"),
        item(UID="moment", Start="2026-03-01T00:00:00Z", End="2026-03-01T00:00:00Z"),
    )
    assert [made.uid for made in read.items.bookings] == ["into", "moment"]
    assert len(read.items.ids) == 2


def test_an_empty_calendar_is_empty() -> None:
    read = page()
    assert (read.items.bookings, read.full, read.total) == ((), False, 0)
    assert read.server is not None


def test_2013_leaves_an_empty_list_out() -> None:
    root = '<m:RootFolder TotalItemsInView="0" IncludesLastItemInRange="true"/>'
    read = parse_find_item(answer(said("FindItem", root)), MARCH, STOCKHOLM)
    assert read.items.bookings == ()


@pytest.mark.parametrize("inner", ["", '<m:RootFolder TotalItemsInView="3"/>'])
def test_a_cut_answer_never_passes_for_an_empty_calendar(inner: str) -> None:
    with pytest.raises(BadAnswer):
        parse_find_item(answer(said("FindItem", inner)), MARCH, STOCKHOLM)


def test_a_part_of_the_view_says_so() -> None:
    assert parse_find_item(found(item(), last="false"), MARCH, STOCKHOLM).full
    assert parse_find_item(found(item()), MARCH, STOCKHOLM, max_entries=1).full
    assert not parse_find_item(found(item()), MARCH, STOCKHOLM).full


def test_a_full_window_is_halved_without_a_gap_until_nobody_can_have_that_many() -> None:
    first, second = halves(MARCH)
    assert (first.start, first.end, second.end) == (MARCH.start, second.start, MARCH.end)
    with pytest.raises(TooLarge):
        halves(Interval(at(1), at(1) + 60))


def test_an_appointment_over_the_cut_counts_once_when_halves_are_joined() -> None:
    across = item(Start="2026-03-15T00:00:00Z", End="2026-03-18T00:00:00Z")
    parts = [parse_find_item(found(across), half, STOCKHOLM).items for half in halves(MARCH)]
    assert [len(part.bookings) for part in parts] == [1, 1]
    assert [made.uid for made in join(parts).bookings] == ["0400-1"]


def test_two_appointments_with_one_uid_are_both_kept_whichever_halves_they_lie_in() -> None:
    early = item(Start="2026-03-14T00:00:00Z", End="2026-03-18T00:00:00Z")
    late = item(
        ItemId='<t:ItemId Id="AAMk2"/>', Start="2026-03-20T13:00:00Z", End="2026-03-20T14:00:00Z"
    )
    first, second = halves(MARCH)
    parts = [
        parse_find_item(found(early), first, STOCKHOLM).items,
        parse_find_item(found(early, late), second, STOCKHOLM).items,
    ]
    for pages in (parts, [*parts[:1], parse_find_item(found(late), second, STOCKHOLM).items]):
        joined = join(pages)
        assert joined.bookings == page(early, late).items.bookings
        assert joined.ids == ("AAMk1", "AAMk2")


def test_a_server_that_is_not_microsofts_may_use_other_prefixes_and_leave_much_out() -> None:
    body = (
        '<FindItemResponse xmlns="http://schemas.microsoft.com/exchange/services/2006/messages">'
        "<ResponseMessages><FindItemResponseMessage ResponseClass='Success'>"
        "<ResponseCode> NoError </ResponseCode><RootFolder><Items xmlns='" + T + "'>"
        "\n <!-- one --><CalendarItem>\n <ItemId Id='1'/>\n <Start>2026-03-02T13:00:00Z</Start>"
        "<End>2026-03-02T14:00:00Z</End></CalendarItem></Items></RootFolder>"
        "</FindItemResponseMessage></ResponseMessages></FindItemResponse>"
    )
    made = parse_find_item(answer(body), MARCH, STOCKHOLM).items.bookings
    assert [(one.start, one.show_as) for one in made] == [(at(2, 13), ShowAs.BUSY)]
