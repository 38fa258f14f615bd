"""FindItem: CalendarView, which expands series, and paging views, which do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from lab.exchange import access
from lab.exchange.access import Place
from lab.exchange.calendar import Appointment, Entry, alone, window
from lab.exchange.fields import Shape, Shown, read_shape, write_item
from lab.exchange.operations import people
from lab.exchange.operations.restriction import Value, holds, of_item, sort_key
from lab.exchange.refusal import Fault, Refusal
from lab.exchange.soap import Call, inside, message, messages
from lab.exchange.versions import REQUESTS
from lab.exchange.xml import M, Node, T, answer, children, m, t, truth

PRIVATE = "Private Appointment"


def find_item(call: Call) -> Node:
    """Answer FindItem."""
    root = answer("FindItemResponse")
    found = messages(root)
    shape = read_shape(call, call.body.find(M + "ItemShape"))
    view = call.body.find(M + "CalendarView")
    if view is not None and call.body.find(M + "IndexedPageItemView") is not None:
        raise Fault("ErrorSchemaValidation")
    if call.body.get("Traversal") not in ("Shallow", "SoftDeleted", "Associated"):
        raise Fault("ErrorSchemaValidation")
    for each in inside(call.body, "ParentFolderIds"):
        with message(found, "FindItem") as node:
            one = access.place(call, each)
            if one.folder.kind == "ContactsFolder" and view is None:
                people.find_contacts(call, node, one.box, one.folder, shape)
            elif view is not None:
                _calendar_view(call, node, one, shape, view)
            else:
                _page(call, node, one, shape)
    return root


def _calendar_view(call: Call, node: Node, one: Place, shape: Shape, view: Node) -> None:
    if one.folder.kind != "CalendarFolder":
        raise Refusal("ErrorCalendarFolderIsInvalidForCalendarView")
    for name in ("Restriction", "SortOrder"):
        if call.body.find(M + name) is not None:
            raise Refusal("ErrorUnsupportedPathForQuery")
    start = call.moment(view.get("StartDate", ""))
    end = call.moment(view.get("EndDate", ""))
    if start > end:
        raise Refusal("ErrorCalendarEndDateIsEarlierThanStartDate")
    if end - start > timedelta(days=731):
        raise Refusal("ErrorCalendarViewRangeTooBig")
    faults = call.server.faults
    items = visible_items(one)
    found = window(items, start, end, expand=not faults.unexpanded)
    limit = min(int(view.get("MaxEntriesReturned", "1000000")), faults.view_ceiling or 1_000_000)
    _ceiling(call, len(found), limit)
    limit = min(limit, call.server.find_count)
    shown = [_masked(call, one, entry) for entry in found[:limit]]
    _answer(call, node, one, shape, shown, total=len(shown), complete=len(found) <= limit)


def visible_items(one: Place) -> list[Appointment]:
    """Return what lies in a folder; a half-made impersonation of 2007 hides what recurs."""
    items = [each for each in one.box.items.values() if each.folder == one.folder.name]
    if one.box.half_impersonated:
        return [each for each in items if each.recurrence is None]
    return items


def _ceiling(call: Call, number: int, limit: int) -> None:
    # From Exchange2010_SP1 on a page is partial without a word; before, the server is "busy".
    newer = REQUESTS.index(call.asked) >= REQUESTS.index("Exchange2010_SP1")
    if not newer and min(number, limit) > call.server.find_count and call.version.year >= 2010:
        raise Fault("ErrorServerBusy", values={"Policy": "FindCountLimit"})


def _masked(call: Call, one: Place, entry: Entry) -> Entry:
    if not access.hidden(call, one.box, entry):
        return entry
    item = replace(entry.item, subject=PRIVATE, location="", body="", categories=())
    return entry._replace(item=item)


def _page(call: Call, node: Node, one: Place, shape: Shape) -> None:
    entries = [alone(each) for each in visible_items(one)]
    entries.sort(key=lambda each: (-each.item.created.timestamp(), -each.item.number))

    def value(entry: Entry) -> Value:
        return of_item(Shown(call, one.box, entry, view=True))

    if (wanted := call.body.find(M + "Restriction")) is not None:
        entries = [each for each in entries if holds(value(each), wanted)]
    for order in reversed(call.body.findall(f"{M}SortOrder/{T}FieldOrder")):
        path, down = children(order)[0], order.get("Order") == "Descending"
        entries.sort(key=lambda each, path=path: sort_key(value(each), path), reverse=down)  # type: ignore[misc] # path is bound now, not later
    page = call.body.find(M + "IndexedPageItemView")
    first = int(page.get("Offset", "0")) if page is not None else 0
    size = int(page.get("MaxEntriesReturned", "1000000")) if page is not None else 1_000_000
    size = min(size, call.server.find_count)
    shown = [_masked(call, one, entry) for entry in entries[first : first + size]]
    complete = first + size >= len(entries)
    offset = min(first + size, len(entries)) if page is not None else None
    _answer(call, node, one, shape, shown, total=len(entries), complete=complete, offset=offset)


def _answer(
    call: Call,
    node: Node,
    one: Place,
    shape: Shape,
    entries: list[Entry],
    *,
    total: int,
    complete: bool,
    offset: int | None = None,
) -> None:
    attributes = {"TotalItemsInView": str(total), "IncludesLastItemInRange": truth(complete)}
    if offset is not None:
        attributes = {"IndexedPagingOffset": str(offset), **attributes}
    box = t(m(node, "RootFolder", **attributes), "Items")
    for entry in entries:
        write_item(box, Shown(call, one.box, entry, view=True), shape)
