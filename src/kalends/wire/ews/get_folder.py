"""GetFolder: is the calendar there, may we read it, and did anything change since?

Two counters of a folder together tell "something changed" without a scan: the time of its last
change and how many items were ever deleted from it.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from uuid import UUID

from lxml import etree

from kalends.errors import BadAnswer
from kalends.model.http import Request, Response
from kalends.wire.ews.folders import CALENDAR, Folder
from kalends.wire.ews.names import M, T
from kalends.wire.ews.shapes import DELETED, LAST_CHANGE, REPLICAS, folder_shape
from kalends.wire.ews.soap import Context, add, one, operation, read, request
from kalends.wire.ews.versions import ServerVersion


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """What a server tells of a folder."""

    id: str
    name: str = ""
    folder_class: str = ""
    """``IPF.Appointment``, ``IPF.Contact`` …; by prefix."""
    parent: str = ""
    changed: str = ""
    """Time of the last change, as told; to be compared, not read. Empty: not told."""
    deleted: str = ""
    """Count of deletions, as told. Empty: not told."""
    readable: bool | None = None
    """Whether we may read it; None: not told."""
    server: ServerVersion | None = None
    replica: str = ""
    """GUID of the mailbox that holds a public folder's contents. Empty: not told."""

    @property
    def state(self) -> tuple[str, str]:
        """What differs when anything in the folder has changed."""
        return self.changed, self.deleted


def build_get_folder(context: Context, folder: Folder = CALENDAR) -> Request:
    """Ask for one folder."""
    get = operation("GetFolder")
    folder_shape(get)
    folder.write(add(get, M + "FolderIds"))
    return request(context, get)


def parse_get_folder(response: Response) -> FolderFacts:
    """Read one folder; raises the errors of ``soap.read`` and of its response code."""
    answer = read(response)
    listed = one(answer, "GetFolderResponse").accept().find(M + "Folders")
    element = next(listed.iterchildren(tag=etree.Element), None) if listed is not None else None
    if element is None:
        raise BadAnswer("GetFolderResponse has no folder")
    return read_folder(element, answer.server)


def read_folder(element: etree._Element, server: ServerVersion | None = None) -> FolderFacts:
    """Read a folder element of any kind; ``BadAnswer`` where it has no id."""
    told = element.find(T + "FolderId")
    found = str(told.get("Id", "")) if told is not None else ""
    if not found:
        raise BadAnswer("a folder has no id")
    parent = element.find(T + "ParentFolderId")
    properties = dict(_properties(element))
    return FolderFacts(
        found,
        (element.findtext(T + "DisplayName") or "").strip(),
        (element.findtext(T + "FolderClass") or "").strip(),
        str(parent.get("Id", "")) if parent is not None else "",
        properties.get(LAST_CHANGE, ""),
        properties.get(DELETED, ""),
        _readable(element.findtext(f"{T}EffectiveRights/{T}Read")),
        server,
        _replica(properties.get(REPLICAS, "")),
    )


def _properties(element: etree._Element) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for extended in element.iterfind(T + "ExtendedProperty"):
        field = extended.find(T + "ExtendedFieldURI")
        if field is not None:
            value = (extended.findtext(T + "Value") or "").strip()
            found.append((str(field.get("PropertyTag", "")).lower(), value))
    return found


def _replica(told: str) -> str:
    """Return the GUID in a list of replicas: base64 of its letters, ended by a zero."""
    try:
        found = base64.b64decode(told, validate=True).decode("ascii").partition("\0")[0]
        return str(UUID(found)) if found else ""
    except ValueError:
        return ""


def _readable(told: str | None) -> bool | None:
    return None if told is None else told.strip() in ("true", "1")
