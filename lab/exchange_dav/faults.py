"""What the server can do wrong; each field is one way real servers have failed."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Faults:
    """Set fields at any moment; a new object behaves well."""

    status: dict[str, int] = field(default_factory=dict)
    """Decoded path prefix → status answered instead (401, 403, 404, 429, 500, 503 …)."""
    retry_after: str = ""
    unauthorized: int = 0
    """So many requests get 401 whatever the password; -1: all of them."""
    html: bool = False
    """Every answer is 200 with a sign-in page."""
    empty_body: bool = False
    """Every answer is 200 without a body."""
    truncated: bool = False
    """Bodies end in the middle, well framed."""
    cut: bool = False
    """The connection breaks in the middle of a body (on a real socket)."""
    delay: float = 0.0
    """Seconds before each answer (on a real socket)."""
    drip: float = 0.0
    """Seconds between pieces of a body (on a real socket)."""
    emptied: bool = False
    """Queries find nothing, as after a lost mount."""
    bomb: bytes = b""
    """Sent as the body of every 207."""
    illegal_references: bool = False
    """Subjects hold &#x0; and &#x1F;."""
    internal_host: str = ""
    """Addresses in answers begin with this origin instead (``http://ex01.corp.local``)."""
    redirect: str = ""
    """Every request is redirected to this origin."""
    form_action: str = ""
    """The sign-on form leads there."""
    always_440: bool = False
    """Sessions are made and never accepted."""
    no_cookies: bool = False
    """Signing on redirects as if it had worked, without cookies."""
    no_aliases: bool = False
    """SELECT … AS is refused."""
    no_subscriptions: bool = False
    """SUBSCRIBE is refused (501)."""
    no_versions: bool = False
    """Folders tell nothing of their state."""
    deaf: bool = False
    """Subscriptions never fire and folders keep their state: changes go unnoticed."""
    no_recurrence_ids: bool = False
    """Exceptions do not tell which instance they replace."""
    raw_named_properties: bool = False
    """Every item carries a named property under its own, ill-formed name."""
