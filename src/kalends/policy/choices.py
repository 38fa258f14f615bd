"""What a person may choose from, and what holds where nothing was chosen. POLICY section 6.

Place in the flow: *settings + record → what a form of preferences offers*. ``checks`` refuses what
is not offered here; ``compile.permitted`` cuts what was chosen to what the organization permits.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kalends.model.organization import OrganizationSettings
from kalends.model.person import PersonRecord, Preferences
from kalends.policy.compile import keyword_languages_of, language_of
from kalends.policy.packs import PACKS
from kalends.policy.profile import OTHERS, most_told, numbers_of

OWN_KINDS: Final = ("desk", "mobile", "softphone", "dect", "home", "assistant", "voicemail")
"""Kinds of numbers a forward may name, in the order they are offered."""
EVERYBODYS: Final = ("attendant", "announce", "busy")
"""Targets that need no number of the person's."""


class Offer(NamedTuple):
    """What there is to choose from."""

    forward: tuple[str, ...]
    """Kinds of numbers that the person has, what everybody may name, and the listed numbers."""
    any_number: bool
    """Whether calls may go to every ordinary number beside these."""
    keyword_languages: tuple[str, ...]
    """Languages of which there is a keyword pack."""


def offer(settings: OrganizationSettings, record: PersonRecord) -> Offer:
    """Return what the person may choose from."""
    kinds = {number.kind for number in numbers_of(settings, record)}
    listed = settings.forward_numbers
    return Offer(
        forward=(
            *(kind for kind in OWN_KINDS if kind in kinds),
            *EVERYBODYS,
            *(number for number in listed if number != "*"),
        ),
        any_number="*" in listed,
        keyword_languages=tuple(PACKS),
    )


def otherwise(settings: OrganizationSettings, record: PersonRecord) -> Preferences:
    """Return what holds where the person has chosen nothing.

    Its ``disclosure`` is also the most that each audience can be told.
    """
    chosen_nothing = record.model_copy(update={"preferences": Preferences()})
    return Preferences(
        calendar=True,
        show_as=settings.show_as,
        keyword_languages=keyword_languages_of(settings, record, settings.keyword_languages),
        auto_return=settings.auto_return,
        disclosure={str(audience): most_told(settings.disclosure, audience) for audience in OTHERS},
        language=language_of(settings, chosen_nothing),
        write_back=False,
    )
