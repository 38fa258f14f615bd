"""TLS as Kalends speaks it: TLS 1.2 or newer, always verified, or pinned (threat 20).

Older TLS, for servers of 2003, is spoken to a pinned certificate only. Its handshake is signed
with MD5 and SHA-1 and its records can be guessed at: the pin says who is there, not more.

Place in the flow: ``context`` makes the ``ssl.SSLContext`` of an endpoint; HTTP, SIP and mail use
it alike. The check of pins is part of the handshake itself, so nothing can be sent before it.

What is checked:

====================  ===========  =========  ======  =====
configured            authorities  host name  expiry  pin
====================  ===========  =========  ======  =====
nothing               the system's yes        yes
``ca_file``           the file's   yes        yes
``certificate_pins``  no           no         yes     yes
both                  the file's   yes        yes     yes
====================  ===========  =========  ======  =====

A pin names one certificate or key, which is more than a host name says; an expired certificate is
refused all the same. A *pin* is the SHA-256 of the server's own certificate (hex) or of its public
key (``pin-sha256:`` base64 of the SubjectPublicKeyInfo, RFC 7469 section 2.4).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import ssl
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kalends.errors import UserError

_HEX: Final = re.compile(r"(?:[0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2}\Z")
_EXPIRED: Final = 10  # X509_V_ERR_CERT_HAS_EXPIRED
_NOT_YET: Final = 9  # X509_V_ERR_CERT_NOT_YET_VALID
_LEGACY_SERVER_CONNECT: Final = 0x4  # SSL_OP_LEGACY_SERVER_CONNECT; Python 3.12 names it
_VERSIONS: Final = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
_WRONG_HOST: Final = frozenset({62, 64})  # X509_V_ERR_HOSTNAME_MISMATCH, …_IP_ADDRESS_MISMATCH


@dataclass(frozen=True, slots=True)
class Pins:
    """SHA-256 digests that the server's certificate must match one of."""

    certificates: frozenset[bytes] = frozenset()
    keys: frozenset[bytes] = frozenset()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Pins:
        """Read pins as written; ``ValueError`` says what a pin looks like."""
        certificates, keys = set(), set()
        for text in texts:
            scheme, _, rest = text.strip().partition(":")
            if scheme.lower() == "pin-sha256":
                keys.add(_base64_digest(rest, text))
            elif _HEX.match(text.strip()):
                certificates.add(bytes.fromhex(text.strip().replace(":", "")))
            else:
                raise ValueError(_pin_complaint(text))
        return cls(frozenset(certificates), frozenset(keys))

    def __bool__(self) -> bool:
        return bool(self.certificates or self.keys)

    def match(self, certificate: bytes, public_key: bytes) -> bool:
        """Tell whether a certificate (DER) or its public key (DER) is pinned."""
        return (
            hashlib.sha256(certificate).digest() in self.certificates
            or hashlib.sha256(public_key).digest() in self.keys
        )


def _base64_digest(text: str, whole: str) -> bytes:
    try:
        digest = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(_pin_complaint(whole)) from error
    if len(digest) != 32:
        raise ValueError(_pin_complaint(whole))
    return digest


def _pin_complaint(text: str) -> str:
    return (
        f"{text!r} is no pin: write the certificate's SHA-256 in hex (64 digits), "
        "or pin-sha256: and the base64 SHA-256 of its public key"
    )


class GuardedContext(ssl.SSLContext):
    """Checks pins and expiry in the handshake and remembers when certificates end."""

    pins: Pins
    clock: Callable[[], float] | None
    expires_at: dict[str, float]
    """Ends of the servers' certificates seen, UTC seconds, by host."""
    client_expires_at: float | None
    """End of the certificate we show."""
    made_of: TlsOptions
    stamps: tuple[tuple[int, int, int] | None, ...]

    def refreshed(self) -> GuardedContext:
        """Return the context for connections to come: a new one where a file has changed.

        A file that cannot be read, or is half written, leaves what was known.
        """
        if _stamps(self.made_of) == self.stamps:
            return self
        try:
            made = context(self.made_of)
        except UserError:
            return self
        made.expires_at = self.expires_at
        return made

    def vet(self, host: str, certificate: bytes | None) -> None:
        """Judge the certificate (DER) a handshake showed; ``SSLCertVerificationError`` says no."""
        if not certificate:
            raise _refusal("the server showed no certificate")
        try:
            parsed = x509.load_der_x509_certificate(certificate)
            key = parsed.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        except ValueError as error:
            raise _refusal("the server's certificate cannot be read") from error
        self.expires_at[host] = parsed.not_valid_after_utc.timestamp()
        if not self.pins:
            return  # OpenSSL has checked chain, host name and expiry
        if not self.pins.match(certificate, key):
            raise _refusal(
                "the server's certificate is not a pinned one; it has SHA-256 "
                + hashlib.sha256(certificate).hexdigest()
            )
        self._check_dates(parsed)

    def _check_dates(self, certificate: x509.Certificate) -> None:
        now = datetime.fromtimestamp(self.clock(), UTC) if self.clock else datetime.now(UTC)
        if certificate.not_valid_after_utc < now:
            raise _refusal(f"the pinned certificate ended {certificate.not_valid_after_utc:%F}")
        if certificate.not_valid_before_utc > now:
            raise _refusal(
                f"the pinned certificate is valid only from {certificate.not_valid_before_utc:%F}"
            )


class _VettedObject(ssl.SSLObject):
    """The TLS end of one connection: a handshake that ends well has been vetted."""

    def do_handshake(self) -> None:
        super().do_handshake()
        if isinstance(self.context, GuardedContext):
            self.context.vet(self.server_hostname or "", self.getpeercert(binary_form=True))


def _refusal(message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, message)
    error.verify_message = message
    return error


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """What of an endpoint's options is about TLS."""

    ca_file: str | None = None
    certificate_pins: tuple[str, ...] = ()
    client_certificate: str | None = None
    clock: Callable[[], float] | None = field(default=None, compare=False)
    """For the dates of pinned certificates; None: the machine's."""
    minimum: str = "1.2"
    """Oldest version spoken."""


def context(options: TlsOptions) -> GuardedContext:
    """Return the context of an endpoint. ``UserError`` where a file cannot be used."""
    made = GuardedContext(ssl.PROTOCOL_TLS_CLIENT)
    made.sslobject_class = _VettedObject
    _speak(made, options.minimum)
    made.expires_at = {}
    made.client_expires_at = None
    made.clock = options.clock
    try:
        made.pins = Pins.parse(options.certificate_pins)
    except ValueError as error:
        raise UserError(f"certificate_pins: {error}") from error
    made.made_of, made.stamps = options, _stamps(options)
    if options.ca_file:
        _load("ca_file", options.ca_file, lambda path: made.load_verify_locations(cafile=path))
        # The file may hold the server's own certificate instead of an authority.
        made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    elif made.pins:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE  # the pin, checked in the handshake, takes its place
    else:
        made.load_default_certs()
    if options.client_certificate:
        _load("client_certificate", options.client_certificate, made.load_cert_chain)
        made.client_expires_at = _end_of(options.client_certificate)
    return made


def _speak(made: ssl.SSLContext, minimum: str) -> None:
    if minimum in ("1.0", "1.1"):
        # What OpenSSL calls level 0, and renegotiation as before RFC 5746, which 2003 speaks.
        made.set_ciphers("DEFAULT:@SECLEVEL=0")
        made.options |= _LEGACY_SERVER_CONNECT
        with warnings.catch_warnings():  # Python warns of what the operator has chosen
            warnings.simplefilter("ignore", DeprecationWarning)
            made.minimum_version = _VERSIONS[minimum]
        return
    made.minimum_version = _VERSIONS[minimum]


def _end_of(path: str) -> float | None:
    """Return when the first certificate of a file ends; None: it cannot be read."""
    try:
        shown = x509.load_pem_x509_certificates(Path(path).read_bytes())
    except (OSError, ValueError):
        return None
    return shown[0].not_valid_after_utc.timestamp()


def _stamps(options: TlsOptions) -> tuple[tuple[int, int, int] | None, ...]:
    """Return what changes when a file is written anew or replaced."""
    return tuple(_stamp(path) for path in (options.ca_file, options.client_certificate) if path)


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        seen = Path(path).stat()
    except OSError:
        return None
    return seen.st_ino, seen.st_mtime_ns, seen.st_size


def _load(key: str, path: str, load: Callable[[str], None]) -> None:
    try:
        load(path)
    except OSError as error:  # ssl.SSLError is one
        raise UserError(f"{key} = {path!r} cannot be used: {error.strerror or error}") from error


def explain(error: ssl.SSLError, host: str) -> str:
    """Say in plain words why a handshake failed."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS with {host} failed: {error.reason or 'handshake refused'}"
    # Only what OpenSSL found has a code; ours are told as they are.
    code = getattr(error, "verify_code", 0)
    if code == _EXPIRED:
        return f"the certificate of {host} has expired"
    if code == _NOT_YET:
        return f"the certificate of {host} is not valid yet"
    if code in _WRONG_HOST:
        return f"the certificate shown by {host} is for another host"
    if code:
        return f"the certificate of {host} is not trusted: {error.verify_message}"
    return f"{host}: {error.verify_message}"
