"""A source's own account: who signs in, by which secret; read anew for every sign-in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from kalends.errors import SignInNeeded
from kalends.net.contract import Credential


class Named(Protocol):
    """The options of whatever signs in."""

    @property
    def username(self) -> str | None:
        """Return the account's name; None: nobody signs in."""


def account(options: Named, secret: Callable[[str], str | None]) -> Credential | None:
    """Return the credential that options name; None where there is none, or no secret yet.

    ``secret`` returns a stored secret by its field. Raises ``SignInNeeded`` where there should be
    a keytab and is none.
    """
    if options.username is None:
        return None
    keytab = getattr(options, "keytab_file", None)
    if keytab is not None:
        return Credential(options.username, _mark(keytab), keytab)
    password = secret("password")
    return None if password is None else Credential(options.username, password)


def _mark(keytab: str) -> str:
    try:
        return hashlib.sha256(Path(keytab).read_bytes()).hexdigest()
    except OSError as error:
        missing = SignInNeeded(f"the keytab cannot be read: {error.strerror}")
        missing.remedy = "Check keytab_file, and that the user Kalends runs as may read it."
        raise missing from error
