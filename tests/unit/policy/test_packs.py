"""POLICY section 2: keyword packs. What native speakers write must match, and what merely looks
like it must not. Every language has a table of both."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from kalends.model.booking import Booking, Response, ShowAs
from kalends.policy.packs import ABSENCES, PACKS, listed, pack_language
from kalends.policy.person import PersonPolicy
from kalends.policy.subject import phrases
from kalends.policy.vocabulary import BUILT_IN_ACTIVITIES, BUILT_IN_ROLES
from tests.quickest import quickest
from tests.unit.policy.world import COLLEAGUE, all_day, booking, invitation, judged, person

MATCH = {
    "sv": {
        "Möte med Anna": "meeting", "möte": "meeting", "Avstämning budget": "meeting",
        "APT": "meeting", "Lunch": "lunch", "Lunch med Eva": "lunch", "Fika": "break",
        "Semester": "vacation", "Semester v. 29-31": "vacation", "På semester": "vacation",
        "Ledig": "out-of-office", "Tjänstledig": "out-of-office", "Sjuk": "sick",
        "Sjukskriven": "sick", "VAB": "child-care", "Vabbar idag": "child-care",
        "Föräldraledig": "parental-leave", "Gått för dagen": "gone", "Jobbar hemifrån": "home",
        "Hemma": "home", "Tjänsteresa Oslo": "travel", "Kurs i Excel": "course",
        "Tandläkare 14.30": "errand", "Stör ej": "dnd", "SEMESTER!": "vacation",
        "Moete": "meeting",
    },
    "en": {
        "Meeting": "meeting", "Meeting with Bob": "meeting", "1:1 Sue": "meeting",
        "Lunch w/ Sam": "lunch", "Lunch break": "lunch", "Coffee break": "break",
        "OOO": "out-of-office",
        "Out of office": "out-of-office", "Annual leave": "vacation", "Holiday": "vacation",
        "Vacation in Spain": "vacation", "Off sick": "sick", "Sick day": "sick",
        "Sick child": "child-care", "Maternity leave": "parental-leave",
        "Gone for the day": "gone", "WFH": "home", "Working from home": "home",
        "Travel to Leeds": "travel", "Training": "course", "Dentist 3pm": "errand",
        "Doctor's appointment": "errand", "Do not disturb": "dnd", "Focus time": "dnd",
        "Off": "out-of-office", "Off 13:00": "out-of-office",
    },
    "de": {
        "Besprechung mit Anna": "meeting", "Jour fixe Vertrieb": "meeting", "Telko": "meeting",
        "Mittagspause": "lunch", "Zu Tisch": "lunch", "Pause": "break", "Urlaub": "vacation",
        "Urlaub bis 15.8.": "vacation", "im Urlaub": "vacation", "Zeitausgleich": "out-of-office",
        "Außer Haus": "out-of-office", "AUSSER HAUS": "out-of-office",
        "Ausser Haus": "out-of-office",
        "krank": "sick", "Krankgemeldet": "sick", "Kind krank": "child-care",
        "Elternzeit": "parental-leave", "Feierabend": "gone", "Homeoffice": "home",
        "Home-Office": "home", "Dienstreise Köln": "travel", "Geschaeftsreise": "travel",
        "Schulung": "course", "Zahnarzt": "errand", "Arzttermin 9 Uhr": "errand",
        "Bitte nicht stören": "dnd",
    },
    "nb": {
        "Møte med Kari": "meeting", "MOTE": "meeting", "Lunsj": "lunch", "Pause": "break",
        "Avspasering": "out-of-office", "Ferie": "vacation", "Ferie uke 28": "vacation",
        "Syk": "sick", "Egenmelding": "sick", "Sykt barn": "child-care",
        "Pappaperm": "parental-leave", "Gått for dagen": "gone", "Hjemmekontor": "home",
        "Tjenestereise": "travel", "Kurs": "course", "Tannlege kl 10": "errand",
        "Ikke forstyrr": "dnd",
    },
    "da": {
        "Møde med Peter": "meeting", "MUS": "meeting", "Frokost": "lunch", "Kaffepause": "break",
        "Afspadsering": "out-of-office", "Ferie": "vacation", "Holder ferie": "vacation",
        "Syg": "sick", "Barns første sygedag": "child-care", "Barsel": "parental-leave",
        "Gået for i dag": "gone", "Arbejder hjemme": "home", "Forretningsrejse": "travel",
        "Kursus i Odense": "course", "Tandlæge": "errand", "Tandlaege": "errand",
        "Forstyr ikke": "dnd",
    },
    "fi": {
        "Palaveri": "meeting", "Kokous Matin kanssa": "meeting", "Lounas": "lunch",
        "Lounaalla": "lunch", "Kahvitauko": "break", "Saldovapaa": "out-of-office",
        "Kesäloma": "vacation", "Lomalla": "vacation", "Saikulla": "sick",
        "Sairauslomalla": "sick", "Lapsi sairaana": "child-care",
        "Vanhempainvapaalla": "parental-leave", "Lähtenyt kotiin": "gone", "Etätyö": "home",
        "Etäpäivä": "home", "Työmatka Turku": "travel", "Koulutus": "course",
        "Hammaslääkäri klo 10": "errand", "Älä häiritse": "dnd",
    },
    "nl": {
        "Overleg met Jan": "meeting", "Vergadering": "meeting", "Lunch": "lunch",
        "Lunchpauze": "lunch", "Koffiepauze": "break", "Snipperdag": "out-of-office",
        "Vrij": "out-of-office", "Vakantie": "vacation", "Op vakantie": "vacation", "Ziek": "sick",
        "Ziek gemeld": "sick", "Zorgverlof": "child-care", "Papadag": "parental-leave",
        "Weg voor vandaag": "gone", "Thuiswerken": "home", "Zakenreis": "travel",
        "Cursus Excel": "course", "Tandarts 10.00": "errand", "Privé": "errand",
        "Niet storen": "dnd",
    },
    "fr": {
        "Réunion": "meeting", "Reunion d'equipe": "meeting", "RDV client": "meeting",
        "Déjeuner": "lunch", "Pause déjeuner": "lunch", "Pause café": "break",
        "RTT": "out-of-office", "Absente": "out-of-office", "Congés": "vacation",
        "Congés d'été": "vacation", "Vacances": "vacation", "Arrêt maladie": "sick",
        "Enfant malade": "child-care", "Congé maternité": "parental-leave",
        "Partie pour la journée": "gone", "Télétravail": "home", "En déplacement": "travel",
        "Déplacement Lyon": "travel", "Formation Excel": "course", "Dentiste 15h": "errand",
        "RDV médecin": "errand", "Ne pas déranger": "dnd",
    },
    "es": {
        "Reunión": "meeting", "Reunion con Ana": "meeting", "Almuerzo": "lunch", "Comida": "lunch",
        "Descanso": "break", "Fuera de la oficina": "out-of-office",
        "Asuntos propios": "out-of-office",
        "Vacaciones": "vacation", "Vacaciones en Cádiz": "vacation", "Baja médica": "sick",
        "Hijo enfermo": "child-care", "Permiso de paternidad": "parental-leave",
        "Fuera por hoy": "gone", "Teletrabajo": "home", "Viaje de trabajo": "travel",
        "Curso de inglés": "course", "Cita médica": "errand", "Dentista 10:00": "errand",
        "No molestar": "dnd",
    },
    "it": {
        "Riunione": "meeting", "Riunione con Anna": "meeting", "Pranzo": "lunch",
        "Pausa pranzo": "lunch", "Pausa caffè": "break", "Permesso": "out-of-office",
        "Fuori ufficio": "out-of-office", "Ferie": "vacation", "Ferie dal 10 al 20": "vacation",
        "Malattia": "sick", "Figlio malato": "child-care", "Congedo parentale": "parental-leave",
        "Fuori per oggi": "gone", "Smart working": "home", "Smartworking": "home",
        "Trasferta Milano": "travel", "Corso sicurezza": "course", "Visita medica": "errand",
        "Non disturbare": "dnd",
    },
    "pl": {
        "Spotkanie": "meeting", "Spotkanie z Anną": "meeting", "Przerwa obiadowa": "lunch",
        "Lunch": "lunch", "Przerwa": "break", "Dzień wolny": "out-of-office",
        "Nieobecna": "out-of-office", "Urlop": "vacation", "Urlop do 15.08": "vacation",
        "Na urlopie": "vacation", "L4": "sick", "Zwolnienie lekarskie": "sick",
        "Opieka nad dzieckiem": "child-care", "Urlop macierzyński": "parental-leave",
        "Koniec pracy": "gone", "Praca zdalna": "home", "Delegacja Gdańsk": "travel",
        "Szkolenie": "course", "Lekarz 12:00": "errand", "U dentysty": "errand",
        "Nie przeszkadzać": "dnd",
    },
    "pt": {
        "Reunião": "meeting", "Reuniao com Ana": "meeting", "Almoço": "lunch",
        "Hora de almoço": "lunch", "Pausa": "break", "Folga": "out-of-office",
        "Fora do escritório": "out-of-office", "Férias": "vacation", "De férias": "vacation",
        "Baixa médica": "sick", "Doente": "sick", "Assistência a filho": "child-care",
        "Licença de maternidade": "parental-leave", "Fora pelo resto do dia": "gone",
        "Teletrabalho": "home", "Viagem de negócios": "travel", "Formação": "course",
        "Consulta médica": "errand", "Dentista 10h": "errand", "Não incomodar": "dnd",
    },
}  # fmt: skip

MUST_NOT = {
    "sv": (
        "Kalle semester", "Semesterplanering", "Lunch & learn", "Lunch och lär", "T: 0701234567",
        "Semester planering", "Boka möte", "Ring Anna om mötet", "Möteskultur", "Lunchlådor",
        "Resebokning", "Kursutvärdering", "Sjukgymnast Kalle", "Hemmaplan", "Privat sektor",
        "Semesteransökan", "Lunch/föreläsning", "Semester ansökan senast idag",
    ),
    "en": (
        "Lunch & learn", "Lunch and learn", "Lunch 'n' learn", "Bob vacation", "Holiday party",
        "Vacation planning", "Sick leave policy", "Lunchbox", "Meetingroom", "Travel expenses",
        "Meeting room", "Training budget", "Leave early for the airport", "Off-site",
        "Home Depot", "Break-even analysis", "Private equity call", "Book meeting",
        "Breakdown review", "Homecoming",
    ),
    "de": (
        "Urlaubsplanung", "Urlaub planen", "Kalle Urlaub", "Urlaubsantrag", "Meetingraum",
        "Pausenraum streichen", "Krankenkasse", "Reisekosten", "Mittag & Impuls", "Kursleitung",
        "Besprechungsraum", "Privat versichert", "Urlaub beantragen", "Frei verfügbar",
    ),
    "nb": (
        "Ferieplanlegging", "Ferie planlegging", "Kari ferie", "Feriepenger", "Lunsj & lær",
        "Lunsj og lær", "Møterom", "Møtekultur", "Sykehus", "Reiseregning", "Kurskveld",
        "Bestille møte", "Fri flyt",
    ),
    "da": (
        "Ferieplanlægning", "Ferie planlægning", "Peter ferie", "Feriepenge", "Frokost & læring",
        "Mødelokale", "Sygehus", "Rejseafregning", "Kursusgebyr", "Book møde", "Frokostordning",
        "Fri bar",
    ),
    "fi": (
        "Lomasuunnitelma", "Loma suunnitelma", "Matin loma", "Lomaraha", "Lounas & oppi",
        "Lounas ja oppi", "Kokoustila", "Matkalasku", "Sairaala", "Koulutusmateriaali",
        "Lounasseteli", "Varaa palaveri", "Vapaa sana",
    ),
    "nl": (
        "Vakantieplanning", "Vakantie planning", "Jan vakantie", "Vakantiegeld", "Lunch & learn",
        "Lunch en leer", "Vergaderzaal", "Ziektewet", "Reiskosten", "Cursusmateriaal",
        "Vrijmibo", "Vrij podium", "Ziektekosten", "Boek vergadering",
    ),
    "fr": (
        "Planning congés", "Congés planning", "Paul congés",
        "Déjeuner & débat", "Déjeuner et débat", "Salle de réunion", "Réunion-débat",
        "Frais de déplacement", "Maladies rares", "Formateur", "Pause-café-débat", "Vacancier",
        "Demande de congés", "Point de vente",
    ),
    "es": (
        "Plan de vacaciones", "Vacaciones pendientes", "Juan vacaciones", "Comida y charla",
        "Sala de reunión", "Bajada de precios", "Cursograma", "Viajero frecuente",
        "Enfermería", "Reunión/comida", "Permiso de obra", "Solicitud vacaciones", "Casa Batlló",
    ),
    "it": (
        "Piano ferie", "Ferie richiesta", "Marco ferie", "Pranzo & formazione",
        "Pranzo e formazione", "Sala riunioni", "Malattie rare", "Viaggiatori", "Corsa",
        "Rimborso trasferta", "Permesso di costruire", "Ferie arretrate", "Casa editrice",
    ),
    "pl": (
        "Plan urlopów", "Urlop wniosek", "Jan urlop", "Lunch & learn", "Lunch i nauka",
        "Sala spotkań", "Chorągiew", "Delegacje rozliczenie", "Podróżnik", "Kursant",
        "Wniosek o urlop", "Urlopowicz", "Opieka serwisowa",
    ),
    "pt": (
        "Plano de férias", "Férias pedido", "João férias", "Almoço & debate", "Almoço e debate",
        "Sala de reunião", "Viagens", "Doenças raras", "Cursor", "Casa Branca", "Baixa de preços",
        "Pedido de férias", "Consulta pública", "Licença de software",
    ),
}  # fmt: skip


def speaker(language: str) -> PersonPolicy:
    return person(language=language, keyword_languages=(language,))


SPEAKERS = {language: speaker(language) for language in PACKS}


@pytest.mark.parametrize("language", PACKS)
def test_words_as_people_write_them_match(language: str) -> None:
    one = SPEAKERS[language]
    found = {subject: judged(subject, one).activity for subject in MATCH[language]}
    assert found == MATCH[language]


@pytest.mark.parametrize("language", PACKS)
def test_subjects_that_only_look_like_it_do_not_match(language: str) -> None:
    one = SPEAKERS[language]
    found = {subject: judged(subject, one).rule for subject in MUST_NOT[language]}
    assert found == dict.fromkeys(MUST_NOT[language], "show-as:busy")


@pytest.mark.parametrize("first", PACKS)
def test_two_languages_together_hear_what_each_hears_and_no_more(first: str) -> None:
    for second in PACKS:
        both = person(keyword_languages=(first, second))
        meant = {**MATCH[second], **MATCH[first]}
        unheard = {each for each in meant if judged(each, both).activity != meant[each]}
        unmeant = {*MUST_NOT[first], *MUST_NOT[second]}
        misheard = {each for each in unmeant if judged(each, both).rule != "show-as:busy"}
        # Two letters mean too much: Polish "i" is "and", Swedish "i" is "in". The first decides.
        assert unheard <= {"Kurs i Excel"}, second
        assert misheard <= {"Lunch en leer", "Lunch i nauka"}, second


@pytest.mark.parametrize("language", PACKS)
def test_an_english_name_of_an_event_is_none_of_the_words_in_it(language: str) -> None:
    assert judged("Lunch and learn", SPEAKERS[language]).rule == "show-as:busy"


@pytest.mark.parametrize("language", PACKS)
def test_every_language_matches_every_activity(language: str) -> None:
    assert set(MATCH[language].values()) == set(PACKS[language].words)


@pytest.mark.parametrize("language", PACKS)
def test_every_word_of_a_pack_means_what_it_says(language: str) -> None:
    one = SPEAKERS[language]
    for activity, words in PACKS[language].words.items():
        wrong = [word for word in listed(words) if judged(word, one).activity != activity]
        assert wrong == []


@pytest.mark.parametrize("language", PACKS)
def test_no_word_of_a_pack_has_two_meanings(language: str) -> None:
    seen: dict[str, str] = {}
    for activity, words in PACKS[language].words.items():
        for form in {form for word in listed(words) for form in phrases(word)}:
            assert seen.setdefault(form, activity) == activity, form


@pytest.mark.parametrize("language", PACKS)
def test_every_language_names_and_speaks_everything(language: str) -> None:
    pack = PACKS[language]
    assert set(pack.names) == set(pack.spoken) == set(BUILT_IN_ACTIVITIES)
    assert set(pack.role_names) == set(pack.role_spoken) == set(BUILT_IN_ROLES)
    assert all(text.strip() for text in (*pack.names.values(), *pack.spoken.values()))
    assert len(set(pack.names.values())) == len(pack.names)


@pytest.mark.parametrize("language", PACKS)
def test_words_that_count_alone_belong_to_the_pack(language: str) -> None:
    pack = PACKS[language]
    words = {word for text in pack.words.values() for word in listed(text)}
    assert set(listed(pack.alone)) <= words


@pytest.mark.parametrize("subject", ["M: budget", "gfd:", "Lunch", "Urlaub", "Möte med Anna"])
def test_what_policy_says_must_match_matches(subject: str) -> None:
    one = person(keyword_languages=("sv", "de"))
    assert judged(subject, one).marked


@pytest.mark.parametrize(
    "subject", ["Kalle semester", "Semesterplanering", "Lunch & learn", "T: 0701234567"]
)
def test_what_policy_says_must_not_match_does_not(subject: str) -> None:
    one = person(keyword_languages=tuple(PACKS))
    assert judged(subject, one).rule == "show-as:busy"


@pytest.mark.parametrize(
    ("subject", "activity", "note"),
    [
        ("M: budget", "meeting", "budget"),
        ("m:", "meeting", ""),
        ("m ; x", "meeting", "x"),
        ("L: 12-13", "lunch", "12-13"),
        ("H: barn hemma", "home", "barn hemma"),
        ("gfd:", "gone", ""),
        ("VAB: Elsa", "child-care", "Elsa"),
    ],
)
def test_default_short_codes(subject: str, activity: str, note: str) -> None:
    found = judged(subject)
    assert (found.activity, found.note) == (activity, note)
    assert found.rule == f"code:{activity}"


@pytest.mark.parametrize("activity", sorted(ABSENCES))
def test_absence_words_need_an_own_booking_not_shown_as_free(activity: str) -> None:
    word = listed(PACKS["sv"].words[activity])[0]
    assert judged(all_day(word, "2")).activity == activity
    assert not judged(all_day(word, "2", show_as=ShowAs.FREE)).counts
    accepted = invitation(word, COLLEAGUE, Response.ACCEPTED)
    assert judged(accepted).activity == "busy"


def test_an_absence_code_needs_an_own_booking() -> None:
    assert judged(invitation("VAB: Elsa", COLLEAGUE, Response.ACCEPTED)).activity == "busy"


def test_other_words_count_where_the_booking_shows_as_free() -> None:
    assert judged(booking("Lunch", show_as=ShowAs.FREE)).activity == "lunch"


def test_packs_can_be_switched_off() -> None:
    one = person(packs=False)
    assert judged("Lunch", one).activity == "busy"
    assert judged("M: budget", one).activity == "busy"


class TestKeywordLanguages:
    def test_default_to_the_persons_and_the_organizations_language(self) -> None:
        one = person({"language": "de"})
        assert judged("Urlaub", one).activity == "vacation"
        assert judged("Semester", one).activity == "vacation"
        assert judged("Vacaciones", one).activity == "busy"

    def test_may_be_set_by_the_organization_and_by_the_person_where_permitted(self) -> None:
        own = {"preferences": {"keyword_languages": ("fr",)}}
        organization: dict[str, Any] = {"keyword_languages": ("es",)}
        assert judged("Vacaciones", person(**organization)).activity == "vacation"
        assert judged("Vacances", person(own, **organization)).activity == "vacation"
        forbidden = person(own, **organization, permissions={"keywords": False})
        assert judged("Vacances", forbidden).activity == "busy"

    def test_regions_and_norwegian_variants_use_their_language(self) -> None:
        assert [pack_language(tag) for tag in ("sv-FI", "pt-BR", "no", "nn")] == [
            "sv", "pt", "nb", "nb",
        ]  # fmt: skip

    def test_the_first_language_wins_a_word_that_two_share(self) -> None:
        # Danish frokost is lunch, Norwegian frokost is breakfast; "Pause" agrees in both.
        danish = person(keyword_languages=("da", "nb"))
        assert judged("Frokost", danish).rule == "pack:da:lunch"


def test_the_longest_phrase_decides() -> None:
    one = SPEAKERS["en"]
    assert judged("Lunch meeting with Sam", one).activity == "meeting"
    assert judged("Sick child at home", one).activity == "child-care"


@pytest.mark.parametrize("length", [100_000])
def test_a_subject_of_100000_characters_is_read_in_linear_time(length: int) -> None:
    rules = [
        {"match": {"pattern": "(a+)+$"}, "then": {"role": "work"}},
        {"match": {"word": "aaaa aaab"}, "then": {"role": "work"}},
        {"match": {"subject": "aaaa"}, "then": {"role": "work"}},
    ]
    one = person(rules=rules, keyword_languages=tuple(PACKS))
    for unit in ("a", "re:", "a ", "ä", ": ", "- ", "&", "'", "a'", "aaaa "):
        it = Booking("u", 0, 3600, subject=unit * (length // len(unit)) + "!")
        # The promise is 10 ms (RELIABILITY threat 8) on an idle core; another one gets leeway.
        assert quickest(partial(judged, it, one)) < 0.3, unit
