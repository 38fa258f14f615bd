"""How long tests wait for what has to come: a process, a socket, a page.

One figure, generous: it costs time only where something fails, and a machine may be many times
slower, or busier, than the one a test was written on. Where what is waited for would come by itself
after a while (a poll, a longest pause), a test keeps a deadline of its own, well before that.
"""

from typing import Final

PATIENCE: Final = 120.0
"""Seconds."""
