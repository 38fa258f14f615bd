"""Certificates against a real TLS server: expired, for another host, swapped, pinned, rotated."""

import ssl
from pathlib import Path

import pytest
from aiohttp import web
from pydantic import ValidationError

from kalends.errors import CertificateRefused, Unreachable, UserError
from kalends.model.http import Request
from kalends.net.contract import HttpOptions
from tests.acceptance.net.authority import Authority, Identity
from tests.acceptance.net.conftest import Network, Server, plain


async def serve(network: Network, identity: Identity) -> Server:
    return await network.serve(plain, identity.server())


async def get(network: Network, server: Server, **keys: object) -> bytes:
    client = network.client(server.url, **keys)  # type: ignore[arg-type]  # options by name
    return (await client.send(Request("GET", server.url))).body


async def test_a_certificate_of_the_configured_authority_is_trusted(network: Network) -> None:
    server = await serve(network, network.authority.issue())
    assert await get(network, server, ca_file=str(network.authority.path)) == b"hello"


async def test_an_unknown_authority_is_refused_before_anything_is_sent(network: Network) -> None:
    server = await serve(network, network.authority.issue())
    with pytest.raises(CertificateRefused, match="not trusted"):
        await get(network, server)
    assert server.seen == []


async def test_an_expired_certificate_is_refused(network: Network) -> None:
    server = await serve(network, network.authority.issue(days=(-30, -1)))
    with pytest.raises(CertificateRefused, match="has expired"):
        await get(network, server, ca_file=str(network.authority.path))
    assert server.seen == []


async def test_a_certificate_for_another_host_is_refused(network: Network) -> None:
    server = await serve(network, network.authority.issue("mail.acme.example"))
    with pytest.raises(CertificateRefused, match="another host"):
        await get(network, server, ca_file=str(network.authority.path))
    assert server.seen == []


async def test_a_pinned_certificate_needs_no_authority_and_no_host_name(network: Network) -> None:
    identity = network.authority.issue("old-exchange", self_signed=True)
    server = await serve(network, identity)
    assert await get(network, server, certificate_pins=(identity.pin,)) == b"hello"
    colons = ":".join(identity.pin[i : i + 2] for i in range(0, 64, 2)).upper()
    assert await get(network, server, certificate_pins=(colons,)) == b"hello"
    assert await get(network, server, certificate_pins=(identity.key_pin,)) == b"hello"


async def test_a_swapped_certificate_is_refused_before_anything_is_sent(network: Network) -> None:
    pinned = network.authority.issue(self_signed=True)
    server = await serve(network, network.authority.issue(self_signed=True))
    for pin in (pinned.pin, pinned.key_pin):
        with pytest.raises(CertificateRefused, match="not a pinned one"):
            await get(network, server, certificate_pins=(pin,))
    assert server.seen == []


async def test_two_pins_carry_over_a_rotation(network: Network) -> None:
    old, new = (network.authority.issue(self_signed=True) for _ in range(2))
    for identity in (old, new):
        server = await serve(network, identity)
        assert await get(network, server, certificate_pins=(old.pin, new.pin)) == b"hello"


async def test_a_pinned_key_survives_a_renewed_certificate(network: Network) -> None:
    old = network.authority.issue(self_signed=True)
    server = await serve(network, network.authority.issue(self_signed=True, key=old.key))
    assert await get(network, server, certificate_pins=(old.key_pin,)) == b"hello"


async def test_a_pin_does_not_make_an_expired_certificate_good(network: Network) -> None:
    identity = network.authority.issue(self_signed=True, days=(-30, -1))
    server = await serve(network, identity)
    with pytest.raises(CertificateRefused, match="ended"):
        await get(network, server, certificate_pins=(identity.pin,))


async def test_with_both_configured_authority_and_pin_must_hold(network: Network) -> None:
    stranger = network.authority.issue(self_signed=True)
    server = await serve(network, stranger)
    keys = {"ca_file": str(network.authority.path), "certificate_pins": (stranger.pin,)}
    with pytest.raises(CertificateRefused):
        await get(network, server, **keys)
    ours = network.authority.issue()
    server = await serve(network, ours)
    assert await get(network, server, **(keys | {"certificate_pins": (ours.pin,)})) == b"hello"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_old_tls_is_not_spoken(network: Network) -> None:
    tls = network.authority.issue().server()
    tls.maximum_version = ssl.TLSVersion.TLSv1_1
    tls.minimum_version = ssl.TLSVersion.TLSv1
    tls.set_ciphers("ALL:@SECLEVEL=0")
    server = await network.serve(plain, tls)
    with pytest.raises(Unreachable):
        await get(network, server, ca_file=str(network.authority.path))
    assert server.seen == []


# --- servers of 2003 ------------------------------------------------------------------------


def old_server(identity: Identity, version: ssl.TLSVersion) -> ssl.SSLContext:
    tls = identity.server()
    tls.set_ciphers("ALL:@SECLEVEL=0")
    tls.minimum_version = ssl.TLSVersion.TLSv1
    tls.maximum_version = version
    return tls


OLD = [("1.0", ssl.TLSVersion.TLSv1), ("1.1", ssl.TLSVersion.TLSv1_1)]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("minimum", "version"), OLD)
async def test_old_tls_is_spoken_to_a_pinned_certificate(
    network: Network, minimum: str, version: ssl.TLSVersion
) -> None:
    identity = network.authority.issue("exchange-2003", self_signed=True)
    spoken = []

    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        spoken.append(request.transport.get_extra_info("ssl_object").version())
        return web.Response(text="hello")

    server = await network.serve(answer, old_server(identity, version))
    keys = {"certificate_pins": (identity.pin,), "tls_minimum": minimum}
    assert await get(network, server, **keys) == b"hello"
    assert spoken == ["TLSv1" if minimum == "1.0" else "TLSv1.1"]
    stranger = network.authority.issue(self_signed=True)
    with pytest.raises(CertificateRefused, match="not a pinned one"):
        await get(network, server, **(keys | {"certificate_pins": (stranger.pin,)}))
    with pytest.raises(Unreachable):
        await get(network, server, certificate_pins=(identity.pin,))
    assert len(spoken) == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_a_minimum_is_a_minimum(network: Network) -> None:
    identity = network.authority.issue(self_signed=True)
    old = await network.serve(plain, old_server(identity, ssl.TLSVersion.TLSv1))
    new = identity.server()
    new.maximum_version = ssl.TLSVersion.TLSv1_2
    modern = await network.serve(plain, new)
    pins = (identity.pin,)
    with pytest.raises(Unreachable):
        await get(network, old, certificate_pins=pins, tls_minimum="1.1")
    assert await get(network, modern, certificate_pins=pins, tls_minimum="1.0") == b"hello"
    with pytest.raises(Unreachable):
        await get(network, modern, certificate_pins=pins, tls_minimum="1.3")


@pytest.mark.parametrize("minimum", ["1.0", "1.1"])
def test_old_tls_without_a_pin_is_refused_with_its_remedy(minimum: str) -> None:
    with pytest.raises(ValidationError, match="certificate_pins; add its SHA-256, or put a TLS"):
        HttpOptions(url="https://mail.example/", tls_minimum=minimum)


# --- when certificates end ------------------------------------------------------------------


async def test_the_end_of_a_certificate_is_seen(network: Network) -> None:
    identity = network.authority.issue(days=(-1, 12))
    server = await serve(network, identity)
    client = network.client(server.url, ca_file=str(network.authority.path))
    assert client.certificate_expires_at is None
    await client.send(Request("GET", server.url))
    assert client.certificate_expires_at == identity.certificate.not_valid_after_utc.timestamp()


async def test_the_end_of_the_certificate_we_show_is_known_before_it_is_shown(
    network: Network, tmp_path: Path
) -> None:
    file = tmp_path / "client.pem"
    for days in (12, 300):
        identity = network.authority.issue("kalends", days=(-1, days))
        file.write_bytes(identity.path.read_bytes())
        if days == 12:
            client = network.client("https://127.0.0.1/", client_certificate=str(file))
        ends = identity.certificate.not_valid_after_utc.timestamp()
        assert client.client_certificate_expires_at == ends
    assert network.client("https://127.0.0.1/").client_certificate_expires_at is None


async def test_a_file_that_cannot_be_used_is_named(network: Network) -> None:
    with pytest.raises(UserError, match=r"ca_file = '/nowhere/ca\.pem'"):
        network.client("https://127.0.0.1/", ca_file="/nowhere/ca.pem")


async def test_an_authority_that_is_replaced_in_its_file_is_trusted_without_a_restart(
    network: Network, tmp_path: Path
) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    old, new = Authority(tmp_path / "old"), Authority(tmp_path / "new")
    server = await serve(network, new.issue())
    file = tmp_path / "ca.pem"
    file.write_bytes(old.path.read_bytes())
    client = network.client(server.url, ca_file=str(file))
    request = Request("GET", server.url)
    with pytest.raises(CertificateRefused):
        await client.send(request)
    file.write_text("half writ")
    with pytest.raises(CertificateRefused):
        await client.send(request)
    file.write_bytes(new.path.read_bytes())
    assert (await client.send(request)).status == 200


async def test_a_client_shows_its_certificate_and_the_renewed_one(
    network: Network, tmp_path: Path
) -> None:
    async def who(request: web.Request) -> web.Response:
        assert request.transport is not None
        shown = request.transport.get_extra_info("peercert")
        return web.Response(text=shown["subject"][0][0][1], headers={"Connection": "close"})

    tls = network.authority.issue().server()
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(network.authority.path)
    server = await network.serve(who, tls)
    first, second = network.authority.issue("kalends"), network.authority.issue("kalends")
    file = tmp_path / "client.pem"
    file.write_bytes(first.path.read_bytes())
    client = network.client(
        server.url, ca_file=str(network.authority.path), client_certificate=str(file)
    )
    shown = (await client.send(Request("GET", server.url))).body
    file.write_bytes(second.path.read_bytes())
    assert (await client.send(Request("GET", server.url))).body != shown
    with pytest.raises(Unreachable):
        await get(network, server, ca_file=str(network.authority.path))
