"""Who signs in: HTTP schemes, or OWA's form with its cookies."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, quote, urlsplit

from lab.exchange import signin
from lab.exchange.http import Ask, Reply
from lab.exchange.organization import Account
from lab.exchange.server import ExchangeServer
from lab.exchange.signin import Connection

if TYPE_CHECKING:
    from lab.exchange_dav.server import DavExchange

PAGES: Final = {2003: "/exchweb/bin/auth/owalogon.asp", 2007: "/owa/auth/logon.aspx"}
TARGETS: Final = {2003: "/exchweb/bin/auth/owaauth.dll", 2007: "/owa/auth/owaauth.dll"}
_LIFETIMES: Final = {"0": 15 * 60.0, "4": 24 * 3600.0}
_FORM: Final = """<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.0 Transitional//EN">
<html><head><title>Outlook Web Access</title></head><body>
<form action="{action}" method="POST" name="logonForm" autocomplete="off">
<input type="hidden" name="destination" value="{destination}">
<input type="hidden" name="flags" value="0">{extra}
<table><tr><td><input type="radio" name="trusted" value="0" checked>
<input type="radio" name="trusted" value="4"></td></tr>
<tr><td><input type="text" name="username"></td><td><input type="password" name="password"></td>
<td><input type="submit" name="SubmitCreds" value="Log On"></td></tr></table></form></body></html>
"""


@dataclass(slots=True)
class Session:
    """A signed-on session."""

    account: Account
    until: float
    proof: str


class SignOn:
    """The door of one server."""

    def __init__(self, server: DavExchange) -> None:
        self._server = server
        self.sessions: dict[str, Session] = {}
        self.attempts: list[tuple[float, str, bool]] = []
        """(when, name, worked) of every password shown, for tests that count."""
        self.windows = ExchangeServer(server.organization)
        """Signs connections in by NTLM and Negotiate, as any IIS does."""
        self.windows.sign_in.schemes = ("NTLM", "Negotiate")
        self.extra_fields = ""
        """HTML put into the form: fields a site has added."""
        self.script = False
        """The page leads to the form by a script (2007)."""

    def expire(self) -> None:
        """End all sessions."""
        self.sessions.clear()

    def account(self, ask: Ask, connection: Connection) -> Account | Reply:
        """Return who asks, or the answer that asks him to sign in."""
        if self._server.forms:
            return self._by_cookie(ask) or self._wants_form(ask)
        scheme = ask.headers.get("authorization", "").partition(" ")[0].lower()
        offered = {one.lower() for one in self._server.schemes}
        if scheme in offered & {"ntlm", "negotiate"} or (connection.account and not scheme):
            return signin.authenticate(self.windows, ask, connection)
        return self._by_password(ask) or self._wants_password()

    def page(self, ask: Ask) -> Reply | None:
        """Answer what belongs to signing on; None: it is something else."""
        year, path = self._server.year, urlsplit(ask.path).path.lower()
        if not self._server.forms:
            return None
        if path == PAGES[year].lower() and ask.method == "GET":
            if ask.headers.get("translate", "").lower() == "f":
                return Reply(403)
            return self._form(ask)
        if path == TARGETS[year].lower() and ask.method == "POST":
            return self._posted(ask)
        return None

    # --- with a form --------------------------------------------------------------------------
    def _form(self, ask: Ask) -> Reply:
        query = parse_qs(urlsplit(ask.path).query)
        if self.script and "form" not in query:
            text = f'<script><!--\nvar a_sLgnQS = "{PAGES[self._server.year]}?form=1&url=";\n'
            text += f'var a_sUrl = "{quote(self._server.origin, safe="")}";\n--></script>'
            return Reply(200, {"content-type": "text/html"}, text.encode())
        action = self._server.faults.form_action or (
            "owaauth.dll" if self._server.year == 2003 else TARGETS[2007]
        )
        destination = query.get("url", [self._server.origin + "/exchange/"])[0]
        html = _FORM.format(action=action, destination=destination, extra=self.extra_fields)
        return Reply(200, {"content-type": "text/html; charset=utf-8"}, html.encode())

    def _posted(self, ask: Ask) -> Reply:
        form = {name: values[0] for name, values in parse_qs(ask.body.decode()).items()}
        destination = form.get("destination", "/exchange/")
        missing = [name for name in self._wanted() if name not in form]
        account = self._known(form.get("username", ""), form.get("password", ""))
        if account is None or missing or "trusted" not in form:
            page = f"{PAGES[self._server.year]}?url={quote(destination, safe='')}&reason=2"
            return Reply(302, {"location": self._server.origin + page})
        headers = {"location": destination}
        if not self._server.faults.no_cookies:
            headers["set-cookie"] = self._session(account, form.get("trusted", "0"))
        return Reply(302, headers)

    def _wanted(self) -> list[str]:
        return re.findall(r'name="(\w+)"', self.extra_fields)

    def _session(self, account: Account, trusted: str) -> str:
        key, proof = str(uuid.uuid4()), base64.b64encode(uuid.uuid4().bytes).decode()
        until = self._server.organization.now() + _LIFETIMES.get(trusted, 900.0)
        self.sessions[key] = Session(account, until, proof)
        name = "sessionid" if self._server.year == 2003 else "UserContext"
        value = f"{key},0x409" if self._server.year == 2003 else key
        return (
            f'cadata{self._server.cookie_suffix}="{proof}"; expires=Sat, 21-Nov-2099 10:00:00 GMT; '
            f"HttpOnly; path=/\n{name}={value}; path=/"
        )

    def _by_cookie(self, ask: Ask) -> Account | None:
        told = dict(
            part.strip().partition("=")[::2] for part in ask.headers.get("cookie", "").split(";")
        )
        name = "sessionid" if self._server.year == 2003 else "UserContext"
        session = self.sessions.get(told.get(name, "").partition(",")[0])
        proof = told.get(f"cadata{self._server.cookie_suffix}", "").strip('"')
        if session is None or session.proof != proof or self._server.faults.always_440:
            return None
        if session.until <= self._server.organization.now():
            return None
        return session.account if session.account.enabled else None

    def _wants_form(self, ask: Ask) -> Reply:
        if ask.method != "GET":
            return Reply(440, {"content-type": "text/html"}, b"440 Login Timeout")
        page = PAGES[self._server.year]
        target = quote(self._server.origin + ask.path, safe="")
        return Reply(302, {"location": f"{self._server.origin}{page}?url={target}&reason=0"})

    # --- with HTTP ----------------------------------------------------------------------------
    def _by_password(self, ask: Ask) -> Account | None:
        scheme, _, rest = ask.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic" or "Basic" not in self._server.schemes:
            return None
        try:
            name, _, password = base64.b64decode(rest).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return self._known(name, password)

    def _wants_password(self) -> Reply:
        told = [
            f'Basic realm="{self._server.origin.rpartition("/")[2]}"' if one == "Basic" else one
            for one in self._server.schemes
        ]
        return Reply(401, {"www-authenticate": ", ".join(told)}, b"401")

    def _known(self, name: str, password: str) -> Account | None:
        found = self._server.organization.accounts.get(name.lower())
        good = found is not None and found.enabled and found.password == password
        self.attempts.append((self._server.organization.now(), name, good))
        return found if good else None
