"""DNS beyond addresses: SRV and TXT records, where services say how they are found.

Place in the flow: *discovery (Autodiscover, CalDAV) → names → the machine's resolver*. RFC 1035,
RFC 2782. Addresses are not looked up here: whoever connects resolves and vets them himself.

What DNS says is nobody's word: without DNSSEC anybody on the way can answer. A name found here is
a proposal; the certificate of whoever answers there, and the rules of discovery, decide whether a
credential follows it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kalends.errors import Unreachable

if TYPE_CHECKING:
    from dns.rdtypes.ANY.TXT import TXT
    from dns.rdtypes.IN.SRV import SRV
    from dns.rrset import RRset

SECONDS: Final = 5.0
"""For one question, over all servers and repetitions."""
MOST: Final = 32
"""Records taken from an answer; nobody means more."""
_HOST: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\Z")


@dataclass(frozen=True, slots=True)
class Srv:
    """One place that offers a service."""

    target: str
    """Host name in lower case, without the closing dot."""
    port: int
    priority: int
    """Lower comes first."""
    weight: int
    """Among equal priorities: higher comes first."""


@dataclass(frozen=True, slots=True)
class Resolver:
    """A name server to ask instead of the machine's own."""

    address: str
    port: int = 53


async def srv(name: str, resolver: Resolver | None = None) -> tuple[Srv, ...]:
    """Return the SRV records of a name, the preferred first; none where there are none.

    The order is fixed, not drawn by weight as RFC 2782 would: discovery wants the same answer
    each time. A target of ``.`` says "not offered here" and is left out. Raises ``Unreachable``
    where no server answered.
    """
    answer = await _ask(name, "SRV", resolver)
    records: list[SRV] = list(answer or ())
    found = [
        Srv(
            record.target.to_text(omit_final_dot=True).lower(),
            record.port,
            record.priority,
            record.weight,
        )
        for record in records
    ]
    proper = [one for one in found if _HOST.match(one.target) and one.port]
    proper.sort(key=lambda one: (one.priority, -one.weight, one.target, one.port))
    return tuple(proper[:MOST])


async def txt(name: str, resolver: Resolver | None = None) -> tuple[str, ...]:
    """Return the TXT records of a name, the strings of each joined (RFC 7208 section 3.3)."""
    answer = await _ask(name, "TXT", resolver)
    records: list[TXT] = list(answer or ())
    texts = [b"".join(record.strings).decode(errors="replace") for record in records]
    return tuple(sorted(texts)[:MOST])


async def _ask(name: str, kind: str, server: Resolver | None) -> RRset | None:
    # Only discovery asks DNS, at most once in a while: nobody else pays for the import.
    import dns.asyncresolver
    import dns.exception
    import dns.name
    import dns.resolver

    try:
        asked = dns.name.from_text(name)
    except (dns.exception.DNSException, UnicodeError):
        return None  # what is no name has no records
    try:
        resolver = dns.asyncresolver.Resolver(configure=server is None)
        if server is not None:
            resolver.nameservers, resolver.port = [server.address], server.port
        answer = await resolver.resolve(
            asked, kind, search=False, raise_on_no_answer=False, lifetime=SECONDS
        )
    except dns.resolver.NXDOMAIN:
        return None
    except (dns.exception.DNSException, OSError) as error:
        raise Unreachable(f"no name server answers for {kind} records") from error
    return answer.rrset
