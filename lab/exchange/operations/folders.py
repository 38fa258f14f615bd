"""GetFolder, FindFolder."""

from __future__ import annotations

from lab.exchange import access, ids
from lab.exchange.access import Place
from lab.exchange.fields import Shape, read_shape, write_rights
from lab.exchange.mailbox import FOLDERS
from lab.exchange.refusal import Refusal
from lab.exchange.soap import Call, inside, message, messages
from lab.exchange.xml import M, Node, answer, m, stamp, t

COMMIT_TIME = "0x670a"
"""PR_LOCAL_COMMIT_TIME_MAX: when anything in the folder last changed."""
DELETED_COUNT = "0x670b"
"""PR_DELETED_COUNT_TOTAL."""


def get_folder(call: Call) -> Node:
    """Answer GetFolder."""
    root = answer("GetFolderResponse")
    found = messages(root)
    shape = read_shape(call, call.body.find(M + "FolderShape"))
    for each in inside(call.body, "FolderIds"):
        with message(found, "GetFolder", empty="Folders") as node:
            one = access.place(call, each)
            _folder(m(node, "Folders"), one, shape)
    return root


def find_folder(call: Call) -> Node:
    """Answer FindFolder; restrictions are not looked at."""
    root = answer("FindFolderResponse")
    found = messages(root)
    shape = read_shape(call, call.body.find(M + "FolderShape"))
    deep = call.body.get("Traversal") == "Deep"
    for each in inside(call.body, "ParentFolderIds"):
        with message(found, "FindFolder") as node:
            one = access.place(call, each)
            if call.body.get("Traversal") == "SoftDeleted":
                raise Refusal("ErrorInvalidOperation")
            below = [
                Place(one.box, folder, one.right)
                for folder in FOLDERS.values()
                if folder.name != "root"
                and (folder.parent == one.folder.name or (deep and one.folder.name == "root"))
            ]
            attributes = {"TotalItemsInView": str(len(below)), "IncludesLastItemInRange": "true"}
            if call.body.find(M + "IndexedPageFolderView") is not None:
                attributes = {"IndexedPagingOffset": str(len(below)), **attributes}
            box = t(m(node, "RootFolder", **attributes), "Folders")
            for folder in below:
                _folder(box, folder, shape)
    return root


def _folder(parent: Node, one: Place, shape: Shape) -> None:
    folder, box = one.folder, one.box
    node = t(parent, folder.kind)
    items = [item for item in box.items.values() if item.folder == folder.name]
    t(node, "FolderId", Id=ids.folder_id(box, folder), ChangeKey=ids.change_key(box.revision + 1))
    if shape.base == "AllProperties" or "folder:ParentFolderId" in shape.uris:
        above = FOLDERS[folder.parent]
        t(node, "ParentFolderId", Id=ids.folder_id(box, above), ChangeKey=ids.change_key(1))
    if shape.base == "AllProperties" or "folder:FolderClass" in shape.uris:
        t(node, "FolderClass", folder.folder_class)
    default = shape.base != "IdOnly"
    if default or "folder:DisplayName" in shape.uris:
        t(node, "DisplayName", folder.title)
    if default or "folder:TotalCount" in shape.uris:
        t(node, "TotalCount", str(len(items)))
    if default or "folder:ChildFolderCount" in shape.uris:
        below = sum(1 for each in FOLDERS.values() if each.parent == folder.name)
        t(node, "ChildFolderCount", str(below))
    _properties(node, one, shape)
    if shape.base == "AllProperties" or "folder:EffectiveRights" in shape.uris:
        write_rights(node, "EffectiveRights", contents=True, modify=one.right != "Reviewer")
    if folder.kind == "Folder" and (default or "folder:UnreadCount" in shape.uris):
        t(node, "UnreadCount", "0")


def _properties(node: Node, one: Place, shape: Shape) -> None:
    for path in shape.paths:
        value = _property(one, path.get("PropertyTag", "").lower())
        if value is not None:
            box = t(node, "ExtendedProperty")
            t(box, "ExtendedFieldURI", **{str(k): str(v) for k, v in path.attrib.items()})
            t(box, "Value", value)


def _property(one: Place, tag: str) -> str | None:
    if tag == COMMIT_TIME:
        last = one.box.commits.get(one.folder.name)
        return stamp(last) if last else None
    return str(one.box.deletions) if tag == DELETED_COUNT else None
