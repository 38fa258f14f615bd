"""What each audience may be told: the rules behind every view. POLICY section 5.

A *lens* is what disclosure needs of an organization. For one state of one person the level is
the least of: the audience's level, the person's own choice, the cap of rule or activity, and
``times`` where the booking is private. Towards the person (and delegates) only the last applies.

Decided here, where POLICY leaves it open:

- *Delegates* see what the person sees, sensitive activities included, but not what stands in a
  private booking: that opens to nobody but its owner (``owner=True``).
- *Outside* is never above ``times`` whatever is configured, and neither a start nor an end more
  than ``outside_days`` away is told: a long absence is told by its beginning, too.
- A *protected* person is not told at all but to attendants and to the person.
- Level ``nothing`` reads ``offline`` without words: neither available (a lie) nor a reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from kalends.model.organization import OrganizationSettings
from kalends.model.profile import Profile
from kalends.model.vocabulary import ActivitySpec, Audience, Level, Stage
from kalends.policy.profile import OTHERS, most_told
from kalends.policy.vocabulary import vocabulary


class Words(Protocol):
    """What is needed of ``policy.vocabulary.Vocabulary``."""

    @property
    def activities(self) -> Mapping[str, ActivitySpec]:
        """Every activity the organization knows, by id."""

    def name(self, activity: str, language: str) -> str:
        """Return an activity's name in a language."""


@dataclass(frozen=True, slots=True)
class Lens:
    """What disclosure needs of an organization."""

    levels: Mapping[Audience, Level]
    outside_seconds: int
    """How far from now a moment may be for the outside to be told of it."""
    opened: frozenset[str]
    """Sensitive activities that the organization's own people are told."""
    sensitive: frozenset[str]
    language: str
    timezone: str
    words: Words


class Told(NamedTuple):
    """What an audience is told of one state."""

    level: Level
    generic: bool
    """The activity is sensitive: it reads ``absent``, without role, note or rule."""


def lens(settings: OrganizationSettings) -> Lens:
    """Return the lens of an organization, with its own vocabulary."""
    return lens_with(settings, vocabulary(settings))


def lens_with(settings: OrganizationSettings, words: Words) -> Lens:
    """Return the lens of an organization with these words for its activities."""
    disclosure = settings.disclosure
    return Lens(
        levels={
            Audience.SELF: Level.SUBJECT,
            **{audience: most_told(disclosure, audience) for audience in OTHERS},
        },
        outside_seconds=disclosure.outside_days * 86_400,
        opened=frozenset(disclosure.open_activities),
        sensitive=frozenset(name for name, spec in words.activities.items() if spec.sensitive),
        language=settings.language,
        timezone=settings.timezone,
        words=words,
    )


def audience_of(profile: Profile, viewer: Profile | None, role: str) -> Audience:
    """Return who a signed-in viewer of the same organization is towards a person.

    ``viewer`` is the profile of the viewer's own person, None for tokens and accounts without
    one. ``role`` is the account's: administering people (``admin``) is no reason to see more of
    them than colleagues do, operating the server (``provider``) none to see more than anybody.
    """
    if viewer is not None and viewer.left:
        return Audience.OUTSIDE
    if viewer is not None and is_owner(profile, viewer):
        return Audience.SELF
    if viewer is not None and viewer.person in profile.delegates:
        return Audience.SELF
    if role == "attendant":
        return Audience.ATTENDANT
    if role not in {"admin", "member"}:
        return Audience.OUTSIDE
    if viewer is not None and viewer.department and viewer.department == profile.department:
        return Audience.DEPARTMENT
    return Audience.ORGANIZATION


def is_owner(profile: Profile, viewer: Profile | None) -> bool:
    """Tell whether the viewer is the person, to whom alone private bookings are open."""
    return viewer is not None and viewer.person == profile.person


def published(profile: Profile) -> bool:
    """Tell whether sinks are told of a person at all: live, and no leaver."""
    return profile.stage is Stage.LIVE and not profile.left


def visible(profile: Profile, audience: Audience) -> bool:
    """Tell whether an audience may know of a person's entry: name, numbers, that there is one."""
    return not profile.protected or audience in _KNOW_PROTECTED


_KNOW_PROTECTED = frozenset({Audience.SELF, Audience.ATTENDANT})


def level_of(profile: Profile, audience: Audience, lens: Lens) -> Level:
    """Return the highest level an audience is ever told of a person."""
    if audience is Audience.SELF:
        return Level.SUBJECT
    if not visible(profile, audience):
        return Level.NOTHING
    level = lens.levels[audience]
    own = profile.disclosure.get(audience.value)
    return level if own is None else least(level, own)


def told(
    base: Level,
    audience: Audience,
    lens: Lens,
    *,
    activity: str,
    cap: Level | None,
    private: bool,
    sensitive: bool,
    owner: bool,
) -> Told:
    """Return what is told of one state, ``base`` being the audience's level for the person."""
    if audience is Audience.SELF:
        return _OWN if owner or not private else _TIMES
    level = least(base, Level.TIMES) if private else base
    if cap is not None:
        level = least(level, cap)
    return Told(
        level, (sensitive or activity in lens.sensitive) and not _open(activity, audience, lens)
    )


_OWN = Told(Level.SUBJECT, generic=False)
_TIMES = Told(Level.TIMES, generic=False)


def _open(activity: str, audience: Audience, lens: Lens) -> bool:
    return activity in lens.opened and audience is not Audience.OUTSIDE


def least(a: Level, b: Level) -> Level:
    """Return the lower of two levels."""
    return a if a.rank <= b.rank else b
