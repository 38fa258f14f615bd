"""Where alarms go: mail and a webhook, as ``[server]`` says."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Protocol
from urllib.parse import urlsplit

from kalends.endpoints.kind import HttpFactory
from kalends.engine.posts import Alarm, Channel
from kalends.errors import BadAnswer
from kalends.model.http import Request
from kalends.model.times import rfc3339
from kalends.net.breaker import Breakers
from kalends.net.contract import HttpClient, HttpOptions
from kalends.net.mail import MailServer, certificate_end, send_mail
from kalends.runtime import Runtime
from kalends.wire.webhook.signature import Secret


class AlarmOptions(Protocol):
    """The part of ``[server]`` that says where alarms go."""

    @property
    def mail(self) -> MailServer | None:
        """``[server.mail]``."""

    @property
    def alarm_webhook(self) -> str | None:
        """URL."""

    @property
    def alarm_webhook_secret_env(self) -> str | None:
        """Environment variable with the secret that signs."""


def channels(
    options: AlarmOptions, http: HttpFactory, runtime: Runtime, breakers: Breakers | None = None
) -> list[Channel]:
    """Return the channels that are configured; ``breakers`` keep the mail account from a lock."""
    found: list[Channel] = []
    if options.mail is not None:
        found.append(MailChannel(options.mail, breakers))
    if options.alarm_webhook is not None:
        secret = os.environ.get(options.alarm_webhook_secret_env or "")
        client = http(
            "", "alarms", HttpOptions(url=options.alarm_webhook), lambda: None, trusted=True
        )
        found.append(WebhookChannel(options.alarm_webhook, client, runtime, secret))
    return found


class MailChannel:
    """One mail for the news of one look."""

    kind = "mail"

    def __init__(self, server: MailServer, breakers: Breakers | None = None) -> None:
        self._server = server
        self._breakers = breakers
        self._ends: float | None = None

    @property
    def server(self) -> str:
        """See ``Secured``."""
        return f"mail server {self._server.host}"

    @property
    def certificate_expires_at(self) -> float | None:
        """See ``Secured``."""
        return self._ends

    async def look(self) -> None:
        """See ``Secured``; nobody signs in."""
        self._ends = await certificate_end(self._server)

    async def tell(self, alarms: Sequence[Alarm]) -> None:
        """See ``Channel``."""
        first = alarms[0]
        more = f" and {len(alarms) - 1} more" if len(alarms) > 1 else ""
        subject = f"Kalends: {'over: ' if first.over else ''}{first.text}{more}"
        text = "\n\n".join(map(_text, alarms))
        self._ends = await send_mail(self._server, subject[:200], text, breakers=self._breakers)


class WebhookChannel:
    """One POST per alarm, signed as Standard Webhooks where a secret is given."""

    kind = "alarm-webhook"

    def __init__(self, url: str, client: HttpClient, runtime: Runtime, secret: str | None) -> None:
        self._url = url
        self._client = client
        self._runtime = runtime
        self._secret = Secret.parse(secret) if secret else None

    @property
    def server(self) -> str:
        """See ``Secured``."""
        return f"alarm webhook {urlsplit(self._url).hostname}"

    @property
    def certificate_expires_at(self) -> float | None:
        """See ``Secured``."""
        seen: float | None = getattr(self._client, "certificate_expires_at", None)
        return seen  # the guarded client tells; a contract of requests does not ask for it

    async def look(self) -> None:
        """See ``Secured``: a HEAD, whatever it is answered."""
        if urlsplit(self._url).scheme == "https":
            await self._client.send(Request("HEAD", self._url))

    async def tell(self, alarms: Sequence[Alarm]) -> None:
        """See ``Channel``."""
        for alarm in alarms:
            await self._post(alarm)

    async def _post(self, alarm: Alarm) -> None:
        now = int(self._runtime.now())
        id = f"alarm-{now}-{alarm.key}"
        body = json.dumps(
            {
                "type": "alarm.over" if alarm.over else "alarm",
                "timestamp": rfc3339(now),
                "data": {"key": alarm.key, "text": alarm.text, "remedy": alarm.remedy},
            }
        ).encode()
        headers = [("Content-Type", "application/json"), ("Webhook-Id", id)]
        if self._secret is not None:
            headers.append(("Webhook-Timestamp", str(now)))
            headers.append(("Webhook-Signature", self._secret.sign(id, now, body)))
        answer = await self._client.send(Request("POST", self._url, tuple(headers), body))
        if answer.status >= 300:
            raise BadAnswer(f"the alarm webhook answered {answer.status}")


def _text(alarm: Alarm) -> str:
    lines = [("Over: " if alarm.over else "") + alarm.text]
    if alarm.remedy and not alarm.over:
        lines.append(alarm.remedy)
    return "\n".join(lines)
