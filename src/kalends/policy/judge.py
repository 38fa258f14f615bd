"""What one booking means: does it count, as which activity, in which role, and why.

Place in the flow: *booking → judgement → timeline*; ``explain`` shows a judgement as it is.
POLICY sections 1 and 2. Every field of an outcome is decided by the first rule that names it;
activity and role are decided independently of each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from kalends.model.booking import Booking, Response, ShowAs
from kalends.model.times import Interval
from kalends.model.vocabulary import Availability, Level
from kalends.policy.marks import Marked, read_marks
from kalends.policy.situation import Situation, Standing, is_private, standing
from kalends.policy.subject import Subject, strip_prefixes

if TYPE_CHECKING:
    from kalends.policy.person import PersonPolicy


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
    show_as = _show_as(person, booking)
    if isinstance(show_as, str) and not isinstance(show_as, ShowAs):
        return _refused(booking, show_as)
    own = standing(person, booking)
    marked = _read(person, booking, own)
    if marked.leave_out:
        return _refused(booking, "left-out")
    situation = Situation(person, booking, interval, show_as, own, Subject(marked.text))
    return _Verdict(situation, marked).judgement()


def _refused(booking: Booking, why: str, because: tuple[str, ...] = ()) -> Judgement:
    return Judgement(False, (*because, why), private=is_private(booking))


def _show_as(person: PersonPolicy, booking: Booking) -> ShowAs | str:
    """Return the show-as a booking counts with, or why it cannot count."""
    if person.opted_out:
        return "opted-out"
    if booking.cancelled:
        return "cancelled"
    response = booking.response
    if response is Response.OWN or response is Response.ACCEPTED:
        return booking.show_as
    if response is Response.DECLINED:
        return "declined"
    unanswered = person.settings.unanswered
    if unanswered == "ignore":
        return "unanswered"
    # What shows as free stays free: an invitation nobody answered does not take up time.
    return ShowAs.FREE if booking.show_as is ShowAs.FREE else _UNANSWERED[unanswered]


_UNANSWERED: Final = {
    "tentative": ShowAs.TENTATIVE,
    "busy": ShowAs.BUSY,
    "free": ShowAs.FREE,
}


def _read(person: PersonPolicy, booking: Booking, own: Standing) -> Marked:
    """Return the subject without prefixes and, in own bookings, marks."""
    text = booking.subject
    if ":" in text or not text.isascii():
        text = strip_prefixes(text, person.meaning.codes)
    if own is not Standing.OWN or not text.startswith(person.signs):
        return Marked(text)
    return read_marks(text, person.settings.marks, person.targets)


class _Verdict:
    """Collects what the rules say about one situation; every field's first word stands."""

    __slots__ = (
        "activity",
        "at",
        "auto_return",
        "availability",
        "because",
        "by_code",
        "disclosure",
        "divert",
        "ignore",
        "is_marked",
        "marked",
        "note",
        "priority",
        "role",
        "role_rule",
        "route",
        "rule",
    )

    def __init__(self, at: Situation, marked: Marked) -> None:
        self.at = at
        self.marked = marked
        self.because: list[str] = []
        self.activity: str | None = None
        self.availability: Availability | None = None
        self.role: str | None = None
        self.priority: int | None = None
        self.disclosure: Level | None = None
        self.note: str | None = None
        self.divert: bool | None = None
        self.route: str | None = None
        self.auto_return: bool | None = None
        self.ignore: bool | None = None
        self.rule = self.role_rule = ""
        self.by_code = False
        self.is_marked = bool(marked.forward or marked.inform_only)

    def judgement(self) -> Judgement:
        """Ask every rule, then settle what they left open."""
        self._ask_rules()
        if self.ignore:
            return _refused(self.at.booking, "ignored", tuple(self.because))
        self._ask_packs()
        settings = self.at.person.settings
        if settings.mode == "marked" and not self.is_marked:
            return _refused(self.at.booking, "unmarked", tuple(self.because))
        if self.marked.refused:
            self.because.append("forward-refused")
        return self._settled()

    def _ask_rules(self) -> None:
        at = self.at
        commands = at.standing is not Standing.FOREIGN
        for rule in at.person.meaning.rules:
            if (commands or not rule.textual) and rule.holds(at):
                self.because.append(rule.id)
                self.is_marked = self.is_marked or rule.textual
                self.by_code = self.by_code or rule.by_code
                self._hear(rule.id, rule.then)

    def _hear(self, rule: str, then: object) -> None:
        if self.activity is None and (activity := getattr(then, "activity", None)) is not None:
            self.activity, self.rule = activity, rule
        if self.role is None and (role := getattr(then, "role", None)) is not None:
            self.role, self.role_rule = role, rule
        for field in _PLAIN:
            if getattr(self, field) is None:
                setattr(self, field, getattr(then, field))

    def _ask_packs(self) -> None:
        at = self.at
        if at.standing is Standing.FOREIGN or not at.subject.text:
            return
        found = at.person.meaning.built_in(at)
        if found is None:
            return
        activity, rule, by_code = found
        self.because.append(rule)
        self.is_marked = True
        self.by_code = self.by_code or by_code
        if self.activity is None:
            self.activity, self.rule = activity, rule

    def _settled(self) -> Judgement:
        shown = self.at.person.meaning.show_as[self.at.show_as]
        if self.activity is None:
            return self._by_show_as(shown)
        availability = self.availability
        if availability is None:
            availability = self.at.person.policy.availability(self.activity)
        return self._counting(self.activity, availability, faint=False)

    def _by_show_as(self, shown: Availability) -> Judgement:
        """Settle a booking whose activity no rule named: its show-as speaks."""
        show_as = self.at.show_as
        named = self.availability
        availability = shown if named is None else named
        activity = shown_activity(show_as, availability)
        self.rule = self.rule or f"show-as:{show_as}"
        if named is None:
            self.because.append(self.rule)
        if activity != "available" or named is not None:
            faint = named is None and availability is Availability.AVAILABLE
            return self._counting(activity, availability, faint=faint and self.priority is None)
        if self.role is None:
            return _refused(self.at.booking, "free", tuple(self.because[:-1]))
        return self._counting("", availability, faint=False)

    def _counting(self, activity: str, availability: Availability, *, faint: bool) -> Judgement:
        at, person = self.at, self.at.person
        private = at.private
        note, note_level = ("", Level.SUBJECT) if private else self._note()
        return Judgement(
            counts=True,
            because=tuple(self.because),
            activity=activity,
            role=self.role or "",
            availability=availability,
            priority=self.priority or 0,
            note=note,
            note_level=note_level,
            cap=self._cap(activity),
            divert=self._diverts(),
            route=self.marked.forward or self.route or "",
            auto_return=self._returns(activity),
            private=private,
            sensitive=activity in person.policy.sensitive,
            marked=self.is_marked,
            faint=faint,
            rule=self.rule,
            role_rule=self.role_rule,
        )

    def _note(self) -> tuple[str, Level]:
        """Return the note, and who at least may be told: fixed texts are written to be told."""
        if self.note is not None:
            return self.note, Level.ACTIVITY
        if self.marked.hide:
            return "", Level.SUBJECT
        if self.by_code and self.at.subject.tail:
            return self.at.subject.tail[:255], Level.SUBJECT
        if self.is_marked and self.at.person.settings.description_note:
            return self.at.booking.description[:255].strip(), Level.SUBJECT
        return "", Level.SUBJECT

    def _cap(self, activity: str) -> Level | None:
        cap = self.disclosure
        if cap is None:
            cap = self.at.person.policy.cap(activity)
        if self.marked.hide and (cap is None or cap.rank > Level.ACTIVITY.rank):
            return Level.ACTIVITY
        return cap

    def _diverts(self) -> bool:
        wanted = self.at.person.settings.divert
        if wanted == "none" or self.marked.inform_only:
            return False
        if self.divert is not None:
            return self.divert
        return wanted == "all" or self.is_marked

    def _returns(self, activity: str) -> bool:
        if self.auto_return is not None:
            return self.auto_return
        return self.at.person.returns(activity)


_PLAIN: Final = (
    "ignore",
    "availability",
    "priority",
    "disclosure",
    "note",
    "divert",
    "route",
    "auto_return",
)

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
