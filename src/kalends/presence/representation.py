"""Views and explanations as the JSON of the API: the same names, times as RFC 3339 in UTC.

Used by web, live stream, webhook and command line alike (``docs/reference/api.md``).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from kalends.model.times import rfc3339
from kalends.model.view import BookingView, SegmentView, View
from kalends.presence.explanation import Age, Cause, Explanation

_moment = lru_cache(maxsize=16_384)(rfc3339)


def view_json(view: View) -> dict[str, Any]:
    """Return a view as plain JSON values; what is not told is null."""
    follows, line, diversion, texts = view.next, view.line, view.diversion, view.texts
    return {
        "person": view.person,
        "revision": view.revision,
        "availability": view.availability.value,
        "activity": view.activity,
        "role": view.role,
        "since": _time(view.since),
        "until": _time(view.until),
        "returns_at": _time(view.returns_at),
        "reachable_at": _time(view.reachable_at),
        "note": view.note,
        "next": None
        if follows is None
        else {
            "activity": follows.activity,
            "availability": follows.availability.value,
            "start": _moment(follows.start),
            "end": _moment(follows.end),
        },
        "origin": None if view.origin is None else view.origin.value,
        "set_by": view.set_by,
        "set_at": _time(view.set_at),
        "line": None if line is None else {"state": line.state, "since": _moment(line.since)},
        "diversion": None
        if diversion is None
        else {"to": diversion.to, "condition": diversion.condition},
        "texts": {"short": texts.short, "line": texts.line, "sentence": texts.sentence},
        "stale_since": _time(view.stale_since),
        "booking_until": _time(view.booking_until),
        "audience": view.audience.value,
        "level": view.level.value,
    }


def segment_json(segment: SegmentView) -> dict[str, Any]:
    """Return a stretch of a timeline as plain JSON values."""
    return {
        "start": _moment(segment.start),
        "end": _moment(segment.end),
        "availability": segment.availability.value,
        "activity": segment.activity,
        "role": segment.role,
        "note": segment.note,
        "origin": None if segment.origin is None else segment.origin.value,
        "booking": _booking(segment.booking),
    }


def explanation_json(explanation: Explanation, lines: list[str]) -> dict[str, Any]:
    """Return an explanation as plain JSON values, ``lines`` being ``account``'s words for it."""
    due = explanation.next_change_at
    return {
        "person": explanation.person,
        "at": _moment(explanation.at),
        "presence": view_json(explanation.view),
        "winner": _cause(explanation.winner),
        "losers": [_cause(loser) for loser in explanation.losers],
        "data": [_age(age) for age in explanation.data],
        "next_change_at": _time(due),
        "known": explanation.known,
        "lines": lines,
    }


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "kind": cause.kind,
        "outcome": cause.outcome,
        "start": _time(cause.start),
        "end": _time(cause.end),
        "availability": None if cause.availability is None else cause.availability.value,
        "activity": cause.activity,
        "booking": _booking(cause.booking),
        "rules": list(cause.rules),
        "set_by": cause.set_by,
    }


def _age(age: Age) -> dict[str, Any]:
    return {
        "calendar": age.calendar,
        "read_at": _time(age.read_at),
        "stale_since": _time(age.stale_since),
        "health": age.health,
    }


def _booking(booking: BookingView | None) -> dict[str, Any] | None:
    if booking is None:
        return None
    return {
        "subject": booking.subject,
        "categories": list(booking.categories),
        "show_as": booking.show_as,
        "recurring": booking.recurring,
        "all_day": booking.all_day,
        "private": booking.private,
    }


def _time(moment: int | None) -> str | None:
    return None if moment is None else _moment(moment)
