"""French."""

from kalends.policy.packs.pack import Pack

PACK = Pack(
    language="fr",
    names={
        "available": "Disponible",
        "meeting": "Réunion",
        "lunch": "Déjeuner",
        "break": "Pause",
        "out-of-office": "Absent du bureau",
        "vacation": "Congés",
        "sick": "Maladie",
        "child-care": "Enfant malade",
        "parental-leave": "Congé parental",
        "gone": "Parti pour la journée",
        "home": "Télétravail",
        "travel": "En déplacement",
        "course": "Formation",
        "errand": "Rendez-vous privé",
        "dnd": "Ne pas déranger",
        "busy": "Occupé",
        "tentative": "Provisoire",
        "away": "Absent",
        "elsewhere": "Travaille ailleurs",
        "off-work": "Pas au travail",
        "on-the-phone": "Au téléphone",
    },
    spoken={
        "available": "disponible",
        "meeting": "en réunion",
        "lunch": "en pause déjeuner",
        "break": "en pause",
        "out-of-office": "hors du bureau",
        "vacation": "en congé",
        "sick": "en arrêt maladie",
        "child-care": "à la maison avec un enfant malade",
        "parental-leave": "en congé parental",
        "gone": "hors du bureau pour le reste de la journée",
        "home": "en télétravail",
        "travel": "en déplacement",
        "course": "en formation",
        "errand": "en rendez-vous privé",
        "dnd": "en mode ne pas déranger",
        "busy": "indisponible",
        "tentative": "sous réserve en rendez-vous",
        "away": "hors de son poste",
        "elsewhere": "sur un autre lieu de travail",
        "off-work": "hors de ses heures de travail",
        "on-the-phone": "au téléphone",
    },
    role_names={
        "work": "Travail",
        "private": "Privé",
    },
    role_spoken={
        "work": "en service",
        "private": "en privé",
    },
    words={
        "meeting": (
            "réunion, réunions, en réunion, réu, RDV, rendez-vous, rendez vous, point, point "
            "d'équipe, point équipe, réunion d'équipe, réunion équipe, réunion de service, "
            "réunion de chantier, comité, comité de direction, CODIR, COPIL, conférence, "
            "conférence téléphonique, conf call, visioconférence, visio, entretien, entretien "
            "annuel, atelier, séance, conseil, en rendez-vous, call, déjeuner d'affaires, "
            "déjeuner client, déjeuner de travail, réunion Teams"
        ),
        "lunch": (
            "déjeuner, pause déjeuner, repas, pause repas, midi, lunch, en pause déjeuner, dej, "
            "pause midi, pause de midi, dîner"
        ),
        "break": "pause, pause café, en pause, café",
        "out-of-office": (
            "absent, absente, absence, hors bureau, hors du bureau, pas au bureau, RTT, récup, "
            "récupération, jour de récupération, repos, jour de repos, congé sans solde, JRTT, en "
            "RTT, temps partiel, journée RTT, non disponible, pas là, jour off"
        ),
        "vacation": (
            "congé, congés, en congé, en congés, congés payés, congé payé, CP, vacances, en "
            "vacances, congés annuels, congé annuel, vacances d'été, congés d'été, jour de congé"
        ),
        "sick": (
            "malade, maladie, arrêt maladie, congé maladie, en arrêt maladie, arrêt de travail, "
            "en arrêt, en maladie, souffrant, souffrante"
        ),
        "child-care": (
            "enfant malade, enfants malades, garde enfant malade, congé enfant malade, garde "
            "d'enfant, garde enfant, absence enfant malade"
        ),
        "parental-leave": (
            "congé parental, congé maternité, congé de maternité, congé paternité, congé de "
            "paternité, congé mat, en congé maternité, en congé parental, en congé paternité, "
            "congé pat"
        ),
        "gone": (
            "parti, partie, parti pour la journée, partie pour la journée, parti pour "
            "aujourd'hui, journée terminée, absent pour le reste de la journée, rentré, rentrée "
            "chez moi, rentré chez moi"
        ),
        "home": (
            "télétravail, en télétravail, TT, à la maison, à domicile, travail à domicile, "
            "travail à distance, maison, en TT, télé-travail, domicile, home office"
        ),
        "travel": (
            "déplacement, en déplacement, déplacement professionnel, voyage, voyage d'affaires, "
            "trajet, vol, train, mission, en mission, en voyage"
        ),
        "course": (
            "formation, en formation, cours, stage, séminaire, formation continue, journée de "
            "formation"
        ),
        "errand": (
            "privé, perso, personnel, RDV privé, RDV perso, rendez-vous privé, rendez-vous "
            "personnel, rendez-vous perso, médecin, dentiste, docteur, RDV médecin, RDV dentiste, "
            "RDV médical, rendez-vous médical, rendez-vous médecin, rendez-vous dentiste, "
            "coiffeur, course personnelle, kiné, pédiatre, chez le médecin, chez le dentiste"
        ),
        "dnd": (
            "ne pas déranger, ne pas me déranger, ne pas deranger svp, focus, concentration, "
            "temps de concentration, travail de fond, NPD"
        ),
    },
    alone=(
        "TT, CP, maison, domicile, perso, privé, personnel, parti, partie, rentré, café, repas, "
        "midi, repos, focus, concentration, vol, train, mission, stage, cours, conseil, point, "
        "absent, absente, récup, call, dîner, récupération, trajet"
    ),
    joiners="et, ou",
    followers=(
        "planning, planification, planifier, demande, demandes, liste, politique, tableau, fête, "
        "pot, remplacement, remplaçant, rapport, note, notes, frais, budget, réserver, "
        "réservation, commander, commande, calendrier, formulaire, compte, préparation, préparer, "
        "annuelle des, salle, validation, valider, solde, pose, poser, règlement, suivi, cadeau, "
        "ordre, évaluation, inscription, déclaration, certificat"
    ),
)
