"""What a booking's text says, heard once; of a private booking nothing else is kept.

Place in the flow: *subject, categories → gist → judge*. For an ordinary booking the gist lives as
long as one judgement. A private booking is stored with its gist *instead of* its text
(``without_text``, called where a reading is stored): POLICY section 1, "its code is matched in
memory and not kept". ``judge`` means the same by both; that is a property of the tests.

A gist is right for the *wording* it was heard with (``PersonPolicy.wording``): the rules'
conditions on text, packs, languages, marks, listed numbers, addresses. Where that has changed the
calendar is read whole again (``engine.reading``); until then what was heard stands. Outcomes of
rules and their other conditions are not in the gist, so they change at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from kalends.model.booking import Booking, Gist, ShowAs
from kalends.policy.marks import read_marks
from kalends.policy.situation import Standing, counted_as, is_outside, standing
from kalends.policy.subject import Subject, subject_of, without_prefixes

if TYPE_CHECKING:
    from kalends.policy.person import PersonPolicy

READ: Final = 1024
"""Characters of a subject that are read: four times what a booking may carry."""

NOTHING: Final = Gist()
"""The text said nothing to any rule."""

_OWN: Final = Standing.OWN
_FOREIGN: Final = Standing.FOREIGN

UNREAD: Final = subject_of("")
"""The subject of a booking whose text was taken away."""


def hear(
    person: PersonPolicy, booking: Booking, own: Standing, show_as: ShowAs
) -> tuple[Gist, Subject]:
    """Return what the text says, and the subject behind its reply prefixes and marks."""
    meaning = person.meaning
    subject = without_prefixes(booking.subject[:READ], meaning.codes)
    marked = None
    if own is _OWN and subject.text.startswith(person.signs):
        marked = read_marks(subject.text, person.settings.marks, person.targets)
        subject = subject_of(marked.text)
    if own is _FOREIGN:
        return NOTHING, subject
    rules = meaning.texts.spoken(subject, booking.categories)
    built_in = meaning.built_in(subject, own, show_as) if subject.text else None
    if marked is not None:
        return Gist(rules, built_in, *marked[1:]), subject
    if not rules and built_in is None:
        return NOTHING, subject
    return meaning.gist(rules, built_in), subject


def without_text(person: PersonPolicy, booking: Booking) -> Booking:
    """Return a private booking with its gist instead of its text; any other as it is.

    A booking whose text was taken away before keeps what it said then.
    """
    if booking.gist is not None or not booking.private:
        return booking
    own = standing(person, booking)
    gist, _ = hear(person, booking, own, counted_as(person, booking))
    told = replace(
        gist,
        titled=bool(booking.subject),
        standing=int(own),
        outside=is_outside(person, booking, own),
    )
    return replace(booking, subject="", categories=(), description="", organizer="", gist=told)
