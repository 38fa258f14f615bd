"""GetMailTips: who replies automatically just now, as a sender is told."""

from __future__ import annotations

import pytest

from kalends.errors import BadAnswer
from kalends.model.http import Response
from kalends.wire.ews.errors import Answered
from kalends.wire.ews.get_mail_tips import Tip, parse_get_mail_tips
from tests.unit.wire.ews.samples import answer, at

DURATION = (
    "<t:Duration><t:StartTime>2026-03-02T00:00:00</t:StartTime>"
    "<t:EndTime>2026-03-09T00:00:00Z</t:EndTime></t:Duration>"
)
TIP = (
    '<m:MailTipsResponseMessageType ResponseClass="Success"><m:ResponseCode>NoError'
    "</m:ResponseCode><m:MailTips><t:RecipientAddress/><t:PendingMailTips>{pending}"
    "</t:PendingMailTips>{reply}</m:MailTips></m:MailTipsResponseMessageType>"
)
REPLY = (
    "<t:OutOfOffice><t:ReplyBody><t:Message>{text}</t:Message></t:ReplyBody>{span}</t:OutOfOffice>"
)
REFUSED_TIP = (
    '<m:MailTipsResponseMessageType ResponseClass="Error"><m:ResponseCode>'
    "ErrorMailRecipientNotFound</m:ResponseCode></m:MailTipsResponseMessageType>"
)


def tip(text: str = "", span: str = "", pending: str = "") -> str:
    return TIP.format(pending=pending, reply=REPLY.format(text=text, span=span))


def tips(*told: str, code: str = "NoError") -> Response:
    kind = "Success" if code == "NoError" else "Error"
    return answer(
        f'<m:GetMailTipsResponse ResponseClass="{kind}"><m:ResponseCode>{code}</m:ResponseCode>'
        f"<m:ResponseMessages>{''.join(told)}</m:ResponseMessages></m:GetMailTipsResponse>"
    )


def test_a_tip_tells_whether_a_reply_is_on_and_from_when_to_when() -> None:
    told = tips(
        tip("I am ill"),
        tip(),
        tip("I am ill", DURATION),
        tip("I am ill", "<t:Duration><t:StartTime>soon</t:StartTime></t:Duration>"),
        TIP.format(pending="", reply=""),
    )
    off, on = Tip(on=False), Tip(on=True)
    assert parse_get_mail_tips(told, 5) == (on, off, Tip(True, at(2), at(9)), on, off)


def test_who_could_not_be_asked_in_time_or_is_unknown_tells_nothing_of_his_reply() -> None:
    for pending in ("All", "OutOfOfficeMessage", "MailboxFullStatus OutOfOfficeMessage"):
        assert parse_get_mail_tips(tips(tip("I am ill", pending=pending), REFUSED_TIP), 2) == (
            None,
            None,
        )
    assert parse_get_mail_tips(tips(tip(pending="MailboxFullStatus")), 1) == (Tip(on=False),)


def test_tips_for_others_than_were_asked_for_are_no_answer() -> None:
    with pytest.raises(BadAnswer):
        parse_get_mail_tips(tips(tip()), 2)
    with pytest.raises(Answered, match="ErrorMailTipsDisabled"):
        parse_get_mail_tips(tips(code="ErrorMailTipsDisabled"), 1)
