"""Rules as an administrator writes them: an ordered list of match → outcome.

Compiled and applied in ``kalends.policy``; POLICY sections 1 and 2.
"""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from kalends.model.booking import Response, Sensitivity, ShowAs
from kalends.model.vocabulary import Availability, Document, Identifier, Level

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Text = Annotated[str, StringConstraints(min_length=1, max_length=255, strip_whitespace=True)]


class Match(Document):
    """What a booking must be; every key given must hold. Empty matches every booking."""

    code: str | list[str] | None = None
    """Code at the start of the subject: ``m`` matches ``M: budget``, ``m:``, ``m ; x``."""
    subject: str | list[str] | None = None
    """The whole subject or its first word."""
    word: str | list[str] | None = None
    """A word or phrase anywhere in the subject."""
    pattern: str | None = Field(default=None, max_length=500)
    """RE2 pattern on the subject; only where an administrator asks for one."""
    category: str | list[str] | None = None
    """One of these categories, without regard to case."""
    show_as: ShowAs | list[ShowAs] | None = None
    """``free``, ``tentative``, ``busy``, ``oof``, ``elsewhere``."""
    sensitivity: Sensitivity | list[Sensitivity] | None = None
    """``normal``, ``personal``, ``private``, ``confidential``."""
    all_day: bool | None = None
    """Whether it lasts whole days."""
    private: bool | None = None
    """Private or confidential."""
    recurring: bool | None = None
    """Whether it is part of a series."""
    min_minutes: int | None = Field(default=None, ge=0)
    """At least so long."""
    max_minutes: int | None = Field(default=None, ge=0)
    """At most so long."""
    response: Response | list[Response] | None = None
    """How the person answered the invitation."""
    organizer: Literal["me", "inside", "outside"] | None = None
    """``me`` is also inside."""
    weekdays: list[Weekday] | None = None
    """Local weekday on which the booking starts."""
    from_time: time | None = None
    """Local start not before this; with ``to_time`` earlier than it, over midnight."""
    to_time: time | None = None
    """Local start before this."""


class Outcome(Document):
    """What then holds; everything left out stays undecided for the next rule or the default."""

    ignore: bool | None = None
    """The booking does not count."""
    activity: Identifier | None = None
    """Id of an activity."""
    role: Identifier | None = None
    """Id of a role."""
    availability: Availability | None = None
    """The coarse state; the activity's own where left out."""
    priority: int | None = Field(default=None, ge=-100, le=100)
    """Higher wins an overlap; 0 is ordinary."""
    disclosure: Level | None = None
    """Highest level that anybody but the person is told."""
    note: Text | None = None
    """Fixed text to tell; without it the text after a code becomes the note."""
    divert: bool | None = None
    """Whether this booking may reach call routes."""
    route: Text | None = None
    """Hint for call routing: ``voicemail``, ``mobile`` or a number."""
    auto_return: bool | None = None
    """Whether the person is back by itself at the end."""


class RuleSpec(Document):
    """One rule."""

    id: Identifier | None = None
    """Name for explanations; without it ``rule-N`` by position."""
    match: Match = Field(default_factory=Match)
    """Which bookings; every key given must hold."""
    then: Outcome = Field(default_factory=Outcome)
    """What then holds."""


class Marks(Document):
    """Characters a person puts in front of a subject to command Kalends (POLICY section 2).

    A mark counts as the first character(s) of the subject; empty switches it off.
    """

    leave_out: str = Field(default="-", max_length=3)
    """``- dentist``: the booking does not count."""
    inform_only: str = Field(default="!", max_length=3)
    """``! review``: shown, but calls are not diverted."""
    forward: str = Field(default=">", max_length=3)
    """``>1234 standby``: calls go to the number, if it is listed."""
    hide: str = Field(default="#", max_length=3)
    """``# talk``: the subject stays with its owner."""
