"""Channel bindings of RFC 5929, and tokens that never reach a log."""

from __future__ import annotations

import hashlib
import logging
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from kalends.net.contract import Credential
from kalends.net.negotiate import Tokens, Way, binding, decoded, end_point

KEY = ec.generate_private_key(ec.SECP256R1())
SVC = Credential("ACME\\svc", "s3cret")


def builder() -> x509.CertificateBuilder:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
    )


def signed(algorithm: hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | hashes.SHA224) -> bytes:
    made = builder().public_key(KEY.public_key()).sign(KEY, algorithm)
    return made.public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("algorithm", "name"),
    [
        (hashes.SHA256(), "sha256"),
        (hashes.SHA384(), "sha384"),
        (hashes.SHA512(), "sha512"),
        (hashes.SHA224(), "sha224"),
    ],
)
def test_the_binding_is_hashed_as_the_certificate_is_signed(
    algorithm: hashes.SHA256, name: str
) -> None:
    certificate = signed(algorithm)
    assert end_point(certificate) == hashlib.new(name, certificate).digest()


def test_rsa_with_pss_names_its_hash_in_its_parameters() -> None:
    key = rsa.generate_private_key(65537, 2048)
    pss = padding.PSS(padding.MGF1(hashes.SHA384()), 48)
    made = builder().public_key(key.public_key()).sign(key, hashes.SHA384(), rsa_padding=pss)
    certificate = made.public_bytes(Encoding.DER)
    assert end_point(certificate) == hashlib.sha384(certificate).digest()


@pytest.mark.parametrize(("name", "last"), [("sha1", 5), ("md5", 4)])
def test_a_signature_by_a_broken_hash_is_bound_by_sha_256(name: str, last: int) -> None:
    # No library signs so any more: the last number of sha256WithRSAEncryption is changed.
    rsa_with = bytes.fromhex("2a864886f70d0101")
    key = rsa.generate_private_key(65537, 2048)
    new = builder().public_key(key.public_key()).sign(key, hashes.SHA256())
    certificate = new.public_bytes(Encoding.DER).replace(
        rsa_with + b"\x0b", rsa_with + bytes([last])
    )
    found = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    assert found is not None
    assert found.name == name
    assert end_point(certificate) == hashlib.sha256(certificate).digest()


def test_where_the_rfc_defines_no_binding_there_is_none() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    made = builder().public_key(key.public_key()).sign(key, None)
    assert end_point(made.public_bytes(Encoding.DER)) is None
    assert end_point(b"no certificate") is None
    assert binding(None) is None


def test_the_binding_names_its_kind() -> None:
    certificate = signed(hashes.SHA256())
    made = binding(certificate)
    assert made is not None
    digest = hashlib.sha256(certificate).digest()
    assert made.application_data == b"tls-server-end-point:" + digest


def test_only_the_first_word_of_ntlm_asks_without_proving() -> None:
    ways: tuple[Way, ...] = ("ntlm", "negotiate")
    for way in ways:
        tokens = Tokens(way, SVC, "mail.acme.example", None)
        said = tokens.step(None)
        assert said
        assert tokens.only_asked
        assert not tokens.proved
        assert b"s3cret" not in said


def test_no_token_reaches_a_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        Tokens("negotiate", SVC, "mail.acme.example", None).step(None)
    assert caplog.records == []


@pytest.mark.parametrize("token", ["", "=", "a", "a b", "ä", "A" * 100_000])
def test_what_is_no_token_is_none(token: str) -> None:
    assert decoded(token) is None
