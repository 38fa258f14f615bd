"""An explanation in plain words, in twelve languages, for console and command line.

One line each: what is, why, what lost and why, how old the data is, what changes next. It says
what the explanation holds and nothing else, so it tells no audience more.
"""

from __future__ import annotations

from typing import Final

from babel import Locale

from kalends.model.profile import Profile
from kalends.model.times import utc
from kalends.presence.audiences import Lens
from kalends.presence.disclose import ABSENT
from kalends.presence.explanation import Age, Cause, Explanation
from kalends.presence.setter import Setter
from kalends.presence.telling import telling
from kalends.presence.texts import zone_of
from kalends.presence.words import tongue

_WHY_NOT: Final = frozenset(
    {"ignored", "unmarked", "free", "unanswered", "left-out", "opted-out", "cancelled", "declined"}
)
"""Why a booking does not count (``policy.judgement.refused``), among the ids of rules."""


def account(
    explanation: Explanation,
    profile: Profile,
    lens: Lens,
    language: str = "en",
    setter: Setter | None = None,
) -> list[str]:
    """Return an explanation as lines; times are local to the person.

    ``setter`` is whoever set what was set by hand; None tells nobody.
    """
    return _Writer(profile, lens, language, explanation.at, setter).lines(explanation)


class _Writer:
    def __init__(
        self, profile: Profile, lens: Lens, language: str, at: int, setter: Setter | None
    ) -> None:
        self.lens = lens
        self.setter = setter
        self.telling = telling(language)
        self.language = self.telling.language
        self.words = self.telling.words
        self.zone = zone_of(profile.timezone or lens.timezone)
        self.today = utc(at).astimezone(self.zone).date()

    def lines(self, explanation: Explanation) -> list[str]:
        words = self.words
        told = explanation.view.texts.sentence
        lines = [f"{self.time(explanation.at)}: {told}"]
        lines.append(f"{words['because']}: {self.cause(explanation.winner)}")
        lines += [f"{words['not']}: {self.cause(loser)}" for loser in explanation.losers]
        lines += [self.age(age) for age in explanation.data]
        if explanation.winner.kind == "unread":
            return lines  # nothing is known of what comes, either
        due = explanation.next_change_at
        lines.append(f"{words['next']}: {words['none'] if due is None else self.time(due)}")
        if not explanation.known:
            lines.append(words["horizon"])
        return lines

    def cause(self, cause: Cause) -> str:
        """Return one fact with its times, rule and what became of it."""
        parts = [self.telling.kinds[cause.kind]]
        if cause.booking is not None and cause.booking.subject:
            parts.append(self.words["quoted"].format(text=cause.booking.subject))
        elif cause.booking is not None and cause.booking.private:
            parts.append(self.words["private"])
        if cause.activity is not None:
            parts.append(f"({self.activity(cause.activity)})")
        if cause.start is not None or cause.end is not None:
            ends = [
                None if moment is None else self.time(moment) for moment in (cause.start, cause.end)
            ]
            parts.append(f"{ends[0] or '…'}–{ends[1] or '…'}")
        if cause.set_by and self.setter is not None:
            parts.append(self.words[f"by-{self.setter.how}"].format(name=self.setter.name))
        if cause.rules:
            parts.append(", ".join(self.rule(rule) for rule in cause.rules))
        text = " ".join(parts)
        if cause.outcome == "in-force":
            return text + "."
        return f"{text}: {self.telling.outcomes[cause.outcome]}."

    def rule(self, rule: str) -> str:
        """Return what decided, or why a booking does not count; ids are for programs."""
        rules = self.telling.rules
        kind, _, rest = rule.partition(":")
        if kind == "pack":
            return rules["pack"].format(language=self.named(rest.partition(":")[0]))
        if kind in ("code", "show-as") and rest:
            return rules[kind]
        return rules[rule] if rule in _WHY_NOT else rules["rule"].format(rule=rule)

    def named(self, language: str) -> str:
        """Return what a language is called in the reader's."""
        names = Locale.parse(tongue(self.language).locale).languages
        return str(names.get(language, language))

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
