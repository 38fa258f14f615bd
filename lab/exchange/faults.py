"""What the server can do wrong; each field is one way real servers have failed."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Faults:
    """Set fields at any moment; a new object behaves well."""

    busy: int | None = None
    """Every request is refused as ErrorServerBusy with so many milliseconds of back-off."""
    busy_until: float = 0.0
    """Busy until then (seconds since the epoch); set by ``busy_for``."""
    busy_seconds: float = 0.0
    """What each who asks too early is told to wait from anew."""
    busy_without_time: bool = False
    """ErrorServerBusy tells its policy instead of a time."""
    busy_inside: bool = False
    """HTTP 200 with ErrorInternalServerError whose InnerErrorResponseCode is ErrorServerBusy."""
    busy_operations: set[str] = field(default_factory=set)
    """Only these operations are busy; empty: all."""
    unauthorized: int = 0
    """So many requests get 401 whatever the password; -1: all of them."""
    status: int = 0
    """Every request is answered with this status by IIS, without SOAP (503: queue full)."""
    codes: dict[str, str] = field(default_factory=dict)
    """Operation → response code of every message of it."""
    mailbox_codes: dict[str, str] = field(default_factory=dict)
    """Mailbox → response code for whatever touches it."""
    mail_tips_off: bool = False
    """The organization switched mail tips off (``Set-OrganizationConfig``)."""
    mail_tips_most: int = 50
    """``MaxRecipientsPerGetMailTipsRequest``, as servers come."""
    mail_tips_refusal: str = "ErrorInvalidArgument"
    """What a larger request is answered with: a code, of the whole (``Error…``), as a fault
    (``fault Error…``) or of each recipient (``each Error…``); or only the first are told of
    (``cut``). Which of them a version does is not documented."""
    fault: str = ""
    """Every request gets a SOAP fault with this code."""
    blank_codes: bool = False
    """Codes in faults stand between blanks and line ends."""
    html: bool = False
    """Every answer is 200 with a sign-in page."""
    truncated: bool = False
    """Bodies end in the middle, well framed."""
    cut: bool = False
    """The connection breaks in the middle of a body (on a real socket)."""
    delay: float = 0.0
    """Seconds before each answer (on a real socket)."""
    drip: float = 0.0
    """Seconds between pieces of a body (on a real socket)."""
    slow_operations: set[str] = field(default_factory=set)
    """Only these operations are delayed, dripped or cut; empty: all."""
    drop_requests: int = 0
    """So many requests are read, and their connections closed without a word; -1: all of them."""
    illegal_references: bool = False
    """Texts hold &#x0; and &#x1F;, as user text of a real Exchange 2016 did."""
    clock_skew: float = 0.0
    """Seconds the server's clock is ahead."""
    naive_times: bool = False
    """Starts and ends come without a zone."""
    unexpanded: bool = False
    """CalendarView answers masters instead of occurrences, as servers not Microsoft's do."""
    view_ceiling: int = 0
    """FindItem answers at most so many; the rest only shows in IncludesLastItemInRange."""
    forget_sync_states: bool = False
    mute_streams: bool = False
    """Subscriptions live, heartbeats come, and no event ever does."""
    deaf_subscriptions: set[str] = field(default_factory=set)
    """Ids of subscriptions whose events no stream ever brings; all others are served."""
    gathered_streams: bool = False
    """Nothing of a stream arrives before its end: a proxy in front gathers answers first."""
    silent_streams: bool = False
    """Connections stay open and nothing at all comes any more (half closed by a middle box)."""
    cut_streams: int = 0
    """Connections end without Closed after so many envelopes."""
    half_close_streams: int = 0
    """After so many envelopes the server ends its half of the connection, and goes on reading."""
    split_envelopes: bool = False
    """Envelopes of a stream arrive in pieces that end anywhere."""
    missed_events: bool = False
    """The next event on a stream is ErrorMissedNotificationEvents instead."""
    autodiscover_redirect: str = ""
    """Autodiscover answers 302 to this URL."""
    autodiscover_redirect_url: str = ""
    """Autodiscover's answer names this URL to ask instead."""
    autodiscover_redirect_address: str = ""
    """Autodiscover's answer names this address to ask for instead."""
    autodiscover_html: bool = False
    """Autodiscover answers 200 with a proxy's page."""

    def busy_for(self, now: float, seconds: float) -> None:
        """Be busy for so long; asking meanwhile prolongs it, as throttling does."""
        self.busy_until, self.busy_seconds = now + seconds, seconds

    def back_off(self, now: float) -> int | None:
        """Return the milliseconds a request is told to wait; None: it is not refused."""
        if self.busy is not None:
            return self.busy
        if now >= self.busy_until:
            return None
        self.busy_until = now + self.busy_seconds
        return int(self.busy_seconds * 1000)
