"""Fill an organization from plain values: people, appointments, series."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from lab.exchange.calendar import Appointment
from lab.exchange.mailbox import Mailbox
from lab.exchange.organization import Organization
from lab.exchange.recurrence import Recurrence
from lab.exchange.zones import DAYS, zone


@dataclass(frozen=True, slots=True)
class Plan:
    """One appointment to be made; times are aware."""

    address: str
    """Whose calendar."""
    subject: str
    start: datetime
    end: datetime
    busy: str = "Busy"
    all_day: bool = False
    location: str = ""
    categories: tuple[str, ...] = ()
    sensitivity: str = "Normal"
    zone: str = "W. Europe Standard Time"
    weekly: tuple[str, ...] = ()
    """Names of weekdays on which it repeats, without end."""


def seed(
    organization: Organization,
    *,
    service: tuple[str, str],
    people: Iterable[tuple[str, str]],
    plans: Iterable[Plan] = (),
    zone_name: str = "W. Europe Standard Time",
) -> list[Mailbox]:
    """Make a service account that may impersonate everybody, mailboxes, and appointments.

    ``people`` are (address, display name). Calling it again adds to what is there.
    """
    name, password = service
    if name.lower() not in organization.accounts:
        if "@" in name and organization.mailbox(name) is None:
            organization.add_mailbox(name, "Service account")
        mailbox = name if "@" in name else ""
        organization.add_account(name, password, mailbox=mailbox, impersonates=None)
    made = []
    for address, title in people:
        box = organization.add_mailbox(address, title)
        box.zone = zone_name
        made.append(box)
    for plan in plans:
        book(organization, plan)
    return made


def book(organization: Organization, plan: Plan) -> Appointment:
    """Put one appointment into a calendar."""
    box = organization.mailboxes[plan.address.lower()]
    item = Appointment(
        0,
        plan.start.astimezone(UTC),
        plan.end.astimezone(UTC),
        subject=plan.subject,
        zone=plan.zone,
        meeting_zone=plan.zone,
        all_day=plan.all_day,
        busy=plan.busy,
        sensitivity=plan.sensitivity,
        location=plan.location,
        categories=plan.categories,
    )
    if plan.weekly:
        first = plan.start.astimezone(zone(plan.zone)).date()
        days = tuple(one for one in DAYS if one in plan.weekly)
        item.recurrence = Recurrence("Weekly", first, days=days)
    return box.add(item, organization.moment())
