"""GetFolder, FindFolder; CreateFolder, DeleteFolder of a mailbox's own folders."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Final

from lab.exchange import access, ids
from lab.exchange.access import Place
from lab.exchange.fields import Shape, read_shape, write_rights
from lab.exchange.operations import people
from lab.exchange.operations.restriction import Value, holds
from lab.exchange.refusal import Refusal
from lab.exchange.soap import Call, flag, inside, message, messages
from lab.exchange.xml import M, Node, answer, m, stamp, t, truth


def get_folder(call: Call) -> Node:
    """Answer GetFolder."""
    root = answer("GetFolderResponse")
    found = messages(root)
    shape = read_shape(call, call.body.find(M + "FolderShape"))
    for each in inside(call.body, "FolderIds"):
        with message(found, "GetFolder", empty="Folders") as node:
            one = access.place(call, each)
            people.check_public(call, one.box, one.folder, contents=False)
            _folder(m(node, "Folders"), call, one, shape)
    return root


def find_folder(call: Call) -> Node:
    """Answer FindFolder."""
    root = answer("FindFolderResponse")
    found = messages(root)
    shape = read_shape(call, call.body.find(M + "FolderShape"))
    deep = call.body.get("Traversal") == "Deep"
    for each in inside(call.body, "ParentFolderIds"):
        with message(found, "FindFolder") as node:
            one = access.place(call, each)
            people.check_public(call, one.box, one.folder, contents=False)
            public = one.box is call.organization.public
            if call.body.get("Traversal") == "SoftDeleted" or (public and deep):
                raise Refusal("ErrorInvalidOperation")
            below = [
                Place(one.box, folder, one.right) for folder in one.box.below(one.folder, deep=deep)
            ]
            if (wanted := call.body.find(M + "Restriction")) is not None:
                below = [each for each in below if holds(_value(each), wanted)]
            attributes = {"TotalItemsInView": str(len(below)), "IncludesLastItemInRange": "true"}
            if call.body.find(M + "IndexedPageFolderView") is not None:
                attributes = {"IndexedPagingOffset": str(len(below)), **attributes}
            box = t(m(node, "RootFolder", **attributes), "Folders")
            for folder in below:
                _folder(box, call, folder, shape)
    return root


def create_folder(call: Call) -> Node:
    """Answer CreateFolder."""
    root = answer("CreateFolderResponse")
    found = messages(root)
    above = access.place(call, inside(call.body, "ParentFolderId")[0])
    access.may(above, "Owner")
    for each in inside(call.body, "Folders"):
        with message(found, "CreateFolder", empty="Folders") as node:
            title, kind = flag(each, "DisplayName"), flag(each, "FolderClass", "IPF.Note")
            if not title:
                raise Refusal("ErrorFolderSave")
            if any(one.title == title for one in above.box.below(above.folder)):
                raise Refusal("ErrorFolderExists")
            made = above.box.make_folder(above.folder, title, kind)
            key = ids.change_key(1)
            box = t(m(node, "Folders"), made.kind)
            t(box, "FolderId", Id=ids.folder_id(above.box, made), ChangeKey=key)
    return root


def delete_folder(call: Call) -> Node:
    """Answer DeleteFolder."""
    root = answer("DeleteFolderResponse")
    found = messages(root)
    for each in inside(call.body, "FolderIds"):
        with message(found, "DeleteFolder"):
            one = access.place(call, each)
            access.may(one, "Owner")
            if one.folder.name not in one.box.own:
                raise Refusal("ErrorDeleteDistinguishedFolder")
            one.box.drop_folder(one.folder)
    return root


def _folder(parent: Node, call: Call, one: Place, shape: Shape) -> None:
    folder, box = one.folder, one.box
    node = t(parent, folder.kind)
    t(node, "FolderId", Id=ids.folder_id(box, folder), ChangeKey=ids.change_key(box.revision + 1))
    if shape.base == "AllProperties" or "folder:ParentFolderId" in shape.uris:
        above = box.folder(folder.parent)
        t(node, "ParentFolderId", Id=ids.folder_id(box, above), ChangeKey=ids.change_key(1))
    if shape.base == "AllProperties" or "folder:FolderClass" in shape.uris:
        t(node, "FolderClass", folder.folder_class)
    default = shape.base != "IdOnly"
    if default or "folder:DisplayName" in shape.uris:
        t(node, "DisplayName", folder.title)
    if default or "folder:TotalCount" in shape.uris:
        t(node, "TotalCount", _count(one))
    if default or "folder:ChildFolderCount" in shape.uris:
        t(node, "ChildFolderCount", str(len(box.below(folder))))
    _properties(node, call, one, shape)
    if shape.base == "AllProperties" or "folder:EffectiveRights" in shape.uris:
        write_rights(node, "EffectiveRights", contents=True, modify=one.right != "Reviewer")
    if folder.kind == "Folder" and (default or "folder:UnreadCount" in shape.uris):
        t(node, "UnreadCount", "0")


def _properties(node: Node, call: Call, one: Place, shape: Shape) -> None:
    for path in shape.paths:
        value = _property(one, path.get("PropertyTag", ""))
        if (
            int(path.get("PropertyTag", "0"), 0) == _REPLICAS
            and call.organization.public is one.box
        ):
            home = call.organization.replica(one.folder).guid
            value = base64.b64encode(home.encode() + b"\0").decode()
        if value is not None:
            box = t(node, "ExtendedProperty")
            t(box, "ExtendedFieldURI", **{str(k): str(v) for k, v in path.attrib.items()})
            t(box, "Value", value)


def _last_change(one: Place) -> str | None:
    last = one.box.commits.get(one.folder.name)
    return stamp(last) if last else None


def _count(one: Place) -> str:
    held = [item.folder for item in one.box.items.values()]
    held += [card.folder for card in one.box.cards.values()]
    return str(held.count(one.folder.name))


def _subfolders(one: Place) -> str:
    return truth(bool(one.box.below(one.folder)))


_REPLICAS: Final = 0x6698
"""PR_REPLICA_LIST: which mailbox holds the contents of a public folder."""
_TAGS: Final[dict[int, Callable[[Place], str | None]]] = {
    0x670A: _last_change,  # PR_LOCAL_COMMIT_TIME_MAX
    0x670B: lambda one: str(one.box.deletions),  # PR_DELETED_COUNT_TOTAL
    0x3613: lambda one: one.folder.folder_class,  # PR_CONTAINER_CLASS
    0x3602: _count,  # PR_CONTENT_COUNT
    0x3603: lambda _: "0",  # PR_CONTENT_UNREAD
    0x360A: _subfolders,  # PR_SUBFOLDERS
    0x3008: _last_change,  # PR_LAST_MODIFICATION_TIME
    0x3001: lambda one: one.folder.title,  # PR_DISPLAY_NAME
}


_URIS: Final = {
    "folder:FolderClass": 0x3613,
    "folder:DisplayName": 0x3001,
    "folder:TotalCount": 0x3602,
    "folder:UnreadCount": 0x3603,
}


def _value(one: Place) -> Value:
    def value(path: Node) -> str | None:
        tag = path.get("PropertyTag", "") or str(_URIS.get(path.get("FieldURI", ""), ""))
        return _property(one, tag)

    return value


def _property(one: Place, tag: str) -> str | None:
    found = _TAGS.get(int(tag, 0)) if tag else None
    return found(one) if found else None
