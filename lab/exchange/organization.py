"""What the servers of one organization share: mailboxes, accounts, subscriptions, the clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lab.exchange.contacts import Card
from lab.exchange.mailbox import FOLDERS, Event, Folder, Mailbox


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
    application: bool = False
    """A client of OAuth: its name and password are a client's id and secret."""
    failures: int = 0
    """Wrong passwords since the last right one."""
    locked_until: float = 0.0


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
    readers: int = 0
    """Connections that stream it; while there is one it does not expire."""

    def alive(self, now: float) -> bool:
        """Tell whether it has not expired."""
        return self.readers > 0 or self.expires >= now

    def missed(self, number: int) -> bool:
        """Tell whether events after one are forgotten already."""
        return number < self.mailbox.forgotten

    def after(self, number: int) -> list[Event]:
        """Return what happened since an event and was asked for."""
        return [
            one
            for one in self.mailbox.after(number)
            if one.kind in self.events
            and (not self.folders or one.folder in self.folders or one.old_folder in self.folders)
        ]


class Subscriptions(dict[str, Subscription]):
    """Subscriptions by id, and by who pays for them and whose mailbox they watch."""

    def __init__(self) -> None:
        super().__init__()
        self._payers: dict[str, dict[str, Subscription]] = {}
        self._mailboxes: dict[str, dict[str, Subscription]] = {}

    def __setitem__(self, key: str, one: Subscription) -> None:
        super().__setitem__(key, one)
        self._payers.setdefault(one.payer, {})[key] = one
        self._mailboxes.setdefault(one.mailbox.guid, {})[key] = one

    def __delitem__(self, key: str) -> None:
        one = self[key]
        super().__delitem__(key)
        for index, name in ((self._payers, one.payer), (self._mailboxes, one.mailbox.guid)):
            index[name].pop(key)
            if not index[name]:
                del index[name]

    def pop(self, key: str, default: object = None) -> object:  # type: ignore[override] # as it is used
        """Forget one, if it is there."""
        one = self.get(key)
        if one is None:
            return default
        del self[key]
        return one

    def of_payer(self, name: str) -> list[Subscription]:
        """Return what is charged to a mailbox or an account."""
        return list(self._payers.get(name, {}).values())

    def of_mailbox(self, box: Mailbox) -> list[Subscription]:
        """Return what watches a mailbox."""
        return list(self._mailboxes.get(box.guid, {}).values())


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
        self._identities: dict[str, Mailbox] = {}
        """By principal name and by SID, in lower case."""
        self.subscriptions = Subscriptions()
        self.directory: list[Card] = []
        """Contacts of the address list that have no mailbox here."""
        self.public: Mailbox | None = None
        """What holds the tree of public folders; None: there are none."""
        self._replicas: dict[str, Mailbox] = {}
        """Public folder → the mailbox its contents lie in, where not with the tree."""
        self.certificates: dict[str, str] = {}
        """SHA-256 of a client's certificate, in hexadecimal → name of its account."""
        self.lockout = 0
        """Wrong passwords in a row after which an account is locked; 0: never."""
        self.lockout_seconds = 1800.0
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

    def add_application(
        self, name: str, secret: str, *, impersonates: Iterable[str] | None = None
    ) -> Account:
        """Add a client of OAuth, which has no mailbox and may act as everybody."""
        account = self.add_account(name, secret, impersonates=impersonates)
        account.application = True
        return account

    def locked(self, account: Account) -> bool:
        """Tell whether an account is locked out."""
        return account.locked_until > self.now()

    def signed_in(self, account: Account, *, right: bool) -> bool:
        """Note an attempt to sign in; tell whether it succeeds. A locked account never does."""
        if self.locked(account) or not account.enabled:
            return False
        if right:
            account.failures = 0
            return True
        account.failures += 1
        if self.lockout and account.failures >= self.lockout:
            account.locked_until, account.failures = self.now() + self.lockout_seconds, 0
        return False

    def add_mailbox(
        self,
        address: str,
        name: str = "",
        *,
        aliases: Iterable[str] = (),
        principal: str = "",
    ) -> Mailbox:
        """Add an empty mailbox; its user's principal name is its address if nothing else is."""
        number = len(self.mailboxes) + 1
        title = name or address.partition("@")[0]
        box = Mailbox(address, title, number, tuple(aliases), principal)
        self.mailboxes[address.lower()] = box
        self.guids[box.guid] = box
        self._identities[box.principal.lower()] = self._identities[box.sid.lower()] = box
        for alias in aliases:
            self.aliases[alias.lower()] = address.lower()
        return box

    # --- public folders -----------------------------------------------------------------------
    def public_folders(self) -> Mailbox:
        """Return what holds the tree of public folders; the first call makes it."""
        if self.public is None:
            self.public = self._hidden("publicfolders")
        return self.public

    def public_folder(
        self, title: str, parent: Folder | None = None, *, folder_class: str = "IPF.Contact"
    ) -> Folder:
        """Add a public folder, below the root where no parent is told."""
        tree = self.public_folders()
        return tree.make_folder(parent or FOLDERS["publicfoldersroot"], title, folder_class)

    def move_contents(self, folder: Folder, name: str) -> Mailbox:
        """Move the contents of a public folder to a mailbox of its own (2013 and later)."""
        self._replicas[folder.name] = self._hidden(name)
        return self._replicas[folder.name]

    def replica(self, folder: Folder) -> Mailbox:
        """Return the mailbox that holds the contents of a public folder."""
        return self._replicas.get(folder.name) or self.public_folders()

    def _hidden(self, name: str) -> Mailbox:
        box = Mailbox(f"{name}@{self.domain}", name, 900_000 + len(self._replicas))
        self.guids[box.guid] = box
        for identity in (box.address, f"{box.guid}@{self.domain}"):
            self._identities[identity.lower()] = box
        return box

    def mailbox(self, identity: str) -> Mailbox | None:
        """Return a mailbox by address, alias, principal name or SID."""
        key = identity.lower()
        return self.mailboxes.get(self.aliases.get(key, key)) or self._identities.get(key)

    def kill_subscriptions(self, *addresses: str) -> None:
        """Forget subscriptions (all, or those of some mailboxes), as a restart does."""
        chosen = [self.mailboxes[one.lower()] for one in addresses]
        doomed = [one for box in chosen for one in self.subscriptions.of_mailbox(box)]
        for one in doomed if addresses else list(self.subscriptions.values()):
            del self.subscriptions[one.id]

    def move(self, address: str, *, site: str = "", database: int = 0, seconds: float = 0) -> None:
        """Move a mailbox to another server or database; it answers again after ``seconds``."""
        box = self.mailboxes[address.lower()]
        box.site, box.database = site or box.site, database
        box.moving_until = self.now() + seconds
        self.kill_subscriptions(address)
