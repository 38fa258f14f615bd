"""Wake-ups, live fan-out and commands between processes. The bus only says "look" (invariant 10).

``contract`` is what everybody uses; ``local`` works over a Unix socket beside the database (the
embedded default); NATS comes with several nodes.
"""
