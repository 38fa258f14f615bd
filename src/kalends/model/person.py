"""A person (or a function, a room): somebody with a presence. POLICY section 6."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from kalends.model.rules import RuleSpec
from kalends.model.vocabulary import Availability, Document, Identifier, Language, Level, Stage

PersonId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$")]
"""Immutable within its organization."""


class Kind(StrEnum):
    """What has the presence."""

    PERSON = "person"
    SHARED = "shared"
    FUNCTION = "function"
    ROOM = "room"


class Number(Document):
    """A telephone number of a person; a number may belong to several people."""

    number: str = Field(max_length=64)
    """E.164, national form, or an extension; see ``[organizations.numbering]``."""
    kind: Literal[
        "desk", "mobile", "softphone", "dect", "home", "fax", "assistant", "voicemail"
    ] = "desk"
    """What rings there."""
    public: bool = True
    """Whether colleagues and the outside may be shown it."""
    order: int = 0
    """Lower comes first."""
    devices: tuple[str, ...] = ()
    """Device names at the PBX; hot-desk log-in moves the device, not the person."""


class CalendarLink(Document):
    """Where one calendar of a person is."""

    source: Identifier
    """Id of a source of the organization."""
    url: str | None = Field(default=None, max_length=2000)
    """Collection or feed address, absolute or below the source's; None: found by e-mail."""
    name: Identifier = "default"
    """Distinguishes several calendars of one person in one source."""
    username: str | None = None
    """Per-user credential, where the source does not use a service account."""
    password_env: str | None = None
    """Environment variable with its password …"""
    password_file: str | None = None
    """… or a file."""


class WorkHours(Document):
    """A weekly pattern; local times of the person's zone."""

    mon: tuple[str, ...] = ()
    """Spans ``"08:00-12:00"``; ``24:00`` ends a day; a span past midnight is written as two."""
    tue: tuple[str, ...] = ()
    """Tuesday, as above."""
    wed: tuple[str, ...] = ()
    """Wednesday."""
    thu: tuple[str, ...] = ()
    """Thursday."""
    fri: tuple[str, ...] = ()
    """Friday."""
    sat: tuple[str, ...] = ()
    """Saturday."""
    sun: tuple[str, ...] = ()
    """Sunday."""
    weeks: int = Field(default=1, ge=1, le=8)
    """Part-time: the pattern holds in every Nth ISO week …"""
    week: int = Field(default=0, ge=0, le=7)
    """… whose number modulo ``weeks`` is this."""
    also: tuple[WorkHours, ...] = ()
    """Patterns of the other weeks."""
    exceptions: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """``{"2026-12-24" = ["08:00-12:00"], "2026-12-25" = []}``; beat pattern and holidays."""


class Preferences(Document):
    """What a person may choose for himself, where the organization permits. POLICY section 6."""

    calendar: bool | None = None
    """Whether the calendar drives presence at all (opt-out)."""
    show_as: str | dict[str, Availability] | None = None
    """Preset or table, as in the organization."""
    keywords: tuple[RuleSpec, ...] = ()
    """Own rules; they come before the department's and the organization's."""
    keyword_languages: tuple[Language, ...] | None = None
    """Packs whose words count in the person's calendar."""
    auto_return: bool | None = None
    """Whether the person is back by itself when a booking ends."""
    forward: dict[str, str] = Field(default_factory=dict)
    """Per activity: ``{meeting = "voicemail", vacation = "assistant"}``."""
    disclosure: dict[str, Level] = Field(default_factory=dict)
    """Per audience, never more than the organization's."""
    language: Language | None = None
    """Of the texts told about the person."""
    write_back: bool | None = None
    """Whether manual presence is written into the person's own calendar, where the source does."""


class PersonRecord(Document):
    """Everything an organization knows about a person, but for presence."""

    id: PersonId
    """Immutable; e-mail addresses may change."""
    external_id: str | None = Field(default=None, max_length=255)
    """Immutable key of the system the record comes from; e-mails are only aliases."""
    name: str = Field(min_length=1, max_length=200)
    """As people read it."""
    given_name: str | None = None
    """For searching and sorting."""
    family_name: str | None = None
    """For searching and sorting."""
    kind: Kind = Kind.PERSON
    """A person, a shared post, a function or a room."""
    emails: tuple[str, ...] = ()
    """The first is the address callers and directories are told."""
    department: str | None = None
    """Name of the department; its rules and stage apply."""
    title: str | None = None
    """As people read it."""
    skills: tuple[str, ...] = ()
    """Words the person is found by."""
    language: Language | None = None
    """Of texts and words; the organization's where empty."""
    timezone: str | None = None
    """IANA name; the organization's where empty."""
    picture: str | None = None
    """Address of a picture."""
    jid: str | None = None
    """XMPP address."""
    sip: str | None = Field(default=None, pattern=r"^sips?:[^\s@]+@[^\s@]+$")
    """SIP address: ``sip:anna@acme.example``."""
    delegates: tuple[PersonId, ...] = ()
    """May see and set what the person may."""
    substitute: PersonId | None = None
    """Id of who takes over when the person is away."""
    extension: str | None = None
    """Shorthand for a number of kind ``desk``."""
    mobile: str | None = None
    """Shorthand for a number of kind ``mobile``."""
    voicemail: str | None = None
    """Shorthand for a number of kind ``voicemail``."""
    numbers: tuple[Number, ...] = ()
    """Telephone numbers; see below."""
    calendars: tuple[CalendarLink, ...] | Literal["none"] | None = None
    """None: found by e-mail in every source; ``"none"``: healthy without."""
    work_hours: WorkHours | None = None
    """The person's own; the department's or organization's where empty."""
    holidays: str | None = None
    """Country, or country and region (``SE``, ``DE-BY``); the organization's where empty."""
    rules: tuple[RuleSpec, ...] = ()
    """Rules an administrator sets for this person; first in order."""
    preferences: Preferences = Field(default_factory=Preferences)
    """What the person chose."""
    protected: bool = False
    """Hides name and entry from everybody but attendants and the person."""
    stage: Stage | None = None
    """The person's own; the department's or organization's where empty."""
    visibility: dict[str, Level] = Field(default_factory=dict)
    """Per field: who sees it at least needs this level."""
    managed_by: str = "file"
    """``file``, ``api`` or a directory's id: only that one changes the record."""
    left: bool = False
    """A leaver: reading has stopped, calls go to the attendant, deleted after 30 days."""
    left_at: int | None = None
    """UTC seconds when the record was marked so; set by Kalends."""
