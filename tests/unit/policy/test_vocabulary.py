"""POLICY sections 2 and 5: the built-in vocabulary and what an organization makes of it."""

from __future__ import annotations

import pytest

from kalends.model.vocabulary import Availability
from kalends.policy.packs import PACKS
from kalends.policy.vocabulary import BUILT_IN_ACTIVITIES, BUILT_IN_ROLES, vocabulary
from tests.unit.policy.world import settings


def test_the_built_in_activities_are_those_promised() -> None:
    promised = (
        "available meeting lunch break out-of-office vacation sick child-care parental-leave gone "
        "home travel course errand dnd busy tentative away elsewhere off-work on-the-phone"
    )
    assert set(vocabulary(settings()).activities) == set(promised.split())
    assert set(vocabulary(settings()).roles) == set(BUILT_IN_ROLES) == {"work", "private"}


def test_health_and_family_are_sensitive() -> None:
    assert vocabulary(settings()).sensitive == {"sick", "child-care", "parental-leave", "errand"}


def test_dnd_rejects_calls_and_is_not_being_in_a_meeting() -> None:
    assert BUILT_IN_ACTIVITIES["dnd"].availability is Availability.DND
    assert BUILT_IN_ACTIVITIES["meeting"].availability is Availability.BUSY


@pytest.mark.parametrize("language", PACKS)
def test_every_activity_is_named_and_spoken_in_every_language(language: str) -> None:
    words = vocabulary(settings())
    for activity, spec in BUILT_IN_ACTIVITIES.items():
        assert words.name(activity, language) == spec.names[language]
        assert words.spoken(activity, language) == spec.spoken[language]
    for role, named in BUILT_IN_ROLES.items():
        assert words.role_name(role, language) == named.names[language]
        assert words.role_spoken(role, language) == named.spoken[language]


@pytest.mark.parametrize(
    ("language", "name"),
    [("sv-FI", "Möte"), ("nn", "Møte"), ("pt-BR", "Reunião"), ("ja", "Möte"), (None, "Möte")],
)
def test_a_missing_language_falls_back_to_the_nearest(language: str | None, name: str) -> None:
    assert vocabulary(settings(language="sv")).name("meeting", language) == name


def test_what_nobody_named_is_called_by_its_id() -> None:
    words = vocabulary(settings(activities=[{"id": "jour"}], roles=[{"id": "duty"}]))
    assert (words.name("jour"), words.spoken("jour")) == ("jour", "jour")
    assert (words.role_name("duty"), words.role_spoken("duty")) == ("duty", "duty")
    assert words.name("never-heard-of") == "never-heard-of"


def test_an_organization_changes_single_fields_and_keeps_the_rest() -> None:
    own = [{"id": "sick", "sensitive": False, "names": {"sv": "Frånvarande"}}]
    sick = vocabulary(settings(activities=own)).activities["sick"]
    assert not sick.sensitive
    assert (sick.names["sv"], sick.names["en"]) == ("Frånvarande", "Sick")
    assert sick.availability is Availability.AWAY
