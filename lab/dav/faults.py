"""What the server can do wrong; each field is one way real servers have failed."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Faults:
    """Set fields at any moment; a new object behaves well."""

    status: dict[str, int] = field(default_factory=dict)
    """Path prefix → status answered instead (401, 403, 404, 429, 500, 503 …)."""
    retry_after: str = ""
    """Sent with 429 and 503."""
    html: bool = False
    """Every answer is 200 with a sign-in page."""
    empty_body: bool = False
    """Every answer is 200 without a body."""
    truncated: bool = False
    """XML and calendar bodies end in the middle."""
    emptied: bool = False
    """Listings are well formed and empty, as after a lost mount."""
    no_sync: bool = False
    """No sync-collection: REPORT answers 403 with supported-report, no token in properties."""
    no_ctag: bool = False
    no_multiget: bool = False
    """Multiget answers 207 without any response (seen where hrefs were mangled)."""
    lost_deletions: bool = False
    """sync-collection never reports what was deleted."""
    forget_tokens: bool = False
    """Every sync token is invalid (403 valid-sync-token)."""
    invalid_token_status: int = 403
    page: int = 0
    """sync-collection answers this many members and a 507; 0: all at once."""
    endless_pages: bool = False
    """Every page ends with 507 and the token never moves."""
    collection_in_sync: bool = False
    """The collection itself is among the changes (iCloud)."""
    not_found_property: bool = False
    """Members carry a 404 propstat for a property nobody has."""
    full_urls: bool = False
    """hrefs are absolute URLs."""
    hostile_href: str = ""
    """hrefs lead to this origin instead."""
    redirect: str = ""
    """Every request is redirected there (absolute) or to this path prefix."""
    escape_hrefs: bool = False
    """hrefs are percent-encoded more than need be (%40 for @)."""
    weak_etags: bool = False
    no_principal: bool = False
    """current-user-principal is not known."""
    delay: float = 0.0
    """Seconds before each answer (only on a real socket, or for a client that honours it)."""
    no_conditional: bool = False
    """Feeds ignore If-None-Match and If-Modified-Since."""
    no_etag: bool = False
    """Feeds tell Last-Modified only."""
    hide_shares: bool = False
    """A home lists its own calendars only, though others may be read."""
