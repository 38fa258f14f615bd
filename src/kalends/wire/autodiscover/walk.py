"""One Autodiscover from beginning to end, as a session that does no input or output.

``ask`` is what to do next; ``told`` and ``services`` take what came of it. Rules: a 401 at one
candidate does not mean a wrong password, so the walk goes on, but after the second one it stops, so
that no account is locked; any other failure makes a candidate invalid; at most ten redirects; an
address is never begun twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin

from kalends.errors import BadAnswer, SourceTrouble
from kalends.model.http import Request, Response
from kalends.wire.autodiscover.candidates import (
    Candidate,
    How,
    Service,
    at,
    candidates_in,
    candidates_of,
    domain_of,
)
from kalends.wire.autodiscover.outcome import Found, Outcome, RedirectAddress, RedirectUrl
from kalends.wire.autodiscover.pox import build_pox, parse_pox
from kalends.wire.autodiscover.redirects import Verdict, host, judge, place
from kalends.wire.autodiscover.soap import build_get_user_settings, parse_get_user_settings
from kalends.wire.ews.soap import word

MAX_REDIRECTS: Final = 10
MAX_REFUSALS: Final = 2
"""Failed sign-ins per walk (RELIABILITY promise 7)."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What to do next."""

    candidate: Candidate
    request: Request | None
    """None: look up ``candidate.where`` as a SRV record. Redirects are not to be followed: hand the
    3xx to ``told``."""


@dataclass(slots=True)
class Walk:
    """One address on its way to its server."""

    address: str
    allowed: tuple[str, ...] = ()
    """Hosts a redirect may lead to with the credential, beyond the home domain."""
    domain: str = ""
    """The home domain: whose Autodiscover is asked and whose hosts may see the credential. Empty:
    the address's own, which is right only where nobody else chose the address."""
    first: Candidate | None = None
    """Where it worked before: asked before all others."""
    shunned: frozenset[str] = frozenset()
    """Hosts known to refuse the credential (``redirects.host``): not shown it again."""
    answered: Candidate | None = None
    """Who told what was ``found``."""
    found: Found | None = None
    refused: list[str] = field(default_factory=list)
    """Hosts that would need an administrator's word before they are asked."""
    reasons: list[str] = field(default_factory=list)
    """Why each candidate was no good: host and cause, no personal data."""
    sign_in_needed: bool = False
    """Ended because the credential was refused."""
    signed_in: bool = False
    """Somebody took the credential, whatever he told of the mailbox."""
    troubled: bool = False
    """Somebody who may know the mailbox could not answer just now."""
    _waiting: list[Candidate] = field(default_factory=list)
    _tried: set[str] = field(default_factory=set)
    _addresses: set[str] = field(default_factory=set)
    _redirects: int = 0
    _refusals: int = 0

    def __post_init__(self) -> None:
        self.domain = self.domain or domain_of(self.address)
        self._begin(self.address, self.domain)
        if self.first is not None and self._allows(self.first.where):
            self._waiting.insert(0, self.first)

    @property
    def done(self) -> bool:
        """Tell whether it is over: ``found``, or nothing is left to ask."""
        return self.found is not None or self.sign_in_needed or not self._waiting

    def ask(self) -> Ask:
        """Return what to do next; not to be called when ``done``."""
        candidate = self._waiting[0]
        return Ask(candidate, _request(candidate, self.address))

    def told(self, response: Response) -> None:
        """Take the answer to what was asked."""
        candidate = self._next()
        if response.status in (301, 302, 303, 307, 308):
            self._redirect(_joined(candidate.where, response.header("location")), candidate)
        elif candidate.how is How.PROBE:
            self._reason(candidate, "over http only a redirect counts")
        elif response.status == 401:
            self._unauthorized(candidate)
        elif response.status != 200:
            self.troubled = self.troubled or response.status >= 500
            self._reason(candidate, f"it answers {response.status}")
        else:
            self._answered(candidate, response)

    def failed(self, why: str) -> None:
        """Take that nothing came of it; ``why`` without personal data."""
        self._reason(self._next(), why)

    def services(self, records: list[Service]) -> None:
        """Take the SRV records found; none is an ordinary miss."""
        source = self._next()
        for candidate in candidates_of(records):
            self._redirect(candidate.where, source)

    def _begin(self, address: str, domain: str) -> None:
        """Ask about an address in a domain, hosts nobody has allowed left out."""
        self.address = address
        self._addresses.add(address.lower())
        self._waiting, self._tried = [], set()
        for candidate in candidates_in(domain):
            if candidate.credential and not self._allows(candidate.where):
                self.refused.append(place(candidate.where))
                self._reason(candidate, "its host is not allowed")
            elif candidate.credential and host(candidate.where) in self.shunned:
                self._reason(candidate, "it refused the credential (401)")
            else:
                self._waiting.append(candidate)

    def _allows(self, url: str) -> bool:
        return judge(url, self.domain, allowed=self.allowed) is Verdict.FOLLOW

    def _next(self) -> Candidate:
        candidate = self._waiting.pop(0)
        self._tried.add(place(candidate.where))
        return candidate

    def _answered(self, candidate: Candidate, response: Response) -> None:
        try:
            outcome = _read(candidate, response, self.address)
        except BadAnswer as error:
            self._reason(candidate, str(error))
            return
        except SourceTrouble as error:
            self.troubled = True
            self._reason(candidate, error.code)
            return
        self.signed_in = True
        if isinstance(outcome, Found):
            if outcome.external_url or outcome.internal_url:
                self.found, self.answered = outcome, candidate
            else:
                self._reason(candidate, "it tells no EWS endpoint")
        elif isinstance(outcome, RedirectUrl):
            self._redirect(outcome.url, candidate)
        elif isinstance(outcome, RedirectAddress):
            self._other_address(outcome.address, candidate)
        else:
            self._reason(candidate, f"it says {word(outcome.code)}")

    def _unauthorized(self, candidate: Candidate) -> None:
        self._refusals += 1
        self._reason(candidate, "it refuses the credential (401)")
        # The same server would refuse it in its other language too, and under another path.
        refused = host(candidate.where)
        self.shunned |= {refused}
        self._waiting = [one for one in self._waiting if host(one.where) != refused]
        self.sign_in_needed = self._refusals >= MAX_REFUSALS

    def _redirect(self, url: str, source: Candidate) -> None:
        self._redirects += 1
        verdict = judge(url, self.domain, tried=frozenset(self._tried), allowed=self.allowed)
        if self._redirects > MAX_REDIRECTS:
            self._reason(source, "too many redirects")
        elif verdict is Verdict.FOLLOW and host(url.strip()) in self.shunned:
            self._reason(source, "it redirects to a host that refused the credential (401)")
        elif verdict is Verdict.FOLLOW:
            self._waiting.insert(self._inserted(source), at(url.strip()))
        elif verdict is Verdict.ASK:
            self.refused.append(place(url))
            self._reason(source, "it redirects to a host that is not allowed")
        else:
            self._reason(source, "it redirects to where no credential may go")

    def _inserted(self, source: Candidate) -> int:
        """Return where a redirect is queued: next, but SRV records keep their order."""
        return len(self._waiting) if source.how is How.SRV else 0

    def _other_address(self, address: str, source: Candidate) -> None:
        self._redirects += 1
        try:
            domain = domain_of(address)
        except ValueError:
            self._reason(source, "it redirects to an address that is none")
            return
        if address.lower() in self._addresses or self._redirects > MAX_REDIRECTS:
            self._reason(source, "its redirects go in circles")
            return
        self._begin(address, domain)

    def _reason(self, candidate: Candidate, why: str) -> None:
        self.reasons.append(f"{place(candidate.where)}: {why}")


def _joined(where: str, location: str) -> str:
    """Return where a redirect leads, which may be told as a path alone (RFC 9110 10.2.2)."""
    try:
        return urljoin(where, location.strip())
    except ValueError:
        return location


def _request(candidate: Candidate, address: str) -> Request | None:
    if candidate.how is How.SRV:
        return None
    if candidate.how is How.PROBE:
        return Request("GET", candidate.where)
    if candidate.how is How.SOAP:
        return build_get_user_settings(candidate.where, (address,))
    return build_pox(candidate.where, address)


def _read(candidate: Candidate, response: Response, address: str) -> Outcome:
    if candidate.how is How.SOAP:
        return parse_get_user_settings(response, (address,))[address]
    return parse_pox(response)
