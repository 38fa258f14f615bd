"""Danish."""

from kalends.policy.packs.pack import Pack

PACK = Pack(
    language="da",
    names={
        "available": "Til rådighed",
        "meeting": "Møde",
        "lunch": "Frokost",
        "break": "Pause",
        "out-of-office": "Ikke på kontoret",
        "vacation": "Ferie",
        "sick": "Syg",
        "child-care": "Barns sygedag",
        "parental-leave": "Barsel",
        "gone": "Gået for i dag",
        "home": "Arbejder hjemme",
        "travel": "På rejse",
        "course": "Kursus",
        "errand": "Privat ærinde",
        "dnd": "Forstyr ikke",
        "busy": "Optaget",
        "tentative": "Foreløbig",
        "away": "Ikke til stede",
        "elsewhere": "Arbejder et andet sted",
        "off-work": "Uden for arbejdstid",
        "on-the-phone": "I telefonen",
    },
    spoken={
        "available": "til rådighed",
        "meeting": "i møde",
        "lunch": "til frokost",
        "break": "på pause",
        "out-of-office": "ikke på kontoret",
        "vacation": "på ferie",
        "sick": "syg",
        "child-care": "hjemme med et sygt barn",
        "parental-leave": "på barsel",
        "gone": "gået for i dag",
        "home": "hjemme og arbejder",
        "travel": "på rejse",
        "course": "på kursus",
        "errand": "væk i et privat ærinde",
        "dnd": "ikke til at forstyrre",
        "busy": "optaget",
        "tentative": "foreløbigt optaget",
        "away": "ikke til stede",
        "elsewhere": "på et andet arbejdssted",
        "off-work": "ikke på arbejde",
        "on-the-phone": "optaget i telefonen",
    },
    role_names={
        "work": "Arbejde",
        "private": "Privat",
    },
    role_spoken={
        "work": "på arbejde",
        "private": "privat",
    },
    words={
        "meeting": (
            "møde, mødet, møder, i møde, til møde, konference, telefonmøde, telefonkonference, "
            "videomøde, Teams-møde, teamsmøde, afdelingsmøde, kundemøde, teammøde, projektmøde, "
            "personalemøde, statusmøde, morgenmøde, ugemøde, MUS, MUS-samtale, "
            "medarbejdersamtale, medarbejderudviklingssamtale, frokostmøde, bestyrelsesmøde, "
            "workshop"
        ),
        "lunch": "frokost, til frokost, frokostpause, lunch, spiser frokost",
        "break": "pause, kaffepause, på pause, holder pause, kaffe",
        "out-of-office": (
            "ikke på kontoret, ude af kontoret, fravær, fraværende, fri, fridag, har fri, "
            "afspadsering, afspadserer, omsorgsdag, orlov, seniordag, ikke på arbejde, feriefri, "
            "tjenestefri"
        ),
        "vacation": (
            "ferie, på ferie, sommerferie, juleferie, vinterferie, efterårsferie, påskeferie, "
            "feriedag, feriefridag, ferieuge, holder ferie, feriefridage, feriedage, har ferie"
        ),
        "sick": (
            "syg, sygemeldt, sygedag, sygefravær, er syg, sygdom, sygemelding, delvist sygemeldt"
        ),
        "child-care": (
            "barns sygedag, barn syg, sygt barn, barns første sygedag, barns 1 sygedag, barns 2 "
            "sygedag, barns anden sygedag, hjemme med sygt barn, barnets første sygedag, barn er "
            "syg, barn sygt"
        ),
        "parental-leave": (
            "barsel, på barsel, barselsorlov, forældreorlov, fædreorlov, barselorlov, barsels- "
            "orlov, på forældreorlov"
        ),
        "gone": (
            "gået for i dag, gået for dagen, gået hjem, er gået, gået, taget hjem, færdig for i "
            "dag, væk resten af dagen"
        ),
        "home": (
            "hjemme, hjemmearbejde, arbejder hjemme, arbejder hjemmefra, hjemmekontor, "
            "hjemmearbejdsdag, hjemmefra, HA, arbejde hjemme, arbejde hjemmefra"
        ),
        "travel": (
            "rejse, på rejse, forretningsrejse, tjenesterejse, rejsedag, rejsetid, hjemrejse, "
            "udrejse"
        ),
        "course": (
            "kursus, på kursus, kursusdag, uddannelse, efteruddannelse, undervisning, seminar"
        ),
        "errand": (
            "privat, privat ærinde, ærinde, læge, lægen, lægetid, lægebesøg, tandlæge, tandlægen, "
            "tandlægetid, frisør, privat aftale, sundhedsplejerske, speciallæge"
        ),
        "dnd": (
            "forstyr ikke, må ikke forstyrres, ikke forstyrre, fokustid, fokus, fordybelse, "
            "koncentrationstid"
        ),
    },
    alone="HA, fri, gået, privat, fokus, kaffe, fravær, undervisning, uddannelse",
    joiners="og, eller",
    followers=(
        "planlægning, planlægge, planer, plan, liste, ansøgning, ansøge, ønsker, oversigt, vikar, "
        "regler, fest, penge, budget, rapport, registrering, bestille, bestilling, kalender, "
        "referat, indkaldelse, lokale, skema, regning, ordning, invitation, afvikling, samtale"
    ),
)
