"""What a source of kind ``ews`` may say about its server, its account, and how it is asked."""

from __future__ import annotations

from typing import Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from kalends.net.contract import Auth, HttpOptions, SignInOptions

ONLINE_HOSTS: Final = frozenset({"outlook.office365.com", "outlook.office.com"})
"""Exchange Online. EWS ends there on 1 April 2027 for everybody; Graph is its successor."""

_SPOKEN: Final = ("basic", "ntlm", "negotiate", "oauth")


class ExchangeOptions(HttpOptions, SignInOptions):
    """Keys of an Exchange source; ``url`` or ``domain`` is required."""

    url: str = Field(default="", max_length=2000)
    """``https://mail.example.com/EWS/Exchange.asmx``; a bare ``https://mail.example.com`` is
    completed. Left out, ``domain`` says where to look."""
    domain: str = Field(default="", max_length=253)
    """Mail domain whose Autodiscover tells each mailbox's server. Hosts outside it are asked, and
    shown the credential, only where ``allowed_hosts`` names them (``.example.net``: all below)."""
    access: Literal["auto", "impersonation", "delegate", "freebusy"] = "auto"
    """How mailboxes are read: ``impersonation`` (everything, and notifications), ``delegate``
    (calendars shared with the account), ``freebusy`` (busy times without subjects, the fewest
    rights); ``auto`` takes the first that works, for each mailbox."""
    auth: Auth = "basic"
    """``basic`` (over verified TLS), ``ntlm``, ``negotiate``, or ``oauth`` (Exchange Online takes
    no other)."""
    poll_seconds: int = Field(default=60, ge=5, le=86_400)
    """How often each calendar is asked whether something changed (one small request)."""
    notify: Literal["auto", "streaming", "pull", "push", "none"] = "auto"
    """How the server tells of changes between polls; ``auto``: the best its version offers. Who is
    heard is polled every quarter of an hour only (``poll_seconds``, where that is longer), and
    never more than four a second of them: 50,000 every 208 minutes. ``push`` needs ``push_url``
    and ``push_listen``."""
    push_url: str = Field(default="", max_length=1000)
    """``https://kalends.example.com/exchange``: where the server reaches ``push_listen``, through
    a proxy that speaks TLS."""
    push_listen: str = Field(default="", pattern=r"^(.*:\d{1,5})?$", max_length=200)
    """``127.0.0.1:8450``: address and port on which callbacks are taken."""
    write_back: bool = False
    """Whether manual presence may be written into calendars of people who opted in."""
    max_bytes: int = Field(default=50 << 20, ge=1024, le=50 << 20)
    """A larger answer is refused."""

    @field_validator("auth")
    @classmethod
    def _spoken(cls, auth: Auth) -> Auth:
        if auth not in _SPOKEN:
            raise ValueError(f"Exchange is signed in to by one of: {', '.join(_SPOKEN)}")
        return auth

    @model_validator(mode="after")
    def _online(self) -> ExchangeOptions:
        host = urlsplit(self.url).hostname or ""
        if host in ONLINE_HOSTS and str(self.auth) != "oauth":
            raise ValueError('Exchange Online is signed in to by auth = "oauth" only')
        return self

    @model_validator(mode="after")
    def _somewhere(self) -> ExchangeOptions:
        if not self.url and not self.domain:
            raise ValueError("say where the server is: url = …, or domain = … to have it found")
        if self.notify == "push" and not (self.push_url and self.push_listen):
            raise ValueError('notify = "push" needs push_url and push_listen')
        return self
