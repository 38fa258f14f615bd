"""The server as a function of requests: ``handle(Ask) -> Reply``."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as Xml

from lab.exchange.http import Ask, Reply
from lab.exchange.mailbox import Mailbox
from lab.exchange.organization import Account, Organization
from lab.exchange.signin import Connection
from lab.exchange_dav import freebusy, mime, names, sql
from lab.exchange_dav.faults import Faults
from lab.exchange_dav.items import COMMON
from lab.exchange_dav.people import PublicFolder
from lab.exchange_dav.signon import SignOn
from lab.exchange_dav.store import MOST_DAYS, Folder, Item, Store
from lab.exchange_dav.values import Multistatus, Properties, Value
from lab.exchange_dav.watch import Watches

HTML = b"<!DOCTYPE html><html><body><form action='/login'>Sign in</form></body></html>"
_BUILDS = {2003: "6.5.7638.1", 2007: "8.1.240.5"}


class DavExchange:
    """One Exchange 2003 or 2007 in front of an organization."""

    def __init__(
        self,
        organization: Organization | None = None,
        year: int = 2003,
        *,
        forms: bool = False,
        schemes: tuple[str, ...] = ("Negotiate", "NTLM", "Basic"),
    ) -> None:
        self.organization = organization or Organization()
        self.year = year
        self.forms = forms
        self.schemes = schemes
        self.faults = Faults()
        self.public = PublicFolder("", "IPF")
        self.languages: dict[str, str] = {}
        """Address → language of its folder names; Swedish where it is not told."""
        self.cookie_suffix = "" if year == 2007 else "KGk8aV"
        self.asked: list[Ask] = []
        """Every request, for tests that look at what was sent where."""
        self.origin = "http://exchange.test"
        self.store = Store(self)
        self.signon = SignOn(self)
        self.watches = Watches(self)
        self._frozen: dict[str, int] = {}

    def revision(self, box: Mailbox) -> int:
        """Return how often a calendar changed, as far as the server notices."""
        if self.faults.deaf:
            return self._frozen.setdefault(box.guid, box.revision)
        self._frozen[box.guid] = box.revision
        return box.revision

    def restart(self) -> None:
        """Forget sessions and subscriptions."""
        self.signon.expire()
        self.watches.open.clear()

    def handle(self, ask: Ask, connection: Connection | None = None) -> Reply:
        """Answer one request; ``connection`` remembers who signed it in."""
        self.asked.append(ask)
        connection = connection or Connection()
        reply = self._faulty(ask) or self.signon.page(ask) or self._answer(ask, connection)
        now = datetime.fromtimestamp(self.organization.now(), UTC)
        reply.headers.setdefault("date", format_datetime(now, usegmt=True))
        reply.headers.setdefault("server", "Microsoft-IIS/6.0")
        reply.headers.setdefault("ms-exchange-permanent-url", self.origin)
        reply.headers["ms-webstorage"] = _BUILDS[self.year]
        return self._spoilt(reply)

    # --- faults -------------------------------------------------------------------------------
    def _faulty(self, ask: Ask) -> Reply | None:
        faults, path = self.faults, unquote(urlsplit(ask.path).path)
        if faults.unauthorized:
            faults.unauthorized -= faults.unauthorized > 0
            return Reply(401, {"www-authenticate": 'Basic realm="x"'})
        if faults.redirect:
            return Reply(302, {"location": faults.redirect + ask.path})
        for prefix, status in faults.status.items():
            if path.startswith(prefix):
                extra = {"retry-after": faults.retry_after} if faults.retry_after else {}
                if status == 401:
                    extra["www-authenticate"] = 'Basic realm="x"'
                return Reply(status, extra)
        if faults.html:
            return Reply(200, {"content-type": "text/html"}, HTML)
        return Reply(200) if faults.empty_body else None

    def _spoilt(self, reply: Reply) -> Reply:
        faults = self.faults
        if faults.bomb and reply.status == 207:
            reply.body = faults.bomb
        if faults.illegal_references:
            reply.body = reply.body.replace(b":subject>", b":subject>&#x0;&#x1F;", 1)
        if faults.truncated and reply.status in (200, 207) and len(reply.body) > 20:
            reply.body = reply.body[: len(reply.body) * 2 // 3]
        return reply

    # --- requests -----------------------------------------------------------------------------
    def _answer(self, ask: Ask, connection: Connection) -> Reply:
        account = self.signon.account(ask, connection)
        if isinstance(account, Reply):
            return account
        url = urlsplit(ask.path)
        path = url.path.replace("%2F", "/").replace("%2f", "/")  # IIS decodes before it splits
        segments = [names.read(one) for one in path.split("/") if one]
        if ask.method == "GET":
            return self._get(ask, account, segments, url.query)
        if ask.method == "OPTIONS":
            return Reply(200, {"allow": "OPTIONS, GET, PROPFIND, SEARCH, SUBSCRIBE, POLL"})
        folder = self.store.folder(segments)
        if ask.method == "PUT":
            return self._put(ask, account, segments)
        if folder is None:
            return self._item(ask, account, segments)
        if not self.store.may(account, folder):
            return Reply(403, {"content-type": "text/html"}, b"403 Forbidden")
        actions = {
            "PROPFIND": self._propfind,
            "SEARCH": self._search,
            "SUBSCRIBE": self.watches.subscribe,
            "POLL": self.watches.poll,
            "UNSUBSCRIBE": self.watches.unsubscribe,
        }
        action = actions.get(ask.method)
        return action(ask, folder) if action else Reply(405)

    def _get(self, ask: Ask, account: Account, segments: list[str], query: str) -> Reply:
        if "cmd=freebusy" in query.lower() and segments[:1] == ["public"]:
            return freebusy.answer(self, ask)
        if segments == ["exchange"]:
            if not account.mailbox:
                return Reply(403)
            base = f"{self.origin}/exchange/{names.written(account.mailbox)}/"
            html = f'<html><head><BASE href="{base}">\n</head><body></body></html>'
            return Reply(200, {"content-type": "text/html"}, html.encode())
        if self.store.folder(segments) is not None:
            return Reply(200)
        return self._message(ask, account, segments)

    def _message(self, ask: Ask, account: Account, segments: list[str]) -> Reply:
        """Return an item as a message, to whoever asks for it raw."""
        folder = self.store.folder(segments[:-1])
        if folder is None or folder.box is None or ask.headers.get("translate", "") != "f":
            return Reply(404)
        if not self.store.may(account, folder):
            return Reply(403)
        found = self.store.stored(folder, segments[-1])
        if found is None:
            return Reply(404)
        return Reply(200, {"content-type": "message/rfc822"}, mime.message(folder.box, found))

    def _item(self, ask: Ask, account: Account, segments: list[str]) -> Reply:
        """Answer about a single item."""
        folder = self.store.folder(segments[:-1])
        if folder is None or ask.method != "PROPFIND":
            return Reply(404)
        if not self.store.may(account, folder):
            return Reply(403)
        for item in self.store.items(folder):
            if item.href.rpartition("/")[2].lower() == segments[-1].lower():
                wanted = _wanted(ask.body)
                return self._shown([item], [(name, "") for name in wanted], brief=_brief(ask))
        return Reply(404)

    def _put(self, ask: Ask, account: Account, segments: list[str]) -> Reply:
        """Store a message with an appointment in it, as Outlook Express and its like did."""
        folder = self.store.folder(segments[:-1])
        if folder is None or folder.kind != "calendar" or folder.box is None:
            return Reply(404)
        if account.mailbox != folder.box.address.lower():
            return Reply(403)
        item = mime.appointment(ask.body, folder.box)
        if item is None:
            return Reply(400)
        stored = folder.box.add(item, datetime.fromtimestamp(self.organization.now(), UTC))
        stored.properties["name"] = segments[-1]
        return Reply(201, {"getetag": f'"{stored.number:x}.{stored.change:x}"'})

    def _propfind(self, ask: Ask, folder: Folder) -> Reply:
        item = Item(folder.path, self.store.properties(folder))
        names_ = [(name, "") for name in _wanted(ask.body)]
        return self._shown([item], names_, brief=_brief(ask))

    def _search(self, ask: Ask, folder: Folder) -> Reply:
        try:
            query = sql.parse(_statement(ask.body))
        except (sql.BadQuery, Xml.ParseError) as problem:
            return Reply(400, {"content-type": "text/html"}, str(problem).encode())
        if self.faults.no_aliases and any(alias for _, alias in query.select):
            return Reply(400)
        if query.deep and folder.public is not None:
            return Reply(400)
        if query.after and query.before and (query.before - query.after).days > MOST_DAYS:
            return Reply(400, {}, b"Error while processing WHERE clause in the SQL statement.")
        found = [
            item
            for item in self.store.items(folder, query.after, query.before)
            if query.where(item.properties) and not self.faults.emptied
        ]
        name, descending = query.order
        found.sort(key=lambda item: _sortable(item.properties.get(name)), reverse=descending)
        return self._shown(_ranged(found, ask), query.select, brief=_brief(ask))

    def _shown(self, found: list[Item], wanted: list[tuple[str, str]], *, brief: bool) -> Reply:
        answer = Multistatus()
        for item in found:
            values: Properties = {**item.properties, **item.damaged}
            there: list[tuple[str, Value]] = [
                (alias or name, value)
                for name, alias in wanted
                if (value := values.get(name)) is not None
            ]
            if self.faults.raw_named_properties:
                there.append((COMMON + "0x8506", False))
            missing = [alias or name for name, alias in wanted if values.get(name) is None]
            answer.found(item.href, there, () if brief else missing)
        return Reply(207, {"content-type": "text/xml"}, answer.body())


def _ranged(found: list[Item], ask: Ask) -> list[Item]:
    """Return the rows that ``Range: rows=0-99`` asks for."""
    first, dash, last = ask.headers.get("range", "").removeprefix("rows=").partition("-")
    if not dash or not (first.isdecimal() and last.isdecimal()):
        return found
    return found[int(first) : int(last) + 1]


def _brief(ask: Ask) -> bool:
    return ask.headers.get("brief", "").lower() == "t"


def _statement(body: bytes) -> str:
    root = Xml.fromstring(body)
    text = root.findtext("{DAV:}sql")
    if root.tag != "{DAV:}searchrequest" or not text:
        raise sql.BadQuery("there is no statement")
    return text


def _wanted(body: bytes) -> list[str]:
    """Return the properties a PROPFIND asks for, by full name."""
    if not body:
        return []
    prop = Xml.fromstring(body).find("{DAV:}prop")
    if prop is None:
        return []
    return [one.tag[1:].replace("}", "", 1) for one in prop]


def _sortable(value: Value | None) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return f"{value:012d}" if isinstance(value, int) else str(value or "")
