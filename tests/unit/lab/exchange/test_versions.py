"""Each version knows what it knew then, and says which it is."""

from __future__ import annotations

import pytest
from lab.exchange.xml import T
from lxml import etree

from tests.unit.lab.exchange.desk import CALENDAR, desk, every_version, value, view
from tests.unit.lab.exchange.test_answers import MARCH

ZONE = '<t:FieldURI FieldURI="calendar:StartTimeZone"/>'
BUILDS = {"2007 SP1": "8.1", "2010": "14.0", "2010 SP2": "14.2", "2013": "15.0", "2016": "15.1"}
STREAM = (
    f"<m:Subscribe><m:StreamingSubscriptionRequest><t:FolderIds>{CALENDAR}</t:FolderIds>"
    "<t:EventTypes><t:EventType>{event}</t:EventType></t:EventTypes>"
    "</m:StreamingSubscriptionRequest></m:Subscribe>"
)


@every_version
def test_the_header_tells_the_build(named: str) -> None:
    root = etree.fromstring(desk(named).send(view(*MARCH)).body)
    info = next(root.iter(T + "ServerVersionInfo"))
    build = f"{info.get('MajorVersion')}.{info.get('MinorVersion')}"
    assert build == BUILDS.get(named, "15.2")


@pytest.mark.parametrize(
    ("named", "asked"),
    [("2007 SP1", "Exchange2010"), ("2010", "Exchange2010_SP1"), ("2010 SP2", "Exchange2013")],
)
def test_a_version_too_new_is_refused(named: str, asked: str) -> None:
    one = desk(named)
    assert one.send(view(*MARCH), version="Exchange2007_SP1").status == 200
    assert one.fault(view(*MARCH), version=asked) == "ErrorInvalidServerVersion"


def test_2007_does_not_know_time_zones_of_items() -> None:
    assert desk("2007 SP1").fault(view(*MARCH, fields=ZONE)) == "ErrorSchemaValidation"
    assert value(desk("2010").view(*MARCH, base="IdOnly", fields=ZONE)[0], "StartTimeZone") == ""


@pytest.mark.parametrize("named", ["2007 SP1", "2010"])
def test_before_2010_sp1_nothing_streams(named: str) -> None:
    request = STREAM.format(event="CreatedEvent")
    assert desk(named).fault(request) == "ErrorSchemaValidation"


@pytest.mark.parametrize("named", ["2007 SP1", "2010"])
def test_before_2010_sp1_free_busy_changed_is_no_event(named: str) -> None:
    request = STREAM.format(event="FreeBusyChangedEvent").replace("Streaming", "Pull")
    request = request.replace("</t:EventTypes>", "</t:EventTypes><t:Timeout>10</t:Timeout>")
    assert desk(named).fault(request) == "ErrorSchemaValidation"


def test_an_older_mailbox_behind_a_newer_server_says_so() -> None:
    one = desk("2016")
    one.anna.request_limit = "Exchange2010_SP2"
    assert one.codes(view(*MARCH)) == ["ErrorInvalidSchemaVersionForMailboxVersion"]
    assert one.codes(view(*MARCH), version="Exchange2010_SP2") == ["NoError"]


def test_times_follow_the_zone_of_the_context() -> None:
    one = desk()
    zone = '<t:TimeZoneDefinition Id="W. Europe Standard Time"/>'
    one.context = f"<t:TimeZoneContext>{zone}</t:TimeZoneContext>"
    assert value(one.view(*MARCH)[0], "Start") == "2026-03-02T10:00:00+01:00"


@pytest.mark.parametrize(("named", "busy"), [("2010", True), ("2010 SP2", False)])
def test_too_many_items_are_an_error_or_a_page(named: str, busy: bool) -> None:
    one = desk(named)
    one.server.find_count = 3
    if busy:
        assert one.fault(view(*MARCH)) == "ErrorServerBusy"
    else:
        assert len(one.view(*MARCH)) == 3
