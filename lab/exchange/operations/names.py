"""ResolveNames against the directory; ConvertId, by which clients learn version and mailbox."""

from __future__ import annotations

from typing import Final

from lab.exchange import ids
from lab.exchange.contacts import Card, write_card
from lab.exchange.fields import write_mailbox
from lab.exchange.operations.people import directory, fits
from lab.exchange.refusal import Refusal
from lab.exchange.soap import Call, flag, inside, message, messages
from lab.exchange.xml import Node, answer, m, t

MOST: Final = 100


def resolve_names(call: Call) -> Node:
    """Answer ResolveNames: several candidates are a warning with data."""
    root = answer("ResolveNamesResponse")
    with message(messages(root), "ResolveNames") as node:
        if call.actor is None:
            raise Refusal("ErrorNameResolutionNoMailbox")
        sought = flag(call.body, "UnresolvedEntry").lower().removeprefix("smtp:")
        if not sought.strip(" ,-"):
            raise Refusal("ErrorInvalidNameForNameResolution")
        found = _found(call, sought)
        if not found:
            raise Refusal("ErrorNameResolutionNoResults", "No results were found.")
        if len(found) > 1:
            _several(node)
        complete = "true" if len(found) <= MOST else "false"
        count = str(min(len(found), MOST))
        box = m(node, "ResolutionSet", TotalItemsInView=count, IncludesLastItemInRange=complete)
        for card, source in found[:MOST]:
            _resolution(call, box, card, source)
    return root


def _found(call: Call, sought: str) -> list[tuple[Card, str]]:
    """Return cards with where they come from, in the order their scope is searched."""
    scope = call.body.get("SearchScope", "ActiveDirectoryContacts")
    listed = [(card, "ActiveDirectory") for _, card in directory(call) if fits(card, sought)]
    own = call.actor.cards.values() if call.actor else ()
    stored = [(card, "Store") for card in own if fits(card, sought)]
    if scope == "ActiveDirectory":
        return listed
    if scope == "Contacts":
        return stored
    return stored + listed if scope == "ContactsActiveDirectory" else listed + stored


def _several(node: Node) -> None:
    for child in list(node):
        node.remove(child)
    node.set("ResponseClass", "Warning")
    m(node, "MessageText", "Multiple results were found.")
    m(node, "ResponseCode", "ErrorNameResolutionMultipleResults")
    m(node, "DescriptiveLinkKey", "0")


def _resolution(call: Call, parent: Node, card: Card, source: str) -> None:
    node = t(parent, "Resolution")
    write_mailbox(node, card.name, card.emails[0] if card.emails else "", call)
    if call.body.get("ReturnFullContactData") == "true":
        write_card(t(node, "Contact"), card, lambda uri: uri != "item:Subject", source)


def convert_id(call: Call) -> Node:
    """Answer ConvertId: only between EWS ids; the answer names the mailbox, which clients want."""
    root = answer("ConvertIdResponse")
    found = messages(root)
    for one in inside(call.body, "SourceIds"):
        with message(found, "ConvertId") as node:
            text = one.get("Id", "")
            try:
                guid, _ = ids.read_folder(text)
            except Refusal:
                guid = ids.read_item(text).guid
            box = call.organization.guids.get(guid)
            if box is None or call.body.get("DestinationFormat") != "EwsId":
                raise Refusal("ErrorInvalidIdMalformed")
            made = m(node, "AlternateId", Format="EwsId", Id=text, Mailbox=box.address)
            made.set("{http://www.w3.org/2001/XMLSchema-instance}type", "t:AlternateIdType")
    return root
