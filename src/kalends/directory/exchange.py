"""Contacts in Exchange over EWS: public folders, kept as a book, and the address book, asked.

Place in the flow: *endpoints.exchange → contacts*. Both use the source's endpoint: its account,
its version, its budget. Codecs: ``wire.ews.find_folder``, ``find_contacts``, ``find_people``,
``resolve_names``.

Public folders know no deep traversal: their tree is walked folder by folder. From 2013 on they lie
in mailboxes of their own, which requests name (``X-PublicFolderMailbox``); Autodiscover tells the
one that holds the tree.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Final, Literal, TypeVar

from pydantic import Field

from kalends.calendars.contract import Step
from kalends.directory.contract import MOST, Contact
from kalends.directory.folders import Below, Path, Paths, walk
from kalends.directory.kept import MOST_KEPT, KeptBook, KeptDirectory
from kalends.directory.numbers import Numbers
from kalends.directory.taken_up import taken_up
from kalends.endpoints.exchange.endpoint import AUTO, ExchangeEndpoint
from kalends.endpoints.exchange.known import Mailbox
from kalends.endpoints.exchange.operation import Operation
from kalends.endpoints.kind import Place, SharedDirectoryOptions
from kalends.errors import SourceTrouble
from kalends.model.http import Request
from kalends.wire.ews import contacts as told
from kalends.wire.ews.errors import Answered, NotOffered, Reaction
from kalends.wire.ews.find_contacts import build_find_contacts, parse_find_contacts
from kalends.wire.ews.find_folder import build_find_folder, parse_find_folder
from kalends.wire.ews.find_people import build_find_people, parse_find_people
from kalends.wire.ews.folders import PUBLIC_FOLDERS, Folder
from kalends.wire.ews.get_folder import FolderFacts
from kalends.wire.ews.resolve_names import build_resolve_names, parse_resolve_names
from kalends.wire.ews.soap import Context
from kalends.wire.ews.versions import Feature, offers

T = TypeVar("T")

_CONTACTS: Final = "IPF.Contact"
_ABOUT_PUBLIC_FOLDERS: Final = ("ErrorPublicFolder", "ErrorNoPublicFolder")
_REMEDY: Final = (
    "Check that the service account may read public folders; from 2013 on set domain for the "
    "source, or public_folder_mailbox for the directory."
)


class ExchangeDirectoryOptions(SharedDirectoryOptions):
    """Keys of a directory in Exchange."""

    contents: Literal["public-folders", "address-book"] = "public-folders"
    """``public-folders``: contacts in public folders, found by name and number; ``address-book``:
    the organization's address list, found by name only (Exchange searches no numbers there)."""
    folders: tuple[str, ...] = ()
    """Paths of public folders, each with all below it: ``"Contacts/Customers"``. Left out: every
    public folder that holds contacts."""
    mailbox: str = Field(default="", max_length=320)
    """Address of a mailbox in whose name is asked, where the service account has none of its own;
    the account must be allowed to impersonate it."""
    public_folder_mailbox: str = Field(default="", max_length=320)
    """2013 and later, where the source has a fixed ``url``: address of the public folder mailbox
    that holds the tree (``Get-OrganizationConfig | fl RootPublicFolderMailbox``). Autodiscover
    tells it otherwise."""
    refresh_minutes: int = Field(default=60, ge=5, le=1440)
    """Public folders are read anew after so long."""


def open_directory(
    endpoint: ExchangeEndpoint, place: Place, options: ExchangeDirectoryOptions
) -> KeptDirectory | AddressBook:
    """Build a directory on a source's endpoint."""
    desk = _Desk(endpoint, place, options)
    if options.contents == "address-book":
        return AddressBook(desk, place.id)
    load = PublicFolders(desk, options.folders, options.public_folder_mailbox).contacts
    seconds = 60.0 * options.refresh_minutes
    return KeptDirectory(place.id, KeptBook(load, endpoint.runtime, seconds=seconds))


class _Desk:
    """Who asks, and how a wire contact becomes one of ours."""

    def __init__(
        self, endpoint: ExchangeEndpoint, place: Place, options: ExchangeDirectoryOptions
    ) -> None:
        self.endpoint = endpoint
        self.place = place
        own = endpoint.options.username or ""
        self.mailbox = Mailbox((options.mailbox or own).lower())
        self.impersonate = AUTO if options.mailbox else None
        self.numbers = Numbers(place.organization.numbering)

    def contact(self, one: told.Contact, folder: str = "") -> Contact:
        """Return a contact as directories tell it."""
        name = one.name or " ".join(filter(None, (one.given, one.family))) or one.company
        return taken_up(
            one, one.id, name, directory=self.place.id, numbers=self.numbers, folder=folder
        )


class PublicFolders:
    """Reads all contacts of public folders, folder by folder."""

    def __init__(self, desk: _Desk, paths: Iterable[str], tree: str = "") -> None:
        self._desk = desk
        self._paths = Paths(paths)
        self._tree = tree

    async def contacts(self) -> tuple[Contact, ...]:
        """Return every contact. Raises ``SourceTrouble``: a part would be taken for the whole."""
        found: list[Contact] = []
        try:
            async for path, facts in walk(self._below, self._paths):
                try:
                    found += await self._of("/".join(path), facts, MOST_KEPT - len(found))
                except Answered as error:
                    if error.reaction is not Reaction.DENIED or self._paths.named(path):
                        raise
        except Answered as error:
            if error.fault.code.startswith(_ABOUT_PUBLIC_FOLDERS):
                error.remedy = _REMEDY
            raise
        return tuple(found)

    async def _of(self, path: str, facts: FolderFacts, most: int) -> list[Contact]:
        """Return the contacts of one folder, a page more than ``most`` at the utmost."""
        found: list[Contact] = []
        offset: int | None = 0
        build = partial(_contacts, Folder(id=facts.id))
        while offset is not None and len(found) <= most:
            page = await self._ask(partial(build, offset), parse_find_contacts, offset, facts)
            found += (self._desk.contact(one, path) for one in page.contacts)
            offset = page.next_offset
        return [one for one in found if one.name]

    async def _below(self, folder: FolderFacts | None, path: Path) -> list[Below[FolderFacts]]:
        """Return the folders below one; a closed one shows none, but for the root."""
        del path
        found: list[FolderFacts] = []
        offset: int | None = 0
        build = partial(_folders, PUBLIC_FOLDERS if folder is None else Folder(id=folder.id))
        try:
            while offset is not None:
                page = await self._ask(partial(build, offset), parse_find_folder, offset)
                found += page.folders
                offset = page.next_offset
        except Answered as error:
            if folder is None or error.reaction is not Reaction.DENIED:
                raise
        return [Below(one.name, one.folder_class.startswith(_CONTACTS), True, one) for one in found]

    async def _ask(
        self,
        build: Callable[..., Request],
        read: Callable[..., T],
        offset: int,
        facts: FolderFacts | None = None,
    ) -> T:
        return await self._desk.endpoint.call(
            self._desk.mailbox,
            Operation(build, read, (offset,)),
            impersonate=self._desk.impersonate,
            route=partial(self._route, facts),
        )

    def _route(self, facts: FolderFacts | None, context: Context) -> Context:
        """Name the mailbox of the tree, or the one that holds a folder's contents (2013+)."""
        mailbox = self._desk.mailbox
        home = self._tree or self._desk.endpoint.known(mailbox).public_folders
        if facts is not None and facts.replica:
            # DOMAIN\user has no mail domain; the mailbox of the tree has one.
            named = mailbox.address if "@" in mailbox.address else home
            home = f"{facts.replica}@{named.rpartition('@')[2]}"
        if not home:
            return context
        return replace(context, anchor=home, public_folder_mailbox=home)


class AddressBook:
    """Asks the organization's address list by name."""

    def __init__(self, desk: _Desk, name: str) -> None:
        self._desk = desk
        self._name = name

    async def search(self, text: str, limit: int = MOST) -> tuple[Contact, ...]:
        """See ``Directory``. FindPeople from 2013 on, ResolveNames before."""
        if not any(character.isalpha() for character in text):
            return ()  # numbers are not searched there, and blanks are refused
        try:
            page = await self._ask(partial(_people, text), parse_find_people)
            people = page.contacts
        except NotOffered:
            people = await self._ask(partial(_names, text), parse_resolve_names)
        return tuple(self._desk.contact(one) for one in people[:limit])

    async def lookup(self, number: str) -> tuple[Contact, ...]:
        """See ``Directory``: Exchange cannot be asked for a number here."""
        del number
        return ()

    async def check(self) -> AsyncIterator[Step]:
        """Look for the letter a."""
        try:
            found = await self.search("a")
        except SourceTrouble as error:
            yield Step("address book", self._name, False, str(error), error.remedy)
            return
        yield Step("address book", self._name, True, f"{len(found)} people found by the letter a")

    async def close(self) -> None:
        """See ``Directory``."""

    async def _ask(self, build: Callable[..., Request], read: Callable[..., T]) -> T:
        return await self._desk.endpoint.call(
            self._desk.mailbox, Operation(build, read), impersonate=self._desk.impersonate
        )


def _contacts(folder: Folder, offset: int, context: Context, calendar: Folder) -> Request:
    del calendar
    return build_find_contacts(context, "", folder, offset)


def _folders(parent: Folder, offset: int, context: Context, calendar: Folder) -> Request:
    del calendar
    newer = offers(context.version, Feature.FIND_PEOPLE)  # of 2013, as are these mailboxes
    return build_find_folder(context, parent, offset, replicas=newer)


def _people(text: str, context: Context, calendar: Folder) -> Request:
    del calendar
    return build_find_people(context, text)


def _names(text: str, context: Context, calendar: Folder) -> Request:
    del calendar
    return build_resolve_names(context, text)
