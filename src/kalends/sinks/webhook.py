"""Webhooks as a sink: every change of presence as a signed message (Standard Webhooks).

Place in the flow: *view → pump → this → somebody's HTTP server*. The body is
``{"type": "presence.changed", "timestamp": …, "data": {…}}``; ``data`` is the presence as the API
tells it, with ``organization`` and ``id``. The id of a change stays the same however often it is
sent: a receiver that has seen it may leave it out.

The receiver's part: 2xx delivers, 410 ends deliveries for that person until something changes,
429 or 503 with Retry-After is obeyed, anything else is tried again by the pump.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from kalends import observe
from kalends.endpoints.webhook import WebhookEndpoint, WebhookOptions
from kalends.errors import SourceTrouble
from kalends.model.profile import Profile
from kalends.model.view import View
from kalends.model.vocabulary import Audience
from kalends.presence import view_json
from kalends.sinks.contract import Delivered, Delivery, Failed, Outcome, Publication
from kalends.wire.webhook import Secret, event, headers, message_id

_GONE: Final = 410
_SECRETS: Final = ("secret", "previous_secret")

log = observe.logger(__name__)


class WebhookSink:
    """``PresenceSink`` on one receiver."""

    def __init__(
        self,
        endpoint: WebhookEndpoint,
        organization: str,
        id: str,
        secret: Callable[[str], str | None],
        options: WebhookOptions,
        audience: Audience | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._organization = organization
        self._id = id
        self._secret = secret
        self._options = options
        self._audience = audience or Audience.ORGANIZATION

    @property
    def delivery(self) -> Delivery:
        """``every`` unless configured otherwise."""
        return Delivery(self._options.delivery)

    @property
    def audience(self) -> Audience:
        """``organization`` unless configured otherwise."""
        return self._audience

    @property
    def concurrency(self) -> int:
        """One message per connection."""
        return self._options.max_connections

    @property
    def batch(self) -> int:
        """Changes per message."""
        return self._options.batch

    def render(self, view: View, profile: Profile) -> bytes | None:
        """Return the presence as the API tells it, without its revision."""
        del profile
        told = view_json(view)
        del told["revision"]
        return msgspec.json.encode(told, order="sorted")

    async def publish(self, publications: Sequence[Publication]) -> Sequence[Outcome]:
        """Send one message; what becomes of it becomes of each of its changes."""
        outcome = await self._send([one for one in publications if one.rendered])
        return [outcome if one.rendered else Delivered() for one in publications]

    async def withdraw(self, publications: Sequence[Publication]) -> None:
        """Do nothing: a feed of changes holds no state that would have to be taken back."""

    async def close(self) -> None:
        """Do nothing: the endpoint is closed by whoever opened it."""

    async def _send(self, publications: Sequence[Publication]) -> Outcome:
        if not publications:
            return Delivered()
        try:
            secrets = self._secrets()
        except ValueError as error:
            return Failed("secret", f"secret: {error}")
        changes = [(one.person, one.revision) for one in publications]
        message = message_id(self._organization, self._id, changes)
        body = self._body(publications)
        now = int(self._endpoint.runtime.now())
        try:
            answer = await self._endpoint.post(headers(secrets, message, now, body), body)
        except SourceTrouble as trouble:
            return Failed(trouble.code, str(trouble), getattr(trouble, "at", None))
        return _judge(answer.status)

    def _secrets(self) -> list[Secret]:
        """Return the secret and, while it is being changed, the one before."""
        texts = [text for field in _SECRETS if (text := self._secret(field))]
        if not texts:
            raise ValueError(
                "none is configured; set secret_env, secret_file or it through the API"
            )
        return [Secret.parse(text) for text in texts]

    def _body(self, publications: Sequence[Publication]) -> bytes:
        changes = [self._change(one) for one in publications]
        at = max(one.at for one in publications)
        if self._options.batch == 1:
            return event("presence.changed", at, changes[0])
        return event(
            "presence.changes", at, {"organization": self._organization, "changes": changes}
        )

    def _change(self, publication: Publication) -> dict[str, Any]:
        change = [(publication.person, publication.revision)]
        told: dict[str, Any] = {
            "id": message_id(self._organization, self._id, change),
            "organization": self._organization,
            "revision": publication.revision,
        }
        told.update(msgspec.json.decode(publication.rendered))
        return told


def _judge(status: int) -> Outcome:
    if 200 <= status < 300:
        return Delivered()
    if status == _GONE:
        return Failed("gone", "the receiver wants no more (410)", give_up=True)
    return Failed("rejected", f"the receiver answers {status}")
