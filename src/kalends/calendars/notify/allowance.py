"""What a server lets one account have, by its version: notifications, and requests at once.

Throttling policies came with 2010. Until 2010 SP2 RU4 subscriptions were charged to the service
account, whoever was impersonated: 20 in total. Since then the mailbox read pays, so under
impersonation nothing is scarce; without it the account pays for every open stream. Limits are those
servers come with; administrators change them, so refusals are believed before this table
(``ErrorExceededSubscriptionCount``).
"""

from __future__ import annotations

from typing import Final

from kalends.calendars.notify.values import GROUP, Mode
from kalends.wire.ews.versions import ServerVersion

ACCOUNT_SUBSCRIPTIONS: Final = 20
_TARGET_PAYS: Final = (14, 2, 318)
"""2010 SP2 RU4."""
_CONNECTIONS_2010: Final = 10
"""Shared with every other request of the account: half of them may hang."""
_CONNECTIONS_LATER: Final = 27
_HANGING: Final = {0: 3}
"""``HangingConnectionLimit`` by the minor version of 15; 10 where not listed."""
_HANGING_LATER: Final = 10


def ceiling(server: ServerVersion | None, mode: Mode, *, impersonated: bool) -> int:
    """Return how many mailboxes may be subscribed by one account; 0: no limit is known."""
    if server is None or server.major < 14:
        return 0
    if tuple(server[:3]) < _TARGET_PAYS:
        return ACCOUNT_SUBSCRIPTIONS
    if impersonated or mode is not Mode.STREAM:
        return 0
    return GROUP * _streams(server)


def at_once(server: ServerVersion | None, *, impersonated: bool) -> int:
    """Return how many requests at once one account may make; 0: no limit is known."""
    if server is None or server.major < 14:
        return 0
    if impersonated and tuple(server[:3]) >= _TARGET_PAYS:
        return 0  # each mailbox pays for itself
    return _CONNECTIONS_2010 if server.major == 14 else _CONNECTIONS_LATER


def _streams(server: ServerVersion) -> int:
    """Return how many streams the account may keep open, one left for overlaps."""
    if server.major == 14:
        return _CONNECTIONS_2010 // 2 - 1
    return _HANGING.get(server.minor, _HANGING_LATER) - 1
