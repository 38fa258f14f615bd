"""Runs with the Kerberos extra: a server that takes tickets, bound to a certificate, over TLS.

Its binding is checked by the machine's own Kerberos library. Arguments: the PEM file shown, and
the PEM file whose certificate sign-ins must be bound to. Prints its port.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from pathlib import Path

from aiohttp import web
from cryptography import x509

from tests.acceptance.net.windows import Windows


async def page(request: web.Request) -> web.StreamResponse:
    del request
    return web.Response(text="in")


async def main(shown: str, bound: str) -> None:
    """Serve until ended."""
    certificate = x509.load_pem_x509_certificate(Path(bound).read_bytes())
    windows = Windows(page, offers=("negotiate",), protection=certificate)
    application = web.Application()
    application.router.add_get("/page", windows.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown)
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
