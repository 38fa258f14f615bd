"""Kerberos for real: Debian's key server, Apache with mod_auth_gssapi, and the extra.

The client runs in a process of its own, which has the extra and the domain's ``krb5.conf``.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.net.apache import apache, here
from tests.acceptance.net.authority import Authority, Identity
from tests.acceptance.net.realm import Realm, libraries, realm
from tests.patience import PATIENCE

pytestmark = pytest.mark.skipif(
    not here(), reason="needs apache2-bin and libapache2-mod-auth-gssapi"
)
CLIENT = Path(__file__).with_name("kerberos_client.py")
SERVER = Path(__file__).with_name("kerberos_server.py")
ROOT = Path(__file__).parents[3]
SVC = "svc@acme.test"


class Process:
    """A process that runs clients, for all tests of this module."""

    def __init__(self, *path: str) -> None:
        paths = os.pathsep.join((str(ROOT / "src"), str(ROOT), *path))
        self._process = subprocess.Popen(
            [sys.executable, str(CLIENT)], env={**os.environ, "PYTHONPATH": paths}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._count = 0

    def client(self, environment: dict[str, str], options: dict[str, Any]) -> Client:
        """Make another client."""
        self._count += 1
        self.tell(client=self._count, environment=environment, options=options)
        return Client(self, self._count)

    def tell(self, **told: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


class Client:
    """One client in such a process."""

    def __init__(self, process: Process, number: int) -> None:
        self._process = process
        self._number = number

    async def sends(self, **told: Any) -> dict[str, Any]:
        """Have the page asked for, after what ``told`` says; return what came of it."""
        self._process.tell(client=self._number, **told)
        return await asyncio.wait_for(asyncio.to_thread(self._process.hear), PATIENCE)


class Domain:
    """A domain with a web server in it, and clients of both."""

    def __init__(self, stack: AsyncExitStack, realm: Realm, processes: dict[bool, Process]) -> None:
        self._stack = stack
        self.realm = realm
        self._processes = processes
        self.url = ""
        self._place = Path()

    async def serve(
        self, *ways: str, service: str = "HTTP/localhost", command: tuple[str, ...] = ()
    ) -> None:
        """Start Apache with the keys of a service; it takes Kerberos alone, or these ways."""
        port, self._place = await self._stack.enter_async_context(
            apache(
                *(f"GssapiAllowedMech {way}" for way in ways or ("krb5",)),
                "GssapiConnectionBound On",
                environment={
                    "KRB5_CONFIG": "{directory}/krb5.conf",
                    "KRB5_KTNAME": "{directory}/keytab",
                    "NTLM_USER_FILE": "{directory}/users",
                },
                files={
                    "users": b"ACME.TEST:svc:s3cret\n",
                    "keytab": self.realm.keytab(service).read_bytes(),
                    "krb5.conf": self.realm.configuration.read_bytes(),
                },
                command=command,
            )
        )
        self.url = f"http://localhost:{port}/page"

    async def protect(self, shown: Identity, bound: Identity) -> None:
        """Start a server with Extended Protection that shows one certificate and checks another."""
        paths = os.pathsep.join((str(ROOT / "src"), str(ROOT), libraries()))
        keytab = str(self.realm.keytab("HTTP/localhost"))
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(SERVER), str(shown.path), str(bound.path),
            env={**os.environ, **self.realm.environment, "PYTHONPATH": paths,
                 "KRB5_KTNAME": keytab},
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self._stack.push_async_callback(_ended, process)
        assert process.stdout is not None
        port = int(await asyncio.wait_for(process.stdout.readline(), PATIENCE))
        self.url = f"https://localhost:{port}/page"

    def rekey(self) -> None:
        """Give the web server another key, and only that one, as a directory does in time."""
        self.realm.admin("cpw -randkey HTTP/localhost")
        (self._place / "keytab").write_bytes(self.realm.keytab("HTTP/localhost").read_bytes())

    def client(self, *, extra: bool = True, **options: Any) -> Client:
        """Make a client of the web server, in a process with or without the extra."""
        told = {"url": self.url, "auth": "negotiate", "username": SVC, **options}
        return self._processes[extra].client(self.realm.environment, told)


async def _ended(process: asyncio.subprocess.Process) -> None:
    process.kill()
    await process.wait()


@pytest.fixture(scope="module")
def processes() -> Iterator[dict[bool, Process]]:
    made = {True: Process(libraries()), False: Process()}
    yield made
    for one in made.values():
        one.end()


@pytest.fixture
async def domain(tmp_path: Path, processes: dict[bool, Process]) -> AsyncIterator[Domain]:
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(realm(tmp_path / "domain"))
        made.admin("addprinc -pw s3cret -policy counted +requires_preauth svc")
        made.admin("addprinc -randkey HTTP/localhost")
        found = Domain(stack, made, processes)
        await found.serve()
        yield found


IN = {"status": 200, "body": "in"}


async def test_a_password_signs_in_by_tickets_and_the_key_server_is_asked_once(
    domain: Domain,
) -> None:
    client = domain.client(password="s3cret")
    assert await client.sends() == IN
    assert await client.sends(anew=True) == IN
    assert await client.sends() == IN
    assert domain.realm.granted("svc") == 1


async def test_a_keytab_signs_in_without_any_password(domain: Domain) -> None:
    keytab = str(domain.realm.keytab("svc"))
    client = domain.client(keytab_file=keytab)
    assert await client.sends() == IN


async def test_a_new_ticket_is_fetched_before_the_old_one_ends(domain: Domain) -> None:
    client = domain.client(password="s3cret")
    assert await client.sends() == IN
    assert await client.sends(anew=True, later=23 * 3600.0) == IN
    assert domain.realm.granted("svc") == 2


async def test_a_server_with_a_new_key_is_shown_a_new_ticket(domain: Domain) -> None:
    client = domain.client(password="s3cret")
    assert await client.sends() == IN
    domain.rekey()
    assert await client.sends(anew=True, later=600.0) == IN
    assert domain.realm.granted("svc") == 2


async def test_a_wrong_password_counts_once_in_the_directory_and_twice_an_hour_at_most(
    domain: Domain,
) -> None:
    """By Kerberos and then by NTLM it would count double."""
    await domain.serve("krb5", "ntlmssp")
    client = domain.client(password="wrong")
    first = await client.sends()
    assert (first["error"], domain.realm.failures("svc")) == ("AccountRefused", 1)
    assert first["text"] == "the key server refuses the password of svc@ACME.TEST"
    await client.sends()
    for _ in range(5):
        stopped = await client.sends(anew=True, later=600.0)
        assert stopped["text"].startswith("not tried again before")
    assert domain.realm.failures("svc") == 2
    assert await client.sends(password="s3cret") == IN


async def test_a_key_that_is_no_longer_good_counts_once_too_and_a_new_keytab_is_tried_at_once(
    domain: Domain,
) -> None:
    keytab = domain.realm.keytab("svc")
    domain.realm.admin("cpw -pw another svc")
    client = domain.client(keytab_file=str(keytab))
    refused = await client.sends()
    assert refused["text"] == "the key server refuses the key in the keytab of svc@ACME.TEST"
    assert "export the keytab again" in refused["remedy"]
    await client.sends()
    assert (await client.sends())["text"].startswith("not tried again before")
    assert domain.realm.failures("svc") == 2
    domain.realm.keytab("svc")
    assert await client.sends() == IN


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("modprinc -pwexpire yesterday svc", "the password of svc@ACME.TEST has expired"),
        ("modprinc -expire yesterday svc", "the account svc@ACME.TEST has expired"),
        ("modprinc -allow_tix svc", "svc@ACME.TEST is locked or disabled"),
    ],
)
async def test_what_is_wrong_with_an_account_is_said(
    domain: Domain, change: str, told: str
) -> None:
    domain.realm.admin(change)
    client = domain.client(password="s3cret")
    refused = await client.sends()
    assert refused["error"] == "AccountRefused"
    assert told in refused["text"]
    assert refused["remedy"]


async def test_a_server_whose_clock_is_wrong_is_told_as_that(domain: Domain) -> None:
    found = shutil.which("faketime")
    if found is None:
        pytest.skip("faketime is not installed")
    await domain.serve(command=(found, "-f", "+1h"))
    client = domain.client(password="s3cret")
    for _ in range(4):  # and nobody's credential is stopped for it
        refused = await client.sends()
        assert (refused["error"], "clocks" in refused["text"]) == ("ClocksDiffer", True)
        assert "five minutes" in refused["remedy"]


async def test_a_server_nobody_registered_is_named(domain: Domain) -> None:
    domain.realm.admin("delprinc -force HTTP/localhost")
    client = domain.client(keytab_file=str(domain.realm.keytab("svc")))
    refused = await client.sends()
    assert refused["text"] == "the key server does not know HTTP/localhost"
    assert "setspn -S HTTP/localhost" in refused["remedy"]


async def test_a_server_that_uses_another_key_is_named_and_the_password_is_not(
    domain: Domain,
) -> None:
    domain.realm.admin("cpw -randkey HTTP/localhost")
    client = domain.client(password="s3cret")
    refused = await client.sends()
    assert refused["error"] == "TicketRefused"
    assert "password or keytab is right" in refused["remedy"]


async def test_ntlm_takes_over_where_the_key_server_does_not_know_the_server(
    domain: Domain,
) -> None:
    await domain.serve("krb5", "ntlmssp")
    domain.realm.admin("delprinc -force HTTP/localhost")
    assert await domain.client(password="s3cret", username="ACME.TEST\\svc").sends() == IN


async def test_without_the_extra_a_password_signs_in_by_ntlm_and_a_keytab_says_what_is_missing(
    domain: Domain,
) -> None:
    await domain.serve("krb5", "ntlmssp")
    plain = domain.client(extra=False, password="s3cret", username="ACME.TEST\\svc")
    assert await plain.sends() == IN
    keytab = str(domain.realm.keytab("svc"))
    refused = await domain.client(extra=False, keytab_file=keytab).sends()
    assert refused["text"] == "keytab_file needs Kerberos, which is not installed"
    assert 'pip install "kalends[kerberos]"' in refused["remedy"]


async def test_tickets_go_on_while_the_key_server_is_away(domain: Domain) -> None:
    keytab = str(domain.realm.keytab("svc"))
    client = domain.client(keytab_file=keytab)
    assert await client.sends() == IN
    await domain.realm.stop()
    assert await client.sends(anew=True) == IN
    refused = await domain.client(keytab_file=keytab).sends()
    assert refused["error"] == "NoTicket"
    assert "krb5.conf" in refused["remedy"]


async def test_a_ticket_is_bound_to_the_certificate_of_its_connection(
    domain: Domain, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    shown, behind = authority.issue(), authority.issue()
    for bound, came in ((shown, IN), (behind, None)):  # the other: TLS ended by a proxy
        await domain.protect(shown, bound)
        found = await domain.client(password="s3cret", ca_file=str(authority.path)).sends()
        if came:
            assert found == came
            continue
        assert found["error"] == "TicketRefused"
        assert "Extended Protection" in found["remedy"]
