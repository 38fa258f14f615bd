"""NTLM and Negotiate against Apache, mod_auth_gssapi and gss-ntlmssp: nothing of it is ours."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kalends.errors import SignInNeeded
from kalends.model.http import Request
from kalends.net.contract import Credential, HttpOptions, SignInOptions
from tests.acceptance.net.conftest import Network

MODULES = Path("/usr/lib/apache2/modules")
WANTED = ("mpm_event", "authn_core", "authz_core", "authz_user", "auth_gssapi")
NTLMSSP = list(Path("/usr/lib").glob("*/gssntlmssp/gssntlmssp.so"))

pytestmark = pytest.mark.skipif(
    shutil.which("apache2") is None
    or not NTLMSSP
    or not all((MODULES / f"mod_{name}.so").exists() for name in WANTED),
    reason="needs apache2-bin, libapache2-mod-auth-gssapi and gss-ntlmssp",
)


class ServiceOptions(HttpOptions, SignInOptions):
    """A source with a service account."""


CONFIGURATION = """
ServerRoot {directory}
ServerName localhost
PidFile {directory}/pid
ErrorLog {directory}/error.log
User www-data
Group www-data
Listen 127.0.0.1:{port}
DocumentRoot {directory}/documents
<Location />
  AuthType GSSAPI
  AuthName mail
  GssapiConnectionBound On
  GssapiAllowedMech ntlmssp
  Require valid-user
</Location>
"""


@pytest.fixture
async def apache() -> AsyncIterator[str]:
    """Start Apache, in a directory that its own user may read; yield the address of a page."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)
        (directory / "documents").mkdir()
        (directory / "documents" / "page").write_text("in")
        (directory / "users").write_text("ACME:svc:s3cret\n")
        loads = [f"LoadModule {one}_module {MODULES}/mod_{one}.so" for one in WANTED]
        text = "\n".join(loads) + CONFIGURATION.format(directory=directory, port=port)
        (directory / "apache.conf").write_text(text)
        process = await asyncio.create_subprocess_exec(
            "apache2", "-X", "-f", str(directory / "apache.conf"),
            env={**os.environ, "NTLM_USER_FILE": str(directory / "users")},
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await _listens(port, process)
            yield f"http://127.0.0.1:{port}/page"
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _listens(port: int, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(20):
        while True:
            assert process.returncode is None, "Apache ended at once"
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


@pytest.mark.parametrize("auth", ["ntlm", "negotiate"])
async def test_apache_lets_us_in_and_knows_a_wrong_password(
    network: Network, apache: str, auth: str
) -> None:
    right, wrong = Credential("ACME\\svc", "s3cret"), Credential("ACME\\svc", "wrong")
    client = network.client(apache, auth=auth, options=ServiceOptions, credential=right)
    for _ in range(3):
        assert (await client.send(Request("GET", apache))).body == b"in"
    async with client.stream(Request("GET", apache)) as streamed:
        assert [chunk async for chunk in streamed.chunks()] == [b"in"]
    with pytest.raises(SignInNeeded, match="refused user name or password"):
        await client.send(Request("GET", apache), credential=wrong)
    assert (await client.send(Request("GET", apache))).body == b"in"
