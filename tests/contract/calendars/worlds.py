"""Anna's calendar at the lab's server, as a collection, as a feed, as a file, as an upload."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from lab.dav.faults import Faults
from lab.dav.server import DavServer
from lab.dav.tree import Feed

from kalends.calendars.contract import CalendarRef, CalendarSource
from kalends.kinds import caldav, ics
from tests.contract.calendars.lab import Clock, LabTransport, place, services
from tests.unit.wire.icalendar.samples import calendar, event

ORIGIN: Final = "https://127.0.0.1:5232"
HOME: Final = "/calendars/anna/daily/"


def reference(source: str, url: str | None, **more: Any) -> CalendarRef:
    """Return Anna's calendar."""
    return CalendarRef(
        organization="acme",
        person="anna",
        source=source,
        name="default",
        url=url,
        emails=("anna@acme.example",),
        timezone="Europe/Stockholm",
        trusted=True,
        **more,
    )


class _LabWorld:
    """A lab server behind the guarded client."""

    poll_requests = 1
    asides = 0

    def __init__(self) -> None:
        self.transport = LabTransport()
        self.server = DavServer(ORIGIN)
        self.transport.servers[ORIGIN] = self.server
        self.clock = Clock()
        self.services = services(self.transport, self.clock)
        self.server.tree.add_user("svc", "secret", "svc@acme.example")
        self.server.tree.add_user("anna", "annas", "Anna@acme.example")
        self.server.tree.add_user("bo", "bos", "bo@acme.example")

    def requests(self) -> int:
        return len(self.transport.sent)

    def usual(self) -> Faults:
        return Faults()

    def trouble(self, kind: str) -> None:
        faults = self.server.faults = self.usual()
        self.transport.down = kind == "down"
        everything = {"sign-in": 401, "throttled": 429}
        if kind in everything:
            faults.status["/"] = everything[kind]
            faults.retry_after = "120" if kind == "throttled" else ""
        faults.html = kind == "html"
        faults.empty_body = kind == "empty-body"
        faults.truncated = kind == "truncated"
        faults.emptied = kind == "emptied"
        faults.lost_deletions = kind == "forgotten"
        if not kind:
            self.clock.at += 3600


class CaldavWorld(_LabWorld):
    """A collection shared with the service user."""

    cannot = frozenset({"too-large"})

    def __init__(self, faults: Faults | None = None, *, poll_requests: int = 1) -> None:
        super().__init__()
        self.poll_requests = poll_requests
        self.asides = 0
        self._usual = faults or Faults()
        self.server.faults = self.usual()
        self.collection = self.server.tree.add_calendar(HOME, "anna", "svc")
        options = caldav.CaldavOptions(url=f"{ORIGIN}/", username="svc")
        self.endpoint = caldav.KIND.endpoint(self.services, place(), options)
        assert caldav.KIND.source is not None
        self.source: CalendarSource = caldav.KIND.source(self.endpoint, place(), options)
        self.ref = reference("dav", HOME)

    def usual(self) -> Faults:
        return replace(self._usual, status={})

    def trouble(self, kind: str) -> None:
        super().trouble(kind)
        if kind in ("denied", "gone"):
            self.server.faults.status[HOME] = 403 if kind == "denied" else 404

    def put(self, uid: str, *lines: str, override: tuple[str, ...] = ()) -> None:
        components = [event(*lines, uid=uid)]
        if override:
            components.append(event(*override, uid=uid))
        self.collection.put(f"{uid}.ics", calendar(*components))

    def delete(self, uid: str) -> None:
        self.collection.delete(f"{uid}.ics")


class _FileWorld(_LabWorld):
    """A world whose calendar is one file."""

    def __init__(self, *, uploads: bool = False) -> None:
        super().__init__()
        self._components: dict[str, list[str]] = {}
        self._kind = ""
        self.uploads: dict[tuple[str, str], bytes] = {}
        options = ics.IcsOptions(
            url="" if uploads else f"{ORIGIN}/feeds/{{email}}.ics",
            username=None if uploads else "svc",
            uploads=uploads,
            max_bytes=50_000,
        )
        where = place("ics", uploads=self.uploads)
        self.endpoint = ics.KIND.endpoint(self.services, where, options)
        assert ics.KIND.source is not None
        self.source: CalendarSource = ics.KIND.source(self.endpoint, where, options)

    def put(self, uid: str, *lines: str, override: tuple[str, ...] = ()) -> None:
        self._components[uid] = [event(*lines, uid=uid)]
        if override:
            self._components[uid].append(event(*override, uid=uid))
        self.write()

    def delete(self, uid: str) -> None:
        self._components.pop(uid, None)
        self.write()

    def trouble(self, kind: str) -> None:
        super().trouble(kind)
        self._kind = kind
        self.write()

    def body(self) -> bytes | None:
        """Return what stands in the file under the present trouble."""
        components = [] if self._kind == "emptied" else list(self._components.values())
        whole = calendar(*(text for parts in components for text in parts))
        return {
            "too-large": whole + b"x" * 60_000,
            "html": b"<!DOCTYPE html><html>Sign in</html>",
            "empty-body": b"",
            "truncated": whole[: len(whole) * 2 // 3],
            "gone": None,
        }.get(self._kind, whole)

    def write(self) -> None:
        raise NotImplementedError


class FeedWorld(_FileWorld):
    """A feed over HTTP."""

    cannot = frozenset({"forgotten"})
    path = "/feeds/anna@acme.example.ics"

    def __init__(self, *, modified: bool = False) -> None:
        self._modified = modified
        self._version = 0
        super().__init__()
        self.ref = reference("ics", self.path)
        self.write()

    def trouble(self, kind: str) -> None:
        super().trouble(kind)
        if kind == "denied":
            self.server.faults.status["/"] = 403

    def write(self) -> None:
        body = self.body()
        self._version += 1
        if body is None:
            self.server.tree.feeds.pop(self.path, None)
        else:
            modified = f"Mon, 02 Mar 2026 10:{self._version:02}:00 GMT" if self._modified else ""
            self.server.tree.feeds[self.path] = Feed(body, modified=modified)
        if self._modified:
            self.server.faults.no_etag = True

    def usual(self) -> Faults:
        return Faults(no_etag=self._modified)


class FileWorld(_FileWorld):
    """A file the operator's configuration names."""

    cannot = frozenset({"forgotten", "sign-in", "denied", "throttled", "down"})

    def __init__(self, folder: Path) -> None:
        super().__init__(uploads=True)
        self._path = folder / "anna.ics"
        self.ref = reference("ics", self._path.as_uri())
        self.write()

    def write(self) -> None:
        body = self.body()
        if body is None:
            self._path.unlink(missing_ok=True)
        else:
            self._path.write_bytes(body)


class UploadWorld(_FileWorld):
    """A calendar that comes through the API."""

    cannot = frozenset({"forgotten", "sign-in", "denied", "throttled", "down"})

    def __init__(self) -> None:
        super().__init__(uploads=True)
        self.ref = reference("ics", None)
        self.write()

    def write(self) -> None:
        body = self.body()
        if body is None:
            self.uploads.pop(("anna", "default"), None)
        else:
            self.uploads["anna", "default"] = body
