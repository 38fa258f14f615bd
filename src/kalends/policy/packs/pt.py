"""Portuguese."""

from kalends.policy.packs.pack import Pack

PACK = Pack(
    language="pt",
    names={
        "available": "Disponível",
        "meeting": "Reunião",
        "lunch": "Almoço",
        "break": "Pausa",
        "out-of-office": "Fora do escritório",
        "vacation": "Férias",
        "sick": "Doente",
        "child-care": "Assistência a filho",
        "parental-leave": "Licença parental",
        "gone": "Ausente pelo resto do dia",
        "home": "Teletrabalho",
        "travel": "Em viagem",
        "course": "Curso",
        "errand": "Assunto pessoal",
        "dnd": "Não incomodar",
        "busy": "Ocupado",
        "tentative": "Provisório",
        "away": "Ausente",
        "elsewhere": "Trabalha noutro local",
        "off-work": "Fora do horário",
        "on-the-phone": "Ao telefone",
    },
    spoken={
        "available": "disponível",
        "meeting": "em reunião",
        "lunch": "na hora de almoço",
        "break": "em pausa",
        "out-of-office": "fora do escritório",
        "vacation": "de férias",
        "sick": "de baixa por doença",
        "child-care": "em casa com um filho doente",
        "parental-leave": "de licença parental",
        "gone": "fora pelo resto do dia",
        "home": "em teletrabalho",
        "travel": "em viagem",
        "course": "em formação",
        "errand": "fora por um assunto pessoal",
        "dnd": "em modo não incomodar",
        "busy": "sem poder atender de momento",
        "tentative": "com um compromisso provisório",
        "away": "fora do seu posto",
        "elsewhere": "a trabalhar noutro local",
        "off-work": "fora do horário de trabalho",
        "on-the-phone": "ao telefone",
    },
    role_names={
        "work": "Trabalho",
        "private": "Privado",
    },
    role_spoken={
        "work": "em serviço",
        "private": "em privado",
    },
    words={
        "meeting": (
            "reunião, reuniões, em reunião, encontro, conferência, videoconferência, "
            "videochamada, teleconferência, reunião de equipa, reunião de equipe, reunião equipa, "
            "reunião Teams, call, conselho, assembleia, entrevista, ponto de situação, "
            "alinhamento, workshop, almoço de trabalho, almoço de negócios, numa reunião, comité, "
            "comitê, almoço com cliente, reunião geral"
        ),
        "lunch": (
            "almoço, hora de almoço, hora do almoço, almoçar, pausa para almoço, a almoçar, "
            "lunch, pausa de almoço, no almoço, intervalo de almoço"
        ),
        "break": "pausa, intervalo, café, pausa para café, em pausa, pausa para o café, lanche",
        "out-of-office": (
            "fora do escritório, ausente, ausência, folga, de folga, dia livre, dia de folga, "
            "licença, de licença, fora, não estou no escritório, compensação, banco de horas, "
            "licença sem vencimento, day off, dispensa, tolerância de ponto, não disponível, "
            "livre"
        ),
        "vacation": (
            "férias, de férias, férias de verão, em férias, dia de férias, férias de natal, gozo "
            "de férias, dias de férias"
        ),
        "sick": (
            "doente, doença, baixa, de baixa, baixa médica, atestado, atestado médico, licença "
            "médica, estou doente, de atestado, licença saúde, baixa por doença"
        ),
        "child-care": (
            "filho doente, filha doente, assistência a filho, assistência à família, apoio a "
            "filho, criança doente, assistência a filhos, assistência a filho doente, filhos "
            "doentes, acompanhamento de filho, apoio à família"
        ),
        "parental-leave": (
            "licença parental, licença de maternidade, licença de paternidade, licença "
            "maternidade, licença paternidade, maternidade, paternidade, de licença de "
            "maternidade, de licença parental, licença-maternidade, licença-paternidade, horário "
            "de amamentação"
        ),
        "gone": (
            "já saí, saí, fora pelo resto do dia, encerrado por hoje, ausente o resto do dia, fui "
            "embora, já fui, fora o resto do dia, saída"
        ),
        "home": (
            "teletrabalho, em teletrabalho, em casa, casa, trabalho em casa, trabalho remoto, "
            "remoto, home office, a partir de casa, trabalho a partir de casa, homeoffice, "
            "trabalhando de casa, TT, de casa, trabalhar de casa"
        ),
        "travel": (
            "viagem, em viagem, viagem de negócios, viagem de trabalho, viagem de serviço, voo, "
            "deslocação, deslocamento, a viajar, viajando"
        ),
        "course": (
            "curso, formação, em formação, num curso, treinamento, seminário, ação de formação, "
            "capacitação, em treinamento, dia de formação"
        ),
        "errand": (
            "privado, pessoal, assunto pessoal, assuntos pessoais, assunto particular, "
            "particular, compromisso pessoal, consulta médica, consulta, médico, dentista, no "
            "médico, no dentista, cabeleireiro, pediatra, consulta no dentista, compromisso "
            "particular, consulta dentista, fisioterapia, análises clínicas, centro de saúde"
        ),
        "dnd": (
            "não incomodar, não perturbar, não perturbe, não interromper, foco, concentração, "
            "tempo de foco, tempo de concentração, focus"
        ),
    },
    alone=(
        "casa, de casa, TT, remoto, fora, livre, baixa, saída, saí, já fui, privado, pessoal, "
        "particular, café, foco, focus, concentração, voo, call, consulta, maternidade, "
        "paternidade, compensação, conselho, licença, almoçar, intervalo, dispensa, lanche, "
        "viagem, ausente, atestado, encontro"
    ),
    joiners="e, ou",
    followers=(
        "planeamento, planejamento, planear, planejar, plano, planos, pedido, pedidos, pedir, "
        "lista, mapa, política, calendário, festa, substituição, substituto, relatório, despesas, "
        "orçamento, reservar, reserva, encomendar, encomenda, formulário, ata, notas, sala, "
        "aprovação, aprovar, preparar, preparação, marcação, marcar, escala, agendar, "
        "agendamento, reembolso, presente, solicitação, subsídio, avaliação, inscrição, material, "
        "comprovativo"
    ),
)
