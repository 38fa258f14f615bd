"""Every kind: what its endpoint takes shows in the endpoint's key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kalends.endpoints.kind import Kind, Place, kinds
from kalends.model.organization import OrganizationSettings

LEAST: dict[str, dict[str, Any]] = {
    "caldav": {"url": "https://dav.example/"},
    "ics": {"url": "https://dav.example/x.ics"},
    "webhook": {"url": "https://hook.example/"},
    "ews": {"url": "https://mail.example/"},
    "sip-publish": {"server": "sip:sip.example:5061;transport=tls"},
}
PLACE = Place(OrganizationSettings(id="acme", name="Acme"), "one", True, lambda field: None)


@pytest.mark.parametrize("kind", [one for one in kinds().values() if one.name in LEAST],
                         ids=lambda one: one.name)  # fmt: skip
def test_a_change_of_place_secret_or_pins_opens_another_endpoint(kind: Kind) -> None:
    least = LEAST[kind.name]
    options = kind.options.model_validate(least)
    key = kind.endpoint_key(PLACE, options)
    assert key == kind.endpoint_key(PLACE, kind.options.model_validate(least))
    assert key != kind.endpoint_key(replace(PLACE, id="two"), options)
    assert key != kind.endpoint_key(replace(PLACE, trusted=False), options)
    assert key != kind.endpoint_key(replace(PLACE, mark="changed"), options)
    other = kind.options.model_validate({**least, "ca_file": "/etc/other.pem"})
    assert key != kind.endpoint_key(PLACE, other)


@pytest.mark.parametrize("kind", [one for one in kinds().values() if one.sink is not None],
                         ids=lambda one: one.name)  # fmt: skip
def test_what_is_a_matter_of_manner_is_an_option_and_the_receiver_is_none(kind: Kind) -> None:
    named = set(kind.manner)
    assert named <= set(kind.options.model_fields)
    assert not named & {"url", "server", "domain", "username", "from_uri", "audience"}
    for secret in kind.secrets:
        assert {f"{secret}_env", f"{secret}_file"} <= named
