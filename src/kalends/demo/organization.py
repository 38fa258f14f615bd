"""The demo's people and their week."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

ZONE: Final = ZoneInfo("Europe/Stockholm")


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """One person of the demo."""

    id: str
    name: str
    department: str
    title: str
    language: str
    extension: str


@dataclass(frozen=True, slots=True)
class DemoBooking:
    """One appointment to put into a calendar; ``rule`` makes it a series."""

    uid: str
    subject: str
    start: datetime | date
    end: datetime | date
    rule: str = ""
    show_as: str = "BUSY"
    private: bool = False
    categories: tuple[str, ...] = ()


_PEOPLE: Final = """\
anna|Anna Berg|Sales|Head of sales|sv
bjorn|Björn Åkesson|Sales|Account manager|sv
carla|Carla Rossi|Sales|Account manager|it
david|David Lindqvist|Sales|Inside sales|sv
emma|Emma Nyström|Sales|Inside sales|sv
francois|François Lemaire|Sales|Account manager|fr
greta|Greta Hoffmann|Support|Head of support|de
hamid|Hamid Rezai|Support|Engineer|sv
ingrid|Ingrid Solberg|Support|Engineer|nb
jan|Jan de Vries|Support|Engineer|nl
katarzyna|Katarzyna Nowak|Support|Engineer|pl
lars|Lars Kjær|Support|Engineer|da
maria|María García|Support|Engineer|es
nils|Nils Öberg|Finance|Controller|sv
olivia|Olivia Clarke|Finance|Accountant|en
paulo|Paulo Sousa|Finance|Accountant|pt
quynh|Quynh Tran|Development|Developer|en
riikka|Riikka Virtanen|Development|Head of development|fi
sofia|Sofia Ek|Development|Developer|sv
tomas|Tomas Holm|Development|Developer|sv
ulrika|Ulrika Sand|Development|Designer|sv
viktor|Viktor Palm|Development|Developer|sv
wilma|Wilma Forsberg|Reception|Telephonist|sv
yusuf|Yusuf Demir|Reception|Telephonist|sv
boardroom|Board room|Reception||sv
"""


def people() -> list[DemoPerson]:
    """Return the 25 of the demo; the last one is a room."""
    found = []
    for number, line in enumerate(_PEOPLE.splitlines()):
        id, name, department, title, language = line.split("|")
        found.append(DemoPerson(id, name, department, title, language, str(1001 + number)))
    return found


_WORDS: Final = {
    "sv": ("Möte med ekonomi", "Lunch", "Kundbesök", "Avstämning", "Semester", "M: budget"),
    "nb": ("Møte med kunde", "Lunsj", "Kundebesøk", "Statusmøte", "Ferie", "M: budsjett"),
    "da": ("Møde med kunde", "Frokost", "Kundebesøg", "Statusmøde", "Ferie", "M: budget"),
    "de": (
        "Besprechung Vertrieb",
        "Mittagspause",
        "Kundentermin",
        "Jour fixe",
        "Urlaub",
        "M: Plan",
    ),
    "nl": ("Vergadering planning", "Lunch", "Klantbezoek", "Overleg", "Vakantie", "M: begroting"),
    "fr": (
        "Réunion commerciale",
        "Déjeuner",
        "Visite client",
        "Point équipe",
        "Vacances",
        "M: plan",
    ),
    "es": (
        "Reunión de equipo",
        "Almuerzo",
        "Visita cliente",
        "Seguimiento",
        "Vacaciones",
        "M: plan",
    ),
    "it": ("Riunione vendite", "Pranzo", "Visita cliente", "Allineamento", "Ferie", "M: piano"),
    "pl": ("Spotkanie zespołu", "Lunch", "Wizyta u klienta", "Status", "Urlop", "M: budżet"),
    "pt": (
        "Reunião mensal",
        "Almoço",
        "Visita a cliente",
        "Ponto de situação",
        "Férias",
        "M: plano",
    ),
    "fi": ("Kokous: talous", "Lounas", "Asiakaskäynti", "Tilannekatsaus", "Loma", "M: budjetti"),
    "en": ("Meeting with auditors", "Lunch", "Client visit", "Stand-up", "Vacation", "M: budget"),
}


def week(person: DemoPerson, now: datetime) -> Iterator[DemoBooking]:
    """Yield a person's bookings from yesterday to a week ahead; the same every time that day.

    Around ``now`` something is always going on: some people are in a meeting, somebody's begins
    within minutes, somebody is on vacation.
    """
    dice = random.Random(f"{person.id} {now.date()}")
    meeting, lunch, visit, status, vacation, coded = _WORDS.get(person.language, _WORDS["en"])
    today = now.astimezone(ZONE).date()
    monday = today - timedelta(days=today.weekday())
    if person.title:
        yield _series(person, "lunch", lunch, monday, time(11, dice.choice((15, 30, 45))), 45)
        yield _series(person, "status", status, monday, time(9, dice.choice((0, 15))), 15)
    for day in range(-1, 8):
        yield from _day(person, today + timedelta(days=day), dice, (meeting, visit, coded))
    if person.id in {"tomas", "olivia"}:
        yield DemoBooking(f"{person.id}-vacation", vacation, today - timedelta(days=1),
                          today + timedelta(days=6), show_as="OOF")  # fmt: skip
    yield from _around(person, now, (meeting, lunch, coded), dice)


def _series(
    person: DemoPerson, name: str, subject: str, monday: date, at: time, minutes: int
) -> DemoBooking:
    start = datetime.combine(monday, at, ZONE)
    rule = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"
    end = start + timedelta(minutes=minutes)
    return DemoBooking(f"{person.id}-{name}", subject, start, end, rule)


_SHARE: Final = 0.45
"""How many of the day's hours are booked."""


def _day(
    person: DemoPerson, day: date, dice: random.Random, words: tuple[str, ...]
) -> Iterator[DemoBooking]:
    if day.weekday() > 4:
        return
    for hour in (10, 13, 15):
        if dice.random() < _SHARE:
            start = datetime.combine(day, time(hour, dice.choice((0, 30))), ZONE)
            end = start + timedelta(minutes=dice.choice((30, 60, 90)))
            subject = words[dice.choice((0, 0, 1, 2))]
            private = dice.random() < 0.1
            show_as = "TENTATIVE" if dice.random() < 0.1 else "BUSY"
            uid = f"{person.id}-{day:%Y%m%d}-{hour}"
            yield DemoBooking(uid, subject, start, end, show_as=show_as, private=private)


def _around(
    person: DemoPerson, now: datetime, words: tuple[str, str, str], dice: random.Random
) -> Iterator[DemoBooking]:
    """Yield what goes on now and what begins within minutes."""
    meeting, lunch, coded = words
    minute = now.astimezone(ZONE).replace(second=0, microsecond=0)
    running = {
        **dict.fromkeys(("bjorn", "greta", "katarzyna", "riikka", "viktor"), meeting),
        **dict.fromkeys(("hamid", "quynh"), lunch),
        "nils": coded,
        "sofia": meeting,
        "ulrika": "GFD: tandläkare",
    }
    if person.id in running:
        start = minute - timedelta(minutes=dice.randint(5, 40))
        end = minute + timedelta(minutes=dice.randint(12, 70))
        private = person.id == "sofia"
        yield DemoBooking(f"{person.id}-now", running[person.id], start, end, private=private)
    if person.id in {"anna", "lars", "francois"}:
        start = minute + timedelta(minutes={"anna": 2, "lars": 4, "francois": 25}[person.id])
        end = start + timedelta(minutes=dice.choice((3, 5, 30)))
        yield DemoBooking(f"{person.id}-soon", meeting, start, end)
