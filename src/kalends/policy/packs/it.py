"""Italian."""

from kalends.policy.packs.pack import Pack

PACK = Pack(
    language="it",
    names={
        "available": "Disponibile",
        "meeting": "Riunione",
        "lunch": "Pranzo",
        "break": "Pausa",
        "out-of-office": "Fuori ufficio",
        "vacation": "Ferie",
        "sick": "Malattia",
        "child-care": "Malattia del figlio",
        "parental-leave": "Congedo parentale",
        "gone": "Assente per oggi",
        "home": "Lavoro da casa",
        "travel": "In viaggio",
        "course": "Corso",
        "errand": "Impegno personale",
        "dnd": "Non disturbare",
        "busy": "Occupato",
        "tentative": "Provvisorio",
        "away": "Assente",
        "elsewhere": "Lavora altrove",
        "off-work": "Non in servizio",
        "on-the-phone": "Al telefono",
    },
    spoken={
        "available": "disponibile",
        "meeting": "in riunione",
        "lunch": "in pausa pranzo",
        "break": "in pausa",
        "out-of-office": "fuori ufficio",
        "vacation": "in ferie",
        "sick": "in malattia",
        "child-care": "a casa con il figlio malato",
        "parental-leave": "in congedo parentale",
        "gone": "fuori ufficio per il resto della giornata",
        "home": "al lavoro da casa",
        "travel": "in viaggio",
        "course": "a un corso",
        "errand": "fuori per un impegno personale",
        "dnd": "in modalità non disturbare",
        "busy": "al momento non disponibile",
        "tentative": "forse in appuntamento",
        "away": "lontano dalla postazione",
        "elsewhere": "al lavoro in un'altra sede",
        "off-work": "fuori dall'orario di lavoro",
        "on-the-phone": "al telefono",
    },
    role_names={
        "work": "Lavoro",
        "private": "Privato",
    },
    role_spoken={
        "work": "in servizio",
        "private": "in privato",
    },
    words={
        "meeting": (
            "riunione, riunioni, in riunione, meeting, incontro, appuntamento, conferenza, "
            "videoconferenza, videochiamata, call, conference call, riunione di team, riunione "
            "team, riunione Teams, colloquio, allineamento, comitato, consiglio, CDA, assemblea, "
            "workshop, call conference, pranzo di lavoro, colazione di lavoro, call di "
            "allineamento, consiglio di amministrazione"
        ),
        "lunch": "pranzo, pausa pranzo, a pranzo, in pausa pranzo, lunch, pausa mensa, mensa",
        "break": "pausa, in pausa, pausa caffè, caffè",
        "out-of-office": (
            "fuori ufficio, fuori sede, assente, assenza, permesso, in permesso, ROL, giorno "
            "libero, libero, riposo, recupero, aspettativa, non in ufficio, riposo compensativo, "
            "permesso retribuito, festivo, non disponibile, banca ore, ex festività"
        ),
        "vacation": (
            "ferie, in ferie, vacanza, vacanze, in vacanza, ferie estive, ferie natalizie, giorno "
            "di ferie, vacanze estive, giorni di ferie"
        ),
        "sick": (
            "malato, malata, malattia, in malattia, assente per malattia, ammalato, ammalata, "
            "congedo per malattia, indisposto, indisposta"
        ),
        "child-care": (
            "figlio malato, figlia malata, malattia figlio, malattia figlia, malattia bambino, "
            "malattia del figlio, bambino malato, bambina malata, permesso figlio malato, figli "
            "malati, congedo malattia figlio"
        ),
        "parental-leave": (
            "congedo parentale, maternità, in maternità, paternità, congedo di maternità, congedo "
            "di paternità, congedo maternità, congedo paternità, in paternità, in congedo "
            "parentale, allattamento, astensione obbligatoria"
        ),
        "gone": (
            "uscito, uscita, andato via, andata via, fuori per oggi, finito per oggi, assente il "
            "resto della giornata, non rientro, fuori il resto della giornata"
        ),
        "home": (
            "smart working, smartworking, smart, in smart working, lavoro agile, telelavoro, da "
            "casa, lavoro da casa, casa, a casa, lavoro da remoto, da remoto, remoto, home "
            "office, in smart"
        ),
        "travel": (
            "viaggio, in viaggio, trasferta, in trasferta, viaggio di lavoro, missione, volo, "
            "treno, viaggio d'affari"
        ),
        "course": (
            "corso, a un corso, formazione, in formazione, seminario, aggiornamento, corso di "
            "formazione, corso di aggiornamento, giornata di formazione"
        ),
        "errand": (
            "privato, personale, impegno personale, impegno privato, commissione, commissioni, "
            "medico, dal medico, dentista, dal dentista, visita medica, dottore, appuntamento "
            "personale, appuntamento privato, parrucchiere, pediatra, appuntamento medico, "
            "appuntamento dentista, appuntamento dal dentista, appuntamento dal medico, visita "
            "specialistica, fisioterapia"
        ),
        "dnd": (
            "non disturbare, si prega di non disturbare, concentrazione, focus, focus time, tempo "
            "di concentrazione"
        ),
    },
    alone=(
        "casa, a casa, smart, remoto, libero, uscito, uscita, privato, personale, caffè, focus, "
        "concentrazione, volo, treno, call, permesso, riposo, recupero, maternità, paternità, "
        "missione, festivo, ROL, mensa, commissione, consiglio, aggiornamento, viaggio, "
        "allattamento, formazione"
    ),
    joiners="e, ed, o",
    followers=(
        "pianificazione, pianificare, piano, piani, richiesta, richieste, richiedere, elenco, "
        "lista, calendario, festa, sostituzione, sostituto, rapporto, spese, budget, prenotare, "
        "prenotazione, ordinare, ordine, modulo, moduli, verbale, note, sala, approvazione, "
        "approvare, preparare, preparazione, residue, arretrate, regalo, nota, rimborso, "
        "rimborsi, regolamento, policy, certificato, iscrizione, valutazione, materiale, "
        "programma"
    ),
)
