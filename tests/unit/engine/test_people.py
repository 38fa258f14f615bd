"""From people to calendars."""

from __future__ import annotations

import pytest

from kalends.engine.people import KnownSource, desired
from kalends.engine.tenants import tenant
from kalends.model.organization import OrganizationSettings
from kalends.model.person import PersonRecord
from kalends.store.contract import CalendarKey, CalendarRow

DAV = KnownSource("dav", finds_by_email=True, uploads=False)
ICS = KnownSource("ics", finds_by_email=False, uploads=True)
ACME = tenant(OrganizationSettings(id="acme", name="Acme"))


def anna(**more: object) -> PersonRecord:
    return PersonRecord.model_validate({"id": "anna", "name": "Anna", **more})


def key(source: str, name: str = "default") -> CalendarKey:
    return CalendarKey("acme", "anna", source, name)


def row(source: str, name: str = "default", url: str | None = None) -> CalendarRow:
    return CalendarRow(
        key(source, name), url, None, 0, 0, None, None, None, "ok", "", "", 0, 0, 0, None
    )


def test_without_a_word_a_person_is_looked_for_in_every_source_that_can() -> None:
    assert desired(ACME, anna(), [DAV, ICS], []) == [(key("dav"), None)]


ACME_DAV = KnownSource("acme", finds_by_email=True, uploads=False, domain="acme.example")
BETA_DAV = KnownSource("beta", finds_by_email=True, uploads=False, domain="beta.example")


@pytest.mark.parametrize(
    ("emails", "sources"),
    [
        (["anna@acme.example"], ["acme", "dav"]),
        (["anna@BETA.example"], ["beta", "dav"]),
        (["anna@beta.example", "anna@acme.example"], ["acme", "beta", "dav"]),
        (["anna@sub.acme.example"], ["acme", "beta", "dav"]),
        (["anna@gamma.example"], ["acme", "beta", "dav"]),
        ([], ["acme", "beta", "dav"]),
    ],
)
def test_a_source_named_by_another_domain_than_a_persons_is_not_asked(
    emails: list[str], sources: list[str]
) -> None:
    found = desired(ACME, anna(emails=emails), [ACME_DAV, BETA_DAV, DAV, ICS], [])
    assert found == [(key(source), None) for source in sources]


def test_whoever_moves_to_another_domain_is_read_there_only() -> None:
    there = [row("acme", url="/a/")]
    moved = anna(emails=["anna@beta.example"])
    assert desired(ACME, moved, [ACME_DAV, BETA_DAV], there) == [(key("beta"), None)]


def test_a_link_names_a_source_of_any_domain() -> None:
    links = [{"source": "beta", "url": "/a/"}]
    named = anna(emails=["anna@acme.example"], calendars=links)
    assert desired(ACME, named, [ACME_DAV, BETA_DAV], []) == [(key("beta"), "/a/")]


def test_what_was_found_is_kept() -> None:
    assert desired(ACME, anna(), [DAV], [row("dav", url="/a/")]) == [(key("dav"), "/a/")]


def test_links_name_calendars_and_unknown_sources_wait() -> None:
    links = [{"source": "dav", "url": "/a/"}, {"source": "ews"}]
    assert desired(ACME, anna(calendars=links), [DAV], []) == [(key("dav"), "/a/")]


def test_none_a_leaver_and_an_opt_out_have_no_calendars() -> None:
    there = [row("dav", url="/a/")]
    assert desired(ACME, anna(calendars="none"), [DAV], there) == []
    assert desired(ACME, anna(left=True), [DAV], there) == []
    assert desired(ACME, anna(stage="off"), [DAV], there) == []
    assert desired(ACME, anna(preferences={"calendar": False}), [DAV], there) == []


def test_an_opt_out_that_is_not_permitted_does_not_count() -> None:
    strict = tenant(
        OrganizationSettings.model_validate(
            {"id": "acme", "name": "Acme", "permissions": {"calendar": False}}
        )
    )
    assert desired(strict, anna(preferences={"calendar": False}), [DAV], []) != []


def test_uploads_stay_whatever_else_the_record_says() -> None:
    there = [row("ics", "work")]
    links = [{"source": "dav", "url": "/a/"}]
    assert (key("ics", "work"), None) in desired(ACME, anna(calendars=links), [DAV, ICS], there)
