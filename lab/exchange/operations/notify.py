"""Subscribe, GetEvents, Unsubscribe, and how events are written."""

from __future__ import annotations

import base64
import uuid
from typing import Final

from lab.exchange import access, ids
from lab.exchange.mailbox import Event, Mailbox
from lab.exchange.organization import Subscription
from lab.exchange.refusal import Fault, Refusal
from lab.exchange.soap import Call, flag, inside, message, messages
from lab.exchange.xml import M, Node, T, answer, children, local, m, stamp, t, text_of, truth

PAGE: Final = 50
STREAM_LIFE: Final = 30 * 60.0
"""Seconds a streaming subscription lives without a connection."""
_KINDS: Final = {
    "PullSubscriptionRequest": "pull",
    "PushSubscriptionRequest": "push",
    "StreamingSubscriptionRequest": "streaming",
}


def subscribe(call: Call) -> Node:
    """Answer Subscribe."""
    root = answer("SubscribeResponse")
    with message(messages(root), "Subscribe") as node:
        request = children(call.body)[0]
        kind = _KINDS.get(local(request))
        if kind is None or (kind == "streaming" and not call.version.streaming):
            raise Fault("ErrorSchemaValidation", f"Element '{local(request)}' is not known.")
        where = _callback(request) if kind == "push" else ("", 0)
        one = _subscription(call, request, kind)
        call.organization.subscriptions[one.id] = one
        m(node, "SubscriptionId", one.id)
        if kind == "push":
            call.push = (one, *where)
        if kind != "streaming":
            m(node, "Watermark", ids.watermark(one.mailbox, one.position))
    return root


def _callback(request: Node) -> tuple[str, int]:
    url, frequency = flag(request, "URL"), flag(request, "StatusFrequency", "30")
    if not frequency.isdecimal() or not 1 <= int(frequency) <= 1440:
        raise Fault("ErrorSchemaValidation", "The 'StatusFrequency' element is invalid.")
    if not url.startswith(("http://", "https://")) or len(url) >= 2083:
        raise Refusal("ErrorInvalidPushSubscriptionUrl")
    return url, int(frequency)


def _subscription(call: Call, request: Node, kind: str) -> Subscription:
    box, folders = _scope(call, request)
    events = frozenset(text_of(one) for one in request.findall(f"{T}EventTypes/{T}EventType"))
    if not events or ("FreeBusyChangedEvent" in events and not call.version.streaming):
        raise Fault("ErrorSchemaValidation", "The 'EventType' element is invalid.")
    payer = box.address if call.version.charges_target else call.account.name
    if call.server.subscription_limit:
        _charge(call, payer)
    mark = flag(request, "Watermark")
    position = ids.read_watermark(box, mark) if mark else box.revision
    minutes = float(flag(request, "Timeout", "30"))
    if not 1 <= minutes <= 1440:
        raise Fault("ErrorSchemaValidation")
    life = minutes * call.server.minute if kind == "pull" else STREAM_LIFE / 60 * call.server.minute
    number = uuid.uuid4()
    host = f"{call.server.name or 'exch01'}.{call.organization.domain}".encode()
    name = bytes([len(host), 0]) + host + b"\x10\x00\x00\x00" + number.bytes
    return Subscription(
        base64.b64encode(name).decode(), kind, call.account.name, box, folders, events, position,
        call.server.backend(call, box), call.organization.now() + life, life, payer,
    )  # fmt: skip


def _scope(call: Call, request: Node) -> tuple[Mailbox, frozenset[str]]:
    if request.get("SubscribeToAllFolders") == "true":
        if call.actor is None:
            raise Refusal("ErrorNonExistentMailbox")
        access.check_box(call, call.actor)
        return call.actor, frozenset()
    found = [access.place(call, one) for one in inside(request, "FolderIds")]
    if len({one.box.guid for one in found}) != 1:
        raise Refusal("ErrorInvalidSubscriptionRequest", "Folders of one mailbox at a time.")
    if any(one.right != "Owner" for one in found):
        raise Refusal("ErrorSubscriptionDelegateAccessNotSupported")
    return found[0].box, frozenset(one.folder.name for one in found)


def _charge(call: Call, payer: str) -> None:
    now = call.organization.now()
    known = call.organization.subscriptions
    charged = known.of_payer(payer)
    for one in charged:
        if not one.alive(now):
            del known[one.id]
    living = sum(1 for one in charged if one.id in known)
    if living >= call.server.subscription_limit:
        raise Refusal("ErrorExceededSubscriptionCount")


def subscription(call: Call, key: str, kinds: tuple[str, ...]) -> Subscription:
    """Return a living subscription of this account; Refusal otherwise."""
    one = call.organization.subscriptions.get(key)
    if one is None:
        raise Refusal("ErrorSubscriptionNotFound")
    if not one.alive(call.organization.now()):
        del call.organization.subscriptions[key]
        raise Refusal("ErrorExpiredSubscription")
    if one.owner != call.account.name:
        raise Refusal("ErrorSubscriptionAccessDenied")
    if one.kind not in kinds:
        raise Refusal(
            "ErrorInvalidPullSubscriptionId" if "pull" in kinds else "ErrorInvalidSubscription"
        )
    return one


def unsubscribe(call: Call) -> Node:
    """Answer Unsubscribe."""
    root = answer("UnsubscribeResponse")
    with message(messages(root), "Unsubscribe"):
        one = subscription(call, flag(call.body, "SubscriptionId"), ("pull", "streaming"))
        del call.organization.subscriptions[one.id]
    return root


def get_events(call: Call) -> Node:
    """Answer GetEvents."""
    root = answer("GetEventsResponse")
    with message(messages(root), "GetEvents") as node:
        one = subscription(call, flag(call.body, "SubscriptionId"), ("pull",))
        access.check_box(call, one.mailbox)
        one.expires = call.organization.now() + one.timeout
        mark = flag(call.body, "Watermark")
        number = ids.read_watermark(one.mailbox, mark)
        if one.missed(number):
            raise Refusal("ErrorEventNotFound")
        found = one.after(number)
        box = m(node, "Notification")
        t(box, "SubscriptionId", one.id)
        t(box, "PreviousWatermark", mark)
        t(box, "MoreEvents", truth(len(found) > PAGE))
        for event in found[:PAGE]:
            write_event(call.version.year, box, one.mailbox, event, marked=True)
        if not found:
            latest = ids.watermark(one.mailbox, one.mailbox.revision)
            t(t(box, "StatusEvent"), "Watermark", latest)
    return root


def write_event(year: int, parent: Node, box: Mailbox, event: Event, *, marked: bool) -> None:
    """Append one event."""
    node = t(parent, event.kind)
    if marked:
        t(node, "Watermark", ids.watermark(box, event.number))
    t(node, "TimeStamp", stamp(event.at))
    folder = box.folder(event.folder)
    key = ids.change_key(event.change)
    if event.item:
        t(node, "ItemId", Id=ids.event_item_id(box, event, event.folder), ChangeKey=key)
    else:
        t(node, "FolderId", Id=ids.folder_id(box, folder), ChangeKey=key)
    above = folder if event.item else box.folder(folder.parent)
    t(node, "ParentFolderId", Id=ids.folder_id(box, above), ChangeKey=ids.change_key(1))
    if event.kind == "MovedEvent":
        old = box.folder(event.old_folder)
        t(node, "OldItemId", Id=ids.event_item_id(box, event, event.old_folder), ChangeKey=key)
        t(node, "OldParentFolderId", Id=ids.folder_id(box, old), ChangeKey=ids.change_key(1))
    elif event.kind == "ModifiedEvent" and not event.item:
        t(node, "UnreadCount", "0")


def subscription_ids(body: Node) -> list[str]:
    """Return the ids of a GetStreamingEvents request."""
    return [text_of(one) for one in body.findall(f"{M}SubscriptionIds/{T}SubscriptionId")]
