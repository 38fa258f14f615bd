"""What the planner wants done; the driver does it and tells the planner what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from kalends.calendars.notify.values import Key, Mode, Route


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Make a subscription; answered by ``Planner.subscribed`` or ``refused``."""

    ticket: int
    """Names this try; a callback URL is made of it."""
    key: Key
    address: str
    mode: Mode
    group: int
    route: Route


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Give a subscription back to its budget; nobody waits for the answer."""

    address: str
    subscription: str
    route: Route


@dataclass(frozen=True, slots=True)
class Open:
    """Open a stream; answered by ``Planner.news`` for each envelope, and ``ended``."""

    line: int
    route: Route
    subscriptions: tuple[str, ...]
    minutes: int


@dataclass(frozen=True, slots=True)
class Close:
    """Drop a stream without waiting for its end."""

    line: int


@dataclass(frozen=True, slots=True)
class Pull:
    """Ask what happened to one mailbox; answered by ``Planner.pulled`` or ``pull_failed``."""

    ticket: int
    key: Key
    address: str
    subscription: str
    watermark: str
    group: int
    route: Route


@dataclass(frozen=True, slots=True)
class Glance:
    """Look at a group's busy times; answered by ``Planner.glanced`` or ``glance_failed``."""

    group: int
    addresses: tuple[str, ...]
    day: int
    """Days since the epoch at the group's last glance, to be compared with; 0: there is none."""
    replies: bool = False
    """Whether automatic replies are looked at, too."""
    settings: int = 0
    """Of how many the settings of automatic replies are asked (``settings``)."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Pass a hint on."""

    key: Key
    sure: bool
    """False: nothing was told, but something may have been missed."""


@dataclass(frozen=True, slots=True)
class AskReply:
    """Have the next read of a mailbox ask for its automatic reply."""

    address: str


@dataclass(frozen=True, slots=True)
class Detour:
    """Tell the operator that streams are of no use at a site, which pulls for a while."""

    reason: str
    """``dumb`` or ``deaf`` (``doubts``)."""
    seconds: float


Action = Subscribe | Unsubscribe | Open | Close | Pull | Glance | Tell | AskReply | Detour
