"""Answers as Exchange writes them, made by hand for these tests."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from kalends.model.http import Response
from kalends.model.times import Interval

STOCKHOLM = ZoneInfo("Europe/Stockholm")
MARCH = Interval(
    int(datetime(2026, 3, 1, tzinfo=UTC).timestamp()),
    int(datetime(2026, 4, 1, tzinfo=UTC).timestamp()),
)
_OPEN = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>'
    '<h:ServerVersionInfo MajorVersion="15" MinorVersion="2" MajorBuildNumber="1748"'
    ' MinorBuildNumber="10" Version="V2017_07_11"'
    ' xmlns:h="http://schemas.microsoft.com/exchange/services/2006/types"/></s:Header><s:Body'
    ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"'
    ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">'
)


def at(day: int, hour: int = 0, minute: int = 0) -> int:
    """Return a moment of March 2026, UTC."""
    return int(datetime(2026, 3, day, hour, minute, tzinfo=UTC).timestamp())


def envelope(body: str) -> bytes:
    """Return an envelope around the content of a body."""
    return f"{_OPEN}{body}</s:Body></s:Envelope>".encode()


def answer(body: str, status: int = 200) -> Response:
    """Return an HTTP answer with an envelope."""
    return Response(status, {"content-type": "text/xml; charset=utf-8"}, envelope(body))


def said(operation: str, inner: str, kind: str = "Success", code: str = "NoError") -> str:
    """Return the response of an operation with one response message."""
    return (
        f"<m:{operation}Response><m:ResponseMessages>"
        f'<m:{operation}ResponseMessage ResponseClass="{kind}">'
        f"<m:ResponseCode>{code}</m:ResponseCode>{inner}"
        f"</m:{operation}ResponseMessage></m:ResponseMessages></m:{operation}Response>"
    )


def refused(operation: str, code: str, xml: str = "", kind: str = "Error") -> Response:
    """Return an answer whose response message is an error."""
    inner = f"<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>{xml}"
    return answer(said(operation, inner, kind, code))


def fault(code: str, values: str = "", status: int = 500) -> Response:
    """Return a SOAP fault."""
    xml = (
        '<t:MessageXml xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">'
        f"{values}</t:MessageXml>"
        if values
        else ""
    )
    return answer(
        "<s:Fault><faultcode>a:" + code + "</faultcode><faultstring>words</faultstring><detail>"
        '<e:ResponseCode xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">'
        f"\n  {code}\n</e:ResponseCode>{xml}</detail></s:Fault>",
        status,
    )


def item(**fields: str) -> str:
    """Return a calendar item with ordinary fields, some replaced; an empty one is left out."""
    told = {
        "ItemId": '<t:ItemId Id="AAMk1" ChangeKey="DwAA"/>',
        "Subject": "Budget",
        "Sensitivity": "Normal",
        "UID": "0400-1",
        "Start": "2026-03-02T13:00:00Z",
        "End": "2026-03-02T14:00:00Z",
        "IsAllDayEvent": "false",
        "LegacyFreeBusyStatus": "Busy",
        "IsCancelled": "false",
        "CalendarItemType": "Single",
        "MyResponseType": "Organizer",
        "AppointmentState": "0",
    } | fields
    inner = "".join(
        text if text.startswith("<") else f"<t:{name}>{text}</t:{name}>"
        for name, text in told.items()
        if text
    )
    return f"<t:CalendarItem>{inner}</t:CalendarItem>"


def found(*items: str, last: str = "true", total: int | None = None) -> Response:
    """Return the answer to a calendar view."""
    count = len(items) if total is None else total
    listed = f"<t:Items>{''.join(items)}</t:Items>"
    root = f'<m:RootFolder TotalItemsInView="{count}" IncludesLastItemInRange="{last}">'
    return answer(said("FindItem", f"{root}{listed}</m:RootFolder>"))
