"""A name that nobody has is answered with those who may be meant."""

from pathlib import Path

import pytest

from kalends.cli.nearest import hint
from kalends.model.person import PersonRecord
from kalends.model.profile import Profile
from kalends.runtime import Runtime
from kalends.store import open_store
from kalends.store.contract import Document, PersonDocument
from kalends.store.vault import Vault
from kalends.web.tokens import new_token
from tests.unit.cli.test_mistakes import said

KNOWN = [("anna", "Anna Berg"), ("annika", "Annika Ek"), ("bo", "Bo Lind"), ("x7", "Åsa Öberg")]


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("ana", "Did you mean anna (Anna Berg)?"),
        ("ANNA.BERG", "Did you mean anna (Anna Berg)?"),
        ("lind", "Did you mean bo (Bo Lind)?"),
        ("Öberg", "Did you mean x7 (Åsa Öberg)?"),
        ("zebulon", ""),
    ],
)
def test_the_nearest_are_named(wanted: str, meant: str) -> None:
    told = hint(wanted, KNOWN)
    assert told.startswith(meant.rstrip("?")) if meant else told == ""


def test_at_most_three_are_named() -> None:
    told = hint("anna", [(f"anna{n}", f"Anna {n}") for n in range(50)])
    assert told.count("(") == 3


@pytest.fixture
async def config(tmp_path: Path) -> str:
    """Return a configuration whose database knows Anna and a token, as the API brought them."""
    path = tmp_path / "kalends.toml"
    path.write_text(
        '[server]\ndatabase = "sqlite:///k.db"\n[[organizations]]\nid = "acme"\nname = "Acme"\n'
    )
    vault = Vault.load(tmp_path / "kalends.key", create=True)
    store = await open_store(f"sqlite:///{tmp_path}/k.db", vault, Runtime())
    settings = Document("acme", "organization", "acme", b'{"id":"acme","name":"Acme"}', "file")
    await store.save_documents([settings])
    record = PersonRecord(id="anna", name="Anna Berg")
    profile = Profile("anna", "Anna Berg", "en", "UTC", "")
    body = record.model_dump_json().encode()
    await store.save_people([PersonDocument("acme", "anna", body, profile, "api")], now=1)
    _, principal = new_token("member", "lobby screen", "acme")
    await store.save_principal(principal)
    await store.close()
    return str(path)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["set", "ana", "lunch"], "no person 'ana' in acme. Did you mean anna (Anna Berg)?"),
        (["clear", "Berg"], "Did you mean anna (Anna Berg)?"),
        (["presence", "nobody"], "There is no person 'nobody' in acme. List everybody with:"),
        (["token", "create", "x", "--person", "nobody"], "There is no person 'nobody' in acme."),
        (["token", "delete", "lobby"], "(lobby screen)? List them with: kalends token list"),
    ],
)  # fmt: skip
def test_whoever_is_unknown_is_told_with_the_remedy(
    config: str,
    words: list[str],
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code, complaint = said(capsys, monkeypatch, *words, "-c", config)
    assert (code, told in complaint, "Traceback" in complaint) == (2, True, False), complaint


def test_an_account_of_nobody_is_not_made(
    config: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KALENDS_PASSWORD", "correct horse battery")
    words = ("account", "create", "ann", "--person", "an", "-c", config)
    code, complaint = said(capsys, monkeypatch, *words)
    assert (code, "There is no person 'an' in acme." in complaint) == (2, True), complaint
