"""What is known about Kerberos without any: names, keytabs, what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from kalends.errors import SignInNeeded
from kalends.net import kerberos
from kalends.net.account import account
from kalends.net.contract import Credential, HttpOptions, SignInOptions
from kalends.net.kerberos import Tickets, principal


class Options(HttpOptions, SignInOptions):
    """A source with a service account."""


def options(**keys: object) -> Options:
    return Options.model_validate({"url": "https://mail.acme.example", **keys})


def nothing(_field: str) -> str | None:
    return None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("kalends@acme.example", "kalends@ACME.EXAMPLE"),
        ("ACME\\kalends", "kalends@ACME"),
        ("acme.example\\kalends", "kalends@ACME.EXAMPLE"),
        ("kalends", "kalends"),
    ],
)
def test_accounts_are_written_as_kerberos_has_them(written: str, meant: str) -> None:
    assert principal(written) == meant


@pytest.mark.parametrize(
    "keys",
    [
        {"auth": "ntlm", "username": "svc"},
        {"auth": "negotiate"},
        {"auth": "negotiate", "username": "svc", "password_env": "P"},
    ],
)
def test_a_keytab_stands_beside_a_name_and_instead_of_a_password(keys: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="keytab_file"):
        options(keytab_file="/etc/kalends/svc.keytab", **keys)


def test_another_keytab_is_another_secret_and_its_bytes_are_not_kept(tmp_path: Path) -> None:
    keytab = tmp_path / "svc.keytab"
    told = options(auth="negotiate", username="svc@ACME.TEST", keytab_file=str(keytab))
    found = []
    for key in (b"one", b"two"):
        keytab.write_bytes(key)
        credential = account(told, nothing)
        assert credential is not None
        assert "one" not in credential.secret
        found.append(credential.fingerprint)
    assert found[0] != found[1]


def test_a_keytab_that_is_not_there_is_named() -> None:
    told = options(auth="negotiate", username="svc", keytab_file="/nowhere/svc.keytab")
    with pytest.raises(SignInNeeded, match="keytab cannot be read: No such file") as caught:
        account(told, nothing)
    assert "keytab_file" in caught.value.remedy


def test_without_the_extra_there_is_ntlm_or_a_clear_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kerberos, "find_spec", lambda _name: None)
    tickets = Tickets(lambda: 0.0)
    assert tickets.of(Credential("svc", "s3cret"), "mail") is None
    with pytest.raises(SignInNeeded, match="not installed") as caught:
        tickets.of(Credential("svc", "hash", "/etc/svc.keytab"), "mail")
    assert kerberos.INSTALL in caught.value.remedy
