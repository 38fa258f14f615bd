"""Swedish."""

from kalends.policy.packs.pack import Pack

PACK = Pack(
    language="sv",
    names={
        "available": "Tillgänglig",
        "meeting": "Möte",
        "lunch": "Lunch",
        "break": "Paus",
        "out-of-office": "Ej på kontoret",
        "vacation": "Semester",
        "sick": "Sjuk",
        "child-care": "Vård av barn",
        "parental-leave": "Föräldraledig",
        "gone": "Gått för dagen",
        "home": "Arbetar hemifrån",
        "travel": "Resa",
        "course": "Kurs",
        "errand": "Privat ärende",
        "dnd": "Stör ej",
        "busy": "Upptagen",
        "tentative": "Preliminärt bokad",
        "away": "Borta",
        "elsewhere": "Arbetar på annan plats",
        "off-work": "Slutat för dagen",
        "on-the-phone": "I telefon",
    },
    spoken={
        "available": "tillgänglig",
        "meeting": "i möte",
        "lunch": "på lunch",
        "break": "på rast",
        "out-of-office": "inte på kontoret",
        "vacation": "på semester",
        "sick": "sjuk",
        "child-care": "hemma för vård av barn",
        "parental-leave": "föräldraledig",
        "gone": "borta för dagen",
        "home": "hemma och arbetar",
        "travel": "på resa",
        "course": "på kurs",
        "errand": "borta i ett ärende",
        "dnd": "inte att störa",
        "busy": "upptagen",
        "tentative": "preliminärt bokad",
        "away": "borta",
        "elsewhere": "på annan arbetsplats",
        "off-work": "inte i tjänst",
        "on-the-phone": "upptagen i telefon",
    },
    role_names={
        "work": "Arbete",
        "private": "Privat",
    },
    role_spoken={
        "work": "i tjänst",
        "private": "privat",
    },
    words={
        "meeting": (
            "möte, mötet, möten, i möte, på möte, sammanträde, konferens, telefonmöte, teamsmöte, "
            "videomöte, avdelningsmöte, veckomöte, kundmöte, gruppmöte, projektmöte, "
            "arbetsplatsträff, apt, avstämning, medarbetarsamtal, utvecklingssamtal, lunchmöte, "
            "frukostmöte, morgonmöte"
        ),
        "lunch": "lunch, på lunch, lunchrast, lunchpaus, äter lunch",
        "break": "rast, paus, på rast, fika, fikapaus, fikarast, kaffepaus",
        "out-of-office": (
            "ej på kontoret, inte på kontoret, frånvarande, ledig, ledighet, tjänstledig, "
            "tjänstledighet, ledig dag, kompledig, kompledighet, flexledig, komp"
        ),
        "vacation": (
            "semester, på semester, har semester, semesterledig, sommarsemester, semestervecka, "
            "semesterdag"
        ),
        "sick": (
            "sjuk, är sjuk, sjukskriven, sjukdag, sjukfrånvaro, sjukfrånvarande, sjukanmäld, "
            "sjukledig, sjukskrivning"
        ),
        "child-care": "vab, vabb, vabbar, vabar, vård av barn, vård av sjukt barn, sjukt barn",
        "parental-leave": (
            "föräldraledig, föräldraledighet, mammaledig, pappaledig, föräldradag, pappadagar, "
            "barnledig"
        ),
        "gone": (
            "gått för dagen, gfd, har gått, gått hem, slutat för dagen, åkt för dagen, borta "
            "resten av dagen"
        ),
        "home": (
            "hemma, jobbar hemma, arbetar hemma, jobbar hemifrån, arbetar hemifrån, hemarbete, "
            "hemmakontor, distansarbete, distans, jobba hemma, hemifrån, jobb hemifrån, arbete "
            "hemifrån"
        ),
        "travel": (
            "resa, resor, tjänsteresa, på resa, på resande fot, affärsresa, restid, resdag, hemresa"
        ),
        "course": "kurs, kursdag, på kurs, utbildning, utbildningsdag, kompetensdag, fortbildning",
        "errand": (
            "privat ärende, ärende, tandläkare, tandläkaren, tandläkartid, läkare, läkarbesök, "
            "läkartid, doktorn, vårdcentral, vårdcentralen, privat, bilbesiktning, frisör, "
            "frisören, bvc"
        ),
        "dnd": "stör ej, stör inte, får ej störas, fokustid, fokus",
    },
    alone="privat, ärende, komp, fokus, resor",
    joiners="och, o",
    followers=(
        "planering, planera, planeras, lista, listan, schema, schemat, ansökan, ansökningar, "
        "ansöka, önskemål, policy, rutin, rutiner, fest, firande, vikarie, vikariat, rapport, "
        "anmälan, beställa, beställ, boka, intyg, lön, ersättning, avgift, räkning"
    ),
)
