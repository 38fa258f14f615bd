"""An organization (tenant) as its administrator describes it. POLICY sections 1 to 6."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from kalends.model.person import PersonRecord, WorkHours
from kalends.model.rules import Marks, RuleSpec
from kalends.model.vocabulary import (
    ActivitySpec,
    Audience,
    Availability,
    Document,
    Domain,
    Identifier,
    Language,
    Level,
    RoleSpec,
    Stage,
)


class SourceSpec(Document):
    """One source of calendars; further keys belong to its kind and are checked by it."""

    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True)

    id: Identifier
    """Immutable; people's ``calendars`` name it."""
    kind: str
    """``caldav``, ``ics`` … (entry-point group ``kalends.kinds``)."""
    managed_by: str = "file"

    @property
    def options(self) -> dict[str, Any]:
        """Return the keys that belong to the kind."""
        return dict(self.model_extra or {})


class SinkSpec(Document):
    """One sink; further keys belong to its kind and are checked by it."""

    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True)

    id: Identifier
    """Immutable; what was delivered is remembered under it."""
    kind: str
    """``webhook``, ``sip-publish`` …"""
    audience: Audience | None = None
    """Who is told; the kind's default where empty (SIP: outside, others: organization)."""
    managed_by: str = "file"

    @property
    def options(self) -> dict[str, Any]:
        """Return the keys that belong to the kind."""
        return dict(self.model_extra or {})


class DirectorySpec(Document):
    """One directory of contacts; further keys belong to its kind and are checked by it."""

    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True)

    id: Identifier
    """Immutable; answers name it. ``people`` is the organization's own people."""
    kind: str
    """``ews``, ``exchange-webdav`` …"""
    managed_by: str = "file"

    @property
    def options(self) -> dict[str, Any]:
        """Return the keys that belong to the kind."""
        return dict(self.model_extra or {})


class Department(Document):
    """A department: rules and stage between organization and person."""

    id: str = Field(min_length=1, max_length=200)
    """As it stands in the people's ``department``."""
    rules: tuple[RuleSpec, ...] = ()
    """Rules between the person's and the organization's."""
    stage: Stage | None = None
    """Stage of its people where they have none of their own."""
    work_hours: WorkHours | None = None
    """Work hours of its people where they have none of their own."""


class Numbering(Document):
    """How numbers are written here; E.164 by the phonenumbers library."""

    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    """ISO 3166 country for national forms."""
    outside_prefix: str = ""
    """What people dial for an outside line."""
    extensions: tuple[str, ...] = ()
    """Ranges: ``"1000-1999"``."""
    did: dict[str, str] = Field(default_factory=dict)
    """DID ranges to extensions: ``{"+468123000-+468123999" = "1000-1999"}``."""


class Disclosure(Document):
    """What each audience is told (POLICY section 5)."""

    attendant: Level = Level.SUBJECT
    """Whoever answers the switchboard."""
    department: Level = Level.ACTIVITY
    """Colleagues of the same ``department``."""
    organization: Level = Level.ACTIVITY
    """Everybody else inside."""
    outside: Level = Level.TIMES
    """Outside there is never a reason, nor a return date beyond ``outside_days``."""
    outside_days: int = Field(default=7, ge=0, le=366)
    """Outside nobody is told a return further ahead than this."""
    open_activities: tuple[Identifier, ...] = ()
    """Sensitive activities that the organization opens to its own people."""


class Permissions(Document):
    """What people may choose for themselves."""

    calendar: bool = True
    """Switch their calendar off."""
    show_as: bool = True
    """How show-as counts for them."""
    keywords: bool = True
    """Rules and languages of their own."""
    auto_return: bool = True
    """Whether they are back by themselves."""
    forward: bool = True
    """Where calls go, per activity."""
    disclosure: bool = True
    """Tell less of themselves."""


class OrganizationSettings(Document):
    """Everything about an organization but its people, sources and sinks."""

    id: Identifier
    """Immutable; every row, log line and address carries it."""
    name: str = Field(min_length=1, max_length=200)
    """What people read."""
    timezone: str = "UTC"
    """IANA name."""
    language: Language = "en"
    """Of texts and words where a person has none."""
    domains: tuple[Domain, ...] = ()
    """Mail and SIP domains that are inside the organization."""
    mode: Literal["all", "marked"] = "all"
    """Which counting bookings show: every one, or only those a code, word or category marks."""
    divert: Literal["marked", "all", "none"] = "marked"
    """Which bookings may reach call routes; the others inform only."""
    show_as: Literal["by-status", "all-busy"] | dict[str, Availability] = "by-status"
    """Preset, or a table with a cell for free, tentative, busy, oof, elsewhere."""
    unanswered: Literal["tentative", "busy", "free", "ignore"] = "tentative"
    """How unanswered and tentative invitations count."""
    keyword_languages: tuple[Language, ...] | None = None
    """Packs whose words count; the person's language, then the organization's, where empty."""
    packs: bool = True
    """Whether keyword packs are used at all."""
    marks: Marks = Field(default_factory=Marks)
    """Characters in front of a subject that command Kalends; see below."""
    forward_numbers: tuple[str, ...] = ()
    """Numbers that a forward mark may lead to; ``"*"`` opens every ordinary number."""
    description_note: bool = False
    """Whether a matched booking's description may become the note (first 255 characters)."""
    activities: tuple[ActivitySpec, ...] = ()
    """Define or extend activities; the built-in ones need not be repeated."""
    roles: tuple[RoleSpec, ...] = ()
    """Define or extend roles; ``work`` and ``private`` need not be repeated."""
    rules: tuple[RuleSpec, ...] = ()
    """What bookings mean, in order; they come after a person's and a department's."""
    departments: tuple[Department, ...] = ()
    """Rules, stage and work hours per department."""
    auto_return: bool = True
    """Whether people are back by themselves when a booking ends."""
    hold_step_minutes: int = Field(default=15, ge=1, le=240)
    """Without auto-return, the told return time moves on by this."""
    minimum_gap_minutes: int = Field(default=10, ge=0, le=240)
    """A gap shorter than this is not "reachable"."""
    return_time: Literal["reachable", "booking-end"] = "reachable"
    """What callers are told as the return."""
    work_hours: WorkHours | None = None
    """Without it nobody is off work by schedule."""
    holidays: str | None = None
    """Country, or country and region, whose public holidays are free: ``SE``, ``DE-BY``."""
    line_wins: tuple[Availability, ...] = ()
    """Availabilities over which a phone in use shows as ``busy`` (manual presence always wins)."""
    automatic_replies: bool = True
    """Whether out-of-office settings, where readable, count as away."""
    disclosure: Disclosure = Field(default_factory=Disclosure)
    """What each audience is told; see below."""
    permissions: Permissions = Field(default_factory=Permissions)
    """What people may choose for themselves; see below."""
    numbering: Numbering = Field(default_factory=Numbering)
    """How numbers are written here; see below."""
    stage: Stage = Stage.LIVE
    """``off``: nothing is read; ``trial``: sinks get nothing; ``live``."""
    managed_by: str = "file"


class OrganizationDocument(OrganizationSettings):
    """One ``[[organizations]]`` table of ``kalends.toml``: settings and what they connect."""

    sources: tuple[SourceSpec, ...] = ()
    """Where calendars are."""
    people: tuple[PersonRecord, ...] = ()
    """Whose presence it is."""
    people_file: str | None = None
    """CSV beside the configuration, with the column names of a person."""
    sinks: tuple[SinkSpec, ...] = ()
    """Who is told."""
    directories: tuple[DirectorySpec, ...] = ()
    """Where contacts are looked up by name and number."""

    def settings(self) -> OrganizationSettings:
        """Return the part that is neither people, sources, sinks nor directories."""
        own = set(OrganizationSettings.model_fields)
        return OrganizationSettings.model_construct(
            **{name: getattr(self, name) for name in own}  # already validated
        )
