"""Bookings through policy and presence to what colleagues read: both pure rooms together."""

from kalends.model.booking import Booking, Response, ShowAs
from kalends.model.organization import OrganizationSettings
from kalends.model.person import PersonRecord
from kalends.model.presence import Facts
from kalends.model.times import Interval
from kalends.model.vocabulary import Audience
from kalends.policy.compile import compile_policy
from kalends.policy.judge import judge
from kalends.policy.timeline import CalendarFacts, build_timeline
from kalends.presence import Explanation, Reading, account, advance, explain, lens, view

from .build import AWAY, anna, m, settings

FAR = m(28 * 24 * 60)


def acme(**changes: object) -> OrganizationSettings:
    return settings(language="sv", domains=["acme.example"], **changes)


def told(
    *bookings: Booking,
    at: int,
    audience: Audience = Audience.ORGANIZATION,
    organization: OrganizationSettings | None = None,
    visited: int = 0,
) -> str:
    """Return the line that an audience reads about Anna."""
    organization = organization or acme()
    policy = compile_policy(organization)
    person = policy.for_person(PersonRecord(id="anna", name="Anna Berg"))
    timeline = build_timeline(person, [CalendarFacts("dav/default", bookings, FAR)], m(visited))
    done = advance(Facts(timeline), policy.reckoning(), m(visited), m(at), None)
    found = view(
        done.presence,
        anna(),
        audience,
        lens(organization),
        revision=1,
        stale_since=None,
        now=m(at),
    )
    return found.texts.line


def test_a_meeting_is_read_by_colleagues_and_not_outside() -> None:
    booking = Booking("1", m(0), m(60), subject="M: budget")
    assert told(booking, at=10) == "Möte, tillbaka 10:00"
    assert told(booking, at=10, audience=Audience.OUTSIDE) == "Upptagen, tillbaka 10:00"
    assert told(booking, at=60) == "Tillgänglig"


def test_a_declined_meeting_leaves_the_person_available() -> None:
    declined = Booking("1", m(0), m(60), subject="M: budget", response=Response.DECLINED)
    assert told(declined, at=10) == "Tillgänglig"


def test_a_sick_person_is_absent_until_the_organization_opens_it() -> None:
    sick = Booking("1", m(0), m(60), show_as=ShowAs.OOF, subject="Sjuk")
    assert told(sick, at=10).startswith("Frånvarande")
    assert told(sick, at=10, audience=Audience.ATTENDANT).startswith("Frånvarande")
    assert told(sick, at=10, audience=Audience.SELF).startswith("Sjuk")
    opened = acme(disclosure={"open_activities": ["sick"]})
    assert told(sick, at=10, organization=opened).startswith("Sjuk")


def test_without_auto_return_a_meeting_is_held_and_its_told_return_moves_on() -> None:
    staying = acme(auto_return=False)
    booking = Booking("1", m(0), m(60), subject="M: budget")
    assert told(booking, at=61, visited=10, organization=staying) == "Möte, tillbaka 10:15"
    assert told(booking, at=76, visited=10, organization=staying) == "Möte, tillbaka 10:30"


def why(*bookings: Booking, at: int) -> Explanation:
    policy = compile_policy(acme())
    person = policy.for_person(PersonRecord(id="anna", name="Anna Berg"))
    timeline = build_timeline(person, [CalendarFacts("dav/default", bookings, FAR)], m(at))
    return explain(
        Facts(timeline),
        policy.reckoning(),
        anna(),
        Audience.ATTENDANT,
        lens(acme()),
        at=m(at),
        now=m(at),
        calendars=[Reading("dav/default", bookings, read_at=m(at))],
        judge=lambda name, booking: judge(person, name, booking),
        language="en",
    )


def test_policy_and_presence_agree_on_why_a_booking_lost() -> None:
    found = why(
        Booking("all-day", m(-60), m(600), subject="Kurs", all_day=True, show_as=ShowAs.OOF),
        Booking("meeting", m(0), m(60), subject="Möte med Bo"),
        Booking("long", m(0), m(90), subject="Möte om allt"),
        Booking("early", m(-10), m(60), subject="Möte tidigt"),
        Booking("free", m(5), m(15), show_as=ShowAs.ELSEWHERE, subject="Kundbesök"),
        Booking("no", m(0), m(60), subject="Möte nej", response=Response.DECLINED),
        at=10,
    )
    assert found.winner.booking is not None
    assert found.winner.booking.subject == "Möte med Bo"
    assert [cause.outcome for cause in found.losers] == [
        "all-day",
        "longer",
        "earlier-start",
        "free",
        "does-not-count",
    ]


def test_an_automatic_reply_is_told_as_such_and_ends_no_hold() -> None:
    policy = compile_policy(acme())
    person = policy.for_person(PersonRecord(id="anna", name="Anna Berg"))
    calendar = CalendarFacts("dav/default", (), FAR, automatic_reply=Interval(m(0), m(60)))
    timeline = build_timeline(person, [calendar], m(0))
    (segment,) = timeline.segments
    assert segment.availability is AWAY
    assert not segment.engages
    found = explain(
        Facts(timeline),
        policy.reckoning(),
        anna(),
        Audience.SELF,
        lens(acme()),
        at=m(10),
        now=m(10),
        owner=True,
    )
    assert found.winner.kind == "automatic-reply"
    assert account(found, anna(), lens(acme()), "en")[1].startswith("Because: An automatic reply")
