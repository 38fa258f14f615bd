"""GetMailTips: who replies automatically just now, of up to fifty mailboxes by one request.

What a mail client shows beside a recipient before anything is sent to him (2010 and later). Of all
tips only that of the automatic reply is asked for; its text is looked at for being there at all. A
reply that is off has an empty text; one that is scheduled for later is off until then.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from lxml import etree

from kalends.errors import BadAnswer
from kalends.model.http import Request, Response
from kalends.wire.ews.names import M, T
from kalends.wire.ews.soap import Context, add, message, need, operation, read, request
from kalends.wire.ews.times import moment
from kalends.wire.ews.versions import Feature

MAX_RECIPIENTS: Final = 50
"""``MaxRecipientsPerGetMailTipsRequest`` as servers come."""
_REPLY: Final = "OutOfOfficeMessage"
_UNTOLD: Final = frozenset({"All", _REPLY})


class Tip(NamedTuple):
    """How a mailbox replies now."""

    on: bool
    start: int = 0
    """UTC seconds; 0 with no end: until switched off."""
    end: int = 0


def build_get_mail_tips(context: Context, sender: str, recipients: tuple[str, ...]) -> Request:
    """Ask, as somebody who may send as ``sender``, for 1 to 50 mailboxes (else ``ValueError``)."""
    need(context, Feature.MAIL_TIPS)
    if not 0 < len(recipients) <= MAX_RECIPIENTS:
        raise ValueError(f"mail tips are asked of 1 to {MAX_RECIPIENTS} mailboxes")
    get = operation("GetMailTips")
    _address(add(get, M + "SendingAs"), sender)
    listed = add(get, M + "Recipients")
    for recipient in recipients:
        _address(add(listed, T + "Mailbox"), recipient)
    add(get, M + "MailTipsRequested", _REPLY)
    return request(context, get)


def parse_get_mail_tips(response: Response, asked: int) -> tuple[Tip | None, ...]:
    """Read every recipient's tip, in the order asked; None for whom the server tells none.

    Raises what the response code of the whole means.
    """
    content = read(response).content
    if content.tag != M + "GetMailTipsResponse":
        raise BadAnswer("the answer is no GetMailTipsResponse")
    message(content).accept()
    told = content.findall(f"{M}ResponseMessages/{M}MailTipsResponseMessageType")
    if len(told) != asked:
        raise BadAnswer("mail tips were told for another number of mailboxes than asked")
    return tuple(map(_tip, told))


def _address(parent: etree._Element, address: str) -> None:
    add(parent, T + "EmailAddress", address)
    add(parent, T + "RoutingType", "SMTP")


def _tip(element: etree._Element) -> Tip | None:
    tips = element.find(M + "MailTips")
    if tips is None or not message(element).usable():
        return None
    pending = (tips.findtext(T + "PendingMailTips") or "").split()
    if not _UNTOLD.isdisjoint(pending):
        return None
    reply = tips.find(T + "OutOfOffice")
    if reply is None or not (reply.findtext(f"{T}ReplyBody/{T}Message") or "").strip():
        return Tip(on=False)
    try:
        start = moment(reply.findtext(f"{T}Duration/{T}StartTime") or "")
        end = moment(reply.findtext(f"{T}Duration/{T}EndTime") or "")
    except (ValueError, OverflowError):
        return Tip(on=True)
    return Tip(True, start, end)
