"""The truth: units of work over SQLite (embedded) and PostgreSQL. Place: under the engine.

``contract`` says what a store does, in the engine's and the readers' words; ``sqlite`` and
``postgresql`` do it; one contract suite (``tests/contract/store``) runs over both.
"""
