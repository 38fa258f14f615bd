"""The configuration ``kalends init`` writes: small, commented, ready to be filled in."""

from __future__ import annotations

import json
import re
import unicodedata


def sample(name: str, language: str, timezone: str) -> str:
    """Return a starting ``kalends.toml`` for an organization."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    identifier = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64] or "main"
    return _TEXT.format(
        id=json.dumps(identifier),
        name=json.dumps(name, ensure_ascii=False),
        language=json.dumps(language),
        timezone=json.dumps(timezone),
    )


_TEXT = """\
# Kalends. Every key is described in docs/reference/configuration.md.
# Check this file, its sources and its people with: kalends check

[server]
database = "sqlite:///var/kalends.db"      # or postgresql://user@host/kalends
http = "127.0.0.1:8080"                    # console and API; put a TLS proxy in front

[[organizations]]
id = {id}
name = {name}
timezone = {timezone}
language = {language}
stage = "trial"                            # off | trial | live: in trial, sinks get nothing
mode = "all"                               # every booking shows; "marked": only M:, L:, ...
domains = []                               # mail domains that are inside: ["acme.example"]

# Where the calendars are. One service account, with whom people share their calendar.
# [[organizations.sources]]
# id = "dav"
# kind = "caldav"                          # or "ics"
# url = "https://calendar.acme.example/"
# username = "kalends"
# password_env = "DAV_PASSWORD"            # or password_file = "dav.password"
# poll_seconds = 30

# Whose presence it is; many people fit better into a file: people_file = "people.csv"
# [[organizations.people]]
# id = "anna"
# name = "Anna Berg"
# emails = ["anna@acme.example"]
# extension = "1001"
# sip = "sip:anna@acme.example"

# Who is told.
# [[organizations.sinks]]
# id = "hook"
# kind = "webhook"
# url = "https://intranet.acme.example/presence"
# secret_env = "HOOK_SECRET"
"""
