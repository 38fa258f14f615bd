"""Kind ``webhook``: presence as signed messages to an HTTP server."""

from __future__ import annotations

from kalends.endpoints.kind import Kind, Place, own_key
from kalends.endpoints.webhook import WebhookEndpoint, WebhookOptions
from kalends.sinks.webhook import WebhookSink


def _sink(endpoint: WebhookEndpoint, place: Place, options: WebhookOptions) -> WebhookSink:
    return WebhookSink(
        endpoint, place.organization.id, place.id, place.secret, options, place.audience
    )


KIND = Kind(
    name="webhook",
    summary="Presence as signed messages to an HTTP server (Standard Webhooks)",
    options=WebhookOptions,
    endpoint=WebhookEndpoint.open,
    endpoint_key=own_key,
    sink=_sink,
    manner=(
        "delivery",
        "batch",
        "timeout_seconds",
        "max_connections",
        "allowed_hosts",
        "tls_minimum",
        "ca_file",
        "certificate_pins",
        "client_certificate",
        "secret_env",
        "secret_file",
        "previous_secret_env",
        "previous_secret_file",
    ),
    secrets=("secret", "previous_secret"),
)
