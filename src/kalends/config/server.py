"""``[server]``: what belongs to the installation, not to an organization."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from kalends.model.vocabulary import Document


def _network(text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError as wrong:
        raise ValueError(f"{text!r} is not a network such as 10.0.0.0/8 or fd00::/8") from wrong


def _listen(text: str) -> str:
    host, separator, port = text.rpartition(":")
    named = host and "/" not in host  # it is no address of a page
    if not separator or not named or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise ValueError(f"{text!r} is not host:port, such as 127.0.0.1:8080 or [::1]:8080")
    return text


def _database(text: str) -> str:
    if not text.startswith(("sqlite:///", "postgresql://", "postgres://")):
        told = text.rpartition("@")[2]  # what stands before may be a password
        raise ValueError(
            f"{told!r} is no database Kalends knows: write sqlite:///var/kalends.db (four slashes "
            "where the path is absolute) or postgresql://user@host/name"
        )
    return text


Network = Annotated[str, AfterValidator(_network)]
Listen = Annotated[str, AfterValidator(_listen)]
Database = Annotated[str, AfterValidator(_database)]


class MailOptions(Document):
    """``[server.mail]``: where alarms are mailed."""

    host: str
    """SMTP server."""
    port: int = Field(default=587, ge=1, le=65535)
    """Its port: 587 for STARTTLS, 465 for TLS."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """``none`` is taken only for a server on this machine."""
    username: str | None = None
    """For signing in to the server; without it nobody signs in."""
    password_env: str | None = None
    """Environment variable that holds the password …"""
    password_file: str | None = None
    """… or a file."""
    ca_file: str | None = None
    """PEM file with the authorities to trust instead of the system's."""
    sender: str
    """From address of alarms."""
    to: tuple[str, ...] = Field(min_length=1)
    """Who receives alarms."""


class ServerOptions(Document):
    """``[server]``: database, addresses, keys, alarms."""

    database: Database = "sqlite:///var/kalends.db"
    """``sqlite:///path`` (relative to the configuration file) or ``postgresql://…``."""
    http: Listen = "127.0.0.1:8080"
    """Where API and console listen; put a TLS proxy in front for other machines."""
    public_url: str | None = Field(default=None, pattern=r"^https?://.+")
    """Address people use; decides whether cookies are Secure and which Origin is ours."""
    hosts: tuple[str, ...] = ()
    """Host names that requests may name, beside those of ``http`` and ``public_url``."""
    trusted_proxies: tuple[Network, ...] = ()
    """Networks of proxies whose X-Forwarded headers are believed."""
    allowed_networks: tuple[Network, ...] = ()
    """Private ranges that addresses set through the API may lead to."""
    key_file: str | None = None
    """Key that seals secrets and texts; made beside the database where absent.
    ``KALENDS_KEY`` in the environment takes its place."""
    run_directory: str | None = None
    """Where the processes' socket lies; beside an SQLite database where empty."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """What is logged; no level logs personal data."""
    log_format: Literal["json", "text"] = "json"
    """``json``: one object a line; ``text``: for reading in a terminal."""
    metrics_networks: tuple[Network, ...] = ("127.0.0.0/8", "::1/128")
    """Who may read ``/metrics`` without a token."""
    workers: int = Field(default=2, ge=1, le=64)
    """Processes that expand recurring bookings."""
    mail: MailOptions | None = None
    """Where alarms are mailed: ``[server.mail]``."""
    alarm_webhook: str | None = None
    """URL that alarms are posted to as JSON."""
    alarm_webhook_secret_env: str | None = None
    """Environment variable with the secret that signs them (Standard Webhooks)."""

    def http_address(self) -> tuple[str, int]:
        """Return host and port of ``http``."""
        host, _, port = self.http.rpartition(":")
        return host.strip("[]"), int(port)

    def resolved(self, base: Path) -> ServerOptions:
        """Return the options with relative paths taken from the directory ``base``."""
        changes: dict[str, str] = {}
        if self.database.startswith("sqlite:///"):
            path = Path(self.database.removeprefix("sqlite:///"))
            changes["database"] = f"sqlite:///{(base / path).resolve()}"
        for name in ("key_file", "run_directory"):
            value = getattr(self, name)
            if value is not None:
                changes[name] = str((base / value).resolve())
        return self.model_copy(update=changes)

    def directory(self) -> Path:
        """Return where socket and key lie: ``run_directory``, or the database's directory."""
        if self.run_directory is not None:
            return Path(self.run_directory)
        if self.database.startswith("sqlite:///"):
            return Path(self.database.removeprefix("sqlite:///")).parent
        return Path("var").resolve()

    def key_path(self) -> Path:
        """Return the file of the sealing key."""
        return Path(self.key_file) if self.key_file else self.directory() / "kalends.key"

    def socket_path(self) -> Path:
        """Return the Unix socket on which the processes talk."""
        return self.directory() / "kalends.sock"
