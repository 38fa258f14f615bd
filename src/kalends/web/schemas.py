"""The shapes of answers, for OpenAPI and for those who read it; ``docs/reference/api.md``.

Answers are made in ``sight`` and ``kalends.presence``; these models describe them, and the
contract tests hold the two together.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kalends.model.organization import OrganizationSettings
from kalends.model.person import PersonId, PersonRecord, Preferences
from kalends.model.vocabulary import (
    Audience,
    Availability,
    Identifier,
    Language,
    Level,
    Origin,
)


class Answer(BaseModel):
    """Base of answers."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class ProblemAnswer(Answer):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    """What was wrong with this request."""
    remedy: str = ""
    """What to do."""
    problems: list[dict[str, str]] = []
    """Every mistake: where, key, what, remedy."""


class Next(Answer):
    """What follows."""

    activity: str | None
    availability: Availability
    start: datetime
    end: datetime


class Line(Answer):
    """What the phone says."""

    state: str
    since: datetime


class Diversion(Answer):
    """Where calls go now."""

    to: str
    condition: str


class Texts(Answer):
    """The presence in words."""

    short: str
    """At most 20 characters, for a phone's display."""
    line: str
    sentence: str


class Presence(Answer):
    """What the viewer is told about one person now. What is not told is null."""

    person: str
    revision: int
    availability: Availability
    activity: str | None
    role: str | None
    since: datetime | None
    until: datetime | None
    """End of the present state, where one is known."""
    returns_at: datetime | None
    """What callers are told."""
    reachable_at: datetime | None
    """First minute really reachable."""
    note: str | None
    next: Next | None
    origin: Origin | None
    set_by: str | None
    set_at: datetime | None
    line: Line | None
    diversion: Diversion | None
    texts: Texts
    stale_since: datetime | None
    """Since when what is known may be old; null: it is fresh."""
    booking_until: datetime | None
    """End of a booking that runs now, also where something else wins."""
    audience: Audience
    """Who the viewer is towards this person."""
    level: Level
    """How much the viewer is told."""


class Telephone(Answer):
    """One number of a person."""

    number: str
    kind: str


class Person(Answer):
    """A person's entry, as far as the viewer may see it, with the presence."""

    id: str
    name: str
    initials: str
    kind: str
    given_name: str | None
    family_name: str | None
    department: str | None
    title: str | None
    email: str | None
    extension: str | None
    mobile: str | None
    voicemail: str | None
    sip: str | None
    jid: str | None
    skills: list[str]
    numbers: list[Telephone]
    language: str
    timezone: str
    substitute: str | None
    picture: str | None
    may_set: bool
    """Whether the viewer may set this person's state."""
    presence: Presence
    """With ``level`` nothing where it is not live: stage off; trial shows to administrators."""
    stage: str | None = None
    """Administrators only."""
    left: bool | None = None
    """Administrators only."""
    managed_by: str | None = None
    """Administrators only: the one that may change the record."""


class People(Answer):
    """One page of people, ordered by id."""

    revision: int
    """Follow the stream from here: ``Last-Event-ID``."""
    people: list[Person]
    next: str | None
    """Send as ``after`` for the next page; null: this was the last."""


class Booking(Answer):
    """The booking behind a segment."""

    subject: str | None
    categories: list[str]
    show_as: str
    recurring: bool
    all_day: bool
    private: bool
    """Marked private or confidential: told to the person alone, and without its text, which is
    not kept."""


class Segment(Answer):
    """One stretch of a timeline; where there is none, nothing is planned."""

    start: datetime
    end: datetime
    availability: Availability
    activity: str | None
    role: str | None
    note: str | None
    origin: Origin | None
    booking: Booking | None


class Timeline(Answer):
    """What lies ahead of a person."""

    person: str
    start: datetime
    end: datetime
    known_until: datetime | None
    """What lies behind has not been read yet; null: everything asked for is known."""
    segments: list[Segment]


class PersonInput(PersonRecord):
    """A person's record; the path names the person."""

    id: PersonId = ""
    """May be left out: the path says it."""


class SettingsInput(OrganizationSettings):
    """An organization's settings; the sign-in (or ``?organization=``) names the organization."""

    id: Identifier = ""
    """May be left out."""


class Cause(Answer):
    """One fact that holds at the moment."""

    kind: str
    """``manual``, ``line``, ``hold``, ``booking``, ``automatic-reply``, ``schedule`` …"""
    outcome: str
    """Why it won or lost."""
    start: datetime | None
    end: datetime | None
    availability: Availability | None
    activity: str | None
    booking: Booking | None
    rules: list[str]
    set_by: str | None


class Age(Answer):
    """How old what is known of one calendar is."""

    calendar: str | None
    read_at: datetime | None
    stale_since: datetime | None
    health: str


class Explanation(Answer):
    """Why a presence is what it is."""

    person: str
    at: datetime
    presence: Presence
    winner: Cause
    losers: list[Cause]
    data: list[Age]
    next_change_at: datetime | None
    known: bool
    """False: the moment lies behind what has been read."""
    lines: list[str]
    """The same in words."""
    text: str
    """The lines as one text."""


class ManualInput(BaseModel):
    """A state set by hand."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={"examples": [{"activity": "meeting", "until": "2026-03-02T14:00:00Z"}]},
    )

    activity: str = Field(min_length=1, max_length=64)
    """Id of an activity; see ``/api/v1/vocabulary``."""
    until: str | None = Field(default=None, max_length=64)
    """RFC 3339, or ``booking-end``, ``next-booking``, ``workday-end``, ``cleared``."""
    availability: Availability | None = None
    role: str | None = Field(default=None, max_length=64)
    note: str | None = Field(default=None, max_length=255)


class Offered(Answer):
    """What a person may choose from."""

    forward: list[str]
    """Where calls may go: kinds of numbers the person has, ``attendant`` …, listed numbers."""
    any_number: bool
    """Whether every ordinary number may be named beside these."""
    keyword_languages: list[Language]


class PreferencesAnswer(Preferences):
    """A person's own choices, which of them the organization permits, and what there is."""

    permitted: dict[str, bool] = Field(default_factory=dict)
    otherwise: Preferences
    """What holds where nothing was chosen; its ``disclosure`` is the most that can be."""
    offered: Offered


class Word(Answer):
    """An activity or role."""

    id: str
    names: dict[Language, str]
    availability: Availability | None = None
    sensitive: bool = False
    default_minutes: int | None = None


class VocabularyAnswer(Answer):
    """The words of the organization."""

    language: str
    activities: list[Word]
    roles: list[Word]


class SignIn(BaseModel):
    """Name and password of a local account, or a token."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    organization: str | None = Field(default=None, max_length=64)
    """May be left out where there is only one."""
    name: str | None = Field(default=None, min_length=1, max_length=200)
    password: str | None = Field(default=None, min_length=1, max_length=1024)
    token: str | None = Field(default=None, min_length=1, max_length=200)


class Me(Answer):
    """Who is signed in."""

    name: str
    kind: Literal["token", "account"]
    role: Literal["provider", "admin", "attendant", "member"]
    organization: str | None
    """Null: a provider, who names an organization with each request."""
    organization_name: str | None = None
    language: str | None = None
    """The person's, or the organization's."""
    timezone: str | None = None
    person: str | None
    """Id of the person this is, where it is one."""
    permissions: dict[str, bool]
    """What people may choose for themselves."""
    organizations: list[str] | None = None
    """For a provider: all there are."""


class PrincipalInput(BaseModel):
    """A token or account to make."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    name: str = Field(min_length=1, max_length=200)
    role: Literal["admin", "attendant", "member"] = "member"
    person: str | None = Field(default=None, max_length=128)
    """Id of the person this is."""
    expires_at: datetime | None = None
    """Tokens only."""
    password: str | None = Field(default=None, min_length=10, max_length=1024)
    """Accounts only."""


class PrincipalAnswer(Answer):
    """A token or account, without its secret."""

    id: str
    kind: Literal["token", "account"]
    name: str
    role: str
    person: str | None
    created_at: datetime
    expires_at: datetime | None
    disabled: bool
    secret: str | None = None
    """The token's text; told this once."""


class AuditAnswer(Answer):
    """Who did what to whom."""

    at: datetime
    actor: str
    action: str
    target: str


class CalendarHealth(Answer):
    """How one calendar is."""

    person: str
    source: str
    name: str
    health: str
    """``ok``, ``new``, or what is wrong in a word."""
    message: str
    remedy: str
    read_at: datetime | None
    stale_since: datetime | None
    next_probe_at: datetime | None
    failures: int
    skipped: int
    """Broken bookings left out at the last read."""
    bookings: int


class Calendars(Answer):
    """One page of calendars, ordered by person, source, name."""

    calendars: list[CalendarHealth]
    next: str | None


class DocumentAnswer(BaseModel):
    """A source, sink or directory as written, without secrets."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    id: str
    kind: str
    managed_by: str
    """``file`` or ``api``: only that one changes it."""
    version: int


class Documents(Answer):
    """All sources, sinks or directories."""

    items: list[DocumentAnswer]


class TestStep(BaseModel):
    """One step of a check."""

    model_config = ConfigDict(extra="allow")

    what: str
    subject: str = ""
    ok: bool
    detail: str = ""
    remedy: str = ""
    absent: bool = False
    """The person is unknown to this source, which is no trouble: another one may have them."""


class Steps(Answer):
    """What a check found, in order."""

    ok: bool
    steps: list[TestStep]


class ContactNumber(Answer):
    """A telephone number of a contact."""

    number: str
    """As it stands in the directory."""
    kind: str
    """desk, mobile, softphone, dect, home, fax, assistant, voicemail."""
    plain: str | None
    """E.164 or an extension's digits; null where it is neither here."""


class Contact(Answer):
    """Somebody who was found."""

    id: str
    name: str
    directory: str
    """Id of the directory; ``people``: the organization's own."""
    given: str
    family: str
    company: str
    department: str
    title: str
    emails: list[str]
    numbers: list[ContactNumber]
    folder: str
    """Where in the directory: ``Customers/North``."""
    person: str | None
    """Id below ``/people``, where it is one."""


class Incomplete(Answer):
    """A directory whose contacts are missing here."""

    directory: str
    """Its id; ``*``: all that are connected."""
    message: str
    remedy: str


class Contacts(Answer):
    """Contacts, the best first."""

    contacts: list[Contact]
    incomplete: list[Incomplete]


class Done(Answer):
    """The engine did it."""

    done: bool = True
    result: Any = None
    """What the engine told about it."""


class Status(BaseModel):
    """How the organization's sources and sinks fare; further figures may join."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    sources: list[dict[str, Any]] = Field(default_factory=list)
    """id, state (``ok`` or what keeps it shut), message, remedy, reads, failures …"""
    sinks: list[dict[str, Any]] = Field(default_factory=list)
    """id, state, message, how far behind …"""
    broken: list[dict[str, Any]] = Field(default_factory=list)
    """Sources, sinks and directories that could not be opened, and why."""
