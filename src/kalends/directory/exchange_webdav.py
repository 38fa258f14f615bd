"""Contacts in public folders of Exchange 2003 and 2007, over WebDAV, kept as a book.

Place in the flow: *endpoints.exchange_dav → contacts*, on a source's endpoint: its account, its
session, its connections. Codec: ``wire.exchange_dav.contacts``. The tree is walked folder by
folder, subfolders included: public folders allow no deep traversal.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urljoin

from pydantic import Field

from kalends.directory.contract import Contact
from kalends.directory.folders import Below, Path, Paths, walk
from kalends.directory.kept import MOST_KEPT, KeptBook, KeptDirectory
from kalends.directory.numbers import Numbers
from kalends.directory.taken_up import taken_up
from kalends.endpoints.exchange_dav import ExchangeDavEndpoint
from kalends.endpoints.kind import Place, SharedDirectoryOptions
from kalends.errors import AccessDenied
from kalends.wire.exchange_dav import contacts as told
from kalends.wire.exchange_dav.urls import at_origin


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
        self._directory = place.id
        self._paths = Paths(paths)
        self._numbers = Numbers(place.organization.numbering)

    async def contacts(self) -> tuple[Contact, ...]:
        """Return every contact. Raises ``SourceTrouble``: a part would be taken for the whole."""
        found: list[Contact] = []
        async for path, url in walk(self._below, self._paths):
            if len(found) > MOST_KEPT:
                break
            response = await self._endpoint.send(told.build_contacts(url))
            try:
                found += (
                    taken_up(
                        one,
                        one.path,
                        one.name,
                        directory=self._directory,
                        numbers=self._numbers,
                        folder="/".join(path),
                    )
                    for one in told.parse_contacts(response)
                )
            except AccessDenied:
                self._closed(path)
        return tuple(found)

    async def _below(self, url: str | None, path: Path) -> list[Below[str]]:
        root = urljoin(self._endpoint.root, "/public/")
        response = await self._endpoint.send(told.build_folders(url or root))
        try:
            folders = told.parse_folders(response)
        except AccessDenied:
            self._closed(path)
            return []
        return [
            Below(one.name, one.contacts, one.has_subfolders, at_origin(one.path, root))
            for one in folders
        ]

    def _closed(self, path: Path) -> None:
        """Judge a folder that is not ours to read: raises, unless it is one of all there are."""
        if not (path and self._paths.all):
            where = "/".join(path) or "tree"
            raise AccessDenied(f"the account may not read the public folder {where}")
