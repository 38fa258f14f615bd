"""What the planner is told about mailboxes, and how a request reaches a group's server."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kalends.wire.ews.versions import NEWEST, Version

Key = tuple[str, str]
"""(person, calendar name)."""

GROUP: Final = 200
"""Subscriptions one stream reads at most; groups that pull are cut alike."""


class Mode(StrEnum):
    """How news comes."""

    STREAM = "streaming"
    """2010 SP1 and later: one answer stays open for a whole group."""
    PULL = "pull"
    """2007 SP1 and 2010: every mailbox is asked in turn."""
    PUSH = "push"
    """The server calls us; needs a URL it can reach."""


@dataclass(frozen=True, slots=True)
class Site:
    """What mailboxes must share to stand in one group."""

    url: str
    """Of EWS, as autodiscovered for the mailbox."""
    mode: Mode = Mode.STREAM
    grouping: str = ""
    """``GroupingInformation``; empty before 2013."""
    version: Version = NEWEST
    impersonated: bool = True
    """False: the account reads by rights of its own, and pays for every connection."""
    ceiling: int = 0
    """Mailboxes the account may have subscribed at this URL; 0: each pays for itself."""


@dataclass(frozen=True, slots=True)
class Glanced:
    """How mailboxes looked, as prints in the order asked; 0: not told."""

    day: int
    """Today: days since the epoch."""
    prints: tuple[int, ...]
    """Busy times of the days looked at from today."""
    then: tuple[int, ...]
    """Of those looked at from the day named in the question: what then was coming, as it is now."""
    replies: tuple[int, ...] = ()
    """Automatic replies; empty: they were not asked for."""
    unlike: frozenset[str] = frozenset()
    """Addresses whose automatic replies are otherwise than known."""


@dataclass(frozen=True, slots=True)
class Route:
    """How a request reaches the server that holds a group's subscriptions."""

    site: Site
    anchor: str = ""
    """Address for ``X-AnchorMailbox``."""
    cookies: tuple[tuple[str, str], ...] = ()
    """The group's own; they never travel with another group's requests."""
