"""What follows from everything that spoke about a booking. POLICY sections 1 and 2.

Place in the flow: *situation + rules that hold + gist → judgement* (all but the note). Every field
of an outcome is decided by the first rule that names it; activity and role are decided
independently of each other; then default codes and packs, then the show-as.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kalends.model.booking import Gist, ShowAs
from kalends.model.vocabulary import Availability, Level
from kalends.policy.judgement import Judgement, refused
from kalends.policy.matching import Rule
from kalends.policy.situation import Situation

if TYPE_CHECKING:
    from kalends.policy.person import PersonPolicy


class Heard(NamedTuple):
    """What spoke about one situation."""

    rules: list[Rule]
    """Those that hold, in order."""
    gist: Gist

    @property
    def built_in(self) -> tuple[str, str, bool] | None:
        """Return activity, rule id and whether a code said so: default codes and packs."""
        return self.gist.built_in

    def first(self, field: str) -> Any:
        """Return the first rule's word on a field of the outcome, or None."""
        for rule in self.rules:
            value = getattr(rule.then, field)
            if value is not None:
                return value
        return None

    def rule_for(self, field: str) -> str:
        """Return the id of the first rule that names a field; empty where none does."""
        return next((rule.id for rule in self.rules if getattr(rule.then, field) is not None), "")

    @property
    def by_code(self) -> bool:
        """Tell whether a code spoke: what stands behind it may become the note."""
        if self.built_in is not None and self.built_in[2]:
            return True
        return any(rule.by_code for rule in self.rules)

    @property
    def is_marked(self) -> bool:
        """Tell whether a code, word, category or mark asked for the booking."""
        if self.built_in is not None or self.gist.forward or self.gist.inform_only:
            return True
        return any(rule.textual for rule in self.rules)

    @property
    def because(self) -> tuple[str, ...]:
        """Return the ids of all that spoke, in order."""
        spoke = [rule.id for rule in self.rules]
        if self.built_in is not None:
            spoke.append(self.built_in[1])
        if self.gist.refused:
            spoke.append("forward-refused")
        return tuple(spoke)


def weighed(at: Situation, heard: Heard) -> Judgement:
    """Return what follows from all that was heard."""
    if heard.rules and heard.first("ignore"):
        return refused(at.booking, "ignored", heard.because)
    if at.person.settings.mode == "marked" and not heard.is_marked:
        return refused(at.booking, "unmarked", heard.because)
    return _settled(at, heard)


def _settled(at: Situation, heard: Heard) -> Judgement:
    """Decide activity and availability: rules, then codes and packs, then the show-as."""
    activity, rule = heard.first("activity"), heard.rule_for("activity")
    availability = heard.first("availability")
    if activity is None and heard.built_in is not None:
        activity, rule, _ = heard.built_in
    if activity is None:
        return _by_show_as(at, heard, availability)
    if availability is None:
        availability = at.person.policy.availability(activity)
    return _counting(at, heard, activity, availability, rule, heard.because)


def _by_show_as(at: Situation, heard: Heard, named: Availability | None) -> Judgement:
    """Settle a booking whose activity nobody named: its show-as speaks."""
    shown = at.person.meaning.show_as[at.show_as] if named is None else named
    activity = shown_activity(at.show_as, shown)
    rule = f"show-as:{at.show_as}"
    if named is not None:
        return _counting(at, heard, activity, shown, rule, heard.because)
    if activity != "available":
        faint = shown is Availability.AVAILABLE and heard.first("priority") is None
        because = (*heard.because, rule)
        return _counting(at, heard, activity, shown, rule, because, faint=faint)
    if heard.first("role") is None:
        return refused(at.booking, "free", heard.because)
    return _counting(at, heard, "", shown, "", heard.because)


def _counting(
    at: Situation,
    heard: Heard,
    activity: str,
    availability: Availability,
    rule: str,
    because: tuple[str, ...],
    *,
    faint: bool = False,
) -> Judgement:
    private = at.private
    # A fixed note is written to be told; what people write (``_noted``) goes with the subject.
    fixed = "" if private else heard.first("note") or ""
    marked = heard.is_marked
    person = at.person
    return Judgement(
        True,
        because,
        activity,
        heard.first("role") or "",
        availability,
        heard.first("priority") or 0,
        fixed,
        Level.ACTIVITY if fixed else Level.SUBJECT,
        _cap(person, activity, heard),
        _diverts(person, heard, marked=marked),
        heard.gist.forward or heard.first("route") or "",
        _returns(person, activity, heard),
        private,
        activity in person.policy.sensitive,
        marked,
        faint,
        rule,
        heard.rule_for("role"),
    )


def _cap(person: PersonPolicy, activity: str, heard: Heard) -> Level | None:
    cap: Level | None = heard.first("disclosure")
    if cap is None:
        cap = person.policy.cap(activity)
    if heard.gist.hide and (cap is None or cap.rank > Level.ACTIVITY.rank):
        return Level.ACTIVITY
    return cap


def _diverts(person: PersonPolicy, heard: Heard, *, marked: bool) -> bool:
    wanted = person.settings.divert
    if wanted == "none" or heard.gist.inform_only:
        return False
    said: bool | None = heard.first("divert")
    return said if said is not None else wanted == "all" or marked


def _returns(person: PersonPolicy, activity: str, heard: Heard) -> bool:
    said: bool | None = heard.first("auto_return")
    return said if said is not None else person.returns(activity)


_BY_AVAILABILITY: Final = {
    Availability.AVAILABLE: "available",
    Availability.BUSY: "busy",
    Availability.AWAY: "away",
    Availability.DND: "dnd",
    Availability.OFFLINE: "off-work",
}
_BY_SHOW_AS: Final = {
    ShowAs.TENTATIVE: "tentative",
    ShowAs.OOF: "out-of-office",
    ShowAs.ELSEWHERE: "elsewhere",
}


def shown_activity(show_as: ShowAs, availability: Availability) -> str:
    """Return the activity that a show-as stands for when nothing else names one.

    Busy and free say no more than a state, so the state's own word is used.
    """
    return _BY_SHOW_AS.get(show_as) or _BY_AVAILABILITY[availability]
