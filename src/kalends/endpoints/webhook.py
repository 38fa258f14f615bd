"""The shell around one webhook receiver: its options and its guarded client."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kalends.endpoints.kind import Place, Services
from kalends.model.http import Request, Response
from kalends.net.contract import HttpClient, HttpOptions, Limits
from kalends.runtime import Runtime

_ANSWER_BYTES = 64 << 10
"""Of an answer nothing but the status is read."""


class WebhookOptions(HttpOptions):
    """Keys of a sink of kind ``webhook``."""

    delivery: Literal["every", "latest"] = "every"
    """``every``: each change, at least once, in order per person; ``latest``: what is true now,
    changes in between may be left out."""
    batch: int = Field(default=1, ge=1, le=500)
    """At most this many changes in one message. 1: messages of type ``presence.changed``, data is
    the change; more: type ``presence.changes``, data holds ``changes``, a list of them."""
    timeout_seconds: float = Field(default=15.0, gt=0, le=60)
    """How long the receiver may take to answer."""
    secret_env: str | None = None
    """Environment variable with the signing secret (``whsec_`` and base64) …"""
    secret_file: str | None = None
    """… or a file; read again when it changes."""
    previous_secret_env: str | None = None
    """The secret before, while the receiver learns the new one: messages carry both signatures."""
    previous_secret_file: str | None = None
    """The same from a file."""


class WebhookEndpoint:
    """One receiver."""

    def __init__(self, runtime: Runtime, client: HttpClient, options: WebhookOptions) -> None:
        self.runtime = runtime
        self._client = client
        self._url = options.url
        self._limits = Limits(
            seconds=options.timeout_seconds, body_bytes=_ANSWER_BYTES, redirects=0
        )

    @classmethod
    def open(cls, services: Services, place: Place, options: WebhookOptions) -> WebhookEndpoint:
        """Return the endpoint of a configured place; nothing is connected yet."""
        client = services.http(
            place.organization.id, place.id, options, lambda: None, trusted=place.trusted
        )
        return cls(services.runtime, client, options)

    async def post(self, headers: tuple[tuple[str, str], ...], body: bytes) -> Response:
        """Send one message. Raises the ``SourceTrouble`` tree as ``HttpClient.send``."""
        return await self._client.send(
            Request("POST", self._url, headers, body), limits=self._limits
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()
