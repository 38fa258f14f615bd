"""Kind ``webhook``: presence as signed messages to an HTTP server."""

from __future__ import annotations

from typing import Any

from kalends.endpoints.kind import Kind, Place
from kalends.endpoints.webhook import WebhookEndpoint, WebhookOptions
from kalends.sinks.webhook import WebhookSink


def _key(place: Place, options: WebhookOptions) -> tuple[Any, ...]:
    del options  # a receiver is nobody's but the sink's
    return ("webhook", place.organization.id, place.id)


def _sink(endpoint: WebhookEndpoint, place: Place, options: WebhookOptions) -> WebhookSink:
    return WebhookSink(
        endpoint, place.organization.id, place.id, place.secret, options, place.audience
    )


KIND = Kind(
    name="webhook",
    summary="Presence as signed messages to an HTTP server (Standard Webhooks)",
    options=WebhookOptions,
    endpoint=WebhookEndpoint.open,
    endpoint_key=_key,
    sink=_sink,
    secrets=("secret", "previous_secret"),
)
