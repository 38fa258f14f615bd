"""English."""

from kalends.policy.packs.pack import Pack

PACK = Pack(
    language="en",
    names={
        "available": "Available",
        "meeting": "Meeting",
        "lunch": "Lunch",
        "break": "Break",
        "out-of-office": "Out of office",
        "vacation": "Vacation",
        "sick": "Sick",
        "child-care": "Care of sick child",
        "parental-leave": "Parental leave",
        "gone": "Gone for the day",
        "home": "Working from home",
        "travel": "Travelling",
        "course": "Course",
        "errand": "Private errand",
        "dnd": "Do not disturb",
        "busy": "Busy",
        "tentative": "Tentative",
        "away": "Away",
        "elsewhere": "Working elsewhere",
        "off-work": "Off work",
        "on-the-phone": "On the phone",
    },
    spoken={
        "available": "available",
        "meeting": "in a meeting",
        "lunch": "at lunch",
        "break": "on a break",
        "out-of-office": "out of the office",
        "vacation": "on vacation",
        "sick": "off sick",
        "child-care": "at home with a sick child",
        "parental-leave": "on parental leave",
        "gone": "gone for the day",
        "home": "working from home",
        "travel": "travelling",
        "course": "on a course",
        "errand": "away on an errand",
        "dnd": "not to be disturbed",
        "busy": "busy",
        "tentative": "tentatively booked",
        "away": "away",
        "elsewhere": "working elsewhere",
        "off-work": "off work",
        "on-the-phone": "on the phone",
    },
    role_names={
        "work": "Work",
        "private": "Private",
    },
    role_spoken={
        "work": "on duty",
        "private": "off duty",
    },
    words={
        "meeting": (
            "meeting, meetings, mtg, in a meeting, in meeting, conference, conference call, conf "
            "call, teams meeting, zoom meeting, video call, team meeting, staff meeting, board "
            "meeting, lunch meeting, breakfast meeting, 1:1, one on one, stand-up, standup, stand "
            "up, catch-up, catch up, workshop, all-hands, all hands"
        ),
        "lunch": "lunch, at lunch, lunch break, out to lunch, lunchtime, lunch time, lunch hour",
        "break": "break, coffee break, on a break, on break, tea break",
        "out-of-office": (
            "out of office, out of the office, ooo, oof, away from office, day off, off, off "
            "today, leave, on leave, time off, pto, toil, absent, not in, not in the office, "
            "unpaid leave"
        ),
        "vacation": (
            "vacation, on vacation, holiday, holidays, on holiday, on holidays, annual leave, "
            "a/l, vacation day, summer holiday, summer vacation"
        ),
        "sick": (
            "sick, off sick, out sick, sick leave, on sick leave, sick day, ill, home sick, unwell"
        ),
        "child-care": (
            "sick child, child sick, care of sick child, kid sick, sick kid, home with sick "
            "child, childcare, child care, kids sick"
        ),
        "parental-leave": (
            "parental leave, maternity leave, paternity leave, maternity, paternity, on parental "
            "leave, on maternity leave, on paternity leave, mat leave, pat leave"
        ),
        "gone": (
            "gone for the day, gone for today, left for the day, gone home, left for today, done "
            "for the day"
        ),
        "home": (
            "home, wfh, working from home, work from home, home office, at home, working at home, "
            "remote, working remotely, remote work, telework, teleworking"
        ),
        "travel": (
            "travel, travelling, traveling, business trip, trip, travel time, on the road, "
            "flight, travel day"
        ),
        "course": "course, training, on a course, on training, training course, training day",
        "errand": (
            "errand, errands, private, private errand, personal, dentist, doctor, gp, dental "
            "appointment, doctor's appointment, doctors appointment, dentist appointment, doctor "
            "appointment, private appointment, personal appointment, medical appointment, "
            "hairdresser, vet"
        ),
        "dnd": "do not disturb, dnd, don't disturb, focus, focus time, no interruptions, deep work",
    },
    alone=(
        "off, leave, private, personal, trip, flight, remote, training, absent, holidays, "
        "focus, vet, doctor, break"
    ),
    joiners="and, n, or",
    followers=(
        "planning, planner, plan, plans, request, requests, policy, policies, party, "
        "schedule, calendar, list, rota, approval, approvals, cover, coverage, handover, "
        "form, forms, report, reports, expenses, expense, agency, budget, prep, "
        "preparation, review, minutes, notes, agenda, room, rooms, depot, inspection, "
        "delivery, improvement, visit, visits, pay, balance, evaluation, material, "
        "materials, catalogue, catalog, order, orders, menu, reminder, season, gift, gifts, "
        "card, cards, insurance, point, even, page, site, site's, assignment, down"
    ),
)
