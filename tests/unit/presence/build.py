"""Short ways to write presence facts: minutes from a Monday, 2 March 2026, 08:00 UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kalends.model.organization import Disclosure, OrganizationSettings
from kalends.model.presence import Facts, Manual, Reckoning, Segment, Timeline, Until
from kalends.model.profile import Profile
from kalends.model.times import FOREVER
from kalends.model.vocabulary import ActivitySpec, Availability, Level, Origin
from kalends.presence import Lens, lens_with

MONDAY = 1_772_438_400
"""2026-03-02T08:00:00Z."""

RECKONING = Reckoning()

AVAILABLE, BUSY, AWAY = Availability.AVAILABLE, Availability.BUSY, Availability.AWAY
DND, OFFLINE = Availability.DND, Availability.OFFLINE


def m(minutes: int) -> int:
    """Return UTC seconds of a minute after Monday 08:00."""
    return MONDAY + 60 * minutes


def booked(
    start: int,
    end: int,
    activity: str = "meeting",
    availability: Availability = BUSY,
    *,
    role: str = "work",
    booking: str | None = None,
    note: str = "",
    note_level: Level = Level.SUBJECT,
    cap: Level | None = None,
    private: bool = False,
    sensitive: bool = False,
    divert: bool = False,
    route: str = "",
    auto_return: bool = True,
    ends_booking: bool = True,
) -> Segment:
    """Return a booking's segment from and to minutes after Monday 08:00."""
    return Segment(
        m(start),
        m(end),
        availability,
        activity,
        role,
        booking=booking or f"dav/default/{start}-{end}-{activity}",
        rule=f"rule-{activity}",
        note=note,
        note_level=note_level,
        cap=cap,
        private=private,
        sensitive=sensitive,
        divert=divert,
        route=route,
        auto_return=auto_return,
        ends_booking=ends_booking,
    )


def off_work(start: int, end: int) -> Segment:
    """Return the schedule's segment outside work hours."""
    return Segment(
        m(start), m(end), OFFLINE, "off-work", "private", Origin.SCHEDULE, rule="work-hours"
    )


def by_hand(
    activity: str = "busy",
    availability: Availability = BUSY,
    *,
    until: int | None = None,
    kind: Until = Until.TIME,
    at: int = 0,
    note: str = "",
    set_by: str = "anna",
    sensitive: bool = False,
) -> Manual:
    """Return a manual presence set at a minute, until a minute or for ever."""
    end = FOREVER if until is None else m(until)
    return Manual(
        availability,
        activity,
        "work",
        end,
        kind,
        note=note,
        set_by=set_by,
        set_at=m(at),
        sensitive=sensitive,
    )


def facts(*segments: Segment, manual: Manual | None = None, horizon: int = FOREVER) -> Facts:
    return Facts(Timeline(segments, horizon), manual=manual)


@dataclass
class Dictionary:
    """A small vocabulary."""

    activities: Mapping[str, ActivitySpec] = field(default_factory=dict)

    def name(self, activity: str, language: str) -> str:
        spec = self.activities.get(activity)
        return activity.capitalize() if spec is None else spec.names.get(language, activity)


WORDS = Dictionary(
    {
        "meeting": ActivitySpec(
            id="meeting",
            names={"sv": "Möte", "en": "Meeting"},
            spoken={"sv": "i möte", "en": "in a meeting"},
        ),
        "sick": ActivitySpec(
            id="sick",
            names={"sv": "Sjuk", "en": "Sick"},
            spoken={"sv": "sjuk", "en": "sick"},
            availability=AWAY,
            sensitive=True,
        ),
    }
)


def settings(**changes: object) -> OrganizationSettings:
    return OrganizationSettings.model_validate(
        {"id": "acme", "name": "Acme AB", "timezone": "Europe/Stockholm", **changes}
    )


def a_lens(**disclosure: object) -> Lens:
    return lens_with(settings(disclosure=Disclosure.model_validate(disclosure)), WORDS)


def anna(**changes: object) -> Profile:
    fields: dict[str, object] = {
        "person": "anna",
        "name": "Anna Berg",
        "language": "sv",
        "timezone": "Europe/Stockholm",
        "department": "sales",
        "delegates": ("dora",),
        **changes,
    }
    return Profile(**fields)  # type: ignore[arg-type]  # tests name the fields they change
