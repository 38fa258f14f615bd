"""The emulator answers as the store is documented to: queries, expansion, rights, sign-on."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as Xml

import pytest
from lab.exchange.calendar import Appointment
from lab.exchange.http import Ask, Reply
from lab.exchange.organization import Organization
from lab.exchange.recurrence import Recurrence
from lab.exchange_dav import sql
from lab.exchange_dav.people import Person
from lab.exchange_dav.server import DavExchange

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CALENDAR = "/exchange/anna@example.test/Kalender/"
START, END = '"urn:schemas:calendar:dtstart"', '"urn:schemas:calendar:dtend"'
KIND = '"urn:schemas:calendar:instancetype"'


@pytest.fixture
def server() -> DavExchange:
    organization = Organization(now=lambda: 1_772_452_800.0)
    organization.add_account("svc", "secret")
    box = organization.add_mailbox("anna@example.test")
    box.delegates["svc"] = "Owner"
    return DavExchange(organization, 2003)


def ask(server: DavExchange, method: str, path: str, body: str = "", **headers: str) -> Reply:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    told.setdefault("authorization", "Basic " + base64.b64encode(b"svc:secret").decode())
    return server.handle(Ask(method, path, told, body.encode()))


def search(server: DavExchange, where: str, path: str = CALENDAR, **headers: str) -> list[str]:
    """Return (kind, start) of what a query finds, as texts."""
    statement = f"SELECT {KIND}, {START} FROM Scope('SHALLOW TRAVERSAL OF \"\"') WHERE {where}"
    statement = statement.replace("<", "&lt;").replace(">", "&gt;")
    body = f'<g:searchrequest xmlns:g="DAV:"><g:sql>{statement}</g:sql></g:searchrequest>'
    reply = ask(server, "SEARCH", path, body, **headers)
    assert reply.status == 207, reply
    root = Xml.fromstring(reply.body)
    return sorted(
        (prop.findtext("{urn:schemas:calendar:}instancetype") or "")
        + " "
        + (prop.findtext("{urn:schemas:calendar:}dtstart") or "")[5:13]
        for prop in root.iter("{DAV:}prop")
    )


def add(server: DavExchange, **more: object) -> Appointment:
    item = Appointment(0, NOON, NOON + timedelta(hours=1), subject="x")
    for name, value in more.items():
        setattr(item, name, value)
    return server.organization.mailboxes["anna@example.test"].add(item, NOON)


def test_series_are_expanded_only_where_both_ends_are_bounded(server: DavExchange) -> None:
    add(server, recurrence=Recurrence("Daily", NOON.date(), number=3))
    assert search(server, f"{START} < '2026-03-10T00:00:00Z'") == ["1 03-02T12"]
    both = f"{START} < '2026/03/10 00:00:00' AND {END} > CAST(\"2026-03-01T00:00:00Z\" as 'x')"
    assert search(server, both) == ["1 03-02T12", "2 03-02T12", "2 03-03T12", "2 03-04T12"]
    assert search(server, f"NOT {KIND} = 1 AND {both}")[0] == "2 03-02T12"
    assert search(server, f"NOT ({START} > '2026-03-10T00:00:00Z')") == ["1 03-02T12"]


def test_exceptions_and_deletions_are_the_servers_business(server: DavExchange) -> None:
    item = add(server, recurrence=Recurrence("Daily", NOON.date(), number=3))
    day = timedelta(days=1)
    item.deleted.add(NOON + day)
    item.exceptions[NOON + 2 * day] = Appointment(0, NOON + 3 * day, NOON + 4 * day)
    window = f"{START} < '2026-03-10T00:00:00Z' AND {END} > '2026-03-01T00:00:00Z'"
    assert search(server, f"NOT {KIND} = 1 AND {window}") == ["2 03-02T12", "3 03-05T12"]


def test_more_than_two_years_at_once_are_refused(server: DavExchange) -> None:
    with pytest.raises(AssertionError):
        search(server, f"{START} < '2029-01-01T00:00:00Z' AND {END} > '2026-01-01T00:00:00Z'")


def test_rows_can_be_asked_for_by_range(server: DavExchange) -> None:
    for _ in range(3):
        add(server)
    assert len(search(server, f"{KIND} = 0", range="rows=0-1")) == 2


@pytest.mark.parametrize(
    "statement",
    ["", "SELECT", 'SELECT "a" FROM', "SELECT a FROM b", 'SELECT "a" FROM "b" WHERE "c" ~ 1'],
)
def test_statements_without_meaning_are_refused(server: DavExchange, statement: str) -> None:
    body = f'<g:searchrequest xmlns:g="DAV:"><g:sql>{statement}</g:sql></g:searchrequest>'
    assert ask(server, "SEARCH", CALENDAR, body).status == 400


def test_conditions_know_no_third_value() -> None:
    query = sql.parse('SELECT "a" FROM "b" WHERE NOT "x" = 1 AND "y" IS NULL')
    assert query.where({})
    assert not query.where({"x": 1})
    assert not query.where({"y": "there"})


def test_what_is_missing_is_told_unless_brevity_is_asked(server: DavExchange) -> None:
    body = (
        '<d:propfind xmlns:d="DAV:" xmlns:h="urn:schemas:httpmail:"><d:prop><h:calendar/>'
        "<d:nothing/></d:prop></d:propfind>"
    )
    path = "/exchange/anna@example.test/"
    assert b"404 Resource Not Found" in ask(server, "PROPFIND", path, body).body
    assert b"404" not in ask(server, "PROPFIND", path, body, brief="t").body


def test_rights_and_absences_have_their_statuses(server: DavExchange) -> None:
    box = server.organization.mailboxes["anna@example.test"]
    assert ask(server, "PROPFIND", "/exchange/zoe@example.test/").status == 404
    assert ask(server, "PROPFIND", CALENDAR, authorization="").status == 401
    box.delegates["svc"] = "Reviewer"
    assert ask(server, "PROPFIND", CALENDAR).status == 207
    assert ask(server, "PROPFIND", "/exchange/anna@example.test/Inkorgen/").status == 403
    box.delegates.clear()
    assert ask(server, "PROPFIND", CALENDAR).status == 403


def test_with_forms_there_is_no_http_sign_in(server: DavExchange) -> None:
    server.forms = True
    assert ask(server, "PROPFIND", CALENDAR).status == 440
    page = ask(server, "GET", "/exchange/")
    assert page.status == 302
    assert "owalogon.asp" in page.headers["location"]
    assert ask(server, "GET", "/exchweb/bin/auth/owalogon.asp", translate="f").status == 403
    wrong = "destination=/exchange/&username=svc&password=no&trusted=0"
    refused = ask(server, "POST", "/exchweb/bin/auth/owaauth.dll", wrong)
    assert refused.status == 302
    assert "set-cookie" not in refused.headers
    good = ask(server, "POST", "/exchweb/bin/auth/owaauth.dll", wrong.replace("=no", "=secret"))
    cookie = good.headers["set-cookie"].replace("\n", "; ")
    assert ask(server, "PROPFIND", CALENDAR, cookie=cookie).status == 207
    server.signon.expire()
    assert ask(server, "PROPFIND", CALENDAR, cookie=cookie).status == 440


def test_subscriptions_fire_once_and_run_out(server: DavExchange) -> None:
    made = ask(
        server, "SUBSCRIBE", CALENDAR, notification_type="update", subscription_lifetime="90"
    )
    number = made.headers["subscription-id"]

    def polled() -> str:
        body = ask(server, "POLL", CALENDAR, subscription_id=number).body
        return Xml.fromstring(body).findtext(".//{DAV:}status") or ""

    assert "204" in polled()
    add(server)
    assert "200" in polled()
    assert "204" in polled()
    server.organization.now = lambda: 1_772_452_800.0 + 91
    assert "412" in polled()


def test_public_folders_hold_contacts_and_folders(server: DavExchange) -> None:
    top = server.public.add("Kunder", Person("Bo Berg", "Berg AB", phones={"mobile": "070-1"}))
    top.add("Nord", Person("Eva Ek"))
    statement = (
        'SELECT "DAV:href", "urn:schemas:contacts:cn", "urn:schemas:contacts:mobile" FROM '
        "Scope('SHALLOW TRAVERSAL OF \"\"') WHERE \"urn:schemas:contacts:cn\" LIKE 'bo%'"
    )
    body = f'<g:searchrequest xmlns:g="DAV:"><g:sql>{statement}</g:sql></g:searchrequest>'
    found = ask(server, "SEARCH", "/public/Kunder/", body, brief="t").body
    assert b"070-1" in found
    assert b"Eva" not in found
    assert ask(server, "PROPFIND", "/public/Kunder/Nord/").status == 207
    deep = body.replace("SHALLOW", "DEEP")
    assert ask(server, "SEARCH", "/public/Kunder/", deep).status == 400
