"""The activities and roles an organization knows, in twelve languages. POLICY section 2.

Place in the flow: *settings → vocabulary → policy, presence, pages*. The built-in activities
and roles need not be configured; an organization's ``activities`` and ``roles`` extend them or
change single fields of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Final, TypeVar

from kalends.model.organization import OrganizationSettings
from kalends.model.vocabulary import ActivitySpec, Availability, RoleSpec
from kalends.policy.packs import PACKS, pack_language

_AVAILABILITY: Final[Mapping[str, Availability]] = {
    "available": Availability.AVAILABLE,
    "meeting": Availability.BUSY,
    "lunch": Availability.AWAY,
    "break": Availability.AWAY,
    "out-of-office": Availability.AWAY,
    "vacation": Availability.AWAY,
    "sick": Availability.AWAY,
    "child-care": Availability.AWAY,
    "parental-leave": Availability.AWAY,
    "gone": Availability.OFFLINE,
    "home": Availability.AVAILABLE,
    "travel": Availability.AWAY,
    "course": Availability.BUSY,
    "errand": Availability.AWAY,
    "dnd": Availability.DND,
    "busy": Availability.BUSY,
    "tentative": Availability.AVAILABLE,
    "away": Availability.AWAY,
    "elsewhere": Availability.AVAILABLE,
    "off-work": Availability.OFFLINE,
    "on-the-phone": Availability.BUSY,
}
"""Built-in activities with the coarse state that sinks show."""

_SENSITIVE: Final = frozenset({"sick", "child-care", "parental-leave", "errand"})
_DEFAULT_MINUTES: Final = {"lunch": 60, "break": 15}
"""How long a manual presence lasts when nobody said; the rest end with the working day."""

ROLES: Final = ("work", "private")


def _in_all_languages(field: str, key: str) -> dict[str, str]:
    return {language: getattr(pack, field)[key] for language, pack in PACKS.items()}


def _built_in_activity(key: str, availability: Availability) -> ActivitySpec:
    return ActivitySpec(
        id=key,
        availability=availability,
        names=_in_all_languages("names", key),
        spoken=_in_all_languages("spoken", key),
        sensitive=key in _SENSITIVE,
        default_minutes=_DEFAULT_MINUTES.get(key),
    )


BUILT_IN_ACTIVITIES: Final[Mapping[str, ActivitySpec]] = {
    key: _built_in_activity(key, availability) for key, availability in _AVAILABILITY.items()
}
BUILT_IN_ROLES: Final[Mapping[str, RoleSpec]] = {
    key: RoleSpec(
        id=key,
        names=_in_all_languages("role_names", key),
        spoken=_in_all_languages("role_spoken", key),
    )
    for key in ROLES
}


class Vocabulary:
    """Activities and roles of one organization, and their names."""

    def __init__(
        self,
        activities: Mapping[str, ActivitySpec],
        roles: Mapping[str, RoleSpec],
        language: str,
    ) -> None:
        self.activities = activities
        self.roles = roles
        self.language = language
        """The organization's, used where a name is missing in the asked one."""

    def name(self, activity: str, language: str | None = None) -> str:
        """Return the activity's name for pages; its id where nobody named it."""
        known = self.activities.get(activity)
        return activity if known is None else self._text(known.names, language, activity)

    def spoken(self, activity: str, language: str | None = None) -> str:
        """Return the words for announcements ("i möte"); the name where there are none."""
        known = self.activities.get(activity)
        name = self.name(activity, language)
        return name if known is None else self._text(known.spoken, language, name)

    def role_name(self, role: str, language: str | None = None) -> str:
        """Return the role's name for pages; its id where nobody named it."""
        known = self.roles.get(role)
        return role if known is None else self._text(known.names, language, role)

    def role_spoken(self, role: str, language: str | None = None) -> str:
        """Return the role's words for announcements; the name where there are none."""
        known = self.roles.get(role)
        name = self.role_name(role, language)
        return name if known is None else self._text(known.spoken, language, name)

    @cached_property
    def sensitive(self) -> frozenset[str]:
        """Return the activities told as "absent" until the organization opens them."""
        return frozenset(key for key, spec in self.activities.items() if spec.sensitive)

    def _text(self, texts: Mapping[str, str], language: str | None, otherwise: str) -> str:
        # An exact tag, its language, then the same for the organization, then English.
        for tag in (language or self.language, self.language, "en"):
            found = texts.get(tag) or texts.get(pack_language(tag))
            if found:
                return found
        return otherwise


Spec = TypeVar("Spec", ActivitySpec, RoleSpec)


def _extended(known: Mapping[str, Spec], own: tuple[Spec, ...]) -> dict[str, Spec]:
    """Return the built-in specs with what the organization wrote laid over them."""
    merged = dict(known)
    for spec in own:
        before = merged.get(spec.id)
        merged[spec.id] = spec if before is None else _laid_over(before, spec)
    return merged


def _laid_over(before: Spec, spec: Spec) -> Spec:
    written = {key: getattr(spec, key) for key in spec.model_fields_set}
    for texts in ("names", "spoken"):
        written[texts] = {**getattr(before, texts), **getattr(spec, texts)}
    return before.model_copy(update=written)


def vocabulary(settings: OrganizationSettings) -> Vocabulary:
    """Return the organization's vocabulary: the built-in one, extended by its own."""
    return Vocabulary(
        _extended(BUILT_IN_ACTIVITIES, settings.activities),
        _extended(BUILT_IN_ROLES, settings.roles),
        settings.language,
    )
