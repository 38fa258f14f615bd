"""The processes of ``kalends serve``: a supervisor, the engine, the web (DESIGN section 3).

``supervisor`` starts, watches and ends the others; ``engine_process`` and ``web_process`` put one
process together from the configuration; ``watched`` is a process' side of being watched. Each
process imports only what it needs.
"""
