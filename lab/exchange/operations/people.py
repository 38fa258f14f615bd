"""Contacts in folders (FindItem, GetItem), FindPeople, and where public folders are answered.

Public folders of 2007 and 2010 lie in databases of their own; since 2013 in mailboxes, one of
which holds the hierarchy and any of which the contents of a folder. There a request has to name
the right one (``X-PublicFolderMailbox``: an address, or ``guid@domain``).
"""

from __future__ import annotations

from typing import Final

from lab.exchange import ids
from lab.exchange.contacts import NEWER_PHONES, Card, card_of, value_of, write_card, write_persona
from lab.exchange.fields import Shape
from lab.exchange.mailbox import Folder, Mailbox
from lab.exchange.operations.restriction import holds, sort_key
from lab.exchange.refusal import Fault, Refusal
from lab.exchange.soap import Call, flag
from lab.exchange.versions import REQUESTS
from lab.exchange.xml import M, Node, T, answer, children, local, m, t, truth

PAGE: Final = 100
_DEFAULT: Final = frozenset({"item:Subject", "contacts:FileAs", "contacts:DisplayName",
                             "contacts:CompanyName"})  # fmt: skip


# --- public folders -------------------------------------------------------------------------
def check_public(call: Call, box: Mailbox, folder: Folder, *, contents: bool) -> None:
    """Refuse a request about public folders that reached a mailbox which cannot answer it."""
    if box is not call.organization.public or call.version.year < 2013:
        return
    told = call.ask.headers.get("x-publicfoldermailbox", "")
    if not told:
        raise Refusal("ErrorPublicFolderMailboxDiscoveryFailed")
    wanted = call.organization.replica(folder) if contents else box
    if call.organization.mailbox(told) is not wanted:
        raise Refusal("ErrorPublicFolderOperationFailed")


# --- cards in folders -----------------------------------------------------------------------
def find_contacts(call: Call, node: Node, box: Mailbox, folder: Folder, shape: Shape) -> None:
    """Answer FindItem in a contacts folder: a ContactsView by name, or a page."""
    check_public(call, box, folder, contents=True)
    check_shape(call, shape)
    cards = [one for one in box.cards.values() if one.folder == folder.name]
    view = call.body.find(M + "ContactsView")
    if view is not None:
        _by_name(call, node, box, cards, shape, view)
    else:
        _page(call, node, box, cards, shape)


def check_shape(call: Call, shape: Shape) -> None:
    """Refuse keys of numbers that an older schema does not know."""
    keys = {one.rpartition(":")[2] for one in shape.uris if one.startswith("contacts:PhoneNumber")}
    if call.version.year < 2013 and keys & NEWER_PHONES:
        raise Fault("ErrorSchemaValidation", "The 'FieldIndex' attribute is invalid.")


def _by_name(
    call: Call, node: Node, box: Mailbox, cards: list[Card], shape: Shape, view: Node
) -> None:
    first, last = view.get("InitialName", "").casefold(), view.get("FinalName", "").casefold()
    found = sorted(
        (
            one
            for one in cards
            if first <= one.name.casefold() and (not last or one.name.casefold() <= last)
        ),
        key=lambda one: (one.name.casefold(), one.number),
    )
    size = min(int(view.get("MaxEntriesReturned", "1000000")), call.server.find_count)
    _answer(node, box, found[:size], shape, total=len(found), complete=len(found) <= size)


def _page(call: Call, node: Node, box: Mailbox, cards: list[Card], shape: Shape) -> None:
    if (wanted := call.body.find(M + "Restriction")) is not None:
        cards = [one for one in cards if holds(lambda path, one=one: value_of(one, path), wanted)]  # type: ignore[misc] # bound now
    for order in reversed(call.body.findall(f"{M}SortOrder/{T}FieldOrder")):
        path, down = children(order)[0], order.get("Order") == "Descending"
        cards = sorted(
            cards,
            key=lambda one, path=path: sort_key(lambda each: value_of(one, each), path),  # type: ignore[misc] # bound now
            reverse=down,
        )
    page = call.body.find(M + "IndexedPageItemView")
    first = int(page.get("Offset", "0")) if page is not None else 0
    size = int(page.get("MaxEntriesReturned", "1000000")) if page is not None else 1_000_000
    end = min(first + min(size, call.server.find_count), len(cards))
    offset = end if page is not None else None
    complete = end >= len(cards)
    shown = cards[first:end]
    _answer(node, box, shown, shape, total=len(cards), complete=complete, offset=offset)


def _answer(
    node: Node,
    box: Mailbox,
    cards: list[Card],
    shape: Shape,
    *,
    total: int,
    complete: bool,
    offset: int | None = None,
) -> None:
    attributes = {"TotalItemsInView": str(total), "IncludesLastItemInRange": truth(complete)}
    if offset is not None:
        attributes = {"IndexedPagingOffset": str(offset), **attributes}
    found = t(m(node, "RootFolder", **attributes), "Items")
    for one in cards:
        write_contact(found, box, one, shape)


def write_contact(parent: Node, box: Mailbox, card: Card, shape: Shape) -> None:
    """Append a Contact of a folder."""
    node = t(parent, "Contact")
    number = ids.raw_item_id(box, card.number, card.folder)
    t(node, "ItemId", Id=number, ChangeKey=ids.change_key(card.change))

    def wanted(uri: str) -> bool:
        if shape.base == "AllProperties" or uri in shape.uris:
            return True
        return (
            shape.base == "Default"
            and uri.rpartition(":")[0] + ":" != ""
            and (
                uri in _DEFAULT
                or uri.startswith(("contacts:EmailAddress:", "contacts:PhoneNumber:"))
            )
        )

    write_card(node, card, wanted)


def card_named(call: Call, node: Node) -> tuple[Mailbox, Card] | None:
    """Return the card an ItemId names; None where it names none."""
    if local(node) != "ItemId":
        return None
    said = ids.read_item(node.get("Id", ""))
    box = call.organization.guids.get(said.guid)
    card = box.cards.get(said.number) if box else None
    return (box, card) if box is not None and card is not None else None


# --- the directory --------------------------------------------------------------------------
def directory(call: Call) -> list[tuple[str, Card]]:
    """Return (id, card) of everybody in the global address list."""
    people = [(box.guid, card_of(box)) for box in call.organization.mailboxes.values()]
    return people + [
        (f"contact-{number}", card) for number, card in enumerate(call.organization.directory, 1)
    ]


def fits(card: Card, sought: str) -> bool:
    """Tell whether any word of a card begins with what is sought, as name resolution has it."""
    return any(one.lower().startswith(sought) for one in card.words())


def find_people(call: Call) -> Node:
    """Answer FindPeople: the directory, or a contacts folder; a page at a time."""
    root = answer("FindPeopleResponse")
    root.set("ResponseClass", "Success")
    page = call.body.find(M + "IndexedPageItemView")
    place = call.body.find(M + "ParentFolderId")
    if page is None or place is None:
        raise Fault("ErrorSchemaValidation", "FindPeople wants a view and a folder.")
    if REQUESTS.index(call.asked) < REQUESTS.index("Exchange2013"):
        raise Fault("ErrorIncorrectSchemaVersion")
    named = children(place)[0]
    if local(named) != "DistinguishedFolderId" or named.get("Id") != "directory":
        raise Fault("ErrorInvalidOperation", "People are found in the directory only.")
    m(root, "ResponseCode", "NoError")
    sought = flag(call.body, "QueryString").strip().lower()
    found = sorted(
        ((id, card) for id, card in directory(call) if not sought or fits(card, sought)),
        key=lambda one: one[1].name.casefold(),
    )
    first, size = int(page.get("Offset", "0")), int(page.get("MaxEntriesReturned", str(PAGE)))
    asked = call.body.findall(f"{M}PersonaShape/{T}AdditionalProperties/{T}FieldURI")
    uris = {one.get("FieldURI", "").removeprefix("persona:") for one in asked}
    base = flag(call.body.find(M + "PersonaShape"), "BaseShape", "Default")
    box = m(root, "People")
    for id, card in found[first : first + size]:
        write_persona(box, card, id, lambda name: base != "IdOnly" or name in uris)
    m(root, "TotalNumberOfPeopleInView", str(len(found)))
    m(root, "FirstMatchingRowIndex", "0")
    m(root, "FirstLoadedRowIndex", str(first))
    return root
