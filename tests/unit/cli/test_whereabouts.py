"""Who is unknown to one of several sources is not there, and no trouble, if another knows him."""

from kalends.calendars.contract import Step
from kalends.cli.whereabouts import Whereabouts

SEARCHED = {"anna": ["north", "south"], "bo": ["north"], "cy": ["north", "south"]}


def here(person: str) -> Step:
    return Step("calendar", f"{person}/default", True, "readable")


def unknown(person: str) -> Step:
    return Step("calendar", f"{person}/default", False, "no mailbox", "Share it.", absent=True)


def told(step: Step) -> str:
    return "absent" if step.absent and step.ok else "ok" if step.ok else "BAD"


def test_whoever_another_source_knows_is_absent_here_and_well() -> None:
    whereabouts = Whereabouts(SEARCHED)
    assert told(whereabouts.settled("north", unknown("anna"))) == "absent"
    assert told(whereabouts.settled("south", here("anna"))) == "ok"
    assert list(whereabouts.nowhere()) == []


def test_whoever_no_source_knows_is_told_once_with_what_to_do() -> None:
    whereabouts = Whereabouts(SEARCHED)
    for source in ("north", "south"):
        assert told(whereabouts.settled(source, unknown("cy"))) == "absent"
    [bad] = whereabouts.nowhere()
    assert (told(bad), bad.subject, bad.remedy) == ("BAD", "cy", "Share it.")
    assert "north, south" in bad.detail


def test_whoever_has_one_source_only_is_missing_there() -> None:
    whereabouts = Whereabouts(SEARCHED)
    alone = whereabouts.settled("north", unknown("bo"))
    assert (told(alone), alone.absent) == ("BAD", False)
    assert list(whereabouts.nowhere()) == []


def test_a_source_that_could_not_be_asked_may_know_everybody() -> None:
    whereabouts = Whereabouts(SEARCHED)
    whereabouts.settled("north", unknown("anna"))
    assert told(whereabouts.settled("south", Step("port", "south.example", False))) == "BAD"
    assert list(whereabouts.nowhere()) == []


def test_other_trouble_than_being_unknown_stays_trouble() -> None:
    denied = Step("calendar", "anna/default", False, "not shared", "Share it.")
    assert told(Whereabouts(SEARCHED).settled("north", denied)) == "BAD"
