"""Where to ask about an address, in the documented order.

1. ``https://<domain>/…``  2. ``https://autodiscover.<domain>/…``  3. an unauthenticated GET over
http, of which only a redirect to https counts  4. DNS SRV. (What Active Directory publishes is for
machines within the domain, which this one is not.)
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

_SOAP: Final = "/autodiscover/autodiscover.svc"
_POX: Final = "/autodiscover/autodiscover.xml"


class How(StrEnum):
    """How a candidate is asked."""

    SOAP = "soap"
    POX = "pox"
    PROBE = "probe"
    """GET without a credential; only a 302 to https counts."""
    SRV = "srv"
    """DNS: ``where`` is the name to look up."""


class Candidate(NamedTuple):
    """One place to ask."""

    how: How
    where: str
    """URL, or the name of a SRV record."""

    @property
    def credential(self) -> bool:
        """Whether it may be asked with a credential."""
        return self.how in (How.SOAP, How.POX) and self.where.startswith("https://")


class Service(NamedTuple):
    """One SRV record."""

    priority: int
    weight: int
    port: int
    target: str


def domain_of(address: str) -> str:
    """Return the domain of an address, as DNS wants it (IDNA), lower case.

    Raises ``ValueError`` where there is none, or where it could lead out of a URL's host part.
    """
    domain = address.rpartition("@")[2].strip().rstrip(".").lower()
    try:
        known = domain.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise ValueError("the address has no domain that DNS could know") from error
    labels = known.split(".")
    if "@" not in address or len(labels) < 2 or not all(map(_is_label, labels)):
        raise ValueError("the address has no domain that DNS could know")
    return known


def candidates(address: str) -> tuple[Candidate, ...]:
    """Return where to ask about an address, first to last."""
    return candidates_in(domain_of(address))


def candidates_in(domain: str) -> tuple[Candidate, ...]:
    """Return where a domain's Autodiscover may be, first to last."""
    hosts = (domain, f"autodiscover.{domain}")
    asked = [
        Candidate(how, f"https://{host}{path}")
        for host in hosts
        for how, path in ((How.SOAP, _SOAP), (How.POX, _POX))
    ]
    return (
        *asked,
        Candidate(How.PROBE, f"http://autodiscover.{domain}{_POX}"),
        Candidate(How.SRV, srv_name(domain)),
    )


def srv_name(domain: str) -> str:
    """Return the DNS name of the service record."""
    return f"_autodiscover._tcp.{domain}"


def candidates_of(services: list[Service]) -> tuple[Candidate, ...]:
    """Return where SRV records send us: only to port 443, lowest priority and most weight first."""
    usable = [found for found in services if found.port == 443 and _is_host(found.target)]
    usable.sort(key=lambda found: (found.priority, -found.weight))
    hosts = dict.fromkeys(found.target.rstrip(".").lower() for found in usable)
    return tuple(
        Candidate(how, f"https://{host}{path}")
        for host in hosts
        for how, path in ((How.SOAP, _SOAP), (How.POX, _POX))
    )


def at(url: str) -> Candidate:
    """Return the candidate for a URL we were sent to; its path tells the language."""
    return Candidate(How.SOAP if url.lower().split("?")[0].endswith(".svc") else How.POX, url)


def _is_host(name: str) -> bool:
    labels = name.rstrip(".").lower().split(".")
    return len(labels) >= 2 and all(map(_is_label, labels))


def _is_label(label: str) -> bool:
    letters = label.replace("-", "").replace("_", "")
    return 0 < len(label) <= 63 and letters.isascii() and letters.isalnum()
