"""A small organization for the tests of policy: Acme in Stockholm, Monday 2 March 2026, 08:30."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from kalends.model.booking import Booking, Response, ShowAs
from kalends.model.organization import OrganizationSettings
from kalends.model.person import PersonRecord, WorkHours
from kalends.model.presence import Segment, Timeline
from kalends.policy.compile import Policy, compile_policy
from kalends.policy.judge import judge
from kalends.policy.judgement import Judgement
from kalends.policy.person import PersonPolicy
from kalends.policy.timeline import CalendarFacts, build_timeline

STOCKHOLM = ZoneInfo("Europe/Stockholm")
ME = "anna@acme.example"
COLLEAGUE = "kalle@acme.example"
OUTSIDER = "mallory@elsewhere.example"
OFFICE = WorkHours(
    **dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("08:00-12:00", "13:00-17:00"))
)


def at(text: str, zone: ZoneInfo = STOCKHOLM) -> int:
    """Return UTC seconds of ``2 9:30`` (day of March 2026) or ``2026-12-24 9:30``."""
    day, _, clock = text.partition(" ")
    hour, _, minute = (clock or "0:00").partition(":")
    local = date.fromisoformat(day) if "-" in day else date(2026, 3, int(day))
    wall = datetime(local.year, local.month, local.day, tzinfo=zone)
    return int(wall.replace(hour=int(hour), minute=int(minute)).timestamp())


NOW = at("2 8:30")
WINDOW_END = at("2026-04-06")


def settings(**given: Any) -> OrganizationSettings:
    base: dict[str, Any] = {
        "id": "acme",
        "name": "Acme AB",
        "timezone": "Europe/Stockholm",
        "language": "sv",
        "domains": ("acme.example",),
    }
    return OrganizationSettings.model_validate({**base, **given})


def record(**given: Any) -> PersonRecord:
    return PersonRecord.model_validate(
        {"id": "anna", "name": "Anna Berg", "emails": (ME,), **given}
    )


def policy(**given: Any) -> Policy:
    return compile_policy(settings(**given))


def person(own: dict[str, Any] | None = None, **given: Any) -> PersonPolicy:
    return policy(**given).for_person(record(**(own or {})))


def booking(
    subject: str = "", start: str = "2 9:00", end: str = "2 10:00", **given: Any
) -> Booking:
    uid = given.pop("uid", f"{subject}@{start}")
    return Booking(uid, at(start), at(end), subject=subject, **given)


def all_day(subject: str, first: str, after: str | None = None, **given: Any) -> Booking:
    """An all-day booking, by default out of office, of local days ``[first, after)``."""
    start = datetime.fromtimestamp(at(first), STOCKHOLM).date()
    end = (
        datetime.fromtimestamp(at(after), STOCKHOLM).date() if after else start + timedelta(days=1)
    )
    given.setdefault("show_as", ShowAs.OOF)
    return Booking(
        given.pop("uid", f"{subject}@{first}"),
        0,
        0,
        subject=subject,
        all_day=True,
        first_day=start,
        after_day=end,
        **given,
    )


def invitation(subject: str, organizer: str, response: Response, **given: Any) -> Booking:
    return booking(subject, organizer=organizer, response=response, **given)


def judged(subject: str | Booking, of: PersonPolicy | None = None) -> Judgement:
    it = booking(subject) if isinstance(subject, str) else subject
    return judge(of or person(), "dav/default", it)


def facts(*bookings: Booking, name: str = "dav/default", **given: Any) -> CalendarFacts:
    return CalendarFacts(name, bookings, given.pop("window_end", WINDOW_END), **given)


def timeline(*bookings: Booking, of: PersonPolicy | None = None, now: int = NOW) -> Timeline:
    return build_timeline(of or person(), [facts(*bookings)], now)


def during(found: Timeline, moment: str) -> Segment | None:
    """The segment that covers a moment."""
    when = at(moment)
    return next((each for each in found.segments if each.start <= when < each.end), None)


def told(found: Timeline) -> list[tuple[str, str, str]]:
    """Segments as (start, end, activity), local clock times, easy to compare."""

    def clock(seconds: int) -> str:
        local = datetime.fromtimestamp(seconds, STOCKHOLM)
        return f"{local.day} {local.hour}:{local.minute:02}"

    return [(clock(each.start), clock(each.end), each.activity) for each in found.segments]
