"""EWS: FindItem answers into bookings, beside bare libxml2 and beside exchangelib.

The answer is made here: one mailbox's window in the shape Kalends asks for. The same bytes are
parsed by ``lxml.etree.fromstring`` alone and read into bookings, in turn, so that a busy machine is
busy for both; exchangelib's ``CalendarItem.from_xml`` maps them already parsed. It lives in an
environment of its own below the user's cache directory, made on demand; where it cannot be
installed that figure is left out, and says so.

Run alone with ``python -m benchmarks.ews``.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
import venv
from pathlib import Path
from zoneinfo import ZoneInfo

from lxml import etree

from benchmarks.figure import Figure
from kalends.model.http import Response
from kalends.model.times import Interval
from kalends.wire.ews.find_item import parse_find_item
from kalends.wire.ews.times import written

ITEMS = 200
ROUNDS = 150
MONDAY = 1_772_409_600
WINDOW = Interval(MONDAY - 86_400, MONDAY + 60 * 86_400)
STOCKHOLM = ZoneInfo("Europe/Stockholm")
PEER = "exchangelib==5.6.0"
_TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
_MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
_PEER_PROGRAM = """
import sys, time
from lxml import etree
from exchangelib.items import CalendarItem
body = sys.stdin.buffer.read()
rounds = []
for _ in range(7):
    # from_xml empties what it has mapped: a fresh tree each time, parsed outside the measure.
    items = list(etree.fromstring(body).iter(sys.argv[1]))
    begun = time.process_time()
    mapped = [CalendarItem.from_xml(item, account=None) for item in items]
    rounds.append(time.process_time() - begun)
    assert all(item.subject and item.start for item in mapped)
print(min(rounds) / len(items))
"""


def an_item(number: int) -> str:
    """Return one item as Exchange 2019 writes it for the fields Kalends asks."""
    start = MONDAY + number * 6 * 3600
    series = number % 2 == 1
    categories = "<t:Categories><t:String>Kund</t:String></t:Categories>" if number % 4 == 0 else ""
    recurrence = f"<t:RecurrenceId>{written(start)}</t:RecurrenceId>" if series else ""
    return (
        '<t:CalendarItem><t:ItemId Id="AAMkADkzNjJjODUzLWZhMDMtNDVkMS05ZDdjLWVmMDlkYjQ1Zjc4MwBGAAAA'
        "AABSSWVKrmGUTJE+MVIvofglBwDZGACZQpSgSpyNkexYe2b7AAAAAAENAADZGACZQpSgSpyNkexYe2b7AAANG"
        f'{number:05d}AA="'
        ' ChangeKey="DwAAABYAAADZGACZQpSgSpyNkexYe2b7AAANGIaD"/>'
        f"<t:Subject>Projektmöte {number}</t:Subject><t:Sensitivity>Normal</t:Sensitivity>"
        f"{categories}"
        '<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x5d02" PropertyType="String"/>'
        "<t:Value>anna.berg@acme.example</t:Value></t:ExtendedProperty>"
        f"<t:UID>040000008200E00074C5B7101A82E00800000000E0{number:05d}CDE1CF0100000000000000001000"
        f"0000A8B7F1F5</t:UID>{recurrence}"
        f"<t:Start>{written(start)}</t:Start><t:End>{written(start + 3600)}</t:End>"
        "<t:IsAllDayEvent>false</t:IsAllDayEvent>"
        "<t:LegacyFreeBusyStatus>Busy</t:LegacyFreeBusyStatus><t:IsCancelled>false</t:IsCancelled>"
        f"<t:CalendarItemType>{'Occurrence' if series else 'Single'}</t:CalendarItemType>"
        "<t:MyResponseType>Accept</t:MyResponseType>"
        "<t:Organizer><t:Mailbox><t:Name>Anna Berg</t:Name></t:Mailbox></t:Organizer>"
        "<t:AppointmentState>3</t:AppointmentState>"
        "<t:StartTimeZoneId>W. Europe Standard Time</t:StartTimeZoneId></t:CalendarItem>"
    )


def an_answer() -> bytes:
    """Return a FindItem answer."""
    items = "".join(an_item(number) for number in range(ITEMS))
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body'
        f' xmlns:m="{_MESSAGES}" xmlns:t="{_TYPES}"><m:FindItemResponse><m:ResponseMessages>'
        '<m:FindItemResponseMessage ResponseClass="Success"><m:ResponseCode>NoError'
        f'</m:ResponseCode><m:RootFolder TotalItemsInView="{ITEMS}" IncludesLastItemInRange="true">'
        f"<t:Items>{items}</t:Items></m:RootFolder></m:FindItemResponseMessage>"
        "</m:ResponseMessages></m:FindItemResponse></s:Body></s:Envelope>"
    ).encode()


def measured(body: bytes) -> tuple[float, float, float]:
    """Return seconds per item bare and read, best of all rounds, and the median of the ratios."""
    response = Response(200, {"content-type": "text/xml"}, body)
    assert len(parse_find_item(response, WINDOW, STOCKHOLM).items.bookings) == ITEMS
    bare: list[float] = []
    read: list[float] = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        root = etree.fromstring(body)
        del root
        parsed = time.process_time()
        parse_find_item(response, WINDOW, STOCKHOLM)
        bare.append(parsed - begun)
        read.append(time.process_time() - parsed)
    ratio = statistics.median(one / other for one, other in zip(bare, read, strict=True))
    return min(bare) / ITEMS, min(read) / ITEMS, ratio


def peer(body: bytes) -> float | None:
    """Return exchangelib's seconds per item; None where it cannot be had."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    place = cache / "kalends-benchmarks" / PEER.replace("==", "-")
    python = place / "bin" / "python"
    try:
        if not (place / "ready").exists():
            venv.create(place, with_pip=True, clear=True)
            install = [str(python), "-m", "pip", "install", "--quiet", PEER]
            subprocess.run(install, check=True, timeout=300)
            (place / "ready").touch()
        done = subprocess.run(
            [str(python), "-c", _PEER_PROGRAM, f"{{{_TYPES}}}CalendarItem"],
            input=body,
            capture_output=True,
            check=True,
            timeout=300,
        )
    except (OSError, subprocess.SubprocessError) as error:
        print(f"exchangelib cannot be had here ({type(error).__name__}): left out", file=sys.stderr)
        return None
    return float(done.stdout)


def figures() -> list[Figure]:
    """Measure on this machine, single core."""
    body = an_answer()
    bare, read, ratio = measured(body)
    rate = round(1 / read)
    found = [
        Figure(
            f"FindItem → bookings ({rate} items/s) of bare libxml2 ({round(1 / bare)} items/s)",
            round(100 * ratio, 1),
            "%",
            35,
            ratio >= 0.35,
        ),
    ]
    other = peer(body)
    if other is not None:
        times = round(other / read, 1)
        name = f"FindItem → bookings, times {PEER}'s from_xml alone ({round(1 / other)} items/s)"
        found.append(Figure(name, times, "times", 20, times >= 20))
    return found


if __name__ == "__main__":
    for figure in figures():
        print(figure)
