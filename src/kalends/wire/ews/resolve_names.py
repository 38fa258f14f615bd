"""ResolveNames: people of the address book by a part of their name or address; at most 100."""

from __future__ import annotations

from typing import Final

from lxml import etree

from kalends.model.http import Request, Response
from kalends.wire.ews.contacts import Contact, emails_of, read_contact
from kalends.wire.ews.errors import Reaction, error_of
from kalends.wire.ews.names import M, T
from kalends.wire.ews.soap import Context, add, one, operation, read, request

_SEVERAL: Final = "ErrorNameResolutionMultipleResults"


def build_resolve_names(context: Context, text: str) -> Request:
    """Ask the address book for a text.

    ``ValueError`` on a text without a letter or digit: servers refuse blanks, commas and dashes.
    """
    if not any(character.isalnum() for character in text):
        raise ValueError("a name to resolve has a letter or a digit")
    resolve = operation("ResolveNames", ReturnFullContactData="true", SearchScope="ActiveDirectory")
    add(resolve, M + "UnresolvedEntry", text.strip())
    return request(context, resolve)


def parse_resolve_names(response: Response) -> tuple[Contact, ...]:
    """Read who was found; several are a warning with usable data, nobody is an ordinary miss.

    ``NotFound`` where the service account has no mailbox: then this call cannot be used at all.
    """
    message = one(read(response), "ResolveNamesResponse")
    if not message.usable(_SEVERAL):
        error = error_of(message.fault)
        if error.reaction is Reaction.MISS:
            return ()
        raise error
    path = f"{M}ResolutionSet/{T}Resolution"
    return tuple(_resolution(found) for found in message.element.iterfind(path))


def _resolution(element: etree._Element) -> Contact:
    name = (element.findtext(f"{T}Mailbox/{T}Name") or "").strip()
    address = (element.findtext(f"{T}Mailbox/{T}EmailAddress") or "").strip()
    contact = element.find(T + "Contact")
    if contact is None:
        return Contact("", name, emails=emails_of([address]))
    return read_contact(contact, name, address)
