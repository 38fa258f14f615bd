"""What an event tells about its owner."""

import pytest

from kalends.model.booking import Response, Sensitivity, ShowAs
from tests.unit.wire.icalendar.samples import event, only, read

AT = ("DTSTART:20260302T120000Z", "DTEND:20260302T130000Z")
ME = "mailto:Anna@Acme.example"


def test_an_ordinary_event_is_busy_and_ones_own() -> None:
    booking = only(event(*AT, summary="M: budget"))
    assert (booking.show_as, booking.response, booking.organizer) == (ShowAs.BUSY, "own", "")
    assert booking.subject == "M: budget"
    assert not (booking.recurring or booking.all_day or booking.cancelled or booking.busy_only)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("TRANSP:TRANSPARENT",), ShowAs.FREE),
        (("STATUS:TENTATIVE",), ShowAs.TENTATIVE),
        (("STATUS:CONFIRMED", "TRANSP:OPAQUE"), ShowAs.BUSY),
        (("X-MICROSOFT-CDO-BUSYSTATUS:OOF",), ShowAs.OOF),
        (("X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE",), ShowAs.ELSEWHERE),
        (("X-MICROSOFT-CDO-BUSYSTATUS:BUSY", "TRANSP:TRANSPARENT"), ShowAs.BUSY),
        (("X-MICROSOFT-CDO-INTENDEDSTATUS:TENTATIVE",), ShowAs.TENTATIVE),
        (("X-MICROSOFT-CDO-BUSYSTATUS:SOMETHING", "STATUS:TENTATIVE"), ShowAs.TENTATIVE),
    ],
)
def test_exchanges_word_wins_over_transparency_over_status(
    lines: tuple[str, ...], expected: ShowAs
) -> None:
    assert only(event(*AT, *lines)).show_as is expected


def test_an_all_day_event_is_busy_unless_it_says_otherwise() -> None:
    assert only(event("DTSTART;VALUE=DATE:20260302")).show_as is ShowAs.BUSY


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("ACCEPTED", Response.ACCEPTED),
        ("TENTATIVE", Response.TENTATIVE),
        ("DECLINED", Response.DECLINED),
        ("DELEGATED", Response.DECLINED),
        ("NEEDS-ACTION", Response.UNANSWERED),
        ("X-MAYBE", Response.UNANSWERED),
    ],
)
def test_the_owners_answer_is_found_by_address_in_any_case(status: str, expected: Response) -> None:
    booking = only(
        event(
            *AT,
            "ORGANIZER;CN=Bo:mailto:Bo@Acme.example",
            "ATTENDEE;PARTSTAT=DECLINED:mailto:carl@acme.example",
            f'ATTENDEE;CN="Berg, Anna";PARTSTAT={status}:{ME}',
        )
    )
    assert (booking.response, booking.organizer) == (expected, "bo@acme.example")


def test_an_answer_under_the_email_parameter_counts() -> None:
    booking = only(
        event(
            *AT,
            "ORGANIZER:mailto:bo@acme.example",
            "ATTENDEE;EMAIL=a.berg@acme.example;PARTSTAT=ACCEPTED:/principals/anna/",
        )
    )
    assert booking.response is Response.ACCEPTED


def test_an_attendee_who_never_answered_is_unanswered() -> None:
    lines = ("ORGANIZER:mailto:bo@acme.example", f"ATTENDEE:{ME}")
    assert only(event(*AT, *lines)).response is Response.UNANSWERED


def test_who_organizes_need_not_answer_but_may_decline() -> None:
    own = ("ORGANIZER:mailto:anna@acme.example", f"ATTENDEE;PARTSTAT=NEEDS-ACTION:{ME}")
    assert only(event(*AT, *own)).response is Response.OWN
    assert only(event(*AT, *own)).organizer == ""
    declined = ("ORGANIZER:mailto:anna@acme.example", f"ATTENDEE;PARTSTAT=DECLINED:{ME}")
    assert only(event(*AT, *declined)).response is Response.DECLINED


def test_an_invitation_through_a_list_is_never_ones_own() -> None:
    lines = ("ORGANIZER:mailto:boss@other.example", "ATTENDEE:mailto:everybody@acme.example")
    booking = only(event(*AT, *lines))
    assert (booking.response, booking.organizer) == (Response.ACCEPTED, "boss@other.example")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("PUBLIC", Sensitivity.NORMAL),
        ("private", Sensitivity.PRIVATE),
        ("CONFIDENTIAL", Sensitivity.CONFIDENTIAL),
        ("X-SECRET", Sensitivity.PRIVATE),
    ],
)
def test_an_unknown_class_is_private(word: str, expected: Sensitivity) -> None:
    assert only(event(*AT, f"CLASS:{word}")).sensitivity is expected


def test_categories_come_from_several_lines_and_keep_escaped_commas() -> None:
    booking = only(event(*AT, r"CATEGORIES:Kund,Berlin\, Mitte", "categories:Resa,Kund"))
    assert booking.categories == ("Kund", "Berlin, Mitte", "Resa")


def test_texts_are_unescaped_and_cut() -> None:
    booking = only(event(*AT, r"SUMMARY:Lunch\, sen\; \N" + "x" * 300))
    assert booking.subject.startswith("Lunch, sen; \n" + "x")
    assert len(booking.subject) == 255


def test_a_cancelled_event_is_told_as_such() -> None:
    assert only(event(*AT, "STATUS:CANCELLED")).cancelled
    assert only(event(*AT), method="CANCEL").cancelled


def test_letters_about_appointments_are_no_appointments() -> None:
    assert read(event(*AT), method="REPLY").bookings == ()


def test_descriptions_are_left_out_until_somebody_asks() -> None:
    from tests.unit.wire.icalendar.samples import STOCKHOLM

    written = event(*AT, description="Room 3")
    assert only(written).description == ""
    owner = STOCKHOLM._replace(description=True)
    assert only(written, owner=owner).description == "Room 3"


def test_an_alarms_text_is_not_the_events() -> None:
    alarm = ("BEGIN:VALARM", "SUMMARY:Wake up", "TRIGGER:-PT15M", "DURATION:PT5M", "END:VALARM")
    booking = only(event(*AT, *alarm, "SUMMARY:Talk"))
    assert booking.subject == "Talk"
