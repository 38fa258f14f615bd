"""Which server is asked what."""

from __future__ import annotations

import pytest

from kalends.wire.ews.versions import (
    NEWEST,
    SINCE,
    Feature,
    ServerVersion,
    Version,
    agree,
    offers,
)


@pytest.mark.parametrize(
    ("server", "version", "product"),
    [
        (ServerVersion(8, 1, 240), Version.E2007_SP1, "2007"),
        (ServerVersion(8, 3, 83), Version.E2007_SP1, "2007"),
        (ServerVersion(14, 0, 639), Version.E2010, "2010"),
        (ServerVersion(14, 1, 218), Version.E2010_SP1, "2010"),
        (ServerVersion(14, 2, 247), Version.E2010_SP2, "2010"),
        (ServerVersion(14, 3, 123), Version.E2010_SP2, "2010"),
        (ServerVersion(15, 0, 516), Version.E2013, "2013"),
        (ServerVersion(15, 0, 847), Version.E2013_SP1, "2013"),
        (ServerVersion(15, 1, 225), Version.E2013_SP1, "2016"),
        (ServerVersion(15, 2, 1748), Version.E2013_SP1, "2019 or Subscription Edition"),
        (ServerVersion(15, 20, 3370), Version.E2013_SP1, "Online"),
        (ServerVersion(16, 0, 1), Version.E2013_SP1, "newer"),
        (ServerVersion(6, 5, 1), Version.E2007_SP1, "older than 2007"),
    ],
)
def test_the_build_tells_the_product_and_the_newest_schema(
    server: ServerVersion, version: Version, product: str
) -> None:
    assert (server.newest, server.product) == (version, product)


def test_labels_are_the_words_of_the_schema() -> None:
    assert [version.label for version in Version] == [
        "Exchange2007_SP1",
        "Exchange2010",
        "Exchange2010_SP1",
        "Exchange2010_SP2",
        "Exchange2013",
        "Exchange2013_SP1",
    ]


def test_a_refused_version_is_stepped_down_to_what_the_server_says_it_is() -> None:
    assert agree(NEWEST, ServerVersion(8, 3, 83)) is Version.E2007_SP1
    assert agree(NEWEST, ServerVersion(14, 1, 218)) is Version.E2010_SP1


def test_without_a_word_of_the_server_it_is_one_step_down_until_nothing_is_left() -> None:
    steps: list[Version] = []
    version: Version | None = NEWEST
    while version is not None:
        steps.append(version)
        version = agree(version, None)
    assert steps == sorted(Version, reverse=True)


def test_a_server_that_claims_more_than_it_takes_is_stepped_down_all_the_same() -> None:
    # A newer front end before an older mailbox.
    assert agree(Version.E2013_SP1, ServerVersion(15, 2, 1748)) is Version.E2013


def test_every_feature_has_a_version() -> None:
    assert set(SINCE) == set(Feature)
    assert offers(Version.E2010_SP1, Feature.STREAMING)
    assert not offers(Version.E2010, Feature.STREAMING)
