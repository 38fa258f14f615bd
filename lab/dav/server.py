"""The server as a function of requests: ``handle(Ask) -> Reply``."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Final
from urllib.parse import quote, unquote, urlsplit
from xml.etree import ElementTree as Xml

from lab.dav import reports
from lab.dav.faults import Faults
from lab.dav.http import Ask, Reply
from lab.dav.tree import Collection, Tree
from lab.dav.xml import CAL, CS, DAV, multistatus, status_line, tag

HTML: Final = b"<!DOCTYPE html><html><body><form action='/login'>Sign in</form></body></html>"


class DavServer:
    """Users, calendars and feeds in memory."""

    def __init__(self, origin: str = "http://dav.test") -> None:
        self.origin = origin
        self.tree = Tree()
        self.faults = Faults()
        self.asked: list[Ask] = []
        """Every request, for tests that look at what was sent where."""

    def handle(self, ask: Ask) -> Reply:
        """Answer one request."""
        self.asked.append(ask)
        reply = self._faulty(ask) or self._answer(ask)
        if self.faults.truncated and len(reply.body) > 20 and reply.status in (200, 207):
            return Reply(reply.status, reply.headers, reply.body[: len(reply.body) * 2 // 3])
        return reply

    def _faulty(self, ask: Ask) -> Reply | None:
        faults = self.faults
        path = unquote(urlsplit(ask.path).path)
        for prefix, status in faults.status.items():
            if path.startswith(prefix):
                extra = {"retry-after": faults.retry_after} if faults.retry_after else {}
                if status == 401:
                    extra["www-authenticate"] = 'Basic realm="lab"'
                return Reply(status, extra)
        if faults.redirect and not path.startswith(faults.redirect):
            return Reply(302, {"location": faults.redirect.rstrip("/") + ask.path})
        if faults.html:
            return Reply(200, {"content-type": "text/html"}, HTML)
        if faults.empty_body:
            return Reply(200, {"content-type": "text/plain"})
        return None

    def _answer(self, ask: Ask) -> Reply:
        path = unquote(urlsplit(ask.path).path)
        if self.faults.redirect and path.startswith(self.faults.redirect):
            path = path[len(self.faults.redirect.rstrip("/")) :] or "/"
        if path.startswith("/feeds/"):
            return self._feed(ask, path)
        if path.rstrip("/") == "/.well-known/caldav":
            return Reply(301, {"location": "/"})
        user = self._user(ask)
        if user is None:
            return Reply(401, {"www-authenticate": 'Basic realm="lab"'})
        if ask.method == "OPTIONS":
            return Reply(200, {"dav": "1, 3, access-control, calendar-access"})
        if ask.method == "PROPFIND":
            return self._propfind(ask, path, user)
        if ask.method == "REPORT":
            return self._report(ask, path, user)
        return self._member(ask, path, user)

    def _user(self, ask: Ask) -> str | None:
        scheme, _, rest = ask.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            name, _, password = base64.b64decode(rest).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return name if self.tree.passwords.get(name) == password else None

    # --- reading ------------------------------------------------------------------------------
    def _propfind(self, ask: Ask, path: str, user: str) -> Reply:
        wanted = _wanted(ask.body)
        if wanted is None:
            return Reply(400)
        found = self._resources(path, user, ask.headers.get("depth", "0"))
        if found is None:
            return Reply(404)
        if found == "forbidden":
            return Reply(403)
        assert not isinstance(found, str)
        root = multistatus()
        for href, known in found:
            response = Xml.SubElement(root, tag(DAV, "response"))
            Xml.SubElement(response, tag(DAV, "href")).text = self.href(href)
            _propstats(response, wanted, known)
        return _xml(root)

    def _resources(
        self, path: str, user: str, depth: str
    ) -> list[tuple[str, dict[str, Xml.Element]]] | str | None:
        tree = self.tree
        if path in ("/", ""):
            return [("/", self._root(user))]
        parts = path.strip("/").split("/")
        if parts[0] == "principals" and len(parts) == 2 and parts[1] in tree.passwords:
            return [(f"/principals/{parts[1]}/", self._principal(parts[1], user))]
        if parts[0] == "calendars" and len(parts) == 2 and parts[1] in tree.passwords:
            own = [(f"/calendars/{parts[1]}/", self._home(parts[1]))]
            if depth != "0":
                own += [
                    (one.path, self._collection(one, user))
                    for one in tree.listed(parts[1])
                    if tree.may_read(user, one)
                    and not (self.faults.hide_shares and one.owner != parts[1])
                ]
            return own
        if parts[0] == "calendars" and parts[2:] == ["inbox"] and parts[1] in tree.inboxes:
            return [(f"/calendars/{parts[1]}/inbox/", self._inbox(parts[1]))]
        collection = tree.collection(path)
        if collection is None:
            return None
        if not tree.may_read(user, collection):
            return "forbidden"
        found = [(collection.path, self._collection(collection, user))]
        if depth != "0" and not self.faults.emptied:
            found += [
                (collection.path + name, {tag(DAV, "getetag"): _text("getetag", self.etag(body))})
                for name, body in sorted(collection.objects.items())
            ]
        return found

    def _report(self, ask: Ask, path: str, user: str) -> Reply:
        try:
            root = Xml.fromstring(ask.body)
        except Xml.ParseError:
            return Reply(400)
        if root.tag == tag(DAV, "principal-property-search"):
            return _xml(reports.principal_search(self, root))
        collection = self.tree.collection(path)
        if collection is None:
            return Reply(404)
        if not self.tree.may_read(user, collection):
            return Reply(403)
        return reports.answer(self, collection, root)

    def _feed(self, ask: Ask, path: str) -> Reply:
        feed = self.tree.feeds.get(path)
        if feed is None:
            return Reply(404)
        if feed.user and self._user(ask) != feed.user:
            return Reply(401, {"www-authenticate": 'Basic realm="lab"'})
        body = feed.body
        headers = {"content-type": "text/calendar"}
        if not self.faults.no_etag:
            headers["etag"] = self.etag(body)
        if feed.modified:
            headers["last-modified"] = feed.modified
        if not self.faults.no_conditional:
            if ask.headers.get("if-none-match", "") == headers.get("etag"):
                return Reply(304, headers)
            since = ask.headers.get("if-modified-since")
            if since and since == feed.modified and "if-none-match" not in ask.headers:
                return Reply(304, headers)
        return Reply(200, headers, body)

    def _member(self, ask: Ask, path: str, user: str) -> Reply:
        parent, _, name = path.rpartition("/")
        if ask.method == "MKCALENDAR":
            self.tree.add_calendar(path, user)
            return Reply(201)
        collection = self.tree.collection(parent + "/")
        if collection is None or not name:
            return Reply(404)
        if not self.tree.may_read(user, collection):
            return Reply(403)
        if ask.method == "GET":
            body = collection.objects.get(name)
            if body is None:
                return Reply(404)
            return Reply(200, {"content-type": "text/calendar", "etag": self.etag(body)}, body)
        if collection.owner != user:
            return Reply(403)
        if ask.method == "PUT":
            collection.put(name, ask.body)
            return Reply(201, {"etag": self.etag(ask.body)})
        if ask.method == "DELETE":
            return Reply(204 if collection.delete(name) else 404)
        return Reply(405)

    # --- what things look like ----------------------------------------------------------------
    def etag(self, body: bytes) -> str:
        """Return the entity tag of a body."""
        strong = f'"{hashlib.md5(body).hexdigest()}"'
        return "W/" + strong if self.faults.weak_etags else strong

    def href(self, path: str) -> str:
        """Return a path as this server writes it."""
        safe = "/" if self.faults.escape_hrefs else "/@:~!$&'()*+,;="
        written = quote(path, safe=safe)
        if self.faults.hostile_href:
            return self.faults.hostile_href + written
        return self.origin + written if self.faults.full_urls else written

    def _root(self, user: str) -> dict[str, Xml.Element]:
        known = {tag(DAV, "resourcetype"): _types(DAV + "collection")}
        if not self.faults.no_principal:
            known[tag(DAV, "current-user-principal")] = self._href_property(
                DAV, "current-user-principal", f"/principals/{user}/"
            )
        return known

    def _principal(self, name: str, user: str) -> dict[str, Xml.Element]:
        addresses = Xml.Element(tag(CAL, "calendar-user-address-set"))
        for address in self.tree.addresses.get(name, []):
            Xml.SubElement(addresses, tag(DAV, "href")).text = f"mailto:{address}"
        known = {
            tag(DAV, "resourcetype"): _types(DAV + "principal"),
            tag(DAV, "displayname"): _text("displayname", name),
            tag(CAL, "calendar-user-address-set"): addresses,
            tag(DAV, "current-user-principal"): self._href_property(
                DAV, "current-user-principal", f"/principals/{user}/"
            ),
        }
        known[tag(CAL, "calendar-home-set")] = self._href_property(
            CAL, "calendar-home-set", f"/calendars/{name}/"
        )
        if name in self.tree.inboxes:
            known[tag(CAL, "schedule-inbox-URL")] = self._href_property(
                CAL, "schedule-inbox-URL", f"/calendars/{name}/inbox/"
            )
        return known

    def _home(self, name: str) -> dict[str, Xml.Element]:
        known = {tag(DAV, "resourcetype"): _types(DAV + "collection")}
        if name not in self.tree.inboxes:
            known |= self._availability(name, CS)
        return known

    def _inbox(self, name: str) -> dict[str, Xml.Element]:
        types = _types(DAV + "collection", CAL + "schedule-inbox")
        return {types.tag: types} | self._availability(name, CAL)

    def _availability(self, name: str, space: str) -> dict[str, Xml.Element]:
        if name not in self.tree.availability:
            return {}
        prop = _text("calendar-availability", self.tree.availability[name], space)
        return {prop.tag: prop}

    def _collection(self, one: Collection, user: str) -> dict[str, Xml.Element]:
        known = {
            tag(DAV, "resourcetype"): _types(DAV + "collection", *one.types),
            tag(DAV, "displayname"): _text("displayname", one.title),
            tag(DAV, "owner"): self._href_property(DAV, "owner", f"/principals/{one.owner}/"),
        }
        components = Xml.Element(tag(CAL, "supported-calendar-component-set"))
        for name in one.components:
            Xml.SubElement(components, tag(CAL, "comp"), name=name)
        known[components.tag] = components
        privileges = Xml.Element(tag(DAV, "current-user-privilege-set"))
        for name in one.privileges:
            Xml.SubElement(Xml.SubElement(privileges, tag(DAV, "privilege")), name)
        known[privileges.tag] = privileges
        transparency = Xml.Element(tag(CAL, "schedule-calendar-transp"))
        Xml.SubElement(transparency, tag(CAL, "transparent" if one.transparent else "opaque"))
        known[transparency.tag] = transparency
        if one.timezone:
            zone = Xml.Element(tag(CAL, "calendar-timezone"))
            zone.text = one.timezone
            known[zone.tag] = zone
        if not self.faults.no_ctag:
            known[tag(CS, "getctag")] = _text("getctag", f"c{one.revision}", CS)
        if not self.faults.no_sync:
            known[tag(DAV, "sync-token")] = _text("sync-token", one.token(one.revision))
        return known

    def _href_property(self, space: str, name: str, path: str) -> Xml.Element:
        found = Xml.Element(tag(space, name))
        Xml.SubElement(found, tag(DAV, "href")).text = self.href(path)
        return found


def _wanted(body: bytes) -> list[str] | None:
    if not body:
        return []
    try:
        root = Xml.fromstring(body)
    except Xml.ParseError:
        return None
    prop = root.find(tag(DAV, "prop"))
    return [] if prop is None else [element.tag for element in prop]


def _propstats(response: Xml.Element, wanted: list[str], known: dict[str, Xml.Element]) -> None:
    for status, names in (
        (200, [name for name in wanted if name in known] if wanted else list(known)),
        (404, [name for name in wanted if name not in known]),
    ):
        if not names:
            continue
        propstat = Xml.SubElement(response, tag(DAV, "propstat"))
        prop = Xml.SubElement(propstat, tag(DAV, "prop"))
        for name in names:
            prop.append(known[name] if status == 200 else Xml.Element(name))
        Xml.SubElement(propstat, tag(DAV, "status")).text = status_line(status)


def _types(*names: str) -> Xml.Element:
    found = Xml.Element(tag(DAV, "resourcetype"))
    for name in names:
        Xml.SubElement(found, name)
    return found


def _text(name: str, value: str, space: str = DAV) -> Xml.Element:
    found = Xml.Element(tag(space, name))
    found.text = value
    return found


def _xml(root: Xml.Element) -> Reply:
    body = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return Reply(207, {"content-type": "application/xml; charset=utf-8"}, body)
