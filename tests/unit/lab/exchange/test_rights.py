"""Who may read what: impersonation, delegates, free and busy, and what each refusal is called."""

from __future__ import annotations

import pytest
from lab.exchange.xml import T

from tests.unit.lab.exchange.desk import ANNA, BEA, SERVICE, Desk, desk, every_version, value, view
from tests.unit.lab.exchange.test_answers import AVAILABILITY, MARCH

SHARED = (
    '<t:DistinguishedFolderId Id="calendar"><t:Mailbox><t:EmailAddress>anna@example.test'
    "</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>"
)


def shared() -> str:
    return view(*MARCH).replace('<t:DistinguishedFolderId Id="calendar"/>', SHARED)


def delegate(right: str = "") -> Desk:
    one = desk()
    one.impersonate = ""
    if right:
        one.anna.delegates[SERVICE[0]] = right
    return one


def test_a_wrong_password_is_401() -> None:
    one = desk()
    one.user = (SERVICE[0], "wrong")
    reply = one.send(view(*MARCH))
    assert (reply.status, reply.headers["www-authenticate"][:5]) == (401, "Basic")


def test_who_is_outside_the_scope_cannot_be_impersonated() -> None:
    one = desk()
    one.server.organization.accounts[SERVICE[0]].impersonates = {BEA}
    assert one.fault(view(*MARCH)) == "ErrorImpersonateUserDenied"


def test_without_the_right_on_the_server_2007_denies_everybody() -> None:
    one = desk("2007 SP1")
    one.server.organization.accounts[SERVICE[0]].impersonates = set()
    assert one.fault(view(*MARCH)) == "ErrorImpersonationDenied"


def test_nobody_by_that_address_can_be_impersonated() -> None:
    one = desk()
    one.impersonate = "nobody@example.test"
    assert one.fault(view(*MARCH)) == "ErrorNonExistentMailbox"


def test_a_calendar_not_shared_does_not_exist() -> None:
    assert delegate().codes(shared()) == ["ErrorFolderNotFound"]


def test_a_delegate_reads_but_does_not_see_what_is_private() -> None:
    one = delegate("Reviewer")
    first = next(iter(one.anna.items.values()))
    first.sensitivity = "Private"
    subjects = [value(item, "Subject") for item in one.ask(shared()).iter(T + "CalendarItem")]
    assert subjects[0] == "Private Appointment"
    one.anna.sees_private.add(SERVICE[0])
    subjects = [value(item, "Subject") for item in one.ask(shared()).iter(T + "CalendarItem")]
    assert subjects[0] == first.subject


def test_a_delegate_gets_no_notifications() -> None:
    one = delegate("Editor")
    request = (
        f"<m:Subscribe><m:StreamingSubscriptionRequest><t:FolderIds>{SHARED}</t:FolderIds>"
        "<t:EventTypes><t:EventType>CreatedEvent</t:EventType></t:EventTypes>"
        "</m:StreamingSubscriptionRequest></m:Subscribe>"
    )
    assert one.codes(request) == ["ErrorSubscriptionDelegateAccessNotSupported"]


def test_a_reviewer_changes_nothing() -> None:
    one = delegate("Reviewer")
    item = next(iter(one.ask(shared()).iter(T + "ItemId"))).get("Id")
    request = (
        '<m:DeleteItem DeleteType="HardDelete" SendMeetingCancellations="SendToNone"><m:ItemIds>'
        f'<t:ItemId Id="{item}"/></m:ItemIds></m:DeleteItem>'
    )
    assert one.codes(request) == ["ErrorAccessDenied"]


def test_who_shows_nothing_has_no_availability() -> None:
    one = delegate()
    one.anna.default_right = "None"
    assert one.codes(AVAILABILITY) == ["ErrorNoFreeBusyAccess", "ErrorMailRecipientNotFound"]


@pytest.mark.parametrize("named", ["2007 SP1", "2010"])
def test_early_servers_tell_no_availability_under_impersonation(named: str) -> None:
    assert desk(named).fault(AVAILABILITY) == "ErrorInvalidRequest"


def test_half_made_impersonation_of_2007_hides_what_recurs() -> None:
    one = desk("2007 SP1")
    one.anna.half_impersonated = True
    assert [value(item, "CalendarItemType") for item in one.view(*MARCH)] == ["Single"]


@every_version
def test_an_alias_is_told_apart_from_the_primary_address(named: str) -> None:
    one = desk(named)
    one.server.organization.aliases["a.berg@example.test"] = ANNA
    one.impersonate = "a.berg@example.test"
    assert one.fault(view(*MARCH)) == "ErrorNonPrimarySmtpAddress"
