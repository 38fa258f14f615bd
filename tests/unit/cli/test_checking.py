"""``kalends check`` and ``kalends init`` see what is wrong before any server is asked."""

import json
from pathlib import Path

import pytest

from kalends.cli.output import say
from kalends.cli.unasked import unasked
from kalends.config import load
from tests.unit.cli.test_mistakes import said

FILE = """\
[server.mail]
host = "mail.example"
sender = "kalends@acme.example"
to = ["it@acme.example"]
password_env = "KALENDS_TEST_ABSENT_MAIL"

[[organizations]]
id = "acme"
name = "Acme AB"
language = "xx"

[[organizations.sources]]
id = "dav"
kind = "caldav"
url = "https://calendar.acme.example/"
username = "kalends"
password_env = "KALENDS_TEST_ABSENT"

[[organizations.people]]
id = "anna"
name = "Anna Berg"
emails = ["anna at acme"]
language = "sv-FI"

[[organizations.people]]
id = "bo"
name = "Bo"

[[organizations.sinks]]
id = "hook"
kind = "webhook"
url = "https://intranet.acme.example/presence"
secret_env = "KALENDS_TEST_PRESENT"
"""


def needs(path: Path, text: str, *, secrets: bool = True) -> list[str]:
    file = path / "kalends.toml"
    file.write_text(text, "utf-8")
    steps = [
        (source, step) for _, source, step in unasked(load(file), secrets=secrets) if not step.ok
    ]
    assert all(step.remedy for _, step in steps)
    return [f"{source}/{step.what} {step.subject}: {step.detail}" for source, step in steps]


def test_what_needs_no_server_to_be_seen_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KALENDS_TEST_PRESENT", "whsec_x")
    assert needs(tmp_path, FILE) == [
        "/organization acme: language 'xx' is none Kalends speaks; English is used",
        "/person anna: 'anna at acme' is no mail address",
        "/person bo: has neither address nor calendars",
        "/secret KALENDS_TEST_ABSENT_MAIL: the environment variable is not set",
        "dav/secret KALENDS_TEST_ABSENT: the environment variable is not set",
    ]


@pytest.mark.parametrize("why", ["left = true", 'stage = "off"', 'calendars = "none"'])
def test_who_is_not_read_needs_no_calendar(tmp_path: Path, why: str) -> None:
    told = needs(tmp_path, FILE.replace('name = "Bo"', f'name = "Bo"\n{why}'), secrets=False)
    assert not any("person bo" in line for line in told)


def test_a_sink_without_its_secret_is_seen(tmp_path: Path) -> None:
    assert any(line.startswith("hook/secret") for line in needs(tmp_path, FILE))


def test_a_running_kalends_has_its_secrets_itself(tmp_path: Path) -> None:
    assert not any("secret" in line for line in needs(tmp_path, FILE, secrets=False))


def test_a_file_without_an_organization_needs_attention(tmp_path: Path) -> None:
    assert needs(tmp_path, "[server]\n") == ["/organizations none: describes no organization"]


def test_a_program_is_told_every_mistake_of_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "k.toml"
    file.write_text('[server]\nhttp = 80\nhtp = "x"\n')
    monkeypatch.setattr("sys.argv", ["kalends", "check", "--json", "-c", str(file)])
    from kalends.cli import main

    with pytest.raises(SystemExit) as ended:
        main()
    found = json.loads(capsys.readouterr().out)
    assert (ended.value.code, [step["subject"] for step in found]) == (2, ["k.toml:2", "k.toml:3"])
    assert not any(step["ok"] for step in found)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--timezone", "Europe/Stockhlm"], "Did you mean Europe/Stockholm"),
        (["--language", "klingon"], "Choose --language: sv, en"),
    ],
)
def test_init_writes_no_file_that_begins_with_a_mistake(
    tmp_path: Path,
    words: list[str],
    text: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "kalends.toml"
    code, told = said(capsys, monkeypatch, "init", "-c", str(file), *words)
    assert (code, text in told, file.exists()) == (2, True, False), told


def test_init_makes_an_id_of_a_name_with_any_letters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "kalends.toml"
    said(capsys, monkeypatch, "init", "-c", str(file), "--name", "Nils & Söner Straße")
    assert load(file).organizations[0].id == "nils-soner-strasse"


def test_brackets_in_a_subject_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    say("Booking “[/b] [bold]URGENT[/bold]” decides.")
    assert "“[/b] [bold]URGENT[/bold]”" in capsys.readouterr().out
