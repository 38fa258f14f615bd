"""A person's mistake gets a sentence with a remedy and exit code 2, never a traceback."""

from pathlib import Path

import pytest

from kalends.bus.commands import Answer
from kalends.cli import main
from kalends.cli.session import value_of
from kalends.errors import UserError


def said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str
) -> tuple[int, str]:
    """Run the command line; return its exit code and what it complained."""
    monkeypatch.setattr("sys.argv", ["kalends", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code, capsys.readouterr().err


@pytest.fixture
def config(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> str:
    path = str(tmp_path / "kalends.toml")
    assert said(capsys, monkeypatch, "init", "-c", path)[0] == 0
    return path


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["people"], "kalends serve"),
        (["presence", "anna"], "kalends serve"),
        (["set", "anna", "lunch"], "kalends serve"),
        (["apply"], "kalends serve"),
        (["token", "create", "x", "-o", "nix"], "There is no organization 'nix'"),
        (["mail", "test"], "[server.mail]"),
        (["init"], "already there"),
        (["demo", "book", "emma", "--directory", "/nowhere"], "kalends demo"),
    ],
)
def test_a_mistake_says_what_to_do(
    config: str,
    words: list[str],
    text: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = words if words[0] == "demo" else [*words, "-c", config]
    code, told = said(capsys, monkeypatch, *given)
    assert (code, text in told, "Traceback" in told) == (2, True, False), told


def test_a_file_that_is_not_there_names_the_command_that_writes_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, told = said(capsys, monkeypatch, "check", "-c", str(tmp_path / "none.toml"))
    assert (code, "kalends init" in told) == (2, True)


def test_every_mistake_of_a_file_is_told_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "k.toml"
    path.write_text('[server]\nhttp = 80\n[[organizations]]\nid = "A B"\nname = 3\ntimezon = "x"\n')
    code, told = said(capsys, monkeypatch, "check", "-c", str(path))
    assert code == 2
    assert all(f"k.toml:{line}:" in told for line in (2, 4, 5, 6))
    assert "Did you mean 'timezone'?" in told


def test_a_place_that_cannot_be_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    code, told = said(capsys, monkeypatch, "init", "-c", str(tmp_path / "file" / "kalends.toml"))
    assert (code, str(tmp_path / "file") in told) == (2, True)


def test_a_refusal_without_a_key_is_told_without_a_configuration() -> None:
    problem = {"where": "manual", "key": "", "what": "There is no activity 'x'.", "remedy": ""}
    with pytest.raises(UserError, match=r"^There is no activity 'x'\.$"):
        value_of(Answer(ok=False, problems=[problem]))
