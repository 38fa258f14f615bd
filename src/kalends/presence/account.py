"""An explanation in plain words, English and Swedish, for console and command line.

One line each: what is, why, what lost and why, how old the data is, what changes next. It says
what the explanation holds and nothing else, so it tells no audience more.
"""

from __future__ import annotations

from typing import Final, Literal

from kalends.model.profile import Profile
from kalends.model.times import utc
from kalends.presence.audiences import Lens
from kalends.presence.disclose import ABSENT
from kalends.presence.explanation import Age, Cause, Explanation
from kalends.presence.texts import zone_of
from kalends.presence.words import tongue

Spoken = Literal["en", "sv"]

KINDS: Final[dict[Spoken, dict[str, str]]] = {
    "en": {
        "manual": "Set by hand",
        "line": "The phone",
        "hold": "A booking that ended without automatic return",
        "booking": "A booking",
        "automatic-reply": "An automatic reply",
        "schedule": "The work hours",
        "default": "No booking and nothing set by hand",
        "undisclosed": "Something that is not told",
    },
    "sv": {
        "manual": "Satt för hand",
        "line": "Telefonen",
        "hold": "En bokning som slutat utan automatisk återgång",
        "booking": "En bokning",
        "automatic-reply": "Ett autosvar",
        "schedule": "Arbetstiden",
        "default": "Ingen bokning och inget satt för hand",
        "undisclosed": "Något som inte berättas",
    },
}

OUTCOMES: Final[dict[Spoken, dict[str, str]]] = {
    "en": {
        "in-force": "decides",
        "undisclosed": "the reason is not told to you",
        "manual-wins": "manual presence wins while it lasts",
        "line-wins": "the phone in use goes before it here",
        "line-may-not": "the phone does not go before this state here",
        "hold-wins": "the booking that ended holds until somebody ends it",
        "does-not-count": "does not count",
        "role-only": "it only gives a role",
        "free": "it is shown as free",
        "lower-priority": "another booking has a higher priority",
        "all-day": "a timed booking goes before an all-day one",
        "earlier-start": "the booking that began later goes first",
        "longer": "the shorter booking goes first",
        "identity": "two equal bookings: a fixed order decides",
        "not-in-timeline": "it is being worked in",
    },
    "sv": {
        "in-force": "avgör",
        "undisclosed": "orsaken berättas inte för dig",
        "manual-wins": "det som satts för hand gäller så länge det varar",
        "line-wins": "en upptagen telefon går före här",
        "line-may-not": "telefonen går inte före detta läge här",
        "hold-wins": "bokningen som slutat gäller tills någon avslutar den",
        "does-not-count": "räknas inte",
        "role-only": "den ger bara en roll",
        "free": "den visas som ledig",
        "lower-priority": "en annan bokning har högre prioritet",
        "all-day": "en bokning med klockslag går före en heldag",
        "earlier-start": "bokningen som började senare går före",
        "longer": "den kortare bokningen går före",
        "identity": "två lika bokningar: en fast ordning avgör",
        "not-in-timeline": "den håller på att läsas in",
    },
}

_WORDS: Final[dict[Spoken, dict[str, str]]] = {
    "en": {
        "because": "Because",
        "not": "Not",
        "rule": "by",
        "set-by": "set by",
        "fresh": "up to date, content as of",
        "read": "content as of",
        "never": "not read yet",
        "private": "marked private",
        "stale": "not fresh since",
        "calendar": "Calendar",
        "next": "Next change",
        "none": "nothing changes by itself",
        "horizon": "So far ahead bookings are not read yet; they may change this.",
    },
    "sv": {
        "because": "Därför att",
        "not": "Inte",
        "rule": "genom",
        "set-by": "av",
        "fresh": "aktuell, innehåll från",
        "read": "innehåll från",
        "never": "inte läst än",
        "private": "märkt privat",
        "stale": "inte färsk sedan",
        "calendar": "Kalender",
        "next": "Nästa ändring",
        "none": "inget ändras av sig självt",
        "horizon": "Så långt fram är bokningar inte lästa än; de kan ändra detta.",
    },
}


def account(
    explanation: Explanation, profile: Profile, lens: Lens, language: str = "en"
) -> list[str]:
    """Return an explanation as lines; times are local to the person."""
    writer = _Writer(profile, lens, "sv" if language.startswith("sv") else "en", explanation.at)
    return writer.lines(explanation)


class _Writer:
    def __init__(self, profile: Profile, lens: Lens, language: Spoken, at: int) -> None:
        self.lens = lens
        self.language = language
        self.words = _WORDS[language]
        self.zone = zone_of(profile.timezone or lens.timezone)
        self.today = utc(at).astimezone(self.zone).date()

    def lines(self, explanation: Explanation) -> list[str]:
        words = self.words
        told = explanation.view.texts.sentence
        lines = [f"{self.time(explanation.at)}: {told}"]
        lines.append(f"{words['because']}: {self.cause(explanation.winner)}")
        lines += [f"{words['not']}: {self.cause(loser)}" for loser in explanation.losers]
        lines += [self.age(age) for age in explanation.data]
        due = explanation.next_change_at
        lines.append(f"{words['next']}: {words['none'] if due is None else self.time(due)}")
        if not explanation.known:
            lines.append(words["horizon"])
        return lines

    def cause(self, cause: Cause) -> str:
        """Return one fact with its times, rule and what became of it."""
        parts = [KINDS[self.language][cause.kind]]
        if cause.booking is not None and cause.booking.subject:
            parts.append(f"“{cause.booking.subject}”")
        elif cause.booking is not None and cause.booking.private:
            parts.append(self.words["private"])
        if cause.activity is not None:
            parts.append(f"({self.activity(cause.activity)})")
        if cause.start is not None or cause.end is not None:
            ends = [
                None if moment is None else self.time(moment) for moment in (cause.start, cause.end)
            ]
            parts.append(f"{ends[0] or '…'}–{ends[1] or '…'}")
        if cause.set_by:
            parts.append(f"{self.words['set-by']} {cause.set_by}")
        if cause.rules:
            parts.append(f"{self.words['rule']} {', '.join(cause.rules)}")
        text = " ".join(parts)
        if cause.outcome == "in-force":
            return text + "."
        return f"{text}: {OUTCOMES[self.language][cause.outcome]}."

    def age(self, age: Age) -> str:
        words = self.words
        name = f"{words['calendar']} {age.calendar}" if age.calendar else words["calendar"]
        known = words["fresh" if age.stale_since is None else "read"]
        read = words["never"] if age.read_at is None else f"{known} {self.time(age.read_at)}"
        if age.stale_since is None:
            return f"{name}: {read}."
        return f"{name}: {read}, {words['stale']} {self.time(age.stale_since)} ({age.health})."

    def activity(self, activity: str) -> str:
        if activity == ABSENT:
            return tongue(self.language).absent[0]
        return self.lens.words.name(activity, self.language)

    def time(self, moment: int) -> str:
        """Return a local time; another day with its date."""
        local = utc(moment).astimezone(self.zone)
        words = tongue(self.language)
        if local.date() == self.today:
            return words.clock(local)
        return f"{words.line_date(local.date())} {words.clock(local)}"
