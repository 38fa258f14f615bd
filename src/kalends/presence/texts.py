"""A presence in words: short, line and sentence, in twelve languages and local time.

Words are made of what a view tells and of nothing else. Everything but the person's name is the
same for all who go to lunch at noon, so it is made once and remembered: 100,000 people change
in one second. The tables stand in ``words``.

Rules of form: a time alone is today's; another day is named within the week, dated beyond it;
midnight needs no time ("back Monday"). A phone's display takes 20 characters.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kalends.model.profile import Profile
from kalends.model.times import utc
from kalends.model.view import Texts
from kalends.model.vocabulary import Availability
from kalends.presence.audiences import Lens
from kalends.presence.words import Tongue, tongue

SHORT: Final = 20
"""Characters a phone's display takes."""

_QUARTER: Final = 900
"""Every zone's midnight since 1972 falls on a quarter of an hour of UTC."""


class Phrases(NamedTuple):
    """The words of a state, without the person's name."""

    short: str
    line: str
    tail: str
    """What follows the name in the sentence."""


def texts_for(
    profile: Profile,
    lens: Lens,
    *,
    availability: Availability | None,
    activity: str | None,
    back: int | None,
    now: int,
    language: str | None = None,
    named: bool = True,
) -> Texts:
    """Return the words of a state as told: ``activity`` None tells no reason.

    ``availability`` None tells nothing at all. ``back`` is the moment of return in UTC seconds,
    left out while the person is available; ``named`` False keeps the name out.
    """
    code = language or profile.language or lens.language
    label, predicate = _label(lens, availability, activity, code)
    if availability is Availability.AVAILABLE:
        back = None
    phrases = phrases_for(
        label, predicate, back, code, profile.timezone or lens.timezone, now - now % _QUARTER
    )
    name = profile.name if named else "–"
    return Texts(phrases.short, phrases.line, name + phrases.tail)


def _label(
    lens: Lens, availability: Availability | None, activity: str | None, code: str
) -> tuple[str, str]:
    """Return a state's name and its predicate ("is in a meeting")."""
    words = tongue(code)
    if availability is None:
        return words.undisclosed
    if activity is None:
        return words.availability[availability]
    if activity == "absent":
        return words.absent
    key = code.partition("-")[0]
    spec = lens.words.activities.get(activity)
    name = lens.words.name(activity, code)
    spoken = None if spec is None else spec.spoken.get(code) or spec.spoken.get(key)
    return name, f" {words.verb} {spoken}" if spoken else f": {name}"


@lru_cache(maxsize=16_384)
def phrases_for(
    label: str, predicate: str, back: int | None, language: str, timezone: str, now: int
) -> Phrases:
    """Return the words of a state; ``predicate`` follows the name in the sentence."""
    words = tongue(language)
    if back is None:
        return Phrases(label[:SHORT].rstrip(), label, predicate + ".")
    zone = zone_of(timezone)
    today, moment = utc(now).astimezone(zone).date(), utc(back).astimezone(zone)
    back_line = f", {words.back_line} {_when_line(words, moment, today)}"
    spoken = words.back_sentence.format(when=_when_spoken(words, moment, today))
    return Phrases(
        short=_short(label, _when_short(words, moment, today)),
        line=label + back_line,
        # "Anna Berg: Yoga" is no clause that another one could follow.
        tail=predicate + (back_line if predicate.startswith(":") else spoken) + ".",
    )


def _short(label: str, when: str) -> str:
    """Return name and time; where both are too long the name is cut, never the time."""
    room = SHORT - len(when) - 2
    return f"{label[:room].rstrip()} -{when}"


def _when_short(words: Tongue, moment: datetime, today: date) -> str:
    day = moment.date()
    if day == today:
        return words.clock(moment)
    if 0 < (day - today).days < 7:
        name = words.short_days[day.weekday()]
        return name if _midnight(moment) else f"{name} {words.clock(moment)}"
    return words.short_date(day)


def _when_line(words: Tongue, moment: datetime, today: date) -> str:
    day = moment.date()
    if day == today:
        return words.clock(moment)
    if 0 < (day - today).days < 7:
        name = words.line_days[day.weekday()]
        return name if _midnight(moment) else f"{name} {words.clock(moment)}"
    return words.line_date(day)


def _when_spoken(words: Tongue, moment: datetime, today: date) -> str:
    day = moment.date()
    if day == today:
        return words.spoken_clock(moment)
    if 0 < (day - today).days < 7:
        name = words.spoken_days[day.weekday()]
        return name if _midnight(moment) else f"{name} {words.spoken_clock(moment)}"
    return words.spoken_date(day)


def _midnight(moment: datetime) -> bool:
    return moment.hour == 0 and moment.minute == 0


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """Return a zone; UTC where the name means nothing (settings are checked before)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
