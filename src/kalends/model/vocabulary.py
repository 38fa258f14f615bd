"""The words presence is told in: availability, activity, role, audience, level, stage."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
"""Lower-case letters, digits, ``.``, ``_``, ``-``; at most 64 characters."""

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")]
"""BCP 47 tag; the texts know sv, en, de, nb, da, fi, nl, fr, es, it, pl, pt."""

Domain = Annotated[str, StringConstraints(pattern=r"^[^\s@/:]+$")]
"""What stands behind the ``@`` of an address."""


class Document(BaseModel):
    """Base of everything a person may write: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Availability(StrEnum):
    """The coarse state every sink understands."""

    AVAILABLE = "available"
    BUSY = "busy"
    AWAY = "away"
    DND = "dnd"
    """Rejects calls; not "in a meeting"."""
    OFFLINE = "offline"


class Level(StrEnum):
    """How much of a presence is disclosed; each level includes the ones before it."""

    NOTHING = "nothing"
    TIMES = "times"
    """Availability, since, until, back at; no reason."""
    ACTIVITY = "activity"
    SUBJECT = "subject"
    """With subject, categories and the rest of the booking, unless the booking is private."""

    @property
    def rank(self) -> int:
        """Return 0 for nothing … 3 for subject."""
        return _RANK[self]


_RANK: Final = {Level.NOTHING: 0, Level.TIMES: 1, Level.ACTIVITY: 2, Level.SUBJECT: 3}


class Audience(StrEnum):
    """Who looks."""

    SELF = "self"
    """The person, or one of the person's delegates."""
    ATTENDANT = "attendant"
    DEPARTMENT = "department"
    ORGANIZATION = "organization"
    OUTSIDE = "outside"


class Origin(StrEnum):
    """What decided a presence."""

    CALENDAR = "calendar"
    MANUAL = "manual"
    LINE = "line"
    HOLD = "hold"
    SCHEDULE = "schedule"
    DEFAULT = "default"


class Stage(StrEnum):
    """How far a person's presence reaches."""

    OFF = "off"
    """Nothing is read, nothing is told."""
    TRIAL = "trial"
    """Administrators see what would be; sinks get nothing, routes answer ``ring``."""
    LIVE = "live"


class ActivitySpec(Document):
    """One activity an organization knows: what a person does."""

    id: Identifier
    """``meeting``, ``lunch`` …; also the word the API takes."""
    availability: Availability = Availability.BUSY
    """The coarse state while the activity lasts, unless a rule says otherwise."""
    names: dict[Language, str] = Field(default_factory=dict)
    """Name on pages, per language: ``{sv = "Möte", en = "Meeting"}``."""
    spoken: dict[Language, str] = Field(default_factory=dict)
    """Words for announcements, per language: ``{sv = "i möte"}``."""
    disclosure: Level | None = None
    """Highest level that anybody but the person is told; empty: the audience's own level."""
    sensitive: bool = False
    """Told as "absent" to everybody but the person until the organization opens it."""
    default_minutes: int | None = Field(default=None, ge=1, le=60 * 24 * 366)
    """How long a manual presence lasts when no end is given."""
    auto_return: bool = True
    """Whether the person is back by itself when such a booking ends."""


class RoleSpec(Document):
    """One role an organization knows: in which capacity a person acts."""

    id: Identifier
    """``work``, ``private`` …"""
    names: dict[Language, str] = Field(default_factory=dict)
    """Name on pages, per language."""
    spoken: dict[Language, str] = Field(default_factory=dict)
    """Words for announcements, per language."""
