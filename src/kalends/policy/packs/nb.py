"""Norwegian (bokmål)."""

from kalends.policy.packs.pack import Pack

PACK = Pack(
    language="nb",
    names={
        "available": "Tilgjengelig",
        "meeting": "Møte",
        "lunch": "Lunsj",
        "break": "Pause",
        "out-of-office": "Ikke på kontoret",
        "vacation": "Ferie",
        "sick": "Syk",
        "child-care": "Sykt barn",
        "parental-leave": "Foreldrepermisjon",
        "gone": "Gått for dagen",
        "home": "Hjemmekontor",
        "travel": "Reise",
        "course": "Kurs",
        "errand": "Privat ærend",
        "dnd": "Ikke forstyrr",
        "busy": "Opptatt",
        "tentative": "Foreløpig",
        "away": "Borte",
        "elsewhere": "Arbeider et annet sted",
        "off-work": "Utenfor arbeidstid",
        "on-the-phone": "I telefonen",
    },
    spoken={
        "available": "tilgjengelig",
        "meeting": "i møte",
        "lunch": "til lunsj",
        "break": "på pause",
        "out-of-office": "ikke på kontoret",
        "vacation": "på ferie",
        "sick": "syk",
        "child-care": "hjemme med sykt barn",
        "parental-leave": "i foreldrepermisjon",
        "gone": "gått for dagen",
        "home": "på hjemmekontor",
        "travel": "på reise",
        "course": "på kurs",
        "errand": "borte i et privat ærend",
        "dnd": "ikke til å forstyrre",
        "busy": "opptatt",
        "tentative": "foreløpig booket",
        "away": "borte",
        "elsewhere": "på et annet arbeidssted",
        "off-work": "ikke på jobb",
        "on-the-phone": "opptatt i telefonen",
    },
    role_names={
        "work": "Arbeid",
        "private": "Privat",
    },
    role_spoken={
        "work": "på jobb",
        "private": "privat",
    },
    words={
        "meeting": (
            "møte, møtet, møter, i møte, på møte, konferanse, telefonmøte, telefonkonferanse, "
            "videomøte, Teams-møte, teamsmøte, avdelingsmøte, kundemøte, teammøte, prosjektmøte, "
            "personalmøte, statusmøte, morgenmøte, ukemøte, medarbeidersamtale, "
            "utviklingssamtale, lunsjmøte, frokostmøte, allmøte, styremøte, workshop"
        ),
        "lunch": "lunsj, lunch, til lunsj, på lunsj, lunsjpause, spiser lunsj",
        "break": "pause, kaffepause, tar pause, på pause, kaffe",
        "out-of-office": (
            "ikke på kontoret, ute av kontoret, fravær, fraværende, fri, fridag, avspasering, "
            "avspaserer, permisjon, velferdspermisjon, fritt, har fri, ikke på jobb, permittert, "
            "utenfor kontoret"
        ),
        "vacation": (
            "ferie, på ferie, sommerferie, juleferie, vinterferie, høstferie, påskeferie, "
            "feriedag, ferieuke, har ferie, feriedager"
        ),
        "sick": (
            "syk, sjuk, sykmeldt, sykemeldt, egenmelding, sykdag, sykefravær, er syk, sykmelding, "
            "sykedag"
        ),
        "child-care": (
            "sykt barn, syke barn, barn sykt, hjemme med sykt barn, sykt barn hjemme, barns sykdom"
        ),
        "parental-leave": (
            "foreldrepermisjon, fødselspermisjon, pappaperm, pappapermisjon, mammaperm, "
            "mammapermisjon, i permisjon med barn, foreldreperm, svangerskapspermisjon"
        ),
        "gone": (
            "gått for dagen, dratt for dagen, har gått, gått hjem, gått, ferdig for dagen, ute "
            "resten av dagen"
        ),
        "home": (
            "hjemmekontor, hjemme, jobber hjemme, jobber hjemmefra, arbeider hjemme, jobbe "
            "hjemmefra, hjemmefra, HK, hjemmekontordag, arbeider hjemmefra, jobb hjemmefra"
        ),
        "travel": (
            "reise, på reise, tjenestereise, forretningsreise, jobbreise, reisedag, reisetid, "
            "hjemreise, utreise, på reisefot"
        ),
        "course": "kurs, på kurs, kursdag, opplæring, etterutdanning, utdanning, fagdag, seminar",
        "errand": (
            "privat, privat ærend, ærend, lege, legen, legetime, legebesøk, tannlege, tannlegen, "
            "tannlegetime, fastlege, frisør, privat avtale, helsestasjon"
        ),
        "dnd": (
            "ikke forstyrr, ikke forstyr, må ikke forstyrres, fokustid, fokus, konsentrasjonstid"
        ),
    },
    alone="HK, fri, fritt, gått, privat, fokus, kaffe, permisjon, fravær, utdanning",
    joiners="og, eller",
    followers=(
        "planlegging, planlegge, planer, plan, liste, søknad, søke, søknader, ønsker, oversikt, "
        "avvikling, vikar, rutine, rutiner, fest, penger, budsjett, rapport, registrering, "
        "bestille, bestilling, kalender, regler, referat, innkalling, rom, skjema, avgift, "
        "regning, regninger, invitasjon"
    ),
)
