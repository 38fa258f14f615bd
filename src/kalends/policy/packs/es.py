"""Spanish."""

from kalends.policy.packs.pack import Pack

PACK = Pack(
    language="es",
    names={
        "available": "Disponible",
        "meeting": "Reunión",
        "lunch": "Almuerzo",
        "break": "Descanso",
        "out-of-office": "Fuera de la oficina",
        "vacation": "Vacaciones",
        "sick": "Baja por enfermedad",
        "child-care": "Cuidado de hijo enfermo",
        "parental-leave": "Permiso parental",
        "gone": "Fuera por hoy",
        "home": "Teletrabajo",
        "travel": "De viaje",
        "course": "Curso",
        "errand": "Asunto personal",
        "dnd": "No molestar",
        "busy": "Ocupado",
        "tentative": "Provisional",
        "away": "Ausente",
        "elsewhere": "Trabaja en otro lugar",
        "off-work": "Fuera de horario",
        "on-the-phone": "Al teléfono",
    },
    spoken={
        "available": "disponible",
        "meeting": "en una reunión",
        "lunch": "en la pausa de la comida",
        "break": "en un descanso",
        "out-of-office": "fuera de la oficina",
        "vacation": "de vacaciones",
        "sick": "de baja por enfermedad",
        "child-care": "en casa al cuidado de un hijo enfermo",
        "parental-leave": "de permiso parental",
        "gone": "fuera por el resto del día",
        "home": "trabajando desde casa",
        "travel": "de viaje",
        "course": "en un curso",
        "errand": "fuera por un asunto personal",
        "dnd": "en modo no molestar",
        "busy": "sin poder atender llamadas",
        "tentative": "con una cita provisional",
        "away": "fuera de su puesto",
        "elsewhere": "trabajando en otro lugar",
        "off-work": "fuera de su horario de trabajo",
        "on-the-phone": "al teléfono",
    },
    role_names={
        "work": "Trabajo",
        "private": "Privado",
    },
    role_spoken={
        "work": "de servicio",
        "private": "en privado",
    },
    words={
        "meeting": (
            "reunión, reuniones, en reunión, junta, comité, conferencia, videoconferencia, "
            "videollamada, llamada, teleconferencia, reunión de equipo, reunión Teams, "
            "entrevista, seguimiento, sesión, taller, workshop, en una reunión, comida de "
            "trabajo, comida de negocios, almuerzo de trabajo, cita, consejo, desayuno de "
            "trabajo, junta directiva"
        ),
        "lunch": (
            "almuerzo, comida, comer, hora de comer, hora de la comida, pausa comida, pausa para "
            "comer, almorzar, lunch, pausa para almorzar, a comer"
        ),
        "break": (
            "descanso, pausa, café, pausa café, pausa para el café, en descanso, pausa del café"
        ),
        "out-of-office": (
            "fuera de la oficina, fuera de oficina, ausente, ausencia, no estoy en la oficina, "
            "día libre, libre, libranza, permiso, asuntos propios, día de asuntos propios, "
            "moscoso, excedencia, no disponible, de permiso, día de permiso, compensación, fuera"
        ),
        "vacation": (
            "vacaciones, de vacaciones, vacaciones de verano, vacas, día de vacaciones, en "
            "vacaciones, días de vacaciones, vacaciones de navidad, vacaciones anuales"
        ),
        "sick": (
            "enfermo, enferma, baja, de baja, baja médica, baja por enfermedad, enfermedad, "
            "incapacidad temporal, licencia médica, reposo, estoy enfermo, estoy enferma, "
            "indispuesto, indispuesta"
        ),
        "child-care": (
            "hijo enfermo, hija enferma, niño enfermo, niña enferma, cuidado de hijo enfermo, "
            "cuidado hijo enfermo, cuidado de hijo, hijos enfermos, cuidado de menor, cuidado de "
            "hija enferma, niños enfermos"
        ),
        "parental-leave": (
            "permiso parental, permiso de paternidad, permiso de maternidad, baja por maternidad, "
            "baja por paternidad, baja maternal, baja paternal, maternidad, paternidad, permiso "
            "por nacimiento, licencia de maternidad, licencia de paternidad, baja de maternidad, "
            "baja de paternidad, permiso paternidad, permiso maternidad, permiso de lactancia"
        ),
        "gone": (
            "me he ido, ya me fui, fuera por hoy, salida, ya no estoy, fuera el resto del día, se "
            "ha ido, jornada terminada"
        ),
        "home": (
            "teletrabajo, en casa, casa, trabajo desde casa, trabajando desde casa, desde casa, "
            "remoto, trabajo remoto, home office, teletrabajando, en remoto, trabajo a distancia, "
            "TT"
        ),
        "travel": (
            "viaje, de viaje, viaje de trabajo, viaje de negocios, viajando, vuelo, "
            "desplazamiento, viaje de empresa, en ruta"
        ),
        "course": (
            "curso, en un curso, formación, capacitación, seminario, de formación, curso de "
            "formación, día de formación, en formación"
        ),
        "errand": (
            "privado, personal, asunto personal, asuntos personales, cita personal, cita médica, "
            "médico, dentista, cita dentista, cita médico, peluquería, pediatra, en el médico, "
            "consulta médica, gestión personal, trámite personal, recado, ambulatorio, cita "
            "privada, cita con el médico, cita con el dentista, fisio"
        ),
        "dnd": (
            "no molestar, no molesten, no molestar por favor, concentración, tiempo de "
            "concentración, foco, focus, tiempo de enfoque"
        ),
    },
    alone=(
        "casa, TT, remoto, fuera, libre, permiso, baja, salida, privado, personal, comida, comer, "
        "café, foco, focus, concentración, llamada, cita, vuelo, maternidad, paternidad, reposo, "
        "compensación, consejo, seguimiento, lunch, viaje, almorzar, desde casa, ausente, sesión, "
        "excedencia"
    ),
    joiners="y, e, o, u",
    followers=(
        "planificación, planificar, plan, planes, solicitud, solicitudes, solicitar, lista, "
        "política, calendario, fiesta, sustitución, sustituto, informe, gastos, presupuesto, "
        "reservar, reserva, pedir, pedido, formulario, preparar, preparación, acta, notas, sala, "
        "cuadrante, aprobar, aprobación, médica pendiente, cena, regalo, pendiente, pendientes, "
        "agenda, tramitar, evaluación, inscripción, material"
    ),
)
