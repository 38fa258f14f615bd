"""The tables of ``docs/guide/rules.md`` say what policy does."""

import re
from pathlib import Path

import pytest

from kalends.model.booking import Booking, Response, ShowAs
from kalends.policy.judge import judge
from tests.unit.policy.world import COLLEAGUE, OUTSIDER, booking, invitation, person

PAGE = (Path(__file__).parents[3] / "docs/guide/rules.md").read_text("utf-8")
OWN = re.findall(r"^\| `(.+?)` \| (\w+) \| (\S+) \| (\S+) \|$", PAGE, re.MULTILINE)
INVITED = re.findall(r"^\| `(.+?)` \| (\w+) \| (\w+) \| (\S+) \| (\S+) \|$", PAGE, re.MULTILINE)


def shown(it: Booking) -> tuple[str, str]:
    """Return availability and activity as the tables write them."""
    found = judge(person(), "dav/default", it)
    return (found.availability.value, found.activity) if found.counts else ("–", "–")


def test_the_tables_are_found() -> None:
    assert len(OWN) >= 15
    assert len(INVITED) >= 5


@pytest.mark.parametrize(("subject", "show_as", "availability", "activity"), OWN)
def test_an_own_booking_means_what_the_guide_says(
    subject: str, show_as: str, availability: str, activity: str
) -> None:
    assert shown(booking(subject, show_as=ShowAs(show_as))) == (availability, activity)


@pytest.mark.parametrize(("subject", "whose", "answer", "availability", "activity"), INVITED)
def test_an_invitation_means_what_the_guide_says(
    subject: str, whose: str, answer: str, availability: str, activity: str
) -> None:
    organizer = {"inside": COLLEAGUE, "outside": OUTSIDER}[whose]
    it = invitation(subject, organizer, Response(answer), show_as=ShowAs.BUSY)
    assert shown(it) == (availability, activity)
