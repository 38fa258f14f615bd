"""Timeline, manual presence, hold, line state and the moment → presence → view. Pure.

``evaluate`` composes, ``advance`` visits boundaries in order, ``view`` is the only disclosure
point, ``explain`` tells why.

- ``stretches``: where a moment lies in a timeline, how far a state reaches
- ``compose``: the presence at one moment
- ``course``: from moment to moment; what outlives a booking; when to come again
- ``audiences``: who may be told what (the ``Lens``); ``disclose`` applies it field by field
- ``texts`` and ``words``: the words of what is told
- ``representation``: a view as JSON
- ``explanation`` and ``account``: why it is so, as a value and in words; ``setter``: who set it
"""

from kalends.presence.account import account
from kalends.presence.audiences import (
    Lens,
    audience_of,
    is_owner,
    lens,
    lens_with,
    level_of,
    published,
    visible,
)
from kalends.presence.compose import evaluate
from kalends.presence.course import Advance, Step, advance, differs, next_change, steps
from kalends.presence.disclose import nothing, segment_views, view
from kalends.presence.explanation import Age, Cause, Explanation, Reading, explain, unread
from kalends.presence.representation import explanation_json, segment_json, view_json
from kalends.presence.setter import PROTECTED, Setter, person_of, setter
from kalends.presence.texts import texts_for

__all__ = [
    "PROTECTED",
    "Advance",
    "Age",
    "Cause",
    "Explanation",
    "Lens",
    "Reading",
    "Setter",
    "Step",
    "account",
    "advance",
    "audience_of",
    "differs",
    "evaluate",
    "explain",
    "explanation_json",
    "is_owner",
    "lens",
    "lens_with",
    "level_of",
    "next_change",
    "nothing",
    "person_of",
    "published",
    "segment_json",
    "segment_views",
    "setter",
    "steps",
    "texts_for",
    "unread",
    "view",
    "view_json",
    "visible",
]
