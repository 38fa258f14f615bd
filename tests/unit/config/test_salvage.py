"""A mistake in one key hides no mistake of another kind, and is not told twice."""

from pathlib import Path

import pytest

from kalends.config import load
from kalends.errors import ConfigurationError

MISTAKEN = """\
[server]
http = "127.0.0.1"

[[organizations]]
id = "acme"
name = "Acme AB"
timezone = "Europe/Stokholm"
domain = ["acme.example"]

[[organizations.sources]]
id = "dav"
kind = "caldaw"

[[organizations.people]]
emails = 7

[[organizations.people]]
id = "anna"
name = "Anna Berg"
emails = ["anna@acme.example"]

[[organizations.people]]
id = "bo"
emails = ["anna@acme.example"]
calendars = [{ source = "davv", url = "/svc/anna/" }]

[[organizations.rules]]
match = { code = "m" }
then = { activity = "meting", availability = "bussy" }

[[organizations.rules]]
match = "m"
then = { activity = "lunsch" }
"""


def mistakes(path: Path, text: str) -> list[str]:
    file = path / "k.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load(file)
    return [str(problem) for problem in caught.value.problems]


def test_mistakes_of_every_kind_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = mistakes(tmp_path, MISTAKEN)
    assert [line.split(" ", 2)[:2] for line in found] == [
        ["k.toml:2:", "server.http:"],
        ["k.toml:7:", "organizations[0].timezone:"],
        ["k.toml:8:", "organizations[0].domain:"],
        ["k.toml:12:", "organizations[0].sources[0].kind:"],
        ["k.toml:14:", "organizations[0].people[0].id:"],
        ["k.toml:14:", "organizations[0].people[0].name:"],
        ["k.toml:15:", "organizations[0].people[0].emails:"],
        ["k.toml:22:", "organizations[0].people[2].name:"],
        ["k.toml:24:", "organizations[0].people[2].emails:"],
        ["k.toml:25:", "organizations[0].people[2].calendars[0].source:"],
        ["k.toml:29:", "organizations[0].rules[0].then.availability:"],
        ["k.toml:29:", "organizations[0].rules[0].then.activity:"],
        ["k.toml:32:", "organizations[0].rules[1].match:"],
        ["k.toml:33:", "organizations[0].rules[1].then.activity:"],
    ]


def test_an_entry_that_cannot_be_mended_moves_no_other_mistake(tmp_path: Path) -> None:
    lunsch = '{ match = { code = "x" }, then = { activity = "lunsch" } }'
    found = mistakes(
        tmp_path, f'[[organizations]]\nid = "acme"\nname = "Acme"\nrules = [\n5,\n{lunsch}]\n'
    )
    assert {line.split(" ")[1] for line in found} == {
        "organizations[0].rules[0]:",
        "organizations[0].rules[1].then.activity:",
    }


def test_an_organization_that_is_no_table_is_told_and_no_more(tmp_path: Path) -> None:
    assert len(mistakes(tmp_path, "organizations = [1]\n")) == 1


def test_what_a_value_should_be_is_said_in_words_of_the_file(tmp_path: Path) -> None:
    text = MISTAKEN + '\n[server.mail]\nhost = "h"\nsender = "a@b.example"\nto = "me"\nport = "x"\n'
    told = "\n".join(mistakes(tmp_path, text))
    assert "server.mail.to: should be a list in brackets: [\"…\"]. It is 'me' now." in told
    assert "server.mail.port: should be a whole number, without quotes. It is 'x' now." in told


ACME = '[[organizations]]\nid = "acme"\nname = "Acme"\n'
ANNA = f'{ACME}[[organizations.people]]\nid = "anna"\nname = "Anna"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f'{ACME}domains = ["@acme.example"]', 'k.toml:4: … Write what stands behind the @: "acme'),
        (
            f'{ACME}numbering = {{ country = "+46" }}',
            "k.toml:4: … two capital letters of a country",
        ),
        (f'{ANNA}sip = "sip: anna@acme.example"', "k.toml:7: … Write sip:name@domain."),
        (f'{ANNA}language = "Svenska"', 'k.toml:7: … letters of a language: "sv"'),
        (f'{ACME}[organizations.sources]\nid = "d"', "… Write [[organizations.sources]], in two"),
        (f'{ACME}people_file = "C:\\people.csv"', "k.toml:4: TOML: … or in single quotes: "),
        (f"{ACME}timezone = “UTC”", "k.toml:4: TOML: … Write straight quotes"),
        (f'{ACME}people_file = "p.csv"', "k.toml:4: … No such file or directory. Mend the path"),
        ('[server]\npublic_url = "presence.acme.example"', "k.toml:2: … as in a browser: https://"),
    ],
)
def test_what_is_written_in_the_wrong_form_is_told_in_the_right_one(
    tmp_path: Path, text: str, told: str
) -> None:
    place, words = told.split("…")
    [mistake] = mistakes(tmp_path, text)
    assert mistake.startswith(place.strip()) and words.strip() in mistake


def test_a_people_file_in_another_encoding_says_so(tmp_path: Path) -> None:
    """As a spreadsheet saves it that is asked for plain CSV."""
    (tmp_path / "p.csv").write_bytes("id,name\nb,Björn\n".encode("latin-1"))
    [mistake] = mistakes(tmp_path, f'{ACME}people_file = "p.csv"')
    assert "p.csv is not UTF-8 text (byte 13). Save it as CSV UTF-8." in mistake


def test_a_file_in_another_encoding_says_so(tmp_path: Path) -> None:
    file = tmp_path / "k.toml"
    file.write_bytes("name = 'Björn'".encode("latin-1"))
    with pytest.raises(Exception, match=r"is not UTF-8 text \(byte 11\). Save it as UTF-8"):
        load(file)
