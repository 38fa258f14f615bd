"""GetMailTips: what a sender is told of recipients; of all tips, that of the automatic reply."""

from __future__ import annotations

from typing import Final

from lab.exchange.mailbox import Mailbox
from lab.exchange.refusal import Fault, Refusal
from lab.exchange.soap import Call, flag, inside, refused
from lab.exchange.xml import M, Node, T, answer, m, stamp, t, text_of

_TOO_MANY: Final = "More recipients than a request may name."
_ASKED: Final = frozenset({"All", "OutOfOfficeMessage"})


def get_mail_tips(call: Call) -> Node:
    """Answer GetMailTips; who asks must be who would send."""
    sender = text_of(call.body.find(f"{M}SendingAs/{T}EmailAddress"))
    recipients = [text_of(one.find(T + "EmailAddress")) for one in inside(call.body, "Recipients")]
    if call.actor is None or call.organization.mailbox(sender) is not call.actor:
        raise Fault("ErrorAccessDenied", "The caller may not send as this sender.")
    if call.server.faults.mail_tips_off:
        raise Fault("ErrorMailTipsDisabled", "Mail tips are disabled.")
    too_many = len(recipients) > call.server.faults.mail_tips_most
    how, _, code = call.server.faults.mail_tips_refusal.rpartition(" ")
    if too_many and code == "cut":
        del recipients[call.server.faults.mail_tips_most :]
    elif too_many and how == "fault":
        raise Fault(code, _TOO_MANY)
    root = answer("GetMailTipsResponse")
    if too_many and code != "cut" and not how:
        refused(root, Refusal(code))
        return root
    root.set("ResponseClass", "Success")
    m(root, "ResponseCode", "NoError")
    found = m(root, "ResponseMessages")
    wanted = _ASKED.intersection(flag(call.body, "MailTipsRequested").split())
    for one in recipients:
        message = m(found, "MailTipsResponseMessageType")
        if too_many and how == "each":
            refused(message, Refusal(code))
        else:
            _recipient(call, message, one, asked=bool(wanted))
    return root


def _recipient(call: Call, node: Node, address: str, *, asked: bool) -> None:
    box = call.organization.mailbox(address)
    code = call.server.faults.mailbox_codes.get(address.lower())
    if box is None or code:
        refused(node, Refusal(code or "ErrorMailRecipientNotFound"))
        return
    node.set("ResponseClass", "Success")
    m(node, "ResponseCode", "NoError")
    tips = m(node, "MailTips")
    to = t(tips, "RecipientAddress")
    t(to, "Name", "")
    t(to, "EmailAddress", box.address)
    t(to, "RoutingType", "SMTP")
    t(tips, "PendingMailTips", "")
    if asked:
        _reply(call, t(tips, "OutOfOffice"), box)


def _reply(call: Call, node: Node, box: Mailbox) -> None:
    """An automatic reply that is off, or not on yet, is an empty text."""
    oof, now = box.oof, call.organization.moment()
    scheduled = oof.state == "Scheduled" and oof.start is not None and oof.end is not None
    on = oof.state == "Enabled" or (
        scheduled and oof.start is not None and oof.end is not None and oof.start <= now < oof.end
    )
    t(t(node, "ReplyBody"), "Message", oof.reply if on else "")
    if on and scheduled and oof.start is not None and oof.end is not None:
        span = t(node, "Duration")
        t(span, "StartTime", stamp(oof.start))
        t(span, "EndTime", stamp(oof.end))
