"""``/calendars`` and ``/people/{id}/calendars/{name}.ics``: how calendars are, and uploads."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response

from kalends.bus.commands import DeleteCalendar, UploadCalendar
from kalends.model.times import rfc3339
from kalends.store.contract import CalendarRow
from kalends.web import answers, schemas
from kalends.web.commands import send
from kalends.web.identity import AsOperator, InOrganization, Viewer
from kalends.web.problems import Problem
from kalends.web.routes.people import PersonPath, listed
from kalends.web.state import InWeb, Web

router = APIRouter(tags=["calendars"])

NamePath = Annotated[
    str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", description="Name of the calendar.")
]
_SCANNED: Final = 10_000


@router.get("/calendars", responses=answers.told(schemas.Calendars, what="One page"))
async def health(
    web: InWeb,
    viewer: AsOperator,
    source: Annotated[str | None, Query(max_length=64)] = None,
    person: Annotated[str | None, Query(max_length=128)] = None,
    troubled: Annotated[bool, Query(description="Only those that are not well.")] = False,
    after: Annotated[str, Query(max_length=300, description="The page before's ``next``.")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
) -> Response:
    """Tell the health of every calendar: what is wrong, since when, and what to do."""
    found: list[CalendarRow] = []
    key = _key(after)
    while True:
        page = await web.reader.calendars(
            viewer.organization, source=source, person=person, after=key, limit=_SCANNED
        )
        found += [row for row in page if not troubled or row.health not in ("ok", "new")]
        if len(page) < _SCANNED or len(found) > limit:
            break
        key = (page[-1].key.person, page[-1].key.source, page[-1].key.name)
    rows = found[:limit]
    following = _name(rows[-1]) if len(found) > limit else None
    return answers.json({"calendars": [_told(row) for row in rows], "next": following})


def _key(after: str) -> tuple[str, str, str] | None:
    if not after:
        return None
    person, _, rest = after.partition("/")
    source, _, name = rest.partition("/")
    return (person, source, name)


def _name(row: CalendarRow) -> str:
    return f"{row.key.person}/{row.key.source}/{row.key.name}"


def _told(row: CalendarRow) -> dict[str, Any]:
    return {
        "person": row.key.person,
        "source": row.key.source,
        "name": row.key.name,
        "health": row.health,
        "message": row.message,
        "remedy": row.remedy,
        "read_at": _moment(row.read_at),
        "stale_since": _moment(row.stale_since),
        "next_probe_at": _moment(row.next_probe_at),
        "failures": row.failures,
        "skipped": row.skipped,
        "bookings": row.bookings,
    }


def _moment(at: int | None) -> str | None:
    return rfc3339(at) if at is not None else None


@router.put(
    "/people/{person}/calendars/{name}.ics",
    responses=answers.told(schemas.Done, errors=answers.CHANGE, what="Stored"),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"text/calendar": {"schema": {"type": "string"}}},
        }
    },
)
async def upload(
    request: Request, web: InWeb, viewer: InOrganization, person: PersonPath, name: NamePath
) -> Response:
    """Replace a calendar that lives only on a desktop (RFC 5545)."""
    await _uploader(web, viewer, person)
    body = bytearray()
    async for chunk in request.stream():  # counted and timed by the guard
        body += chunk
    if b"BEGIN:VCALENDAR" not in bytes(body[:4096]).upper():
        raise Problem(422, "This is no iCalendar file.", "It begins with BEGIN:VCALENDAR.")
    command = UploadCalendar(
        organization=viewer.organization,
        actor=viewer.actor,
        person=person,
        name=name,
        body=bytes(body),
    )
    answer = await send(web, command)
    return answers.json({"done": True, "result": answer.value})


@router.delete(
    "/people/{person}/calendars/{name}.ics",
    responses=answers.told(schemas.Done, errors=answers.CHANGE, what="Removed"),
)
async def remove(
    web: InWeb, viewer: InOrganization, person: PersonPath, name: NamePath
) -> Response:
    """Remove an uploaded calendar with its bookings."""
    await _uploader(web, viewer, person)
    command = DeleteCalendar(
        organization=viewer.organization, actor=viewer.actor, person=person, name=name
    )
    answer = await send(web, command)
    return answers.json({"done": True, "result": answer.value})


async def _uploader(web: Web, viewer: Viewer, person: str) -> None:
    document = await listed(web, viewer, person)
    if not viewer.eye.is_for(document.profile) and not viewer.administers:
        raise Problem(403, "A calendar is uploaded by its owner or an administrator.")
