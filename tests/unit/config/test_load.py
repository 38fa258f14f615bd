"""A configuration is loaded whole, or every mistake is told at once with file, line and remedy."""

from pathlib import Path

import pytest

from kalends.config import load, toml_text
from kalends.errors import ConfigurationError, UserError
from kalends.model.vocabulary import Availability, Stage

GOOD = """\
[server]
database = "sqlite:///data/kalends.db"

[[organizations]]
id = "acme"
name = "Acme AB"
timezone = "Europe/Stockholm"
language = "sv"
domains = ["acme.example"]

[[organizations.sources]]
id = "dav"
kind = "caldav"
url = "https://calendar.example/"
username = "svc"
password_env = "DAV_PASSWORD"

[[organizations.people]]
id = "anna"
name = "Anna Berg"
emails = ["anna@acme.example"]
calendars = [{ source = "dav", url = "/svc/anna/" }]

[[organizations.rules]]
match = { code = "m" }
then = { activity = "meeting", availability = "busy" }
"""


def written(path: Path, text: str) -> Path:
    file = path / "kalends.toml"
    file.write_text(text, "utf-8")
    return file


def problems(path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(written(path, text))
    return [str(problem) for problem in caught.value.problems]


def test_a_small_file_is_enough(tmp_path: Path) -> None:
    configuration = load(written(tmp_path, GOOD))
    acme = configuration.organizations[0]
    assert acme.people[0].name == "Anna Berg"
    assert acme.rules[0].then.availability is Availability.BUSY
    assert acme.stage is Stage.LIVE
    assert configuration.server.database == f"sqlite:///{tmp_path}/data/kalends.db"
    assert configuration.server.socket_path() == tmp_path / "data" / "kalends.sock"


def test_every_mistake_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    text = GOOD.replace('name = "Acme AB"', "nam = 7").replace(
        'availability = "busy"', 'availability = "bussy"'
    )
    found = problems(tmp_path, text)
    assert any(line.startswith("kalends.toml:6: organizations[0].nam:") for line in found)
    assert any("Did you mean 'name'?" in line for line in found)
    assert any("organizations[0].name: is missing" in line for line in found)
    assert any(line.startswith("kalends.toml:26:") and "'bussy'" in line for line in found)


def test_toml_that_cannot_be_read_names_the_line(tmp_path: Path) -> None:
    found = problems(tmp_path, "[server]\nhttp = \n")
    assert found[0].startswith("kalends.toml:2: TOML:")


def test_a_missing_file_says_how_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="kalends init"):
        load(tmp_path / "kalends.toml")


def test_doubles_and_dead_links_are_found(tmp_path: Path) -> None:
    text = (
        GOOD
        + """
[[organizations.people]]
id = "anna"
name = "Another Anna"
emails = ["ANNA@acme.example"]
delegates = ["nobody"]
timezone = "Europe/Stokholm"
calendars = [{ source = "exchange" }]
"""
    )
    text = text.replace('id = "anna"\nname = "Another', 'id = "anna2"\nname = "Another')
    found = "\n".join(problems(tmp_path, text))
    assert "'ANNA@acme.example' already belongs to 'anna'" in found
    assert "there is no person 'nobody'" in found
    assert "'Europe/Stokholm' is no time zone" in found
    assert "there is no source 'exchange'" in found


def test_a_sip_address_of_two_people_is_told_with_its_line_and_both(tmp_path: Path) -> None:
    def everybody(first: str, second: str) -> str:
        return GOOD + "".join(
            f'[[organizations.people]]\nid = "{id}"\nname = "{id}"\n{sip}\n'
            for id, sip in (("carl", first), ("dora", second))
        )

    text = everybody('sip = "sip:carl@acme.example"', 'sip = "sips:Carl@ACME.example:5061"')
    [found] = problems(tmp_path, text)
    line = 1 + text.splitlines().index('sip = "sips:Carl@ACME.example:5061"')
    assert found.startswith(f"kalends.toml:{line}: ")
    assert "already belongs to 'carl'" in found
    problems_of_a_leaver = everybody('sip = "sip:c@acme.example"\nleft = true',
                                     'sip = "sip:c@acme.example"')  # fmt: skip
    (tmp_path / "kalends.toml").write_text(problems_of_a_leaver)
    assert load(tmp_path / "kalends.toml").organizations


def test_a_person_in_two_organizations_is_refused(tmp_path: Path) -> None:
    second = GOOD.split("\n\n", 1)[1].replace('id = "acme"', 'id = "other"')
    found = "\n".join(problems(tmp_path, GOOD + "\n" + second))
    assert "already belongs to organization 'acme'" in found


def test_an_unknown_kind_names_the_known_ones(tmp_path: Path) -> None:
    found = "\n".join(problems(tmp_path, GOOD.replace('kind = "caldav"', 'kind = "caldaw"')))
    assert "'caldaw' is not a kind" in found
    assert "caldav" in found.split("There are:")[1]


def test_an_unknown_key_of_a_kind_is_found(tmp_path: Path) -> None:
    found = problems(tmp_path, GOOD.replace('username = "svc"', 'usrname = "svc"'))
    assert any(line.startswith("kalends.toml:15:") and "'username'" in line for line in found)


@pytest.mark.parametrize("url", ["dav.acme.example", "127.0.0.1:5232/", "ftp://dav.acme.example/",
                                 "https:///calendars/", "https://[::1/"])  # fmt: skip
def test_an_address_nobody_can_be_asked_at_is_found_with_its_line(url: str, tmp_path: Path) -> None:
    found = problems(tmp_path, GOOD.replace("https://calendar.example/", url))
    assert any(line.startswith("kalends.toml:14:") and "url" in line for line in found)


def test_a_feed_may_be_a_file_of_the_operators(tmp_path: Path) -> None:
    text = GOOD.replace('"caldav"', '"ics"').replace("https://calendar.example/", "feeds/")
    load(written(tmp_path, text.replace('username = "svc"\npassword_env = "DAV_PASSWORD"\n', "")))


def test_an_unknown_activity_in_a_rule_is_found(tmp_path: Path) -> None:
    found = problems(tmp_path, GOOD.replace('activity = "meeting"', 'activity = "meating"'))
    assert any(line.startswith("kalends.toml:26:") and "meating" in line for line in found)


def test_people_come_from_a_csv_and_its_lines_are_named(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(
        "id;name;emails;extension\nbo;Bo Ek;bo@acme.example;1002\n;Nobody;;\n", "utf-8-sig"
    )
    text = GOOD.replace('language = "sv"', 'language = "sv"\npeople_file = "people.csv"')
    found = problems(tmp_path, text)
    assert any(line.startswith("people.csv:3:") and "id: is missing" in line for line in found)
    (tmp_path / "people.csv").write_text(
        "id,name,emails\nbo,Bo Ek,bo@acme.example;b@x.example\n", "utf-8"
    )
    people = load(written(tmp_path, text)).organizations[0].people
    assert people[1].emails == ("bo@acme.example", "b@x.example")


def test_an_unknown_csv_column_is_named(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("id,name,phone\nbo,Bo,1\n", "utf-8")
    text = GOOD.replace('language = "sv"', 'language = "sv"\npeople_file = "people.csv"')
    assert any("phone: is not a column" in line for line in problems(tmp_path, text))


def test_what_is_exported_loads_again_as_the_same(tmp_path: Path) -> None:
    text = GOOD.replace(
        'language = "sv"',
        'language = "sv"\n'
        'work_hours = { mon = ["08:00-17:00"], exceptions = { "2026-12-24" = [] } }\n'
        'activities = [{ id = "fika", availability = "away", '
        'names = { sv = "Fika \\"kaffe\\"" } }]',
    )
    first = load(written(tmp_path, text)).organizations
    exported = toml_text(first)
    assert load(written(tmp_path, exported)).organizations == first
