"""Calendar sources: the ``CalendarSource`` contract and one module per kind.

Place in the flow: *calendars → bookings*. A source reads; what a booking means is policy's job,
when to read is the sync driver's (``engine``). Server oddities live in ``quirks``, one per file.
"""
