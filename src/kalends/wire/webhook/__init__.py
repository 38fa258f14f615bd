"""Standard Webhooks 1.0 (standardwebhooks.com), without I/O: secrets, signatures, messages.

Vocabulary: a *message* has an id that stays the same however often it is sent; a *signature* is
``v1,`` and the base64 HMAC-SHA256 of ``id.timestamp.body``. While a secret is changed, a message
carries one signature by the new and one by the old secret, and either may be checked.
"""

from kalends.wire.webhook.message import event, message_id
from kalends.wire.webhook.signature import Secret, headers

__all__ = ["Secret", "event", "headers", "message_id"]
