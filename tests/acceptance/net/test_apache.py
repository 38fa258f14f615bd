"""NTLM and Negotiate against Apache, mod_auth_gssapi and gss-ntlmssp: nothing of it is ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kalends.errors import SignInNeeded
from kalends.model.http import Request
from kalends.net.contract import Credential, HttpOptions, SignInOptions
from tests.acceptance.net.apache import apache, here
from tests.acceptance.net.conftest import Network

NTLMSSP = list(Path("/usr/lib").glob("*/gssntlmssp/gssntlmssp.so"))

pytestmark = pytest.mark.skipif(
    not NTLMSSP or not here(),
    reason="needs apache2-bin, libapache2-mod-auth-gssapi and gss-ntlmssp",
)


class ServiceOptions(HttpOptions, SignInOptions):
    """A source with a service account."""


@pytest.fixture
async def page() -> AsyncIterator[str]:
    """Start Apache; yield the address of a page."""
    async with apache(
        "GssapiConnectionBound On",
        "GssapiAllowedMech ntlmssp",
        environment={"NTLM_USER_FILE": "{directory}/users"},
        files={"users": b"ACME:svc:s3cret\n"},
    ) as (port, _):
        yield f"http://127.0.0.1:{port}/page"


@pytest.mark.parametrize("auth", ["ntlm", "negotiate"])
async def test_apache_lets_us_in_and_knows_a_wrong_password(
    network: Network, page: str, auth: str
) -> None:
    right, wrong = Credential("ACME\\svc", "s3cret"), Credential("ACME\\svc", "wrong")
    client = network.client(page, auth=auth, options=ServiceOptions, credential=right)
    for _ in range(3):
        assert (await client.send(Request("GET", page))).body == b"in"
    async with client.stream(Request("GET", page)) as streamed:
        assert [chunk async for chunk in streamed.chunks()] == [b"in"]
    with pytest.raises(SignInNeeded, match="refused user name or password"):
        await client.send(Request("GET", page), credential=wrong)
    assert (await client.send(Request("GET", page))).body == b"in"
