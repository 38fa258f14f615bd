"""Which addresses may be connected to (threat 4)."""

import pytest

from kalends.errors import AddressRefused, UserError
from kalends.net.address import AddressRules, Carriage, Reach, parse_address, reach

PUBLIC = ["93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822", "::ffff:93.184.216.34"]
LOOPBACK = ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1"]
PRIVATE = ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fd00::1", "::ffff:10.0.0.1"]
SPECIAL = [
    "0.0.0.0",
    "0.1.2.3",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "255.255.255.255",
    "::",
    "::7f00:1",  # IPv4-compatible, long deprecated
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "2001::1",  # Teredo
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2002:5db8:d822::1",
    "3fff::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "4000::1",
]


@pytest.mark.parametrize(
    ("addresses", "kind"),
    [
        (PUBLIC, Reach.PUBLIC),
        (LOOPBACK, Reach.LOOPBACK),
        (PRIVATE, Reach.PRIVATE),
        (SPECIAL, Reach.SPECIAL),
    ],
)
def test_addresses_are_what_the_registries_say(addresses: list[str], kind: Reach) -> None:
    assert {address: reach(parse_address(address)) for address in addresses} == dict.fromkeys(
        addresses, kind
    )


def allowed(rules: AddressRules) -> set[str]:
    return {one for one in (*PUBLIC, *LOOPBACK, *PRIVATE, *SPECIAL) if rules.allows(one)}


def test_places_set_through_the_api_reach_public_addresses_only() -> None:
    assert allowed(AddressRules()) == set(PUBLIC)


def test_places_of_the_operators_file_reach_private_ones_too() -> None:
    assert allowed(AddressRules(trusted=True)) == {*PUBLIC, *PRIVATE, *LOOPBACK}


def test_plain_http_stays_next_door_and_with_a_credential_on_this_machine() -> None:
    trusted = AddressRules(trusted=True)
    assert allowed(AddressRules().carrying(Carriage.PLAIN)) == set()
    assert allowed(trusted.carrying(Carriage.PLAIN)) == {*PRIVATE, *LOOPBACK}
    assert allowed(trusted.carrying(Carriage.PLAIN_SIGNED)) == set(LOOPBACK)


def test_an_opened_range_is_open_mapped_or_not_and_nothing_else_is() -> None:
    rules = AddressRules.of(["10.0.0.0/8", "169.254.169.254", "fe80::/10"], trusted=False)
    opened = {"10.0.0.1", "::ffff:10.0.0.1", "169.254.169.254", "fe80::1", "fe80::1%eth0"}
    assert allowed(rules) == {*PUBLIC, *opened}
    assert allowed(rules.carrying(Carriage.PLAIN_SIGNED)) == opened


@pytest.mark.parametrize(
    "text", ["", "localhost", "127.1", "2130706433", "0x7f000001", "1.2.3.4.5"]
)
def test_what_is_no_address_is_not_allowed(text: str) -> None:
    assert not AddressRules(trusted=True).allows(text)


def test_a_refusal_says_what_and_why() -> None:
    with pytest.raises(AddressRefused, match=r"db\.example \(10\.0\.0\.1\) is a private address"):
        AddressRules().check("10.0.0.1", "db.example")


def test_a_wrong_network_is_named() -> None:
    with pytest.raises(UserError, match=r"'10\.0\.0\.0/33' is not a network"):
        AddressRules.of(["10.0.0.0/33"], trusted=True)
