"""What one booking means: does it count, as which activity, in which role, and why.

Place in the flow: *booking → judgement → timeline*; ``explain`` shows a judgement as it is.
POLICY sections 1 and 2. Every field of an outcome is decided by the first rule that names it;
activity and role are decided independently of each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from msgspec.structs import replace

from kalends.model.booking import Booking, Gist, Response, ShowAs
from kalends.model.times import Interval
from kalends.model.vocabulary import Availability, Level
from kalends.policy.gist import UNREAD, hear
from kalends.policy.matching import Rule
from kalends.policy.situation import OPEN, Situation, counted_as, standing

if TYPE_CHECKING:
    from kalends.policy.person import PersonPolicy
    from kalends.policy.subject import Subject


class Judgement(msgspec.Struct, frozen=True, gc=False):
    """What a booking means to its owner."""

    counts: bool
    because: tuple[str, ...]
    """Ids of the rules that decided, in order; and why it does not count, where it does not:
    ``opted-out``, ``cancelled``, ``declined``, ``unanswered``, ``left-out``, ``ignored``,
    ``unmarked``, ``free``; ``forward-refused`` where a forward mark's number is not listed."""
    activity: str = ""
    """Empty: it decides none (a booking that only gives a role)."""
    role: str = ""
    """Empty: no rule decided one."""
    availability: Availability = Availability.AVAILABLE
    priority: int = 0
    note: str = ""
    note_level: Level = Level.SUBJECT
    cap: Level | None = None
    divert: bool = False
    route: str = ""
    auto_return: bool = True
    private: bool = False
    sensitive: bool = False
    marked: bool = False
    """A rule's code, word or category, or a mark, asked for it."""
    faint: bool = False
    """Its show-as alone says available: it never hides a booking that says otherwise."""
    rule: str = ""
    """What decided the activity: a rule's id, ``pack:sv:lunch``, ``code:meeting``,
    ``show-as:busy``."""
    role_rule: str = ""


def judge(person: PersonPolicy, calendar: str, booking: Booking) -> Judgement:
    """Return what a booking of ``calendar`` (``source/name``) means to the person."""
    return judge_at(person, booking, booking.interval(person.zone))


def judge_at(person: PersonPolicy, booking: Booking, interval: Interval) -> Judgement:
    """Judge a booking whose interval is known."""
    why_not = _why_not(person, booking)
    if why_not:
        return _refused(booking, why_not)
    own, show_as = standing(person, booking), counted_as(person, booking)
    gist, subject = booking.gist, UNREAD
    if gist is None:
        gist, subject = hear(person, booking, own, show_as)
    if gist.leave_out:
        return _refused(booking, "left-out")
    return _judged(Situation(person, booking, interval, show_as, own), gist, subject)


def _refused(booking: Booking, why: str, because: tuple[str, ...] = ()) -> Judgement:
    return Judgement(False, (*because, why), private=booking.private)


def _why_not(person: PersonPolicy, booking: Booking) -> str:
    """Return why a booking cannot count whatever the rules say; empty: it can."""
    if person.opted_out:
        return "opted-out"
    if booking.cancelled:
        return "cancelled"
    response = booking.response
    if response is Response.DECLINED:
        return "declined"
    if response in OPEN and person.settings.unanswered == "ignore":
        return "unanswered"
    return ""


class _Heard(NamedTuple):
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


def _judged(at: Situation, gist: Gist, subject: Subject) -> Judgement:
    """Ask everybody, then settle what was left open.

    What was heard settles it all but the note. So judgements are kept without what somebody wrote,
    and shared by everybody with the same meaning.
    """
    meaning, said = at.person.meaning, gist.rules
    rules = [
        rule
        for rule in meaning.rules
        if (rule.reads is None or rule.key in said) and rule.holds(at)
    ]
    heard = _Heard(rules, gist)
    if gist.marked:
        return _noted(at, heard, _weighed(at, heard), subject)
    private = at.private
    names = tuple([rule.id for rule in rules]) if rules else ()
    key = (names, gist.built_in, at.show_as, private, at.person.auto_return)
    kept = meaning.kept.get(key)
    if kept is None:
        if len(meaning.kept) >= _KEPT:
            meaning.kept.clear()
        kept = meaning.kept[key] = _weighed(at, heard)
    return kept if private else _noted(at, heard, kept, subject)


_KEPT: Final = 4096
"""Kept judgements of one meaning; a few dozen occur."""


def _weighed(at: Situation, heard: _Heard) -> Judgement:
    """Return what follows from all that was heard."""
    if heard.rules and heard.first("ignore"):
        return _refused(at.booking, "ignored", heard.because)
    if at.person.settings.mode == "marked" and not heard.is_marked:
        return _refused(at.booking, "unmarked", heard.because)
    return _settled(at, heard)


def _settled(at: Situation, heard: _Heard) -> Judgement:
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


def _by_show_as(at: Situation, heard: _Heard, named: Availability | None) -> Judgement:
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
        return _refused(at.booking, "free", heard.because)
    return _counting(at, heard, "", shown, "", heard.because)


def _counting(
    at: Situation,
    heard: _Heard,
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


def _noted(at: Situation, heard: _Heard, settled: Judgement, subject: Subject) -> Judgement:
    """Return the judgement with what somebody wrote as its note, where that is to be told."""
    if not settled.counts or settled.note or not settled.marked:
        return settled
    if settled.private or heard.gist.hide:
        return settled
    text = subject.tail if heard.by_code else ""
    if not text and at.person.settings.description_note:
        text = at.booking.description
    return replace(settled, note=one_line(text)) if text else settled


def one_line(text: str) -> str:
    """Return a note as one line of at most 255 characters, without control characters."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text[:255]).split())


def _cap(person: PersonPolicy, activity: str, heard: _Heard) -> Level | None:
    cap: Level | None = heard.first("disclosure")
    if cap is None:
        cap = person.policy.cap(activity)
    if heard.gist.hide and (cap is None or cap.rank > Level.ACTIVITY.rank):
        return Level.ACTIVITY
    return cap


def _diverts(person: PersonPolicy, heard: _Heard, *, marked: bool) -> bool:
    wanted = person.settings.divert
    if wanted == "none" or heard.gist.inform_only:
        return False
    said: bool | None = heard.first("divert")
    return said if said is not None else wanted == "all" or marked


def _returns(person: PersonPolicy, activity: str, heard: _Heard) -> bool:
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
