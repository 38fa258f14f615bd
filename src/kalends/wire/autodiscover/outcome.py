"""What an Autodiscover answer may say about one mailbox: an endpoint, a detour, or no."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Found:
    """Where a mailbox is."""

    external_url: str = ""
    """EWS from outside."""
    internal_url: str = ""
    """EWS from within the network."""
    grouping: str = ""
    """``GroupingInformation``: mailboxes with the same one (and URL) share a server."""
    public_folders: str = ""
    """Address of the public folder mailbox that holds the hierarchy (2013+)."""
    schemas: tuple[str, ...] = ()
    """``EwsSupportedSchemas``: what the server may be asked."""
    settings: dict[str, str] = field(default_factory=dict)
    """Everything told, by name."""

    def url(self, *, inside: bool) -> str:
        """Return the endpoint for one who is inside or outside; the other where it is the only."""
        near, far = self.internal_url, self.external_url
        return (near or far) if inside else (far or near)


@dataclass(frozen=True, slots=True)
class RedirectUrl:
    """Ask again, there."""

    url: str


@dataclass(frozen=True, slots=True)
class RedirectAddress:
    """Ask again from the beginning, for another address."""

    address: str


@dataclass(frozen=True, slots=True)
class Denied:
    """This server says no."""

    code: str
    """``InvalidUser``, ``500`` …"""


Outcome = Found | RedirectUrl | RedirectAddress | Denied
