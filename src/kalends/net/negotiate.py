"""Tokens of NTLM and Negotiate (SPNEGO, RFC 4178; HTTP: RFC 4559), made by pyspnego.

No I/O of ours; but Kerberos (``net.kerberos``) asks the domain's key server: all of it belongs into
a thread. *Channel binding* (RFC 5929) ties a sign-in to the certificate of its
connection; servers with Extended Protection refuse one that was made for another connection.
"""

from __future__ import annotations

import base64
import hashlib
import logging
from typing import TYPE_CHECKING, Final, Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from kalends.errors import BadAnswer
from kalends.net import kerberos
from kalends.net.contract import Credential

if TYPE_CHECKING:
    from spnego.channel_bindings import GssChannelBindings

Way = Literal["ntlm", "negotiate"]

_ASKS: Final = b"NTLMSSP\x00\x01\x00\x00\x00"
"""NEGOTIATE_MESSAGE, MS-NLMP 2.2.1.1: nothing but a challenge can come back."""
_PROVES: Final = b"NTLMSSP\x00\x03\x00\x00\x00"
"""AUTHENTICATE_MESSAGE, MS-NLMP 2.2.1.3: the last word of the client."""
_LONGEST: Final = 64 << 10

# It logs whole tokens at DEBUG: nobody's log shall have them (threat 18).
logging.getLogger("spnego").setLevel(logging.ERROR)


class Tokens:
    """The client's half of one sign-in."""

    def __init__(
        self,
        way: Way,
        credential: Credential,
        host: str,
        certificate: bytes | None,
        tickets: kerberos.Tickets | None = None,
    ) -> None:
        import spnego  # 20 ms: only who signs in so pays for it

        ticket = tickets.of(credential, host) if tickets and way == "negotiate" else None
        self.by_ticket: Final = ticket is not None
        """Whether Kerberos is offered first; its key server knows the account then."""
        shown: list[spnego.Credential] = [spnego.KerberosCCache(ticket.cache)] if ticket else []
        if not credential.keytab:
            shown.append(spnego.Password(credential.username, credential.secret))
        self._context = spnego.client(
            shown,
            hostname=host,
            service="HTTP",
            channel_bindings=binding(certificate),
            protocol=way,
        )
        self._said = b""

    def step(self, token: bytes | None) -> bytes | None:
        """Return what to say to the server's token; None: nothing more.

        ``BadAnswer`` where the token makes no sense, or does not prove what it should.
        """
        try:
            said = self._context.step(token)
        except Exception as error:  # unpacking a stranger's bytes may raise anything
            raise BadAnswer("a sign-in token of the server makes no sense") from error
        self._said = said or b""
        return said

    @property
    def only_asked(self) -> bool:
        """Whether what was said last can be answered by a challenge alone: no body need go."""
        return _ASKS in self._said

    @property
    def proved(self) -> bool:
        """Whether a 401 to what was said last refuses the credential, whatever it carries."""
        return _PROVES in self._said

    @property
    def complete(self) -> bool:
        """Whether nothing is left to be said or checked."""
        return bool(self._context.complete)


def binding(certificate: bytes | None) -> GssChannelBindings | None:
    """Return the channel binding ``tls-server-end-point`` (RFC 5929 section 4) of a connection."""
    digest = end_point(certificate) if certificate else None
    if digest is None:
        return None
    from spnego.channel_bindings import GssChannelBindings

    return GssChannelBindings(application_data=b"tls-server-end-point:" + digest)


def end_point(certificate: bytes) -> bytes | None:
    """Return a certificate's hash by the algorithm of its signature, MD5 and SHA-1 as SHA-256.

    None where the signature has no hash of its own (Ed25519): RFC 5929 defines no binding then.
    """
    try:
        algorithm = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    except (UnsupportedAlgorithm, ValueError):
        return None
    if algorithm is None:
        return None
    name = "sha256" if algorithm.name in ("md5", "sha1") else algorithm.name.replace("-", "_")
    return hashlib.new(name, certificate).digest()


def decoded(token: str) -> bytes | None:
    """Return a token as challenges carry it; None where there is none, or no base64."""
    if not token or len(token) > _LONGEST:
        return None
    try:
        return base64.b64decode(token, validate=True)
    except ValueError:
        return None
