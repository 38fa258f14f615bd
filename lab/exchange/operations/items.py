"""GetItem."""

from __future__ import annotations

from lab.exchange import access
from lab.exchange.fields import Shown, read_shape, write_item
from lab.exchange.operations import people
from lab.exchange.refusal import Refusal
from lab.exchange.soap import Call, inside, message, messages
from lab.exchange.xml import M, Node, answer, m


def get_item(call: Call) -> Node:
    """Answer GetItem."""
    root = answer("GetItemResponse")
    found = messages(root)
    shape = read_shape(call, call.body.find(M + "ItemShape"))
    for each in inside(call.body, "ItemIds"):
        with message(found, "GetItem", empty="Items") as node:
            named = people.card_named(call, each)
            if named is not None:
                card_box, card = named
                access.place_of(call, card_box, card.folder)
                people.check_public(call, card_box, card_box.folder(card.folder), contents=True)
                people.write_contact(m(node, "Items"), card_box, card, shape)
                continue
            box, entry = access.item(call, each)
            if access.hidden(call, box, entry):
                raise Refusal("ErrorItemNotFound")
            write_item(m(node, "Items"), Shown(call, box, entry, view=False), shape)
    return root
