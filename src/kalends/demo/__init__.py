"""``kalends demo``: a small organization on a real calendar server, on this machine.

Radicale runs as a process of its own with 25 people's calendars and a plausible week of bookings
in several languages; Kalends runs on it as it would anywhere (the demo writes an ordinary
``kalends.toml`` and starts ``kalends serve``); a small receiver prints what the webhook is told.
"""
