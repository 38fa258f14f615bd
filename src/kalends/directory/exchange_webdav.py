"""Contacts in public folders of Exchange 2003 and 2007, over WebDAV, kept as a book.

Place in the flow: *endpoints.exchange_dav → contacts*, on a source's endpoint: its account, its
session, its connections. Codec: ``wire.exchange_dav.contacts``. The tree is walked folder by
folder, subfolders included: public folders allow no deep traversal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import Final
from urllib.parse import urljoin

from pydantic import Field

from kalends.directory.contract import Contact
from kalends.directory.kept import MOST_KEPT, KeptBook, KeptDirectory
from kalends.directory.numbers import Numbers
from kalends.endpoints.exchange_dav import ExchangeDavEndpoint
from kalends.endpoints.kind import Place, SharedDirectoryOptions
from kalends.errors import AccessDenied
from kalends.wire.exchange_dav import contacts as told
from kalends.wire.exchange_dav.urls import at_origin

_MOST_FOLDERS: Final = 2000
_DEEPEST: Final = 20


class ExchangeWebdavDirectoryOptions(SharedDirectoryOptions):
    """Keys of a directory in public folders of Exchange 2003 or 2007."""

    folders: tuple[str, ...] = ()
    """Paths of public folders, each with all below it: ``"Contacts/Customers"``. Left out: every
    public folder that holds contacts."""
    refresh_minutes: int = Field(default=60, ge=5, le=1440)
    """The folders are read anew after so long."""


def open_directory(
    endpoint: ExchangeDavEndpoint, place: Place, options: ExchangeWebdavDirectoryOptions
) -> KeptDirectory:
    """Build a directory on a source's endpoint."""
    folders = PublicFolders(endpoint, place, options.folders)
    seconds = 60.0 * options.refresh_minutes
    return KeptDirectory(place.id, KeptBook(folders.contacts, endpoint.runtime, seconds=seconds))


class PublicFolders:
    """Reads all contacts of public folders."""

    def __init__(self, endpoint: ExchangeDavEndpoint, place: Place, paths: Iterable[str]) -> None:
        self._endpoint = endpoint
        self._place = place
        self._paths = tuple(_folded(path) for path in paths)
        self._numbers = Numbers(place.organization.numbering)

    async def contacts(self) -> tuple[Contact, ...]:
        """Return every contact. Raises ``SourceTrouble``: a part would be taken for the whole."""
        found: list[Contact] = []
        async for path, url in self._folders():
            if len(found) > MOST_KEPT:
                break
            response = await self._endpoint.send(told.build_contacts(url))
            try:
                found += (self._contact(one, path) for one in told.parse_contacts(response))
            except AccessDenied:
                self._closed(path)
        return tuple(found)

    async def _folders(self) -> AsyncIterator[tuple[str, str]]:
        """Yield path and address of every folder of contacts that is wanted, from the root down."""
        root = urljoin(self._endpoint.root, "/public/")
        queue: deque[tuple[tuple[str, ...], str]] = deque([((), root)])
        seen = 0
        while queue and seen < _MOST_FOLDERS:
            path, parent = queue.popleft()
            for one in await self._below(parent, "/".join(path)):
                seen += 1
                here, url = (*path, one.name), at_origin(one.path, root)
                if one.has_subfolders and len(here) < _DEEPEST and self._leads_on(here):
                    queue.append((here, url))
                if one.contacts and self._wanted(here):
                    yield "/".join(here), url

    async def _below(self, url: str, path: str) -> tuple[told.Folder, ...]:
        response = await self._endpoint.send(told.build_folders(url))
        try:
            return told.parse_folders(response)
        except AccessDenied:
            self._closed(path)
            return ()

    def _closed(self, path: str) -> None:
        """Judge a folder that is not ours to read: raises, unless it is one of all there are."""
        if self._paths or not path:
            raise AccessDenied(f"the account may not read the public folder {path or 'tree'}")

    def _contact(self, one: told.Contact, folder: str) -> Contact:
        return Contact(
            one.path,
            one.name,
            self._place.id,
            given=one.given,
            family=one.family,
            company=one.company,
            department=one.department,
            title=one.title,
            emails=one.emails,
            numbers=tuple(
                self._numbers.numbered(kind, number) for kind, number in dict.fromkeys(one.numbers)
            ),
            folder=folder,
        )

    def _wanted(self, path: tuple[str, ...]) -> bool:
        here = _folded("/".join(path))
        return not self._paths or any(
            here == one or here.startswith(one + "/") for one in self._paths
        )

    def _leads_on(self, path: tuple[str, ...]) -> bool:
        """Tell whether something wanted may lie below."""
        here = _folded("/".join(path))
        return self._wanted(path) or any(one.startswith(here + "/") for one in self._paths)


def _folded(path: str) -> str:
    return path.strip("/").casefold()
