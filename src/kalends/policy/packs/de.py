"""German."""

from kalends.policy.packs.pack import Pack

PACK = Pack(
    language="de",
    names={
        "available": "Verfügbar",
        "meeting": "Besprechung",
        "lunch": "Mittagspause",
        "break": "Pause",
        "out-of-office": "Abwesend",
        "vacation": "Urlaub",
        "sick": "Krank",
        "child-care": "Kind krank",
        "parental-leave": "Elternzeit",
        "gone": "Schon gegangen",
        "home": "Homeoffice",
        "travel": "Auf Reisen",
        "course": "Kurs",
        "errand": "Privater Termin",
        "dnd": "Bitte nicht stören",
        "busy": "Beschäftigt",
        "tentative": "Mit Vorbehalt",
        "away": "Nicht am Platz",
        "elsewhere": "Arbeitet an anderem Ort",
        "off-work": "Außer Dienst",
        "on-the-phone": "Am Telefon",
    },
    spoken={
        "available": "verfügbar",
        "meeting": "in einer Besprechung",
        "lunch": "in der Mittagspause",
        "break": "in der Pause",
        "out-of-office": "nicht im Büro",
        "vacation": "im Urlaub",
        "sick": "krankgemeldet",
        "child-care": "wegen eines kranken Kindes zu Hause",
        "parental-leave": "in Elternzeit",
        "gone": "für heute nicht mehr im Haus",
        "home": "im Homeoffice",
        "travel": "auf Reisen",
        "course": "auf einer Schulung",
        "errand": "wegen eines privaten Termins abwesend",
        "dnd": "nicht zu stören",
        "busy": "beschäftigt",
        "tentative": "unter Vorbehalt verplant",
        "away": "nicht am Platz",
        "elsewhere": "an einem anderen Arbeitsort",
        "off-work": "nicht im Dienst",
        "on-the-phone": "gerade am Telefon",
    },
    role_names={
        "work": "Arbeit",
        "private": "Privat",
    },
    role_spoken={
        "work": "im Dienst",
        "private": "privat",
    },
    words={
        "meeting": (
            "Besprechung, Besprechungen, Meeting, Mtg, Sitzung, Termin, Konferenz, "
            "Telefonkonferenz, Telko, Videokonferenz, Viko, Jour fixe, Teambesprechung, "
            "Teammeeting, Team-Meeting, Dienstbesprechung, Kundentermin, Kundengespräch, "
            "Projektmeeting, Projektbesprechung, Abstimmung, Abstimmungstermin, "
            "Mitarbeitergespräch, in Besprechung, im Meeting, in einem Meeting, Workshop, "
            "Rücksprache, Lunchmeeting, Teams-Besprechung, Teams Meeting"
        ),
        "lunch": (
            "Mittag, Mittagspause, Mittagessen, Lunch, zu Tisch, Mittagstisch, in der "
            "Mittagspause, beim Mittagessen"
        ),
        "break": "Pause, Kaffeepause, in der Pause, in Pause, Kurze Pause",
        "out-of-office": (
            "abwesend, Abwesenheit, außer Haus, nicht im Büro, nicht im Haus, nicht da, frei, "
            "dienstfrei, freier Tag, Überstundenabbau, Überstundenfrei, Zeitausgleich, Gleittag, "
            "Gleitzeittag, Freizeitausgleich, Sonderurlaub, Bildungsurlaub, Brückentag, nicht "
            "anwesend, ooo, out of office"
        ),
        "vacation": (
            "Urlaub, im Urlaub, Jahresurlaub, Sommerurlaub, Winterurlaub, Resturlaub, Urlaubstag, "
            "Ferien, Erholungsurlaub, Winterferien, Sommerferien, in Urlaub"
        ),
        "sick": (
            "krank, Krankheit, krankgemeldet, krank gemeldet, krankgeschrieben, krank "
            "geschrieben, arbeitsunfähig, AU, bin krank, Krankenstand, Krankmeldung"
        ),
        "child-care": (
            "Kind krank, Kinderkrank, Kinderkrankentag, Kinderkrankentage, krankes Kind, Kind ist "
            "krank, Pflegeurlaub Kind, Kinderkrankenpflege"
        ),
        "parental-leave": (
            "Elternzeit, in Elternzeit, Mutterschutz, im Mutterschutz, Vaterschaftsurlaub, "
            "Karenz, Elternkarenz, Papamonat"
        ),
        "gone": (
            "schon weg, schon gegangen, weg für heute, für heute weg, Feierabend, nicht mehr im "
            "Haus, nicht mehr im Büro, heute nicht mehr da, gegangen"
        ),
        "home": (
            "Homeoffice, Home Office, Home, zu Hause, zuhause, Telearbeit, mobiles Arbeiten, "
            "mobile Arbeit, HO, Heimarbeit, im Homeoffice, im Home Office, remote, Arbeit von zu "
            "Hause"
        ),
        "travel": (
            "Dienstreise, auf Dienstreise, Geschäftsreise, Reise, auf Reisen, Anreise, Abreise, "
            "Rückreise, Hinreise, Reisezeit, unterwegs, Flug, Bahnfahrt, Reisetag"
        ),
        "course": (
            "Kurs, Schulung, Fortbildung, Weiterbildung, Seminar, Lehrgang, Training, auf "
            "Schulung, auf Fortbildung, Ausbildung"
        ),
        "errand": (
            "privat, privater Termin, Privattermin, Arzt, Arzttermin, Arztbesuch, Zahnarzt, "
            "Zahnarzttermin, Behördengang, Hausarzt, Friseur, Besorgung, beim Arzt, Facharzt, "
            "Kinderarzt, Amtstermin"
        ),
        "dnd": (
            "nicht stören, bitte nicht stören, Fokuszeit, Fokus, Fokus-Zeit, konzentriertes "
            "Arbeiten, Konzentrationszeit, Stillarbeit"
        ),
    },
    alone=(
        "Home, HO, AU, remote, frei, privat, Training, Ausbildung, Flug, Reise, Kurs, Termin, "
        "Fokus, gegangen, unterwegs"
    ),
    joiners="und, oder, bzw, u",
    followers=(
        "planen, plan, Pläne, Planung, Planungen, beantragen, Antrag, Anträge, Liste, Vertretung, "
        "Vertretungen, genehmigen, Genehmigung, eintragen, abstimmen, buchen, buchung, "
        "Abrechnung, abrechnen, Übersicht, Kalender, Regelung, Richtlinie, vorbereiten, "
        "Vorbereitung, Protokoll, Feier, Fest, Formular, melden, Bescheinigung, Kosten, Budget, "
        "absagen, verschieben, vereinbaren, Anmeldung, Anspruch, Raum, ausmachen, bestellen"
    ),
)
