"""The end of a SIP server's certificate is told, as that of any other server (promise 18)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from kalends.engine.alarms import Alarms
from tests.acceptance.net.authority import Authority, Identity
from tests.integration.bad_input.site import Site, configuration, told


@asynccontextmanager
async def listening(identity: Identity) -> AsyncIterator[int]:
    """A server that shows a certificate and says nothing more; gives its port."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0, ssl=identity.server())
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def test_the_end_of_a_sip_servers_certificate_is_told_ahead(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    async def story(site: Site) -> None:
        async with listening(authority.issue("127.0.0.1", days=(-1, 6))) as port:
            sink = {
                "id": "lamps",
                "kind": "sip-publish",
                "server": f"sip:127.0.0.1:{port};transport=tls",
                "ca_file": str(authority.path),
            }
            people = [{**one, "sip": f"sip:{one['id']}@acme.example"} for one in
                      configuration(site)["people"]]  # fmt: skip
            await site.apply(configuration(site, sinks=[sink], people=people))
            alarms = Alarms(site.engine.core, [])

            async def seen() -> bool:
                return "certificate/acme/lamps/7" in {one.key for one in await alarms.look()}

            await site.until(seen, "the certificate's end is told")

    told(story, tmp_path)
