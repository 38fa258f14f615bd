"""Certificates made for one test: an authority and what it signs, good and bad."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Identity:
    """A certificate with its key, in one PEM file."""

    path: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pin(self) -> str:
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        return hashlib.sha256(der).hexdigest()

    @property
    def key_pin(self) -> str:
        spki = self.certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return "pin-sha256:" + base64.b64encode(hashlib.sha256(spki).digest()).decode()

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path)
        return context


class Authority:
    """Signs certificates; ``path`` is its own, for ``ca_file``."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._count = 0
        self._root = self._make("root", [], signer=None, days=(-1, 30))
        self.path = directory / "ca.pem"
        self.path.write_bytes(self._root.certificate.public_bytes(serialization.Encoding.PEM))

    def issue(
        self,
        *hosts: str,
        days: tuple[float, float] = (-1, 30),
        self_signed: bool = False,
        key: ec.EllipticCurvePrivateKey | None = None,
    ) -> Identity:
        names = list(hosts or ("localhost", "127.0.0.1"))
        return self._make("leaf", names, None if self_signed else self._root, days, key)

    def _make(
        self,
        name: str,
        hosts: list[str],
        signer: Identity | None,
        days: tuple[float, float],
        key: ec.EllipticCurvePrivateKey | None = None,
    ) -> Identity:
        self._count += 1
        key = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} {self._count}")])
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(signer.certificate.subject if signer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]))
            .not_valid_after(now + timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=not hosts, path_length=None), critical=True)
        )
        if hosts:
            names = x509.SubjectAlternativeName([_name(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        certificate = builder.sign(signer.key if signer else key, hashes.SHA256())
        path = self._directory / f"{name}-{self._count}.pem"
        path.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return Identity(path, certificate, key)


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
