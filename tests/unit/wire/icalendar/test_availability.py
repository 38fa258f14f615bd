"""VAVAILABILITY as work hours."""

from kalends.model.person import WorkHours
from tests.unit.wire.icalendar.samples import read


def hours(*components: str) -> WorkHours:
    found = read(*components).work_hours
    assert found is not None
    return found


def availability(*slots: str, lines: tuple[str, ...] = ()) -> str:
    return "\r\n".join(["BEGIN:VAVAILABILITY", "UID:v", *lines, *slots, "END:VAVAILABILITY"])


def slot(start: str, end: str, rule: str = "", *lines: str, uid: str = "s") -> str:
    return "\r\n".join(
        [
            "BEGIN:AVAILABLE",
            f"UID:{uid}",
            f"DTSTART;TZID=Europe/Stockholm:{start}",
            f"DTEND;TZID=Europe/Stockholm:{end}",
            *([f"RRULE:{rule}"] if rule else []),
            *lines,
            "END:AVAILABLE",
        ]
    )


OFFICE = slot("20260105T080000", "20260105T170000", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH")


def test_a_weekly_slot_is_the_weeks_pattern() -> None:
    found = hours(
        availability(OFFICE, slot("20260109T080000", "20260109T120000", "FREQ=WEEKLY", uid="f"))
    )
    assert found.mon == found.thu == ("08:00-17:00",)
    assert found.fri == ("08:00-12:00",)
    assert found.sat == ()
    assert found.exceptions == {}


def test_lunch_makes_two_spans_and_overlaps_are_joined() -> None:
    found = hours(
        availability(
            slot("20260105T080000", "20260105T120000", "FREQ=DAILY", uid="a"),
            slot("20260105T130000", "20260105T170000", "FREQ=DAILY", uid="b"),
            slot("20260105T160000", "20260105T180000", "FREQ=DAILY", uid="c"),
        )
    )
    assert found.sun == ("08:00-12:00", "13:00-18:00")


def test_a_night_is_written_as_two_spans() -> None:
    found = hours(availability(slot("20260105T220000", "20260106T060000", "FREQ=WEEKLY;BYDAY=MO")))
    assert (found.mon, found.tue) == (("22:00-24:00",), ("00:00-06:00",))


def test_exceptions_and_single_slots_show_on_their_days() -> None:
    exdate = "EXDATE;TZID=Europe/Stockholm:20260309T080000"
    weekly = slot("20260105T080000", "20260105T170000", "FREQ=WEEKLY;BYDAY=MO", exdate)
    found = hours(availability(weekly, slot("20260314T100000", "20260314T140000", uid="x")))
    assert found.exceptions == {"2026-03-09": (), "2026-03-14": ("10:00-14:00",)}


def test_a_higher_priority_blanks_the_lower_while_it_holds() -> None:
    leave = availability(
        lines=(
            "PRIORITY:1",
            "DTSTART;TZID=Europe/Stockholm:20260309T000000",
            "DTEND;TZID=Europe/Stockholm:20260311T000000",
        )
    )
    found = hours(availability(OFFICE), leave)
    assert found.mon == ("08:00-17:00",)
    assert found.exceptions == {"2026-03-09": (), "2026-03-10": ()}


def test_a_slot_of_another_zone_is_told_in_the_owners() -> None:
    slots = slot("20260105T090000", "20260105T170000", "FREQ=WEEKLY").replace(
        "Europe/Stockholm", "Europe/London"
    )
    assert hours(availability(slots)).mon == ("10:00-18:00",)


def test_no_availability_is_no_opinion() -> None:
    assert read().work_hours is None
    assert read(availability(slot("x", "y"))).work_hours is None
