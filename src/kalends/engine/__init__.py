"""The core's heart: reads calendars, evaluates who is due, serves sinks, carries out commands.

Flow: ``sync`` stores what calendars say → ``due`` evaluates whoever is due and commits →
``pumps`` bring the change to sinks. ``commands`` are the only other way in. ``engine`` wires them
and owns their life; all of it is one process, the only writer (DESIGN sections 2 and 3).
"""
