"""Forms-based sign-on of OWA 2003 and 2007: a state machine of requests and answers.

With forms the store knows no HTTP authentication. A GET is redirected to a page with a form; every
other method is answered 440. The form is posted (2003: ``/exchweb/bin/auth/owaauth.dll``, 2007:
``/owa/auth/owaauth.dll``; sites alter it, so action and hidden fields are read from the page), and
the answer is a redirect with cookies. A redirect *without* them is a refusal, whatever its status.

::

    page ──redirect──► page ──form──► posted ──cookies──► Session
                        │                └──none──► Refused
                        └──no form──► BadAnswer

The password is posted at most once per sign-on, and never to another origin than asked (threat 3);
pages that want anything else than a name and a password (one-time codes) are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlencode, urljoin, urlsplit

from kalends.errors import BadAnswer, RedirectRefused
from kalends.model.http import Request, Response

MAX_PAGE: Final = 256 << 10
_REDIRECTS: Final = 5
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_PROOF: Final = ("sessionid", "cadata", "usercontext")
"""How the cookies of a signed-on session begin; servers append suffixes."""
_LOGON: Final = re.compile(r"/(?:exchweb/bin|owa)/auth/|logon\.(?:asp|aspx)", re.IGNORECASE)
_WRONG: Final = re.compile(r"[?&]reason=[2-9]")
_SCRIPT: Final = re.compile(r"""var\s+(a_sUrl|a_sLgn|a_sLgnQS)\s*=\s*["']([^"']{0,2000})["']""")
"""2007 may lead to its form by a script; these are the two halves of where."""
_NAME_FIELDS: Final = frozenset({"username", "userid", "user_name", "login", "txtusername"})
_PASSWORD_FIELDS: Final = frozenset({"password", "passwd", "pw", "txtuserpass", "basicpassword"})


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-on session: its cookies. Never printed."""

    cookies: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        return "Session(…)"

    @property
    def header(self) -> tuple[str, str]:
        """Return the header that carries it."""
        return ("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies))

    def renewed(self, response: Response) -> Session:
        """Return the session after an answer that may have set cookies anew."""
        if not response.header("set-cookie"):
            return self
        known = dict(self.cookies) | cookies_of(response)
        return Session(tuple((name, value) for name, value in known.items() if value))


@dataclass(frozen=True, slots=True)
class Refused:
    """The server refused user name or password."""


def wants_form(response: Response) -> bool:
    """Tell whether an answer means: sign on by form (again)."""
    if response.status == 440:
        return True
    return response.status in _MOVED and bool(_LOGON.search(response.header("location")))


def cookies_of(response: Response) -> dict[str, str]:
    """Return the cookies an answer sets, a line each; an empty value takes one away.

    A value may hold a comma (2003's ``sessionid``) or stand in quotes, which are part of it.
    """
    found: dict[str, str] = {}
    for line in response.header("set-cookie").splitlines():
        name, equals, value = line.partition(";")[0].partition("=")
        if equals and name.strip():
            found[name.strip()] = value.strip()
    return found


class LogOn:
    """One sign-on: ``request`` is sent, its answer given to ``receive``, until that returns."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self.request = Request("GET", url)
        """To be sent now, without following redirects."""
        self.posted = False
        """Whether the password is in the request (or was sent already)."""
        self._destination = url
        self._credential = (username, password)
        self._cookies: dict[str, str] = {}
        self._hops = 0

    def receive(self, response: Response) -> Session | Refused | None:
        """Take the answer to ``request``; None: there is a next request.

        Raises ``BadAnswer`` where there is no form to fill in, ``RedirectRefused`` where it leads
        to another origin.
        """
        self._cookies |= cookies_of(response)
        if self.posted:
            return self._judged(response)
        if response.status in _MOVED:
            self._follow(response.header("location"))
        elif response.status == 200:
            self._fill(response)
        else:
            raise BadAnswer(f"the sign-in page answers {response.status}")
        return None

    def _follow(self, location: str) -> None:
        self._hops += 1
        if self._hops > _REDIRECTS or not location:
            raise BadAnswer("the sign-in page redirects without end")
        self._ask(Request("GET", self._own(location)))

    def _fill(self, response: Response) -> None:
        form = read_form(response.body)
        if form is None and (scripted := _scripted(response.body)):
            self._follow(scripted)
            return
        if form is None:
            raise BadAnswer("there is no sign-in form with a name and a password to fill in")
        name, password = self._credential
        fields = dict(form.hidden)
        fields.setdefault("destination", self._destination)
        fields |= {form.name_field: name, form.password_field: password}
        fields |= {"flags": "4", "trusted": "4"}  # a private computer: a day instead of 15 minutes
        body = urlencode(fields).encode()
        kind = ("Content-Type", "application/x-www-form-urlencoded")
        self._ask(Request("POST", self._own(form.action), (kind,), body))
        self.posted = True

    def _ask(self, request: Request) -> None:
        # A cookie always goes along (OWA's own for "no return"): by it the guarded client knows
        # that what is sent is secret, and lets none of it out over plain http.
        cookies = {"PBack": "0"} | self._cookies
        headers = (*request.headers, Session(tuple(cookies.items())).header)
        self.request = Request(request.method, request.url, headers, request.body)

    def _judged(self, response: Response) -> Session | Refused:
        if response.status not in _MOVED and response.status != 200:
            raise BadAnswer(f"the sign-in form answers {response.status}")
        kept = {name: value for name, value in self._cookies.items() if value}
        proof = any(name.lower().startswith(_PROOF) for name in kept)
        if not proof or _WRONG.search(response.header("location")):
            return Refused()
        return Session(tuple(kept.items()))

    def _own(self, target: str) -> str:
        """Return where a page leads; ``RedirectRefused`` where that is another origin."""
        try:
            url = urljoin(self.request.url, target)
            parts, here = urlsplit(url), urlsplit(self._destination)
            same = (parts.scheme, parts.hostname, parts.port) == (
                here.scheme,
                here.hostname,
                here.port,
            )
        except ValueError as error:
            raise RedirectRefused("the sign-in page leads to no address") from error
        if not same:
            raise RedirectRefused(f"the sign-in page leads elsewhere: {parts.hostname or target}")
        return url.partition("#")[0]


@dataclass(frozen=True, slots=True)
class Form:
    """A form with a name and a password."""

    action: str
    name_field: str
    password_field: str
    hidden: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class _Raw:
    action: str = ""
    fields: list[tuple[str, str, str]] = field(default_factory=list)
    """(type, name, value)."""


def read_form(body: bytes) -> Form | None:
    """Return the sign-in form of a page; None where there is none."""
    page = _Page()
    page.feed(body[:MAX_PAGE].decode("utf-8", "replace"))
    for raw in page.forms:
        names = [name for kind, name, _ in raw.fields if kind == "password"]
        names += [name for _, name, _ in raw.fields if name.lower() in _PASSWORD_FIELDS]
        users = [name for _, name, _ in raw.fields if name.lower() in _NAME_FIELDS]
        if names and users and len(set(names)) == 1:
            hidden = ((name, value) for kind, name, value in raw.fields if kind == "hidden")
            return Form(raw.action, users[0], names[0], tuple(hidden))
    return None


def _scripted(body: bytes) -> str:
    told = dict(_SCRIPT.findall(body[:MAX_PAGE].decode("utf-8", "replace")))
    page = told.get("a_sLgnQS") or told.get("a_sLgn", "")
    return page + told.get("a_sUrl", "") if page else ""


class _Page(HTMLParser):
    """Collects forms; inputs outside of any belong to the last one (OWA nests badly)."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[_Raw] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form or a field."""
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(_Raw(told.get("action", "").strip()))
        elif tag == "input" and self.forms and told.get("name"):
            kind = told.get("type", "text").lower()
            self.forms[-1].fields.append((kind, told["name"], told.get("value", "")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a field written ``<input …/>``."""
        self.handle_starttag(tag, attrs)
