"""A Kerberos domain for one test: Debian's key server, its accounts, and who knows of it."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import pytest

from tests.acceptance.exchange.environment import installed
from tests.patience import PATIENCE
from tests.ports import free_port

REALM = "ACME.TEST"
LIBRARIES = ("krb5==0.10.0", "gssapi==1.12.0", "decorator==5.3.1")
PROGRAMS = ("krb5kdc", "kdb5_util", "kadmin.local")

CLIENT = """
[libdefaults]
  default_realm = {realm}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
[realms]
  {realm} = {{
    kdc = 127.0.0.1:{port}
  }}
[domain_realm]
  localhost = {realm}
[logging]
  kdc = FILE:{directory}/kdc.log
"""
SERVER = """
[kdcdefaults]
  kdc_listen = 127.0.0.1:{port}
  kdc_tcp_listen = 127.0.0.1:{port}
[realms]
  {realm} = {{
    database_name = {directory}/principal
    key_stash_file = {directory}/stash
    acl_file = {directory}/acl
  }}
"""


@cache
def missing() -> str:
    """Return which of the programs are not here."""
    return ", ".join(name for name in PROGRAMS if shutil.which(name) is None)


@cache
def libraries() -> str:
    """Return a directory with the extra, compiled for this machine; skips where it cannot be."""
    version = LIBRARIES[0].partition("==")[2]
    name = f"kerberos-{version}-py{sys.version_info[0]}{sys.version_info[1]}"
    place = installed(name, lambda place: [
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(place),
         *LIBRARIES],
    ])  # fmt: skip
    return str(place)


class Realm:
    """A running key server."""

    def __init__(self, directory: Path, port: int) -> None:
        self._directory = directory
        self._port = port
        self.configuration = directory / "krb5.conf"
        self.environment = {
            "KRB5_CONFIG": str(self.configuration),
            "KRB5_KDC_PROFILE": str(directory / "kdc.conf"),
        }
        for name, text in (("krb5.conf", CLIENT), ("kdc.conf", SERVER)):
            written = text.format(realm=REALM, port=port, directory=directory)
            (directory / name).write_text(written)
        self._run("kdb5_util", "-r", REALM, "create", "-s", "-P", "master")
        self.admin("addpol -maxfailure 100 -failurecountinterval 0 counted")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Answer while the context lasts."""
        self._process = process = await asyncio.create_subprocess_exec(
            "krb5kdc", "-n", "-r", REALM, "-P", str(self._directory / "pid"),
            env=self._full, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await self._answers(process)
            yield
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Answer no more."""
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()

    def admin(self, query: str) -> str:
        """Have the domain's administrator do something."""
        return self._run("kadmin.local", "-r", REALM, "-q", query)

    def keytab(self, name: str) -> Path:
        """Write the keys of an account into a file, without changing them."""
        path = self._directory / f"{name.replace('/', '-')}.keytab"
        path.unlink(missing_ok=True)
        self.admin(f"ktadd -norandkey -k {path} {name}")
        return path

    def failures(self, name: str) -> int:
        """Return how many failed sign-ins the directory has counted for an account."""
        found = re.search(r"Failed password attempts: (\d+)", self.admin(f"getprinc {name}"))
        assert found
        return int(found[1])

    def granted(self, name: str) -> int:
        """Return how many tickets of its own an account was given."""
        log = (self._directory / "kdc.log").read_text()
        return len(re.findall(rf"AS_REQ .*ISSUE: .* {name}@{REALM} for krbtgt", log))

    @property
    def _full(self) -> dict[str, str]:
        return {**os.environ, **self.environment}

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            command, env=self._full, capture_output=True, text=True, timeout=PATIENCE, check=True
        )
        return done.stdout

    async def _answers(self, process: asyncio.subprocess.Process) -> None:
        async with asyncio.timeout(PATIENCE):
            while True:
                assert process.returncode is None, "the key server ended at once"
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self._port)
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    return


@asynccontextmanager
async def realm(directory: Path) -> AsyncIterator[Realm]:
    """Run a domain of its own; skips where its programs or libraries are absent."""
    if missing():
        pytest.skip(f"needs krb5-kdc and krb5-admin-server: {missing()} not found")
    port = free_port()
    directory.mkdir()
    made = await asyncio.to_thread(Realm, directory, port)
    async with made.running():
        yield made
