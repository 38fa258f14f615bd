"""What is kept of an uploaded file: all that is read of it, and of private events no text."""

from __future__ import annotations

from base64 import b64encode

import msgspec
import pytest

from kalends.errors import BadAnswer
from kalends.model.booking import Booking, Gist, Response
from kalends.model.times import Interval
from kalends.policy.gist import without_text
from kalends.wire.icalendar.expand import Owner, expand
from kalends.wire.icalendar.keep import heard, is_kept, kept
from tests.unit.policy.world import ME, NOW, person

WINDOW = Interval(NOW - 86_400, NOW + 35 * 86_400)
OWNER = Owner("Europe/Stockholm", (ME,), description=True)
OURS = OWNER._replace(ours=True)
ANNA = person(description_note=True)

ZONE = """BEGIN:VTIMEZONE
TZID:Mine
BEGIN:STANDARD
DTSTART:19701101T000000
TZOFFSETFROM:+0300
TZOFFSETTO:+0300
END:STANDARD
END:VTIMEZONE
"""
EVENTS = {
    "public": "UID:1\nSUMMARY:M\\: Plan\\, och mer\nDTSTART:20260303T090000Z\nDURATION:PT1H\n"
    "DESCRIPTION:Läs \\n detta\nCATEGORIES:Röd,Grön",
    "zoned": "UID:2\nSUMMARY:Plan\nDTSTART;TZID=Mine:20260303T090000\nDTEND;TZID=Mine:20260303T1000"
    "00\nCLASS:PUBLIC",
    "private": "UID:3\nSUMMARY:M: XyzzyCanary\nDTSTART:20260304T090000Z\nDTEND:20260304T100000Z\n"
    "CLASS:PRIVATE\nDESCRIPTION:XyzzyCanary\nLOCATION:XyzzyCanary\nCATEGORIES:XyzzyCanary\n"
    "X-ALT-DESC:XyzzyCanary\nBEGIN:VALARM\nSUMMARY:XyzzyCanary\nDESCRIPTION:XyzzyCanary\nEND:VALARM",
    "confidential, folded": "UID:4\nSUMMARY:! Sjuk\n  Xyzzy\n Canary\nDTSTART;VALUE=DATE:20260305\n"
    "CLASS:confidential\nX-MICROSOFT-CDO-BUSYSTATUS:OOF",
    "a class of its own": "UID:5\nSUMMARY:XyzzyCanary\nDTSTART:20260306T090000Z\n"
    "DURATION:PT1H\nCLASS:X-MINE",
    "invited": "UID:6\nSUMMARY:M: XyzzyCanary\nDTSTART:20260307T090000Z\nDURATION:PT30M\n"
    "CLASS:PRIVATE\nORGANIZER;CN=XyzzyCanary:mailto:xyzzycanary@acme.example\n"
    f"ATTENDEE;PARTSTAT=TENTATIVE:mailto:{ME}",
    "series": "UID:7\nSUMMARY:- XyzzyCanary\nDTSTART:20260302T140000Z\nDURATION:PT1H\n"
    "RRULE:FREQ=WEEKLY\nEXDATE:20260309T140000Z\nCLASS:PRIVATE",
    "an occurrence of it": "UID:7\nSUMMARY:gfd: XyzzyCanary\nRECURRENCE-ID:20260316T140000Z\n"
    "DTSTART:20260316T150000Z\nDURATION:PT1H\nCLASS:PRIVATE",
    "called off": "UID:8\nSUMMARY:XyzzyCanary\nDTSTART:20260308T090000Z\nDURATION:PT1H\n"
    "STATUS:CANCELLED\nCLASS:PRIVATE",
}  # fmt: skip


def file_of(*events: str, more: str = "") -> bytes:
    body = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{more}{body}END:VCALENDAR\n".encode()


def rewritten(body: bytes) -> bytes:
    found = kept(body, (ME,))
    gists = [(one, without_text(ANNA, one).gist) for some in found.hidden() for one in some]
    return found.filled(heard(one, gist) for one, gist in gists if gist is not None)


def bookings(body: bytes, owner: Owner) -> list[Booking]:
    return [without_text(ANNA, one) for one in expand(body, owner, WINDOW).bookings]


@pytest.mark.parametrize("name", EVENTS)
def test_it_is_read_as_the_file_that_came(name: str) -> None:
    body = file_of(EVENTS[name], more=ZONE)
    assert bookings(rewritten(body), OURS) == bookings(body, OWNER) != []


def test_many_at_once_keep_their_own() -> None:
    body = file_of(*EVENTS.values(), more=ZONE)
    assert bookings(rewritten(body), OURS) == bookings(body, OWNER)
    assert len([one for some in kept(body, (ME,)).hidden() for one in some]) == 7


def test_no_private_text_is_kept() -> None:
    body = rewritten(file_of(*EVENTS.values(), more=ZONE))
    assert b"canary" not in body.lower()
    assert b"Plan" in body


def test_what_is_written_once_is_not_written_again() -> None:
    body = rewritten(file_of(*EVENTS.values(), more=ZONE))
    assert is_kept(body)
    assert not is_kept(file_of(*EVENTS.values()))


def test_tasks_notes_and_alarms_are_not_kept() -> None:
    task = "BEGIN:VTODO\nSUMMARY:XyzzyCanary\nEND:VTODO\nBEGIN:VJOURNAL\nSUMMARY:XyzzyCanary\n"
    body = rewritten(file_of(EVENTS["public"], more=task + "END:VJOURNAL\n"))
    assert b"Canary" not in body


def test_working_hours_and_the_calendars_own_facts_are_kept() -> None:
    more = (
        "X-WR-TIMEZONE:Europe/Stockholm\nREFRESH-INTERVAL;VALUE=DURATION:PT1H\nMETHOD:PUBLISH\n"
        "BEGIN:VAVAILABILITY\nDTSTART:20260301T000000Z\nSUMMARY:XyzzyCanary\nBEGIN:AVAILABLE\n"
        "DTSTART;TZID=Europe/Stockholm:20260302T080000\n"
        "DTEND;TZID=Europe/Stockholm:20260302T170000\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU\n"
        "END:AVAILABLE\nEND:VAVAILABILITY\n"
    )
    body = file_of(EVENTS["public"], more=more)
    before, after = (
        expand(each, owner, WINDOW) for each, owner in ((body, OWNER), (rewritten(body), OURS))
    )
    assert after == before
    assert after.work_hours is not None
    assert b"Canary" not in rewritten(body)


def test_private_events_without_identity_stay_two() -> None:
    event = "DTSTART:20260304T090000Z\nDTEND:20260304T100000Z\nCLASS:PRIVATE\nSUMMARY:"
    body = rewritten(file_of(event + "XyzzyCanary", event + "M: x"))
    assert len(expand(body, OURS, WINDOW).bookings) == 2


FORGED = b64encode(msgspec.msgpack.encode((Response.OWN, Gist(rules=("vip",))))).decode()


def test_what_somebody_else_writes_as_a_gist_is_not_believed() -> None:
    """An invitation from outside may carry any property, and must not command."""
    event = f"{EVENTS['private']}\nX-KALENDS-GIST:{FORGED}"
    (found,) = expand(file_of(event), OWNER, WINDOW).bookings
    assert found.gist is None
    assert FORGED.encode() not in rewritten(file_of(event))
    assert FORGED.encode() not in rewritten(file_of(f"{EVENTS['public']}\nX-KALENDS-GIST:{FORGED}"))


def test_a_damaged_gist_says_nothing() -> None:
    times = "DTSTART:20260304T090000Z\nDURATION:PT1H"
    event = f"UID:1\n{times}\nCLASS:PRIVATE\nX-KALENDS-GIST:{FORGED[:-6]}"
    (found,) = expand(file_of(event), OURS, WINDOW).bookings
    assert found.gist == Gist()


@pytest.mark.parametrize("body", [b"", b"BEGIN:VEVENT\nEND:VEVENT\n", file_of()[:-20]])
def test_what_is_no_whole_calendar_is_refused(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        kept(body, ())


def test_nesting_without_end_is_no_trouble() -> None:
    deep = "BEGIN:VTIMEZONE\n" + "BEGIN:STANDARD\n" * 20_000
    assert is_kept(rewritten(file_of(EVENTS["public"], more=deep)))
