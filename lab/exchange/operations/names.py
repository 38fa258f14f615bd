"""ResolveNames against the directory; ConvertId, by which clients learn version and mailbox."""

from __future__ import annotations

from typing import Final

from lab.exchange import ids
from lab.exchange.fields import write_mailbox
from lab.exchange.mailbox import Mailbox
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
        found = [box for box in call.organization.mailboxes.values() if _fits(box, sought)]
        if not found:
            raise Refusal("ErrorNameResolutionNoResults", "No results were found.")
        if len(found) > 1:
            _several(node)
        complete = "true" if len(found) <= MOST else "false"
        count = str(min(len(found), MOST))
        box = m(node, "ResolutionSet", TotalItemsInView=count, IncludesLastItemInRange=complete)
        for one in found[:MOST]:
            _resolution(call, box, one)
    return root


def _fits(box: Mailbox, sought: str) -> bool:
    names = (box.address, *box.aliases, *box.name.split(), box.name)
    return any(one.lower().startswith(sought) for one in names)


def _several(node: Node) -> None:
    for child in list(node):
        node.remove(child)
    node.set("ResponseClass", "Warning")
    m(node, "MessageText", "Multiple results were found.")
    m(node, "ResponseCode", "ErrorNameResolutionMultipleResults")
    m(node, "DescriptiveLinkKey", "0")


def _resolution(call: Call, parent: Node, box: Mailbox) -> None:
    node = t(parent, "Resolution")
    write_mailbox(node, box.name, box.address, call)
    if call.body.get("ReturnFullContactData") != "true":
        return
    first, _, last = box.name.partition(" ")
    contact = t(node, "Contact")
    t(contact, "DisplayName", box.name)
    t(contact, "GivenName", first)
    addresses = t(contact, "EmailAddresses")
    for number, one in enumerate((box.address, *box.aliases)[:3], 1):
        t(addresses, "Entry", f"SMTP:{one}", Key=f"EmailAddress{number}")
    if box.phone:
        t(t(contact, "PhoneNumbers"), "Entry", box.phone, Key="BusinessPhone")
    t(contact, "ContactSource", "ActiveDirectory")
    if last:
        t(contact, "Surname", last)


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
