"""The envelope: what it keeps closed, and how keys come and go."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from kalends.errors import UserError
from kalends.store.vault import ENVIRONMENT, CannotOpen, Vault, key_number

KEY = bytes(range(32))
WRITTEN = base64.b64encode(KEY).decode()


@pytest.fixture
def vault() -> Vault:
    return Vault({1: KEY})


def test_what_is_sealed_opens_in_its_own_place(vault: Vault) -> None:
    sealed = vault.seal(b"budget", "acme", "calendar", "anna")
    assert b"budget" not in sealed
    assert vault.open(sealed, "acme", "calendar", "anna") == b"budget"


@pytest.mark.parametrize(
    "place",
    [
        ("other", "calendar", "anna"),
        ("acme", "secret", "anna"),
        ("acme", "calendar", "bo"),
        ("acme", "calendar"),
        ("acme", "calendar", "anna", ""),
        ("acme\0calendar", "anna"),
    ],
)
def test_a_moved_row_does_not_open(vault: Vault, place: tuple[str, ...]) -> None:
    sealed = vault.seal(b"budget", "acme", "calendar", "anna")
    with pytest.raises(CannotOpen):
        vault.open(sealed, *place)


def test_a_changed_byte_anywhere_does_not_open(vault: Vault) -> None:
    sealed = vault.seal(b"budget", "acme", "calendar")
    for index in range(len(sealed)):
        broken = bytearray(sealed)
        broken[index] ^= 1
        with pytest.raises(CannotOpen):
            vault.open(bytes(broken), "acme", "calendar")
    for length in range(len(sealed)):
        with pytest.raises(CannotOpen):
            vault.open(sealed[:length], "acme", "calendar")


def test_the_same_text_never_looks_the_same(vault: Vault) -> None:
    assert len({vault.seal(b"sick", "acme", "presence") for _ in range(100)}) == 100


def test_a_digest_tells_equal_from_different_only_to_who_has_the_key(vault: Vault) -> None:
    assert vault.digest(b"a", "acme", "x") == vault.digest(b"a", "acme", "x")
    others = [
        vault.digest(b"b", "acme", "x"),
        vault.digest(b"a", "other", "x"),
        vault.digest(b"a", "acme", "y"),
        Vault({1: bytes(32)}).digest(b"a", "acme", "x"),
    ]
    assert vault.digest(b"a", "acme", "x") not in others


def test_the_key_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "var" / "kalends.key"
    sealed = Vault.load(path).seal(b"x", "acme")
    assert path.stat().st_mode & 0o777 == 0o600
    assert Vault.load(path, create=False).open(sealed, "acme") == b"x"


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kalends.key"
    Vault.load(path)
    path.chmod(0o640)
    with pytest.raises(UserError, match="chmod 600"):
        Vault.load(path)


def test_a_lost_key_file_is_told_and_never_replaced_unasked(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Restore it"):
        Vault.load(tmp_path / "kalends.key", create=False)


@pytest.mark.parametrize("text", ["", "1:", "1:c2hvcnQ=", "x:" + WRITTEN, "0:" + WRITTEN, "\xe5"])
def test_a_key_that_is_none_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kalends.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(UserError):
        Vault.load(path)


def test_the_environment_beats_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, WRITTEN)
    sealed = Vault.load(tmp_path / "none").seal(b"x", "acme")
    assert Vault({1: KEY}).open(sealed, "acme") == b"x"
    assert list(tmp_path.iterdir()) == []


def test_after_rotation_old_values_open_and_new_ones_take_the_new_key(tmp_path: Path) -> None:
    path = tmp_path / "kalends.key"
    old = Vault.load(path).seal(b"x", "acme")
    assert Vault.rotate(path) == 2
    assert path.stat().st_mode & 0o777 == 0o600
    rotated = Vault.load(path)
    assert rotated.open(old, "acme") == b"x"
    assert key_number(rotated.seal(b"x", "acme")) == 2


def test_a_destroyed_days_key_closes_what_it_sealed() -> None:
    vault = Vault({1: KEY})
    vault.add_day(20_000, bytes(32))
    sealed = vault.seal(b"x", "acme")
    lasting = vault.seal(b"x", "acme", lasting=True)
    vault.drop_day(20_000)
    with pytest.raises(CannotOpen):
        vault.open(sealed, "acme")
    assert vault.open(lasting, "acme") == b"x"
    assert key_number(vault.seal(b"x", "acme")) == 1
