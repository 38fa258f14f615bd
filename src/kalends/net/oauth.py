"""Tokens for a service without a user: OAuth client credentials (RFC 6749 section 4.4).

Place in the flow: *client → supplier → token endpoint*, by a guarded client of its own. The client
proves itself by a secret, or by a signed assertion (RFC 7523) where the configured secret is a PEM
with certificate and private key: then what could be stolen on the way is of use for ten minutes.

A token is kept until three quarters of its time have passed, and longer where no new one is to be
had. One fetch at a time; while the token endpoint is away its client's gate lets a probe through
every 30 seconds. What the endpoint says of the *client* (``invalid_client``) is a refused sign-in
and told to the breaker; what it says of the request is a mistake in the configuration.
"""

from __future__ import annotations

import asyncio
import base64
import re
import secrets
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from kalends.errors import BadAnswer, SignInNeeded, Unreachable, UserError
from kalends.model.http import Request
from kalends.net.contract import A, Carry, Credential, HttpClient, Limits
from kalends.net.origin import origin, parse_url
from kalends.net.signin import NoGrant, NotAsked, RefusedElsewhere
from kalends.runtime import Runtime

_LIMITS: Final = Limits(seconds=20.0, body_bytes=64 << 10, redirects=0)
_SHORTEST: Final = 60
_LONGEST: Final = 86_400
_UNNAMED: Final = 300
"""Seconds a token is believed whose answer names no time."""
_MOST_KEPT: Final = 4
_ASSERTION_SECONDS: Final = 600
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,16384}\Z")
_WORD: Final = re.compile(r"[A-Za-z_]{1,40}\Z")
_CERTIFICATE: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL
)
_ASSERTS: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_FORM: Final = (
    ("Content-Type", "application/x-www-form-urlencoded"),
    ("Accept", "application/json"),
)


class TokenRefused(RefusedElsewhere):
    """The client's own credential was refused: the breaker must know."""


class NoToken(NotAsked):
    """The token endpoint does not answer; that says nothing about the endpoint that wants it."""


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    renew_at: float
    """Monotonic."""
    ends_at: float


class _Granted(msgspec.Struct):
    access_token: str = ""
    expires_in: float | str | None = None  # some write it as text
    error: str = ""


class Supplier:
    """Tokens of one client for one scope."""

    def __init__(self, client: HttpClient, url: str, scope: str, runtime: Runtime) -> None:
        self._client = client
        self._url = url
        self._scope = scope
        self._runtime = runtime
        self._place = str(origin(parse_url(url)))
        self._turn = asyncio.Lock()
        self._kept: dict[str, _Token] = {}

    async def token(self, credential: Credential, *, instead_of: str = "") -> tuple[str, bool]:
        """Return a token, and whether it is fresh; ``instead_of``: one that was refused."""
        kept = self._usable(credential, instead_of)
        if kept is not None and self._runtime.monotonic() < kept.renew_at:
            return kept.text, False
        async with self._turn:
            other = self._usable(credential, instead_of)
            if other is not None and other is not kept:  # fetched while we waited
                return other.text, True
            try:
                fetched = await self._fetch(credential)
            except Unreachable as error:
                if other is not None:
                    return other.text, False
                raise NoToken(f"no token from {self._place}: {error}", error.at) from error
            self._kept.pop(credential.fingerprint, None)
            self._kept[credential.fingerprint] = fetched
            while len(self._kept) > _MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
            return fetched.text, True

    def signed(self, credential: Credential, carry: Carry[A]) -> Carry[A]:
        """Return what carries a request with a token, and once more with a fresh one on a 401."""

        async def signed(request: Request) -> A:
            token, fresh = await self.token(credential)
            answer = await carry(_bearing(request, token))
            if answer.status != 401 or fresh:
                return answer
            token, _ = await self.token(credential, instead_of=token)
            return await carry(_bearing(request, token))

        return signed

    def _usable(self, credential: Credential, instead_of: str) -> _Token | None:
        kept = self._kept.get(credential.fingerprint)
        if kept is None or kept.text == instead_of:
            return None
        return kept if self._runtime.monotonic() < kept.ends_at else None

    async def _fetch(self, credential: Credential) -> _Token:
        asked = self._runtime.monotonic()
        form = {"grant_type": "client_credentials", "client_id": credential.username}
        form |= {"scope": self._scope} if self._scope else {}
        form |= await self._runtime.offload(self._proof, credential)
        request = Request("POST", self._url, _FORM, urlencode(form).encode())
        try:
            response = await self._client.send(request, limits=_LIMITS)
        except SignInNeeded as error:  # 401
            raise self._refused("invalid_client") from error
        finally:
            await self._client.close()  # it is needed again in an hour
        granted = _read(response.body)
        if response.status == 200 and granted is not None and _TOKEN.match(granted.access_token):
            seconds = _seconds(granted.expires_in)
            return _Token(granted.access_token, asked + 0.75 * seconds, asked + seconds)
        word = granted.error if granted is not None and _WORD.match(granted.error) else ""
        if word == "invalid_client":
            raise self._refused(word)
        if word:
            mistake = NoGrant(f"{self._place} gives no token: {word}")
            mistake.remedy = "Check token_url, client_id and scope, and the application's grants."
            raise mistake
        raise BadAnswer(f"{self._place} answers {response.status} without a token")

    def _refused(self, word: str) -> TokenRefused:
        error = TokenRefused(f"{self._place} refuses the client's secret or certificate ({word})")
        error.remedy = "Check client_id and the secret; it may have ended: make a new one there."
        return error

    def _proof(self, credential: Credential) -> dict[str, str]:
        if not credential.secret.startswith("-----BEGIN"):
            return {"client_secret": credential.secret}
        now = int(self._runtime.now())
        signed = assertion(credential, self._url, now)
        return {"client_assertion_type": _ASSERTS, "client_assertion": signed}


def assertion(credential: Credential, audience: str, now: int) -> str:
    """Return a signed assertion of the client's identity (RFC 7523 section 3).

    Names the certificate by both hashes (RFC 7515 sections 4.1.7, 4.1.8): AD FS reads the old
    one. ``UserError`` where the PEM holds no certificate or no key without a password.
    """
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, RSAKey

    pem = credential.secret.encode()
    try:
        shown = _CERTIFICATE.search(pem)
        certificate = x509.load_pem_x509_certificate(shown[0] if shown else b"")
        kind, algorithm = (
            (ECKey, "ES256")
            if b"EC" in type(certificate.public_key()).__name__.encode()
            else (RSAKey, "RS256")
        )
        key = kind.import_key(_CERTIFICATE.sub(b"", pem).strip())
        header = {
            "alg": algorithm,
            "x5t": _text(certificate.fingerprint(hashes.SHA1())),  # noqa: S303  an identifier
            "x5t#S256": _text(certificate.fingerprint(hashes.SHA256())),
        }
        client = credential.username
        claims: dict[str, Any] = {
            "iss": client, "sub": client, "aud": audience, "jti": secrets.token_hex(16),
            "iat": now, "nbf": now - 60, "exp": now + _ASSERTION_SECONDS,
        }  # fmt: skip
        return jwt.encode(header, claims, key, algorithms=[algorithm])
    except (JoseError, ValueError, TypeError) as error:
        raise UserError(
            "the PEM given as the client's secret needs a certificate and its private key "
            "(RSA, or EC on P-256), without a password"
        ) from error


def _text(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _bearing(request: Request, token: str) -> Request:
    return replace(request, headers=(*request.headers, ("Authorization", f"Bearer {token}")))


def _read(body: bytes) -> _Granted | None:
    try:
        return msgspec.json.decode(body, type=_Granted)
    except msgspec.MsgspecError:
        return None


def _seconds(told: float | str | None) -> float:
    try:
        return min(_LONGEST, max(_SHORTEST, float(told if told is not None else _UNNAMED)))
    except ValueError:
        return _UNNAMED
