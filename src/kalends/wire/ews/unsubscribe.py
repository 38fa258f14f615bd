"""Unsubscribe: give a pull or streaming subscription back to the budget.

Push has no such operation: it ends by the answer to a callback (``send_notification``).
"""

from __future__ import annotations

from kalends.model.http import Request, Response
from kalends.wire.ews.errors import Reaction, error_of
from kalends.wire.ews.names import M
from kalends.wire.ews.soap import Context, add, one, operation, read, request


def build_unsubscribe(context: Context, subscription: str) -> Request:
    """Ask to end a subscription; asked by the account that made it."""
    unsubscribe = operation("Unsubscribe")
    add(unsubscribe, M + "SubscriptionId", subscription)
    return request(context, unsubscribe)


def parse_unsubscribe(response: Response) -> bool:
    """Return whether it was still there; one that is gone already is no error."""
    message = one(read(response), "UnsubscribeResponse")
    if message.usable():
        return True
    error = error_of(message.fault)
    if error.reaction is Reaction.RESUBSCRIBE:
        return False
    raise error
