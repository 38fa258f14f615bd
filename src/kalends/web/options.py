"""What the web process is told at its start; ``app`` makes it from ``[server]``."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebOptions:
    """One web process."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 8080
    """Port to listen on; 0 takes a free one."""
    public_url: str | None = None
    """Address people use; with ``https`` cookies are Secure."""
    hosts: tuple[str, ...] = ()
    """Host names that requests may carry, beside loopback, ``host`` and ``public_url``'s."""
    trusted_proxies: tuple[str, ...] = ()
    """Networks of proxies whose X-Forwarded headers are believed."""
    metrics_networks: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    """Who may read ``/metrics`` without a token."""
    sessions: Path | None = None
    """File that keeps sessions over a restart; None: memory only."""
    console: Path = field(default_factory=lambda: Path(__file__).parent / "console")
    """Built files of the console; served where present."""
    body_bytes: int = 1 << 20
    """Largest body of a request."""
    upload_bytes: int = 20 << 20
    """Largest calendar that may be uploaded."""
    body_seconds: float = 30.0
    """How long a body may take to arrive; as long again for each megabyte that has come."""
    head_seconds: float = 30.0
    """How long a connection may take to say what it wants, from its opening or its last answer."""
    streams: int = 10_000
    """Live streams at once; more are asked to come back later."""
    engine_seconds: float = 10.0
    """How long the engine may take for a command."""

    @property
    def secure(self) -> bool:
        """Tell whether people come over https."""
        return (self.public_url or "").startswith("https://")

    def allowed_hosts(self) -> frozenset[str]:
        """Return the host names (no port, lower case) that requests may carry."""
        names = {*_LOOPBACK, *(name.lower() for name in self.hosts)}
        if self.host not in ("", "0.0.0.0", "::"):  # noqa: S104  # compared, not bound
            names.add(f"[{self.host}]" if ":" in self.host else self.host.lower())
        public = urlsplit(self.public_url or "").hostname
        if public:
            names.add(f"[{public}]" if ":" in public else public)
        return frozenset(names)

    def is_local(self, address: str) -> bool:
        """Tell whether an address may read ``/metrics`` without a token."""
        try:
            asked = ip_address(address)
        except ValueError:
            return False
        return any(asked in ip_network(network, strict=False) for network in self.metrics_networks)
