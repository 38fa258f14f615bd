"""What the servers of one organization share: mailboxes, accounts, subscriptions, the clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lab.exchange.mailbox import Event, Mailbox


@dataclass(slots=True)
class Account:
    """Who may sign in."""

    name: str
    password: str
    mailbox: str = ""
    """Address of its own mailbox; empty: it has none."""
    impersonates: set[str] | None = field(default_factory=set)
    """Addresses in the scope of ApplicationImpersonation; None: all."""
    enabled: bool = True


@dataclass(slots=True)
class Subscription:
    """One notification subscription."""

    id: str
    kind: str
    """pull, push or streaming."""
    owner: str
    """Name of the account that made it."""
    mailbox: Mailbox
    folders: frozenset[str]
    """Empty: all."""
    events: frozenset[str]
    position: int
    """Number of the last event told (streaming) or acknowledged (pull)."""
    backend: int = 0
    expires: float = 0.0
    timeout: float = 0.0
    payer: str = ""
    """Whose budget it is charged to."""

    def after(self, number: int) -> list[Event]:
        """Return what happened since an event and was asked for."""
        history = self.mailbox.history
        first = history[0].number if history else 1
        return [
            one
            for one in history[max(0, number + 1 - first) :]
            if one.kind in self.events
            and (not self.folders or one.folder in self.folders or one.old_folder in self.folders)
        ]


class Organization:
    """Everything there is; several servers may answer for it."""

    def __init__(self, domain: str = "example.test", now: Callable[[], float] = time.time) -> None:
        self.domain = domain
        self.now = now
        """Seconds since the epoch."""
        self.accounts: dict[str, Account] = {}
        self.mailboxes: dict[str, Mailbox] = {}
        """By primary address, in lower case."""
        self.aliases: dict[str, str] = {}
        self.guids: dict[str, Mailbox] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.endpoints: dict[str, str] = {}
        """Server name → URL of its EWS, for autodiscover."""

    def moment(self) -> datetime:
        """Return the time by the organization's clock."""
        return datetime.fromtimestamp(self.now(), UTC)

    def add_account(
        self,
        name: str,
        password: str,
        *,
        mailbox: str = "",
        impersonates: Iterable[str] | None = (),
    ) -> Account:
        """Add an account; ``impersonates=None`` gives it everybody."""
        scope = None if impersonates is None else {one.lower() for one in impersonates}
        account = Account(name, password, mailbox.lower(), scope)
        self.accounts[name.lower()] = account
        return account

    def add_mailbox(self, address: str, name: str = "", *, aliases: Iterable[str] = ()) -> Mailbox:
        """Add an empty mailbox."""
        number = len(self.mailboxes) + 1
        box = Mailbox(address, name or address.partition("@")[0], number, tuple(aliases))
        self.mailboxes[address.lower()] = box
        self.guids[box.guid] = box
        for alias in aliases:
            self.aliases[alias.lower()] = address.lower()
        return box

    def mailbox(self, identity: str) -> Mailbox | None:
        """Return a mailbox by address, alias, principal name or SID."""
        key = identity.lower()
        found = self.mailboxes.get(self.aliases.get(key, key))
        if found is None and (key.startswith("s-1-") or "@" in key):
            found = next(
                (
                    one
                    for one in self.mailboxes.values()
                    if key in (one.principal.lower(), one.sid.lower())
                ),
                None,
            )
        return found

    def kill_subscriptions(self, *addresses: str) -> None:
        """Forget subscriptions (all, or those of some mailboxes), as a restart does."""
        chosen = {one.lower() for one in addresses}
        for key, one in list(self.subscriptions.items()):
            if not chosen or one.mailbox.address.lower() in chosen:
                del self.subscriptions[key]

    def move(self, address: str, *, site: str = "", database: int = 0, seconds: float = 0) -> None:
        """Move a mailbox to another server or database; it answers again after ``seconds``."""
        box = self.mailboxes[address.lower()]
        box.site, box.database = site or box.site, database
        box.moving_until = self.now() + seconds
        self.kill_subscriptions(address)
