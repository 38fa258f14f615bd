"""Who may do what: the actor of a request, folders it names, items it names."""

from __future__ import annotations

from typing import Final, NamedTuple

from lab.exchange import ids
from lab.exchange.calendar import Appointment, Entry, alone, occurrence
from lab.exchange.mailbox import FOLDERS, Folder, Mailbox
from lab.exchange.organization import Account, Organization
from lab.exchange.refusal import Fault, Refusal
from lab.exchange.soap import Call
from lab.exchange.versions import REQUESTS
from lab.exchange.xml import Node, T, children, local, text_of

_RANKS: Final = {"": 0, "Reviewer": 1, "Editor": 2, "Owner": 3}


class Place(NamedTuple):
    """A folder of a mailbox, with what the actor may do there."""

    box: Mailbox
    folder: Folder
    right: str
    """Reviewer, Editor or Owner."""


def impersonated(
    organization: Organization, account: Account, header: Node | None, year: int
) -> Mailbox | None:
    """Return the mailbox a request impersonates; None where it asks for nobody."""
    sid = header.find(f"{T}ExchangeImpersonation/{T}ConnectingSID") if header is not None else None
    if sid is None:
        return None
    named = children(sid)
    if len(named) != 1:
        raise Fault("ErrorInvalidExchangeImpersonationHeaderData")
    if local(named[0]) == "SmtpAddress" and year < 2010:
        raise Fault("ErrorSchemaValidation", "The element 'SmtpAddress' is not known.")
    box = organization.mailbox(text_of(named[0]))
    if account.impersonates is not None and not account.impersonates:
        raise Fault("ErrorImpersonationDenied" if year < 2010 else "ErrorImpersonateUserDenied")
    if box is None:
        raise Fault("ErrorNonExistentMailbox")
    if account.impersonates is not None and box.address.lower() not in account.impersonates:
        raise Fault("ErrorImpersonateUserDenied")
    if (
        local(named[0]) == "PrimarySmtpAddress"
        and text_of(named[0]).lower() in organization.aliases
    ):
        raise Fault("ErrorNonPrimarySmtpAddress", values={"Primary": box.address})
    return box


def check_box(call: Call, box: Mailbox) -> None:
    """Refuse what this mailbox cannot answer now: faults, moves, older or other servers."""
    server = call.server
    code = server.faults.mailbox_codes.get(box.address.lower())
    if code:
        raise Refusal(code)
    if box.moving_until > call.organization.now():
        raise Refusal("ErrorMailboxMoveInProgress")
    if box.site and server.name and box.site != server.name:
        raise Refusal(
            "ErrorCrossSiteRequest" if server.version.year < 2013 else "ErrorWrongServerVersion"
        )
    if box.request_limit and REQUESTS.index(call.asked) > REQUESTS.index(box.request_limit):
        raise Refusal("ErrorInvalidSchemaVersionForMailboxVersion")


def right(call: Call, box: Mailbox, folder: Folder) -> str:
    """Return what the actor may do in a folder; empty: nothing."""
    actor = call.actor.address.lower() if call.actor else call.account.name.lower()
    if box is call.organization.public:
        return box.grants.get((actor, folder.name), "Reviewer")
    if call.actor is box:
        return "Owner"
    if folder.name != "calendar" and box.delegates.get(actor) != "Owner":
        return box.grants.get((actor, folder.name), "")
    return box.delegates.get(actor, "Reviewer" if box.default_right == "Reviewer" else "")


def place(call: Call, node: Node) -> Place:
    """Return the folder a FolderId or DistinguishedFolderId names."""
    if local(node) == "FolderId":
        guid, number = ids.read_folder(node.get("Id", ""))
        box = call.organization.guids.get(guid)
        found = box.numbered(number) if box else None
        if found is None:
            raise Refusal("ErrorFolderNotFound")
        folder = found
    else:
        name = node.get("Id", "")
        address = text_of(node.find(f"{T}Mailbox/{T}EmailAddress"))
        box = call.organization.mailbox(address) if address else call.actor
        if address and box is None:
            raise Refusal("ErrorNonExistentMailbox")
        if name not in FOLDERS:
            raise Refusal("ErrorFolderNotFound")
        folder = FOLDERS[name]
        if name == "publicfoldersroot":
            box = call.organization.public
            if box is None:
                raise Refusal("ErrorNoPublicFolderServerAvailable")
    if box is None:
        code = "ErrorNonExistentMailbox" if local(node) != "FolderId" else "ErrorFolderNotFound"
        raise Refusal(code)
    check_box(call, box)
    granted = right(call, box, folder)
    if not granted:
        # What one may not see does not exist.
        raise Refusal("ErrorFolderNotFound" if local(node) != "FolderId" else "ErrorAccessDenied")
    return Place(box, folder, granted)


def place_of(call: Call, box: Mailbox, folder: str) -> Place:
    """Return a folder by its name; Refusal for what the actor may not see."""
    check_box(call, box)
    found = box.folder(folder)
    granted = right(call, box, found)
    if not granted:
        raise Refusal("ErrorItemNotFound")
    return Place(box, found, granted)


def may(found: Place, wanted: str) -> None:
    """Refuse where a right is not enough."""
    if _RANKS[found.right] < _RANKS[wanted]:
        raise Refusal("ErrorAccessDenied")


def hidden(call: Call, box: Mailbox, entry: Entry) -> bool:
    """Tell whether an item is private and the actor a delegate without the right to see it."""
    if call.actor is box or entry.item.sensitivity not in ("Private", "Confidential"):
        return False
    actor = call.actor.address.lower() if call.actor else call.account.name.lower()
    return actor not in {one.lower() for one in box.sees_private}


def item(call: Call, node: Node, wanted: str = "Reviewer") -> tuple[Mailbox, Entry]:
    """Return the item an ItemId, OccurrenceItemId or RecurringMasterItemId names."""
    kind = local(node)
    name = {"OccurrenceItemId": "RecurringMasterId", "RecurringMasterItemId": "OccurrenceId"}
    said = ids.read_item(node.get(name.get(kind, "Id"), ""))
    box = call.organization.guids.get(said.guid)
    stored = box.items.get(said.number) if box else None
    if box is None or stored is None or box.folder(stored.folder).number != said.folder:
        raise Refusal("ErrorItemNotFound")
    check_box(call, box)
    may_here = right(call, box, box.folder(stored.folder))
    if not may_here:
        raise Refusal("ErrorItemNotFound")
    may(Place(box, box.folder(stored.folder), may_here), wanted)
    if kind == "OccurrenceItemId":
        if stored.recurrence is None or said.original is not None:
            raise Refusal("ErrorCalendarCannotUseIdForRecurringMasterId")
        return box, _by_index(stored, int(node.get("InstanceIndex", "0")))
    if kind == "RecurringMasterItemId" or said.original is None:
        return box, alone(stored)
    for index, original in stored.starts() if stored.recurrence else ():
        if original == said.original:
            found = occurrence(stored, index, original)
            if found is not None:
                return box, found
            break
        if original > said.original:
            break
    raise Refusal("ErrorItemNotFound")


def _by_index(stored: Appointment, wanted: int) -> Entry:
    for index, original in stored.starts():
        if index == wanted:
            found = occurrence(stored, index, original)
            if found is None:
                raise Refusal("ErrorCalendarOccurrenceIsDeletedFromRecurrence")
            return found
    raise Refusal("ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange")
