"""The tables behind ``texts``: generic words, days and clocks in twelve languages.

Generic words stand where a reason is not told; names of activities come from the vocabulary.
Predicates avoid forms that would have to know whether the person is a man or a woman. Days of a
sentence carry their preposition ("on Monday", "w poniedziałek"), dates come from Babel (CLDR).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Final

from babel.dates import format_skeleton, get_day_names

from kalends.model.vocabulary import Availability

Said = tuple[str, str]
"""A state's name, and what follows a person's name to say it."""


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language."""

    locale: str
    """CLDR locale of its dates."""
    verb: str
    """Between a name and an activity's spoken form."""
    available: Said
    busy: Said
    away: Said
    dnd: Said
    offline: Said
    absent: Said
    """Instead of a sensitive activity."""
    undisclosed: Said
    """Where nothing is told."""
    back_line: str
    """Before a time, in a line."""
    back_sentence: str
    """Clause with ``{when}``, after the predicate."""
    at: str
    """Clock of a sentence, with ``{h}`` (hour), ``{hh}`` (two digits) and ``{mm}``."""
    at_one: str = ""
    """The same at one o'clock, where the article differs."""
    at_hour: str = ""
    """The same at a full hour, where minutes are not said."""
    colon: str = ":"
    """Between hours and minutes, in a line."""
    on_date: str = "{date}"
    """Date of a sentence."""
    days: tuple[str, ...] = ()
    """Monday to Sunday in a sentence, where ``on_day`` does not do."""
    on_day: str = "{day}"
    """Weekday of a sentence."""
    declined: bool = False
    """Whether a line needs the sentence's weekdays, too."""

    @property
    def availability(self) -> dict[Availability, Said]:
        """Return the generic words by availability."""
        return {
            Availability.AVAILABLE: self.available,
            Availability.BUSY: self.busy,
            Availability.AWAY: self.away,
            Availability.DND: self.dnd,
            Availability.OFFLINE: self.offline,
        }

    @property
    def short_days(self) -> tuple[str, ...]:
        """Return Monday to Sunday abbreviated."""
        return tuple(day[:3] for day in _days(self.locale, "abbreviated"))

    @property
    def spoken_days(self) -> tuple[str, ...]:
        """Return Monday to Sunday as in a sentence."""
        if self.days:
            return self.days
        return tuple(self.on_day.format(day=day) for day in _days(self.locale, "wide"))

    @property
    def line_days(self) -> tuple[str, ...]:
        """Return Monday to Sunday as in a line."""
        return self.spoken_days if self.declined else _days(self.locale, "wide")

    def clock(self, moment: datetime) -> str:
        """Return a time of day for lines and displays: ``08:30``."""
        return f"{moment.hour:02}{self.colon}{moment.minute:02}"

    def spoken_clock(self, moment: datetime) -> str:
        """Return a time of day as a sentence has it: ``klockan 08.30``."""
        form = self.at
        if self.at_hour and moment.minute == 0:
            form = self.at_hour
        if self.at_one and moment.hour == 1:
            form = self.at_one
        return form.format(h=moment.hour, hh=f"{moment.hour:02}", mm=f"{moment.minute:02}")

    def short_date(self, day: date) -> str:
        """Return day and month in figures."""
        return str(format_skeleton("Md", day, locale=self.locale)).replace(" ", "")

    def line_date(self, day: date) -> str:
        """Return day and month in words."""
        return str(format_skeleton("MMMMd", day, locale=self.locale))

    def spoken_date(self, day: date) -> str:
        """Return day and month as a sentence has them."""
        if self.locale == "fr" and day.day == 1:
            return f"le 1er {self.line_date(day).partition(' ')[2]}"
        if self.locale == "it" and day.day in (8, 11):
            return f"l'{self.line_date(day)}"
        return self.on_date.format(date=self.line_date(day))


TONGUES: Final[dict[str, Tongue]] = {
    "sv": Tongue(
        locale="sv",
        verb="är",
        available=("Tillgänglig", " är tillgänglig"),
        busy=("Upptagen", " är upptagen"),
        away=("Borta", " är inte på plats"),
        dnd=("Stör ej", " vill inte bli störd"),
        offline=("Ej i tjänst", " är inte i tjänst"),
        absent=("Frånvarande", " är frånvarande"),
        undisclosed=("Ingen uppgift", ": ingen uppgift"),
        back_line="tillbaka",
        back_sentence=" och är tillbaka {when}",
        at="klockan {hh}.{mm}",
        on_day="på {day}",
        on_date="den {date}",
    ),
    "en": Tongue(
        locale="en_GB",
        verb="is",
        available=("Available", " is available"),
        busy=("Busy", " is busy"),
        away=("Away", " is away"),
        dnd=("Do not disturb", " does not want to be disturbed"),
        offline=("Off work", " is not at work"),
        absent=("Absent", " is absent"),
        undisclosed=("No information", ": no information"),
        back_line="back",
        back_sentence=" and will be back {when}",
        at="at {hh}:{mm}",
        on_day="on {day}",
        on_date="on {date}",
    ),
    "de": Tongue(
        locale="de",
        verb="ist",
        available=("Erreichbar", " ist erreichbar"),
        busy=("Beschäftigt", " ist beschäftigt"),
        away=("Nicht am Platz", " ist nicht am Platz"),
        dnd=("Nicht stören", " möchte nicht gestört werden"),
        offline=("Nicht im Dienst", " ist nicht im Dienst"),
        absent=("Abwesend", " ist abwesend"),
        undisclosed=("Keine Angabe", ": keine Angabe"),
        back_line="zurück",
        back_sentence=" und ist {when} zurück",
        at="um {hh}:{mm} Uhr",
        on_day="am {day}",
        on_date="am {date}",
    ),
    "nb": Tongue(
        locale="nb",
        verb="er",
        available=("Tilgjengelig", " er tilgjengelig"),
        busy=("Opptatt", " er opptatt"),
        away=("Ikke på plass", " er ikke på plass"),
        dnd=("Ikke forstyrr", " vil ikke bli forstyrret"),
        offline=("Ikke på jobb", " er ikke på jobb"),
        absent=("Fraværende", " er fraværende"),
        undisclosed=("Ingen opplysning", ": ingen opplysning"),
        back_line="tilbake",
        back_sentence=" og er tilbake {when}",
        at="klokken {hh}.{mm}",
        colon=".",
        on_day="på {day}",
        on_date="den {date}",
    ),
    "da": Tongue(
        locale="da",
        verb="er",
        available=("Til rådighed", " er til rådighed"),
        busy=("Optaget", " er optaget"),
        away=("Ikke på plads", " er ikke på plads"),
        dnd=("Forstyr ikke", " ønsker ikke at blive forstyrret"),
        offline=("Ikke på arbejde", " er ikke på arbejde"),
        absent=("Fraværende", " er fraværende"),
        undisclosed=("Ingen oplysning", ": ingen oplysning"),
        back_line="tilbage",
        back_sentence=" og er tilbage {when}",
        at="klokken {hh}.{mm}",
        colon=".",
        on_day="på {day}",
        on_date="den {date}",
    ),
    "fi": Tongue(
        locale="fi",
        verb="on",
        available=("Tavoitettavissa", " on tavoitettavissa"),
        busy=("Varattu", " on varattu"),
        away=("Ei paikalla", " ei ole paikalla"),
        dnd=("Älä häiritse", " ei halua tulla häirityksi"),
        offline=("Ei töissä", " ei ole töissä"),
        absent=("Poissa", " on poissa"),
        undisclosed=("Ei tietoa", ": ei tietoa"),
        back_line="takaisin",
        back_sentence=" ja palaa {when}",
        at="klo {h}.{mm}",
        colon=".",
        days=(
            "maanantaina",
            "tiistaina",
            "keskiviikkona",
            "torstaina",
            "perjantaina",
            "lauantaina",
            "sunnuntaina",
        ),
        declined=True,
    ),
    "nl": Tongue(
        locale="nl",
        verb="is",
        available=("Bereikbaar", " is bereikbaar"),
        busy=("Bezet", " is bezet"),
        away=("Niet aanwezig", " is niet aanwezig"),
        dnd=("Niet storen", " wil niet gestoord worden"),
        offline=("Niet aan het werk", " is niet aan het werk"),
        absent=("Afwezig", " is afwezig"),
        undisclosed=("Geen informatie", ": geen informatie"),
        back_line="terug",
        back_sentence=" en is {when} terug",
        at="om {hh}:{mm} uur",
        on_date="op {date}",
    ),
    "fr": Tongue(
        locale="fr",
        verb="est",
        available=("Disponible", " est disponible"),
        busy=("Indisponible", " est indisponible"),
        away=("Pas à son poste", " n'est pas à son poste"),
        dnd=("Ne pas déranger", " ne prend pas d'appels"),
        offline=("Pas au travail", " n'est pas au travail"),
        absent=("Absence", " n'est pas là"),
        undisclosed=("Aucune information", " : aucune information"),
        back_line="de retour",
        back_sentence=" et sera de retour {when}",
        at="à {h} h {mm}",
        at_hour="à {h} h",
        on_date="le {date}",
    ),
    "es": Tongue(
        locale="es",
        verb="está",
        available=("Disponible", " está disponible"),
        busy=("Ocupado", " no puede atender llamadas"),
        away=("Fuera", " no está en su puesto"),
        dnd=("No molestar", " no acepta llamadas"),
        offline=("Fuera de horario", " está fuera de su horario de trabajo"),
        absent=("Ausente", " está ausente"),
        undisclosed=("Sin información", ": sin información"),
        back_line="vuelve",
        back_sentence=" y volverá {when}",
        at="a las {h}:{mm}",
        at_one="a la {h}:{mm}",
        on_day="el {day}",
        on_date="el {date}",
        declined=True,
    ),
    "it": Tongue(
        locale="it",
        verb="è",
        available=("Disponibile", " è disponibile"),
        busy=("Non disponibile", " non è disponibile"),
        away=("Fuori posto", " non è al suo posto"),
        dnd=("Non disturbare", " non accetta chiamate"),
        offline=("Non in servizio", " non è in servizio"),
        absent=("Assente", " è assente"),
        undisclosed=("Nessun dato", ": nessuna informazione"),
        back_line="torna",
        back_sentence=" e torna {when}",
        at="alle {h}:{mm}",
        at_one="all'{h}:{mm}",
        on_date="il {date}",
    ),
    "pl": Tongue(
        locale="pl",
        verb="jest",
        available=("Do dyspozycji", " jest do dyspozycji"),
        busy=("Zajęte", " nie może teraz rozmawiać"),
        away=("Poza miejscem", " jest poza miejscem pracy"),
        dnd=("Nie przeszkadzać", " nie przyjmuje rozmów"),
        offline=("Po pracy", " jest po godzinach pracy"),
        absent=("Nieobecność", " jest poza firmą"),
        undisclosed=("Brak informacji", ": brak informacji"),
        back_line="powrót",
        back_sentence=" i wraca {when}",
        at="o {h}:{mm}",
        days=(
            "w poniedziałek",
            "we wtorek",
            "w środę",
            "w czwartek",
            "w piątek",
            "w sobotę",
            "w niedzielę",
        ),
        declined=True,
    ),
    "pt": Tongue(
        locale="pt_PT",
        verb="está",
        available=("Disponível", " está disponível"),
        busy=("Indisponível", " não está disponível"),
        away=("Fora do lugar", " não está no seu lugar"),
        dnd=("Não incomodar", " não aceita chamadas"),
        offline=("Fora do horário", " não está ao serviço"),
        absent=("Ausente", " está ausente"),
        undisclosed=("Sem informação", ": sem informação"),
        back_line="volta",
        back_sentence=" e volta {when}",
        at="às {h}:{mm}",
        at_one="à {h}:{mm}",
        days=(
            "na segunda-feira",
            "na terça-feira",
            "na quarta-feira",
            "na quinta-feira",
            "na sexta-feira",
            "no sábado",
            "no domingo",
        ),
        on_date="em {date}",
        declined=True,
    ),
}


def tongue(language: str) -> Tongue:
    """Return a language by its tag; English where it is not known."""
    first = language.partition("-")[0]
    return TONGUES.get(_SAME.get(first, first)) or TONGUES["en"]


_SAME: Final = {"no": "nb", "nn": "nb"}
"""Tags that are read as another language."""


@lru_cache(maxsize=64)
def _days(locale: str, width: str) -> tuple[str, ...]:
    names = get_day_names("abbreviated" if width == "abbreviated" else "wide", locale=locale)
    return tuple(names[day].rstrip(".") for day in range(7))
