"""A calendar server that is named by its domain only (RFC 6764).

Place in the flow: *source with ``domain`` → DNS → the address where the source begins*. Asked are
the SRV records of ``_caldavs._tcp`` and the ``path`` of its TXT record; without any, the domain
itself is tried at ``/.well-known/caldav`` (section 6). Plain http is never looked for.

DNS is nobody's word, and a credential follows it. So what it names must be the domain or a host
below it, or stand in ``allowed_hosts``: then the certificate, checked as ever, says whose it is
(section 8).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from kalends.errors import RedirectRefused
from kalends.net.names import Resolver, Srv, srv, txt

SERVICE: Final = "_caldavs._tcp"
WELL_KNOWN: Final = "/.well-known/caldav"
_PATH: Final = re.compile(r"path=(/(?!/)[A-Za-z0-9._~!$&'()*+,;=:@%/-]{0,500})\Z", re.IGNORECASE)


async def found(domain: str, allowed: Iterable[str], resolver: Resolver | None = None) -> str:
    """Ask DNS for the address of a domain's calendar server.

    Raises ``Unreachable`` where no name server answers, ``RedirectRefused`` where what they name
    may not see the credential.
    """
    name = f"{SERVICE}.{domain.rstrip('.')}"
    records = await srv(name, resolver)
    texts = await txt(name, resolver) if records else ()
    return chosen(domain, records, texts, allowed)


def chosen(
    domain: str, records: Sequence[Srv], texts: Iterable[str], allowed: Iterable[str]
) -> str:
    """Return the address to begin at; the preferred place that may see the credential."""
    domain = domain.lower().rstrip(".")
    if not records:
        return f"https://{domain}{WELL_KNOWN}"
    hosts = {host.lower() for host in allowed}
    for one in records:
        if below(one.target, domain) or {one.target, f"{one.target}:{one.port}"} & hosts:
            port = "" if one.port == 443 else f":{one.port}"
            return f"https://{one.target}{port}{_path(texts)}"
    raise RedirectRefused(
        f"DNS names {records[0].target} for {domain}, which is not below it: list that host in "
        "allowed_hosts, or write its address as url, if it may be given the password"
    )


def below(host: str, domain: str) -> bool:
    """Tell whether a host is the domain, or lies below it."""
    return host == domain or host.endswith(f".{domain}")


def _path(texts: Iterable[str]) -> str:
    paths = (_PATH.match(text) for text in texts)
    return next((match[1] for match in paths if match), WELL_KNOWN)
