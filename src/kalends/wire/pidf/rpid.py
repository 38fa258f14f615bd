"""Kalends' activities in the words of RPID (RFC 4480 section 3.2).

RPID knows no lunch, sickness, home or office: the table says what comes nearest without telling
more than the activity itself. An organization overrides it cell by cell (``activity_map``); an
activity in neither table is told by its availability alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from kalends.model.vocabulary import Availability

RPID: Final = frozenset(
    {
        "appointment", "away", "breakfast", "busy", "dinner", "holiday", "in-transit",
        "looking-for-work", "meal", "meeting", "on-the-phone", "other", "performance",
        "permanent-absence", "playing", "presentation", "shopping", "sleeping", "spectator",
        "steering", "travel", "tv", "vacation", "working", "worship",
    }
)  # fmt: skip
"""Elements that may stand in ``<rpid:activities>``; ``other`` carries the activity's id."""

ACTIVITIES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "available": (),
        "away": ("away",),
        "break": ("away",),
        "busy": ("busy",),
        "child-care": ("away",),
        "course": ("appointment",),
        "dnd": ("busy",),
        "elsewhere": ("working",),
        "errand": ("away",),
        "gone": ("away",),
        "home": ("working",),
        "lunch": ("meal",),
        "meeting": ("meeting",),
        "off-work": ("away",),
        "on-the-phone": ("on-the-phone",),
        "out-of-office": ("away",),
        "parental-leave": ("away",),
        "sick": ("away",),
        "tentative": ("appointment",),
        "travel": ("travel",),
        "vacation": ("vacation",),
    }
)
"""``holiday`` is a public holiday (4480), hence vacation is ``vacation``; being absent for a
reason that concerns nobody (sick, child care, leave) is ``away``."""

BY_AVAILABILITY: Final[Mapping[Availability, tuple[str, ...]]] = MappingProxyType(
    {
        Availability.AVAILABLE: (),
        Availability.BUSY: ("busy",),
        Availability.AWAY: ("away",),
        Availability.DND: ("busy",),
        Availability.OFFLINE: ("away",),
    }
)
"""What an audience that is not told why sees."""

SPHERES: Final[Mapping[str, str]] = MappingProxyType({"work": "work", "private": "home"})
"""Roles that RPID's sphere can say; others are left out."""


def activity_table(overrides: Mapping[str, Sequence[str]]) -> Mapping[str, tuple[str, ...]]:
    """Return the table with an organization's cells laid over it.

    Raises ``ValueError`` naming the first element RPID does not know.
    """
    for activity, elements in overrides.items():
        for element in elements:
            if element not in RPID:
                raise ValueError(
                    f"activity_map.{activity}: RPID has no activity {element!r}; "
                    f"there are: {', '.join(sorted(RPID))}"
                )
    return MappingProxyType(
        {**ACTIVITIES, **{activity: tuple(found) for activity, found in overrides.items()}}
    )


def elements_of(
    activity: str | None, availability: Availability, table: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """Return the RPID elements that say an activity, or only the availability."""
    known = table.get(activity) if activity is not None else None
    return BY_AVAILABILITY[availability] if known is None else known
