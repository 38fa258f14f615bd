"""Which addresses may be connected to: the vetting of *connected* addresses (threat 4).

Place in the flow: every socket that leads out asks here with the very address it is about to
connect to, after name resolution, so that a name that changes its answer (DNS rebinding) gains
nothing.

Vocabulary: an address is *public* (global unicast by the IANA registries), *loopback*, *private*
(RFC 1918, ULA) or *special* (everything else). An *opened* range is one that the operator lists
in ``[server] allowed_networks``. A place is *trusted* where the operator's own file describes it.

Python's ``is_global`` is not enough: it is true for NAT64 (``64:ff9b::/96``) and 6to4 addresses,
which carry an IPv4 address in disguise.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from kalends.errors import AddressRefused, UserError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Reach(StrEnum):
    """What kind of address it is."""

    PUBLIC = "public"
    LOOPBACK = "loopback"
    PRIVATE = "private"
    SPECIAL = "special"


class Carriage(StrEnum):
    """What will travel; plain text is for machines next door only."""

    TLS = "tls"
    PLAIN = "plain http"
    PLAIN_SIGNED = "plain http with a credential"


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


_LOOPBACK: Final = _networks("127.0.0.0/8", "::1/128")
_PRIVATE: Final = _networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
_SPECIAL_4: Final = _networks(
    "0.0.0.0/8",  # "this network": reaches the machine itself on Linux
    "100.64.0.0/10",  # carrier-grade NAT, RFC 6598
    "169.254.0.0/16",  # link-local: where clouds keep their metadata service
    "192.0.0.0/24",  # IETF protocol assignments, with NAT64 discovery and DS-Lite
    "192.0.2.0/24",  # documentation
    "192.88.99.0/24",  # 6to4 relays, RFC 7526
    "198.18.0.0/15",  # benchmarking
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, broadcast
)
_GLOBAL_6: Final = ipaddress.IPv6Network("2000::/3")
_SPECIAL_6: Final = _networks(
    "2001::/23",  # IETF protocol assignments: Teredo (2001::/32), ORCHID, benchmarking …
    "2001:db8::/32",  # documentation
    "2002::/16",  # 6to4: an IPv4 address in disguise
    "3fff::/20",  # documentation, RFC 9637
)
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


def reach(address: Address) -> Reach:
    """Return what kind of address this is; IPv4 within IPv6 is judged by the IPv4 address."""
    if _within(address, _LOOPBACK):
        return Reach.LOOPBACK
    if _within(address, _PRIVATE):
        return Reach.PRIVATE
    if isinstance(address, ipaddress.IPv4Address):
        return Reach.SPECIAL if _within(address, _SPECIAL_4) else Reach.PUBLIC
    if address in _NAT64:
        # RFC 6052 section 3.1: the well-known prefix is for public IPv4 addresses only.
        inner = reach(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
        return Reach.PUBLIC if inner is Reach.PUBLIC else Reach.SPECIAL
    if address in _GLOBAL_6 and not _within(address, _SPECIAL_6):
        return Reach.PUBLIC
    return Reach.SPECIAL  # link-local, site-local, multicast, unassigned, 64:ff9b:1::/48 …


def parse_address(text: str) -> Address:
    """Return an address without its zone index, a mapped one (``::ffff:…``) as IPv4.

    Raises ``ValueError`` on anything else.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return networks written as CIDR or single addresses; ``UserError`` names a wrong one."""
    networks = []
    for text in texts:
        try:
            networks.append(ipaddress.ip_network(text.strip(), strict=False))
        except ValueError as error:
            raise UserError(
                f"[server] allowed_networks: {text!r} is not a network; "
                "write it as 10.0.0.0/8 or fd00::/8"
            ) from error
    return tuple(networks)


@dataclass(frozen=True, slots=True)
class AddressRules:
    """Says for one place which addresses may be connected to."""

    opened: tuple[Network, ...] = ()
    """Ranges the operator opened; they are open to everything, plain http included."""
    trusted: bool = False
    """The operator's own file names the place: it may be private or loopback."""
    carriage: Carriage = Carriage.TLS

    @classmethod
    def of(cls, networks: Iterable[str], *, trusted: bool) -> AddressRules:
        """Return rules from ``allowed_networks`` as written."""
        return cls(parse_networks(networks), trusted)

    def carrying(self, carriage: Carriage) -> AddressRules:
        """Return the same rules for another carriage."""
        return replace(self, carriage=carriage)

    def allows(self, text: str) -> bool:
        """Tell whether this address may be connected to; what is not an address may not."""
        try:
            address = parse_address(text)
        except ValueError:
            return False
        return _within(address, self.opened) or reach(address) in self._allowed()

    def check(self, text: str, host: str = "") -> None:
        """Raise ``AddressRefused`` where ``allows`` says no; ``host`` is the name asked for."""
        if not self.allows(text):
            raise AddressRefused(self._why(text, host))

    def _allowed(self) -> frozenset[Reach]:
        if self.carriage is Carriage.TLS:
            return _TRUSTED if self.trusted else _ANYBODY
        if not self.trusted:
            return frozenset()
        return _NEXT_DOOR if self.carriage is Carriage.PLAIN else _SAME_MACHINE

    def _why(self, text: str, host: str) -> str:
        name = f"{host} ({text})" if host and host != text else text
        try:
            kind = reach(parse_address(text))
        except ValueError:
            return f"{name} is no address"
        if self.carriage is not Carriage.TLS and kind not in (Reach.SPECIAL,):
            return f"{name} is {kind}: no {self.carriage} goes there, use https"
        return f"{name} is a {kind} address and not opened here"


_ANYBODY: Final = frozenset({Reach.PUBLIC})
_TRUSTED: Final = frozenset({Reach.PUBLIC, Reach.LOOPBACK, Reach.PRIVATE})
_NEXT_DOOR: Final = frozenset({Reach.LOOPBACK, Reach.PRIVATE})
_SAME_MACHINE: Final = frozenset({Reach.LOOPBACK})


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
