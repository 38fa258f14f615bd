"""A large organization at once: mailboxes with calendars, alike in kind and different in time.

Fifty thousand of them fit into a gigabyte: what many appointments have in common is one object,
and nobody is told of what was there from the beginning (``Mailbox.load``).
"""

from __future__ import annotations

import gc
from datetime import UTC, datetime, timedelta
from typing import Final

from lab.exchange.calendar import Appointment
from lab.exchange.mailbox import Mailbox
from lab.exchange.organization import Organization
from lab.exchange.recurrence import Recurrence
from lab.exchange.zones import DAYS, zone

ZONE: Final = "W. Europe Standard Time"
_SUBJECTS: Final = (
    "Planning", "Lunch", "Customer call", "Interview", "Review of figures", "Budget", "Dentist",
    "Site visit", "Training", "Vacation", "Stand-up", "Board", "gfd: school", "Project & partners",
)  # fmt: skip
_BUSY: Final = ("Busy", "Busy", "Busy", "Tentative", "Busy", "OOF", "Free")
_ROOMS: Final = ("", "Room 12", "", "Online", "Building C <north>")
_UNCHANGED: Final[dict[datetime, Appointment]] = {}
_UNDELETED: Final[set[datetime]] = set()
"""Shared by all that does not recur: only a master's own are ever written to."""


def address(number: int, domain: str) -> str:
    """Return the address of the n-th person, from 1."""
    return f"person{number}@{domain}"


def populate(
    organization: Organization,
    mailboxes: int,
    appointments: int = 20,
    around: datetime | None = None,
) -> None:
    """Add mailboxes whose appointments lie in the four weeks around a day; one in ten recurs."""
    base = (around or organization.moment()).astimezone(zone(ZONE))
    monday = base.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(base.weekday())
    rules = [Recurrence("Weekly", monday.date() - timedelta(70), days=(day,)) for day in DAYS[:5]]
    collecting = gc.isenabled()
    gc.disable()  # a million fresh objects that all stay: nothing to collect
    try:
        for number in range(1, mailboxes + 1):
            name = address(number, organization.domain)
            box = organization.add_mailbox(name, f"Person {number}")
            _fill(box, number, appointments, monday.astimezone(UTC), rules)
    finally:
        gc.freeze()
        if collecting:
            gc.enable()


def _fill(
    box: Mailbox, seed: int, appointments: int, monday: datetime, rules: list[Recurrence]
) -> None:
    written = monday - timedelta(days=90)
    for n in range(appointments):
        chosen = seed * 31 + n
        begin = monday + timedelta(days=(n * 2 + seed) % 28 - 14, hours=7 + chosen % 9)
        minutes = 30 + 30 * (chosen % 4)
        rule = rules[chosen % len(rules)] if n % 10 == 0 else None
        if rule is not None:
            begin = monday + timedelta(days=chosen % len(rules) - 70, hours=7 + chosen % 9)
        item = Appointment(
            0,
            begin,
            begin + timedelta(minutes=minutes),
            subject=_SUBJECTS[chosen % len(_SUBJECTS)],
            zone=ZONE,
            meeting_zone=ZONE,
            busy=_BUSY[chosen % len(_BUSY)],
            location=_ROOMS[chosen % len(_ROOMS)],
            recurrence=rule,
            exceptions={} if rule else _UNCHANGED,
            deleted=set() if rule else _UNDELETED,
        )
        box.load(item, written)
