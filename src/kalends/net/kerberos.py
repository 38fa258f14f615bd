"""Tickets of Kerberos (RFC 4120) for the accounts that sign in by Negotiate.

Place in the flow: *lines → tickets → the domain's key server (KDC)*. An account gets one ticket, by
its password or its keytab, which serves all its connections until nine tenths of its time are over:
the key server is asked every few hours, not for every connection. What it says decides:

- it *refuses the account* (wrong password or key, locked, expired): told to the breaker, and not
  tried by NTLM as well, where the directory would count the same mistake a second time;
- there is *no Kerberos to be had* for this account or server: NTLM within SPNEGO where there is a
  password, trouble where there is only a keytab;
- the *clocks* differ by more than it allows: neither password nor key is to blame.

The libraries are an extra, compiled against the machine's Kerberos and configured by its
``krb5.conf``. Their calls block: everything here belongs into a thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Final

from kalends import observe
from kalends.errors import SignInNeeded
from kalends.net.contract import Credential
from kalends.net.signin import NotAsked, RefusedElsewhere

INSTALL: Final = 'pip install "kalends[kerberos]"'
_SHARE: Final = 0.9
"""Of a ticket's time after which a new one is fetched."""
_YOUNG: Final = 300.0
"""Seconds in which a ticket that is refused is not fetched again: it is not its age."""
_MOST_KEPT: Final = 64

_BASE: Final = -1765328384
"""Where libkrb5's numbers begin: RFC 4120 section 7.5.9 counted from here."""
_ACCOUNT_UNKNOWN: Final = _BASE + 6
_SERVER_UNKNOWN: Final = _BASE + 7
_WRONG: Final = (_BASE + 24, _BASE + 31, -1765328174)
"""PREAUTH_FAILED, BAD_INTEGRITY, and every pre-authentication refused."""
_LOCKED: Final = _BASE + 18
_ACCOUNT_ENDED: Final = _BASE + 1
_SECRET_ENDED: Final = _BASE + 23
_CLOCKS: Final = _BASE + 37
_NO_KEY: Final = -1765328203
"""The keytab holds nothing for this account."""

log = observe.logger(__name__)


class AccountRefused(RefusedElsewhere):
    """The key server refuses the account: that is a failed sign-in in the directory."""


class TicketRefused(RefusedElsewhere):
    """The server refuses a ticket that the key server granted: the password is not to blame."""


class NoTicket(NotAsked):
    """There is no ticket for this account and server, and nothing else to sign in with."""


class ClocksDiffer(SignInNeeded):
    """Somebody's clock is wrong; the credential was not judged."""

    remedy = (
        "Kerberos allows five minutes. Set the clocks of this machine, the Exchange server and the "
        "domain controller by the same time servers (chronyc tracking, w32tm /query /status)."
    )


@dataclass(slots=True)
class Ticket:
    """What the key server granted to one account."""

    cache: str
    """Name of libkrb5's cache in this process's memory, for ``spnego.KerberosCCache``."""
    fetched_at: float
    renew_at: float
    served: set[str] = field(default_factory=set)
    """Servers for which it is known to be good."""


class Tickets:
    """The tickets of one organization's accounts; safe to use from several threads."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._kept: dict[str, Ticket] = {}

    def of(self, credential: Credential, host: str) -> Ticket | None:
        """Return a ticket that is good for a server; None: sign in by NTLM.

        Raises ``AccountRefused``, ``ClocksDiffer``; ``NoTicket`` where there is no password.
        """
        if not installed():
            if credential.keytab:
                raise no_extra()
            return None
        with self._lock:
            return self._of(credential, host)

    def drop(self, credential: Credential) -> bool:
        """Forget a ticket that a server did not take; tell whether a new one is worth a try."""
        with self._lock:
            kept = self._kept.get(credential.fingerprint)
            if kept is None or self._now() < kept.fetched_at + _YOUNG:
                return False
            self._forget(credential.fingerprint)
            return True

    def _of(self, credential: Credential, host: str) -> Ticket | None:
        kept = self._kept.get(credential.fingerprint)
        usable = kept is not None and kept.fetched_at <= self._now() < kept.renew_at
        trouble = self._serve(kept, host) if kept is not None and usable else None
        if kept is not None and usable and trouble is None:
            return kept
        if trouble is None or _code(trouble) != _SERVER_UNKNOWN:  # else a new one knows no more
            try:
                fetched = self._fetched(credential)
            except _krb5_error() as error:
                _refuse(credential, _code(error))
                trouble = error
            else:
                trouble = self._serve(fetched, host)
                if trouble is None:
                    return fetched
        if credential.keytab:
            raise _no_ticket(credential, host, trouble) from trouble
        log.info("kerberos.unavailable", host=host, code=_code(trouble))
        return None

    def _fetched(self, credential: Credential) -> Ticket:
        cache, seconds = _ask(credential)
        now = self._now()
        self._forget(credential.fingerprint)
        ticket = Ticket(cache, now, now + _SHARE * seconds)
        self._kept[credential.fingerprint] = ticket
        while len(self._kept) > _MOST_KEPT:
            self._forget(next(iter(self._kept)))
        return ticket

    def _forget(self, fingerprint: str) -> None:
        ticket = self._kept.pop(fingerprint, None)
        if ticket is not None:
            _destroy(ticket.cache)

    def _serve(self, ticket: Ticket, host: str) -> Exception | None:
        """Have a ticket for one server granted, into the account's cache; return what failed."""
        from spnego.exceptions import SpnegoError

        if host not in ticket.served:
            try:
                context(ticket, host).step()
            except SpnegoError as error:
                return error
            ticket.served.add(host)
        return None


def installed() -> bool:
    """Tell whether the extra is here."""
    return find_spec("krb5") is not None and find_spec("gssapi") is not None


def no_extra() -> SignInNeeded:
    """Return the error for a keytab without the libraries that read it."""
    error = SignInNeeded("keytab_file needs Kerberos, which is not installed")
    error.remedy = f"Install it: {INSTALL} (needs libkrb5-dev and a C compiler)."
    return error


def principal(username: str) -> str:
    """Return an account's name as Kerberos writes it; realms are in capitals.

    ``DOMAIN\\user`` and ``user@domain`` both become ``user@DOMAIN``; a bare name belongs to the
    default realm of ``krb5.conf``.
    """
    domain, backslash, user = username.partition("\\")
    if backslash:
        return f"{user}@{domain.upper()}"
    user, _, realm = username.rpartition("@")
    return f"{user}@{realm.upper()}" if user else realm


def context(ticket: Ticket, host: str) -> Any:
    """Return a client's context of Kerberos alone."""
    import spnego

    shown = spnego.KerberosCCache(ticket.cache)
    return spnego.client([shown], hostname=host, service="HTTP", protocol="kerberos")


def clocks_differ(error: BaseException | None, host: str) -> ClocksDiffer | None:
    """Return what the server says of the clocks within its token; None: nothing."""
    if _code(error) != _CLOCKS:
        return None
    return ClocksDiffer(f"the clocks of this machine and {host} differ too much for Kerberos")


def ticket_refused(host: str) -> TicketRefused:
    """Return the error for a server that does not take a good ticket."""
    error = TicketRefused(f"{host} refuses the Kerberos ticket that the key server granted")
    error.remedy = (
        f"The account's password or keytab is right. Check that HTTP/{host} is registered for the "
        "account the server runs under, and for no other (setspn -Q), that the account may sign in "
        "there, and that no proxy between ends TLS (Extended Protection)."
    )
    return error


def _ask(credential: Credential) -> tuple[str, float]:
    """Ask the key server for a ticket; return its cache and how many seconds it is good."""
    import krb5

    talk = krb5.init_context()
    who = krb5.parse_name_flags(talk, principal(credential.username).encode())
    options = krb5.get_init_creds_opt_alloc(talk)
    krb5.get_init_creds_opt_set_canonicalize(options, True)
    if credential.keytab:
        keys = krb5.kt_resolve(talk, f"FILE:{credential.keytab}".encode())
        granted = krb5.get_init_creds_keytab(talk, who, options, keytab=keys)
    else:
        secret = credential.secret.encode()
        granted = krb5.get_init_creds_password(talk, who, options, password=secret)
    cache = krb5.cc_new_unique(talk, b"MEMORY")
    krb5.cc_initialize(talk, cache, granted.client)
    krb5.cc_store_cred(talk, cache, granted)
    times = granted.times
    return f"MEMORY:{(cache.name or b'').decode()}", times.endtime - times.authtime


def _destroy(cache: str) -> None:
    import krb5

    talk = krb5.init_context()
    krb5.cc_destroy(talk, krb5.cc_resolve(talk, cache.encode()))


def _krb5_error() -> type[Exception]:
    import krb5

    found: type[Exception] = krb5.Krb5Error
    return found


def _code(error: BaseException | None) -> int:
    """Return libkrb5's number of an error; 0 where it has none."""
    if error is None:
        return 0
    code = getattr(error, "err_code", None) or getattr(error, "min_code", None)
    if isinstance(code, int):
        return code - (1 << 32) if code >= 1 << 31 else code
    return _code(getattr(error, "base_error", None))


def _refuse(credential: Credential, code: int) -> None:
    """Raise where the key server judged the account, or the clocks."""
    who = principal(credential.username)
    if code == _CLOCKS:
        raise ClocksDiffer("the clocks of this machine and the key server differ too much")
    if code in _WRONG:
        thing = "the key in the keytab" if credential.keytab else "the password"
        raise _refused(f"the key server refuses {thing} of {who}", _renewal(credential))
    if code == _LOCKED:
        raise _refused(f"the key server says that {who} is locked or disabled", "Unlock it there.")
    if code == _SECRET_ENDED:
        raise _refused(f"the password of {who} has expired", _renewal(credential))
    if code == _ACCOUNT_ENDED:
        raise _refused(f"the account {who} has expired", "Extend it in the directory.")
    if code == _ACCOUNT_UNKNOWN and credential.keytab:
        raise _refused(f"the key server does not know {who}", "Correct username.")


def _refused(said: str, remedy: str) -> AccountRefused:
    error = AccountRefused(said)
    error.remedy = remedy
    return error


def _renewal(credential: Credential) -> str:
    if not credential.keytab:
        return "Set the new password where Kalends reads it."
    return (
        "A password that was set in the directory makes older keytabs useless: export the keytab "
        "again (ktpass, ktutil, msktutil), into the same file."
    )


def _no_ticket(credential: Credential, host: str, trouble: Exception) -> NoTicket:
    who, code = principal(credential.username), _code(trouble)
    if code == _SERVER_UNKNOWN:
        error = NoTicket(f"the key server does not know HTTP/{host}")
        error.remedy = f"Register it for the server's account (setspn -S HTTP/{host} …)."
    elif code == _NO_KEY:
        error = NoTicket(f"the keytab holds no key of {who}")
        error.remedy = "Compare username with klist -k on the keytab."
    else:
        error = NoTicket(f"no Kerberos ticket for {who}: {trouble}")
        error.remedy = "Check krb5.conf on this machine, and that it reaches the key server (88)."
    return error
