"""Every answer of the emulator is what Microsoft's schema allows and real servers send."""

from __future__ import annotations

from lab.exchange.mailbox import Oof
from lab.exchange.xml import M, T

from tests.unit.lab.exchange.desk import CALENDAR, Desk, desk, every_version, value, view

MARCH = ("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z")
AVAILABILITY = """<m:GetUserAvailabilityRequest><t:TimeZone><t:Bias>0</t:Bias>
<t:StandardTime><t:Bias>0</t:Bias><t:Time>00:00:00</t:Time><t:DayOrder>0</t:DayOrder>
<t:Month>0</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:StandardTime>
<t:DaylightTime><t:Bias>0</t:Bias><t:Time>00:00:00</t:Time><t:DayOrder>0</t:DayOrder>
<t:Month>0</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:DaylightTime></t:TimeZone>
<m:MailboxDataArray>
<t:MailboxData><t:Email><t:Address>anna@example.test</t:Address></t:Email>
<t:AttendeeType>Required</t:AttendeeType></t:MailboxData>
<t:MailboxData><t:Email><t:Address>nobody@example.test</t:Address></t:Email>
<t:AttendeeType>Required</t:AttendeeType></t:MailboxData></m:MailboxDataArray>
<t:FreeBusyViewOptions><t:TimeWindow><t:StartTime>2026-03-02T00:00:00</t:StartTime>
<t:EndTime>2026-03-05T00:00:00</t:EndTime></t:TimeWindow>
<t:MergedFreeBusyIntervalInMinutes>60</t:MergedFreeBusyIntervalInMinutes>
<t:RequestedView>DetailedMerged</t:RequestedView></t:FreeBusyViewOptions>
</m:GetUserAvailabilityRequest>"""
SYNC = (
    "<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
    "<m:SyncFolderId>{calendar}</m:SyncFolderId>{state}"
    "<m:MaxChangesReturned>{limit}</m:MaxChangesReturned></m:SyncFolderItems>"
)


def sync(one: Desk, state: str = "", limit: int = 512) -> tuple[list[str], str]:
    """Return the kinds of changes and the new state."""
    sent = f"<m:SyncState>{state}</m:SyncState>" if state else ""
    found = one.ask(SYNC.format(calendar=CALENDAR, state=sent, limit=limit))
    kinds = [str(node.tag).removeprefix(T) for node in found.iterfind(f".//{M}Changes/*")]
    return kinds, value(found, "SyncState")


@every_version
def test_a_view_holds_every_occurrence_with_all_fields(named: str) -> None:
    items = desk(named).view(*MARCH)
    assert [value(one, "CalendarItemType") for one in items] == ["Single"] + ["Occurrence"] * 5
    assert value(items[0], "Subject") == "Budget & <figures>"
    assert len({value(one, "UID") for one in items}) == 2
    assert len({one[0].get("Id") for one in items}) == 6


@every_version
def test_a_folder_tells_when_it_changed(named: str) -> None:
    found = desk(named).ask(
        "<m:GetFolder><m:FolderShape><t:BaseShape>AllProperties</t:BaseShape>"
        '<t:AdditionalProperties><t:ExtendedFieldURI PropertyTag="0x670a" '
        'PropertyType="SystemTime"/><t:ExtendedFieldURI PropertyTag="0x670b" '
        'PropertyType="Integer"/></t:AdditionalProperties></m:FolderShape>'
        f"<m:FolderIds>{CALENDAR}</m:FolderIds></m:GetFolder>"
    )
    values = [one.text for one in found.iter(T + "Value")]
    assert values == ["2026-02-25T06:13:20Z", "0"]


@every_version
def test_folders_below_the_root_are_found(named: str) -> None:
    found = desk(named).ask(
        '<m:FindFolder Traversal="Shallow"><m:FolderShape><t:BaseShape>AllProperties</t:BaseShape>'
        '</m:FolderShape><m:ParentFolderIds><t:DistinguishedFolderId Id="msgfolderroot"/>'
        "</m:ParentFolderIds></m:FindFolder>"
    )
    assert "Calendar" in [one.text for one in found.iter(T + "DisplayName")]


@every_version
def test_an_item_and_its_occurrences_can_be_read_whole(named: str) -> None:
    one = desk(named)
    master = next(item for item in one.anna.items.values() if item.recurrence)
    ids = [node[0].get("Id") for node in one.view(*MARCH)]
    asked = "".join(f'<t:ItemId Id="{each}"/>' for each in ids)
    found = one.ask(
        "<m:GetItem><m:ItemShape><t:BaseShape>AllProperties</t:BaseShape></m:ItemShape>"
        f'<m:ItemIds>{asked}<t:RecurringMasterItemId OccurrenceId="{ids[1]}"/></m:ItemIds>'
        "</m:GetItem>"
    )
    kinds = [node.text for node in found.iter(T + "CalendarItemType")]
    assert kinds == ["Single", *["Occurrence"] * 5, "RecurringMaster"]
    assert value(found, "DaysOfWeek") == "Tuesday"
    assert master.uid in [node.text for node in found.iter(T + "UID")]


@every_version
def test_sync_tells_masters_and_then_only_changes(named: str) -> None:
    one = desk(named)
    kinds, state = sync(one)
    assert kinds == ["Create", "Create"]
    master = next(item for item in one.anna.items.values() if item.recurrence)
    one.anna.changed(master)
    kinds, state = sync(one, state)
    assert kinds == ["Update"]
    one.anna.remove(master)
    kinds, state = sync(one, state)
    assert kinds == ["Delete"]
    assert sync(one, state)[0] == []


def test_sync_comes_in_pages() -> None:
    one = desk()
    first, state = sync(one, limit=1)
    second, state = sync(one, state, limit=1)
    assert (first, second, sync(one, state)[0]) == (["Create"], ["Create"], [])


def test_a_damaged_sync_state_is_refused() -> None:
    one = desk()
    sent = "<m:SyncState>AAAA</m:SyncState>"
    request = SYNC.format(calendar=CALENDAR, state=sent, limit=5)
    assert one.codes(request) == ["ErrorInvalidSyncStateData"]


@every_version
def test_availability_tells_one_person_and_refuses_the_other(named: str) -> None:
    one = desk(named)
    one.impersonate = ""
    one.anna.default_right = "Detailed"
    found = one.ask(AVAILABILITY)
    codes = [node.text for node in found.iter(M + "ResponseCode")]
    assert codes == ["NoError", "ErrorMailRecipientNotFound"]
    assert [node.text for node in found.iter(T + "StartTime")][:1] == ["2026-03-02T09:00:00"]
    assert value(found, "Subject") == "Budget & <figures>"
    assert value(found, "MergedFreeBusy") == "0" * 9 + "2" + "0" * 23 + "2" + "0" * 38
    assert value(found, "DayOfWeek")


def test_who_may_know_only_free_and_busy_sees_no_subject() -> None:
    one = desk()
    one.impersonate = ""
    found = one.ask(AVAILABILITY)
    assert value(found, "FreeBusyViewType") == "FreeBusyMerged"
    assert value(found, "Subject") == ""


@every_version
def test_automatic_replies_names_and_conversions_are_answered(named: str) -> None:
    one = desk(named)
    oof = one.ask(
        "<m:GetUserOofSettingsRequest><t:Mailbox><t:Address>anna@example.test</t:Address>"
        "</t:Mailbox></m:GetUserOofSettingsRequest>"
    )
    assert value(oof, "OofState") == "Disabled"
    names = one.ask(
        '<m:ResolveNames ReturnFullContactData="true"><m:UnresolvedEntry>b</m:UnresolvedEntry>'
        "</m:ResolveNames>"
    )
    assert value(names, "ResponseCode") == "ErrorNameResolutionMultipleResults"
    assert len(list(names.iter(T + "Resolution"))) == 2


TIPS = (
    "<m:GetMailTips><m:SendingAs><t:EmailAddress>{sender}</t:EmailAddress></m:SendingAs>"
    "<m:Recipients><t:Mailbox><t:EmailAddress>anna@example.test</t:EmailAddress></t:Mailbox>"
    "<t:Mailbox><t:EmailAddress>nobody@example.test</t:EmailAddress></t:Mailbox></m:Recipients>"
    "<m:MailTipsRequested>OutOfOfficeMessage</m:MailTipsRequested></m:GetMailTips>"
)


@every_version
def test_mail_tips_tell_of_each_recipient_since_2010_to_who_may_send_so(named: str) -> None:
    one = desk(named)
    one.anna.oof = Oof("Enabled", reply="Back on Monday")
    if one.server.version.year < 2010:
        assert one.fault(TIPS.format(sender="anna@example.test")) == "ErrorSchemaValidation"
        return
    found = one.ask(TIPS.format(sender="anna@example.test"))
    codes = [node.text for node in found.iter(M + "ResponseCode")]
    assert codes == ["NoError", "NoError", "ErrorMailRecipientNotFound"]
    assert value(found, "Message") == "Back on Monday"
    assert one.fault(TIPS.format(sender="bo@example.test")) == "ErrorAccessDenied"


def test_time_zones_are_told_with_their_rules() -> None:
    found = desk().ask('<m:GetServerTimeZones ReturnFullTimeZoneData="true"/>')
    berlin = found.find(f".//{T}TimeZoneDefinition[@Id='W. Europe Standard Time']")
    assert berlin is not None
    assert [one.get("Bias") for one in berlin.iter(T + "Period")] == ["-PT1H", "-PT2H"]
    assert [one.text for one in berlin.iter(T + "Month")] == ["3", "10"]
    assert [one.text for one in berlin.iter(T + "Occurrence")] == ["-1", "-1"]
    assert [one.text for one in berlin.iter(T + "TimeOffset")] == ["PT2H", "PT3H"]


def test_a_view_of_no_calendar_is_refused() -> None:
    request = view(*MARCH).replace('Id="calendar"', 'Id="inbox"')
    assert desk().codes(request) == ["ErrorCalendarFolderIsInvalidForCalendarView"]


def test_a_view_of_more_than_two_years_is_refused() -> None:
    request = view("2024-01-01T00:00:00Z", "2026-01-03T00:00:00Z")
    assert desk().codes(request) == ["ErrorCalendarViewRangeTooBig"]


def test_elements_out_of_order_fail_schema_validation() -> None:
    request = view(*MARCH)
    start, end = request.index("<m:CalendarView"), request.index("<m:ParentFolderIds")
    last = request.index("</m:FindItem>")
    swapped = request[:start] + request[end:last] + request[start:end] + request[last:]
    assert desk().fault(swapped) == "ErrorSchemaValidation"


def test_converting_a_folder_id_names_its_mailbox() -> None:
    one = desk()
    folder = (
        "<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>"
        f"<m:FolderIds>{CALENDAR}</m:FolderIds></m:GetFolder>"
    )
    number = next(one.ask(folder).iter(T + "FolderId")).get("Id")
    found = one.ask(
        '<m:ConvertId DestinationFormat="EwsId"><m:SourceIds><t:AlternateId Format="EwsId" '
        f'Id="{number}" Mailbox="x@example.test"/></m:SourceIds></m:ConvertId>'
    )
    assert next(found.iter(M + "AlternateId")).get("Mailbox") == "anna@example.test"


def test_paging_views_obey_restrictions() -> None:
    found = desk().ask(
        '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>Default</t:BaseShape>'
        '</m:ItemShape><m:IndexedPageItemView Offset="0" BasePoint="Beginning"/><m:Restriction>'
        '<t:IsEqualTo><t:FieldURI FieldURI="item:Subject"/><t:FieldURIOrConstant>'
        '<t:Constant Value="Weekly"/></t:FieldURIOrConstant></t:IsEqualTo></m:Restriction>'
        f"<m:ParentFolderIds>{CALENDAR}</m:ParentFolderIds></m:FindItem>"
    )
    assert [node.text for node in found.iter(T + "Subject")] == ["Weekly"]
