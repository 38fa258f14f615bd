"""GetUserOofSettings: from when to when automatic replies are on. Their text is never looked at."""

from __future__ import annotations

from kalends.errors import BadAnswer
from kalends.model.http import Request, Response
from kalends.model.times import FOREVER, Interval
from kalends.wire.ews.errors import error_of
from kalends.wire.ews.names import M, T
from kalends.wire.ews.soap import Context, add, message, operation, read, request
from kalends.wire.ews.times import moment


def build_get_user_oof_settings(context: Context, mailbox: str) -> Request:
    """Ask for a mailbox's automatic replies."""
    get = operation("GetUserOofSettingsRequest")
    add(add(get, T + "Mailbox"), T + "Address", mailbox)
    return request(context, get)


def parse_get_user_oof_settings(response: Response) -> Interval | None:
    """Return when automatic replies are on: ``[0, FOREVER)`` until switched off; None: never.

    Raises what the response code means.
    """
    content = read(response).content
    said = content.find(M + "ResponseMessage")
    if content.tag != M + "GetUserOofSettingsResponse" or said is None:
        raise BadAnswer("the answer is no GetUserOofSettingsResponse")
    if not message(said).usable():
        raise error_of(message(said).fault)
    settings = content.find(T + "OofSettings")
    state = (settings.findtext(T + "OofState") or "").strip() if settings is not None else ""
    if state == "Disabled":
        return None
    if state == "Enabled":
        return Interval(0, FOREVER)
    if settings is None or state != "Scheduled":
        raise BadAnswer("the automatic reply has a state nobody knows")
    try:
        start = moment(settings.findtext(f"{T}Duration/{T}StartTime") or "")
        end = moment(settings.findtext(f"{T}Duration/{T}EndTime") or "")
    except (ValueError, OverflowError) as error:
        raise BadAnswer("the automatic reply has no readable duration") from error
    return Interval(start, end) if start < end else None
