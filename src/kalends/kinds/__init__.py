"""The kinds Kalends ships, one small module each: options, endpoint, source, sink.

Registered in ``pyproject.toml`` under the entry-point group ``kalends.kinds``; see
``kalends.endpoints.kind`` for what a kind is.
"""
