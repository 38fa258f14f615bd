"""iCalendar (RFC 5545, 5546, 7529, 7953, 7986; [MS-OXCICAL]): bytes in, bookings out.

Place in the flow: *calendars → bookings*. ``expand`` is what sources call, inside a killable
worker: an outsider decides what a recurrence costs.

Steps, one module each::

    bytes ─ lines ─► components ─ event ─► events ─ series ─► occurrences ─ meaning ─► bookings
                         │           └─ zones, values (TZID, dates, durations)  └─ rules, effort
                         ├─ freebusy ─► busy-only bookings
                         └─ availability ─► work hours

Division of labour with the libraries, by measurement: icalendar parses 3,300 events a second into
objects of which we need a tenth, so ``lines`` reads content lines itself (the benchmark
``benchmarks/icalendar.py`` tells the ratio); recurring-ical-events does what is hard, recurrence
sets with overrides; icalendar knows Windows zones and makes zones of VTIMEZONE.

Vocabulary: a *component* is what stands between BEGIN and END; an *event* one VEVENT read; a
*series* all events of one UID (master and overrides); an *occurrence* one instance of it; a
*moment* a date, or a wall time with its zone.
"""
