"""The envelope around everything that must not be read from a stolen database.

Place: under the store; nothing else seals. AES-256-GCM (NIST SP 800-38D) with a random 96-bit
nonce. Vocabulary: a *master key* lives outside the database, in a key file or in the environment,
and has a number; a *day key* lives in the database, sealed, until it is destroyed
(``day_keys``); the *context* names organization, kind and field, and is the associated data:
a row moved to another organization, person or column does not open.

Each organization is sealed under its own subkey, derived by HKDF (RFC 5869): that keeps every
key far below the 2^32 messages that SP 800-38D section 8.3 allows under random nonces.

Envelope: ``0x01``, key number (4 bytes, big-endian), nonce (12), ciphertext and tag.
"""

from __future__ import annotations

import os
import secrets
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from kalends.errors import KalendsError, UserError
from kalends.store.durable import settle_names

ENVIRONMENT: Final = "KALENDS_KEY"
"""Beats the key file; same text, entries separated by commas or white space."""
DAY: Final = 1 << 31
"""Numbers from here on are day keys: ``DAY`` + days since the epoch."""
_VERSION: Final = b"\x01"
_HEAD: Final = 17  # version, key number, nonce
_KEY_BYTES: Final = 32


class CannotOpen(KalendsError):
    """A sealed value is damaged, was moved, or its key is gone."""


class Damaged(CannotOpen):
    """Its key is here, and does not open it."""


class Vault:
    """Seals with the newest key, opens with any it holds. Safe to use from several threads."""

    def __init__(self, keys: dict[int, bytes]) -> None:
        if not keys or any(len(key) != _KEY_BYTES for key in keys.values()):
            raise UserError("A vault needs at least one key of 32 bytes.")
        self._keys = dict(keys)
        self.master = max(number for number in keys if number < DAY)
        self.current = self.master
        """Number of the key that seals what is not lasting."""
        self._ciphers: dict[tuple[int, str], AESGCM] = {}
        self._digests: dict[str, bytes] = {}

    @classmethod
    def load(cls, path: Path, *, create: bool = True) -> Vault:
        """Take keys from the environment or the key file; make the file on demand, mode 0600.

        Raises ``UserError`` where there is no usable key, or others may read the file.
        """
        given = os.environ.get(ENVIRONMENT)
        if given:
            return cls(_parse(given, f"environment variable {ENVIRONMENT}"))
        if create and not path.exists():
            _write(path, f"1:{b64encode(secrets.token_bytes(_KEY_BYTES)).decode()}\n")
        try:
            text = path.read_text("ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(
                f"The key file {path} cannot be read. Restore it from where the key is kept, "
                f"or set {ENVIRONMENT}: without it nothing in the database can be opened."
            ) from error
        if path.stat().st_mode & 0o077:
            raise UserError(f"Others may read the key file {path}. Run: chmod 600 {path}")
        return cls(_parse(text, str(path)))

    @classmethod
    def rotate(cls, path: Path) -> int:
        """Append a new key to the key file and return its number; old ones still open."""
        number = cls.load(path, create=False).master + 1
        fresh = b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
        beside = path.with_name(path.name + ".new")
        beside.unlink(missing_ok=True)
        _write(beside, f"{path.read_text('ascii').rstrip()}\n{number}:{fresh}\n")
        beside.replace(path)
        settle_names(path.parent)  # before anything is sealed with the new key
        return number

    def seal(self, plain: bytes, organization: str, *context: str, lasting: bool = False) -> bytes:
        """Seal ``plain`` for this organization and context; ``lasting``: not under a day key."""
        number = self.master if lasting else self.current
        nonce = os.urandom(12)
        cipher = self._cipher(number, organization)
        sealed = cipher.encrypt(nonce, plain, "\0".join((organization, *context)).encode())
        return b"".join((_VERSION, number.to_bytes(4, "big"), nonce, sealed))

    def open(self, sealed: bytes, organization: str, *context: str) -> bytes:
        """Return what was sealed for exactly this organization and context.

        Raises ``CannotOpen`` on anything else.
        """
        if len(sealed) < _HEAD or sealed[:1] != _VERSION:
            raise Damaged("not a sealed value")
        cipher = self._cipher(key_number(sealed), organization)
        associated = "\0".join((organization, *context)).encode()
        try:
            return cipher.decrypt(sealed[5:_HEAD], sealed[_HEAD:], associated)
        except InvalidTag as error:
            raise Damaged("a sealed value is damaged or was moved") from error

    def digest(self, plain: bytes, organization: str, *context: str) -> bytes:
        """Return a keyed digest: tells equal from different, and nothing else, to a thief."""
        key = self._digests.get(organization)
        if key is None:
            key = _derive(self._keys[self.master], f"digest/{organization}")
            self._digests[organization] = key
        keyed = blake2b(key=key, digest_size=16)
        keyed.update("\0".join(context).encode() + b"\0" + plain)
        return keyed.digest()

    def add_day(self, day: int, key: bytes) -> None:
        """Hold a day's key; the newest day seals from now on."""
        self._keys[DAY + day] = key
        self.current = max(self.current, DAY + day)

    def drop_day(self, day: int) -> None:
        """Forget a day's key: what it sealed stays closed for ever."""
        number = DAY + day
        self._keys.pop(number, None)
        for known in [known for known in self._ciphers if known[0] == number]:
            del self._ciphers[known]
        if self.current == number:
            self.current = max(self._keys)

    def masters(self) -> list[int]:
        """Return the numbers of the master keys that are held."""
        return sorted(number for number in self._keys if number < DAY)

    @staticmethod
    def number_of(day: int) -> int:
        """Return the number of a day's key."""
        return DAY + day

    def days(self) -> list[int]:
        """Return the days whose keys are held, oldest first."""
        return sorted(number - DAY for number in self._keys if number >= DAY)

    def _cipher(self, number: int, organization: str) -> AESGCM:
        cipher = self._ciphers.get((number, organization))
        if cipher is None:
            key = self._keys.get(number)
            if key is None:
                raise CannotOpen(f"key {number} is not here")
            cipher = AESGCM(_derive(key, f"seal/{organization}"))
            self._ciphers[number, organization] = cipher
        return cipher


def key_number(sealed: bytes) -> int:
    """Return the number of the key that sealed a value."""
    return int.from_bytes(sealed[1:5], "big")


def _derive(key: bytes, purpose: str) -> bytes:
    # Master keys are uniformly random: RFC 5869 section 3.3 lets the extract step be skipped.
    return HKDFExpand(SHA256(), _KEY_BYTES, f"kalends/1/{purpose}".encode()).derive(key)


def _parse(text: str, where: str) -> dict[int, bytes]:
    keys = {}
    for entry in text.replace(",", " ").split():
        number, _, encoded = entry.rpartition(":")
        try:
            key = b64decode(encoded, validate=True)
            keys[int(number or "1")] = key
        except (ValueError, BadBase64) as error:
            raise UserError(_shape(where)) from error
        if len(key) != _KEY_BYTES or not 0 < int(number or "1") < DAY:
            raise UserError(_shape(where))
    if not keys:
        raise UserError(_shape(where))
    return keys


def _shape(where: str) -> str:
    return (
        f"{where} does not hold keys. Each entry is NUMBER:KEY, the key being 32 bytes in "
        "base64; `openssl rand -base64 32` makes one. The highest number seals."
    )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    private = partial(os.open, mode=0o600)
    with open(path, "x", encoding="ascii", opener=private) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    settle_names(path.parent)
