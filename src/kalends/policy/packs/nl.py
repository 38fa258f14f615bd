"""Dutch."""

from kalends.policy.packs.pack import Pack

PACK = Pack(
    language="nl",
    names={
        "available": "Beschikbaar",
        "meeting": "Vergadering",
        "lunch": "Lunch",
        "break": "Pauze",
        "out-of-office": "Niet op kantoor",
        "vacation": "Vakantie",
        "sick": "Ziek",
        "child-care": "Zorg voor ziek kind",
        "parental-leave": "Ouderschapsverlof",
        "gone": "Weg voor vandaag",
        "home": "Thuiswerken",
        "travel": "Op reis",
        "course": "Cursus",
        "errand": "Privéafspraak",
        "dnd": "Niet storen",
        "busy": "Bezet",
        "tentative": "Voorlopig",
        "away": "Afwezig",
        "elsewhere": "Werkt elders",
        "off-work": "Buiten werktijd",
        "on-the-phone": "Aan de telefoon",
    },
    spoken={
        "available": "beschikbaar",
        "meeting": "in vergadering",
        "lunch": "aan het lunchen",
        "break": "met pauze",
        "out-of-office": "niet op kantoor",
        "vacation": "met vakantie",
        "sick": "ziek",
        "child-care": "thuis bij een ziek kind",
        "parental-leave": "met ouderschapsverlof",
        "gone": "weg voor vandaag",
        "home": "thuis aan het werk",
        "travel": "op reis",
        "course": "op cursus",
        "errand": "weg voor een privéafspraak",
        "dnd": "niet te storen",
        "busy": "bezet",
        "tentative": "voorlopig bezet",
        "away": "afwezig",
        "elsewhere": "elders aan het werk",
        "off-work": "niet aan het werk",
        "on-the-phone": "aan de telefoon",
    },
    role_names={
        "work": "Werk",
        "private": "Privé",
    },
    role_spoken={
        "work": "in dienst",
        "private": "privé",
    },
    words={
        "meeting": (
            "vergadering, vergaderingen, meeting, overleg, bespreking, werkoverleg, teamoverleg, "
            "teammeeting, in vergadering, in overleg, in bespreking, conference call, "
            "telefonische vergadering, videovergadering, videobellen, Teams-overleg, Teams- "
            "vergadering, klantbezoek, klantoverleg, projectoverleg, stafoverleg, "
            "afdelingsoverleg, functioneringsgesprek, beoordelingsgesprek, werkbespreking, "
            "weekstart, weekoverleg, bila, bilateraal, lunchoverleg, lunchvergadering, "
            "conferentie, workshop, bestuursvergadering, MT-overleg, afspraak"
        ),
        "lunch": (
            "lunch, lunchpauze, aan het lunchen, lunchen, middagpauze, aan de lunch, lunchtijd"
        ),
        "break": "pauze, koffiepauze, koffie, theepauze, even pauze",
        "out-of-office": (
            "niet op kantoor, buiten kantoor, afwezig, afwezigheid, vrij, vrije dag, vrijaf, "
            "snipperdag, ATV, ADV, ADV-dag, ATV-dag, verlof, bijzonder verlof, vrij genomen, "
            "roostervrij, verlofdag, roostervrije dag, niet aanwezig, ooo, recup, compensatie"
        ),
        "vacation": (
            "vakantie, op vakantie, met vakantie, zomervakantie, kerstvakantie, wintersport, "
            "vakantiedag, verlof vakantie, herfstvakantie, meivakantie, vakantieverlof, "
            "krokusvakantie"
        ),
        "sick": (
            "ziek, ziekteverlof, ziekgemeld, ziek gemeld, ziekmelding, ziek thuis, ziekte, is "
            "ziek, ben ziek, met ziekteverlof"
        ),
        "child-care": (
            "ziek kind, kind ziek, zorgverlof, zorg ziek kind, zorg voor ziek kind, zorg voor "
            "kind, kind is ziek, zorgverlof kind"
        ),
        "parental-leave": (
            "ouderschapsverlof, zwangerschapsverlof, bevallingsverlof, vaderschapsverlof, "
            "geboorteverlof, partnerverlof, papadag, mamadag, met ouderschapsverlof, "
            "moederschapsverlof, met zwangerschapsverlof, ouderschapverlof"
        ),
        "gone": (
            "weg voor vandaag, vandaag weg, naar huis, al naar huis, vertrokken, rest van de dag "
            "weg, niet meer aanwezig, rest van de dag afwezig, vandaag niet meer aanwezig"
        ),
        "home": (
            "thuiswerken, thuiswerk, werkt thuis, werk thuis, thuis, thuiswerkdag, thuis aan het "
            "werk, vanuit huis, TW, thuis werken, werken vanuit huis, telewerk, telewerken, WFH"
        ),
        "travel": (
            "reis, op reis, zakenreis, dienstreis, reistijd, onderweg, vlucht, reisdag, "
            "terugreis, heenreis, reizen"
        ),
        "course": (
            "cursus, op cursus, training, opleiding, studiedag, cursusdag, bijscholing, "
            "nascholing, trainingsdag, seminar"
        ),
        "errand": (
            "privé, prive, privéafspraak, privé afspraak, tandarts, huisarts, dokter, ziekenhuis, "
            "kapper, persoonlijk, persoonlijke afspraak, artsbezoek, dokter afspraak, "
            "doktersafspraak, tandartsafspraak, consultatiebureau, fysio, fysiotherapeut"
        ),
        "dnd": (
            "niet storen, s.v.p. niet storen, focus, focustijd, concentratietijd, focusblok, "
            "graag niet storen"
        ),
    },
    alone=(
        "TW, vrij, privé, prive, focus, koffie, afwezig, reis, vlucht, onderweg, ADV, ATV, "
        "verlof, persoonlijk, compensatie, training, opleiding, naar huis, vertrokken, recup, "
        "ziekenhuis, afspraak, reizen, lunchen"
    ),
    joiners="en, of, met z'n",
    followers=(
        "planning, plannen, plan, aanvraag, aanvragen, lijst, rooster, schema, overzicht, "
        "regeling, beleid, feest, vervanging, vervanger, overdracht, budget, rapport, declaratie, "
        "declaraties, declareren, boeken, reserveren, bestellen, kalender, formulier, notulen, "
        "agenda, voorbereiden, voorbereiding, uitnodiging, zaal, ruimte, kaart, cadeau, geld, "
        "saldo, verzoek, registratie, verzetten, evaluatie, materiaal, inschrijven, uitje"
    ),
)
