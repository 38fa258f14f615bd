"""Ids and bodies of messages (Standard Webhooks, "Payload structure")."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from kalends.model.times import rfc3339


def message_id(organization: str, sink: str, changes: Sequence[tuple[str, int]]) -> str:
    """Return the id of the message that tells these (person, revision) changes.

    The same changes have the same id, so that a receiver can leave out what it has seen. It tells
    nothing about the person, and has no full stop (it is part of what is signed).
    """
    parts = [organization, sink, *(f"{revision}/{person}" for person, revision in changes)]
    digest = hashlib.sha256("\n".join(parts).encode()).digest()
    return "msg_" + base64.b32encode(digest[:20]).decode().lower()


def event(type: str, at: int, data: dict[str, Any]) -> bytes:
    """Return a body; ``at`` is when it happened, not when it is sent."""
    return msgspec.json.encode({"type": type, "timestamp": rfc3339(at), "data": data})
