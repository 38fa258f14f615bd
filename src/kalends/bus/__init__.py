"""Wake-ups, live fan-out and commands between processes. The bus only says "look" (invariant 10).

``contract`` is what everybody uses, ``commands`` what travels as requests; ``local`` works over a
Unix socket beside the database (the embedded default), ``memory`` within one process; NATS comes
with several nodes.
"""
