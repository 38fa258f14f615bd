"""The reaction table, row by row: what each code makes the caller do."""

from __future__ import annotations

import pytest

from kalends import errors as tree
from kalends.wire.ews.errors import TABLE, Answered, Fault, Reaction, error_of, http_error, row_of
from kalends.wire.ews.get_folder import parse_get_folder
from kalends.wire.ews.soap import one, read
from tests.unit.wire.ews.samples import fault, refused

EXPECTED = {
    Reaction.BACK_OFF: """
        ErrorServerBusy:Throttled ErrorExceededConnectionCount:Throttled
        ErrorTooManyObjectsOpened:Throttled
        ErrorInternalServerTransientError:Unreachable ErrorInternalServerError:Unreachable
        ErrorMailboxStoreUnavailable:Unreachable ErrorADUnavailable:Unreachable
        ErrorADOperation:Unreachable ErrorTimeoutExpired:Unreachable
        ErrorNotEnoughMemory:Unreachable ErrorInsufficientResources:Unreachable
        ErrorNoRespondingCASInDestinationSite:Unreachable
        ErrorProxyRequestProcessingFailed:Unreachable ErrorBatchProcessingStopped:Unreachable
        ErrorImpersonationFailed:Unreachable""",
    Reaction.REDISCOVER: """
        ErrorConnectionFailed:Unreachable ErrorMailboxMoveInProgress:Unreachable
        ErrorCrossSiteRequest:Unreachable ErrorMailboxLogonFailed:Unreachable
        ErrorMailboxFailover:Unreachable ErrorWrongServerVersion:Unreachable""",
    Reaction.RESYNC: """
        ErrorInvalidSyncStateData:CursorExpired ErrorSyncFolderNotFound:CursorExpired
        ErrorInvalidId:CursorExpired ErrorInvalidIdEmpty:CursorExpired
        ErrorInvalidIdMalformed:CursorExpired
        ErrorInvalidIdMalformedEwsLegacyIdFormat:CursorExpired
        ErrorInvalidFolderId:CursorExpired ErrorInvalidChangeKey:CursorExpired""",
    Reaction.RESUBSCRIBE: """
        ErrorInvalidWatermark:CursorExpired ErrorEventNotFound:CursorExpired
        ErrorReadEventsFailed:CursorExpired ErrorExpiredSubscription:CursorExpired
        ErrorInvalidSubscription:CursorExpired ErrorInvalidPullSubscriptionId:CursorExpired
        ErrorSubscriptionNotFound:CursorExpired ErrorSubscriptionUnsubsribed:CursorExpired
        ErrorMissedNotificationEvents:CursorExpired ErrorSubscriptionAccessDenied:CursorExpired""",
    Reaction.WAIT_OTHER_STREAM: "ErrorNewEventStreamConnectionOpened:Unreachable",
    Reaction.FULL: "ErrorExceededSubscriptionCount:Throttled",
    Reaction.POLL: "ErrorSubscriptionDelegateAccessNotSupported:AccessDenied",
    Reaction.NARROW: """
        ErrorExceededFindCountLimit:Throttled ErrorCalendarViewRangeTooBig:Throttled
        ErrorTimeIntervalTooBig:Throttled ErrorResultSetTooBig:Throttled""",
    Reaction.PERSON_MISCONFIGURED: """
        ErrorNonExistentMailbox:NotFound ErrorMailRecipientNotFound:NotFound
        ErrorInvalidSmtpAddress:NotFound ErrorMissingEmailAddress:NotFound
        ErrorNameResolutionNoMailbox:NotFound""",
    Reaction.LEARN_ALIAS: "ErrorNonPrimarySmtpAddress:NotFound",
    Reaction.OUT_OF_SCOPE: "ErrorImpersonateUserDenied:AccessDenied",
    Reaction.ROLE_MISSING: "ErrorImpersonationDenied:AccessDenied",
    Reaction.DENIED: """
        ErrorAccessDenied:AccessDenied ErrorNoFreeBusyAccess:AccessDenied
        ErrorCannotAccessFolder:AccessDenied ErrorFolderNotFound:NotFound
        ErrorItemNotFound:NotFound""",
    Reaction.STOP_CREDENTIAL: """
        ErrorAccountDisabled:SignInNeeded ErrorPasswordExpired:SignInNeeded
        ErrorPasswordChangeRequired:SignInNeeded""",
    Reaction.STEP_DOWN: """
        ErrorSchemaValidation:BadAnswer ErrorInvalidRequest:BadAnswer
        ErrorInvalidServerVersion:BadAnswer ErrorIncorrectSchemaVersion:BadAnswer
        ErrorInvalidSchemaVersionForMailboxVersion:BadAnswer""",
    Reaction.KEEP_TIMES: """
        ErrorItemCorrupt:BadAnswer ErrorCorruptData:BadAnswer
        ErrorContentConversionFailed:BadAnswer ErrorMimeContentConversionFailed:BadAnswer""",
    Reaction.REREAD: """
        ErrorIrresolvableConflict:Conflict ErrorStaleObject:Conflict
        ErrorChangeKeyRequired:Conflict ErrorChangeKeyRequiredForWriteOperations:Conflict""",
    Reaction.MISS: "ErrorNameResolutionNoResults:NotFound",
    Reaction.USE_ANYWAY: "ErrorNameResolutionMultipleResults:BadAnswer",
}
ROWS = [
    (code, reaction, error)
    for reaction, words in EXPECTED.items()
    for code, _, error in (word.partition(":") for word in words.split())
]


@pytest.mark.parametrize(("code", "reaction", "error"), ROWS)
def test_each_code_has_its_reaction(code: str, reaction: Reaction, error: str) -> None:
    with pytest.raises(Answered) as caught:
        one(read(refused("GetFolder", code)), "GetFolderResponse").accept()
    assert caught.value.reaction is reaction
    assert isinstance(caught.value, getattr(tree, error))
    assert caught.value.fault.code == code


@pytest.mark.parametrize(("code", "reaction", "error"), ROWS)
def test_a_fault_of_the_whole_request_means_the_same(
    code: str, reaction: Reaction, error: str
) -> None:
    with pytest.raises(Answered) as caught:
        read(fault(code))
    assert (caught.value.reaction, caught.value.fault.code) == (reaction, code)
    assert isinstance(caught.value, getattr(tree, error))


def test_no_row_is_without_a_test() -> None:
    assert {code for code, _, _ in ROWS} == set(TABLE)


def test_a_code_nobody_knows_fails_loudly() -> None:
    error = error_of(Fault("ErrorOfTomorrow"))
    assert error.reaction is Reaction.FAIL
    assert isinstance(error, tree.BadAnswer)
    assert "ErrorOfTomorrow" in str(error)


def test_every_malformed_id_is_a_stale_one() -> None:
    assert row_of("ErrorInvalidIdMalformedOfTomorrow").reaction is Reaction.RESYNC


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ('<t:Value Name="BackOffMilliseconds">297749</t:Value>', 297.749),
        ('<t:Value Name="BackOffMilliseconds">0</t:Value>', None),
        ('<t:Value Name="Policy">MaxConcurrencyLimit</t:Value>', None),
        ('<t:Value Name="BackOffMilliseconds">soon</t:Value>', None),
        ("", None),
    ],
)
def test_a_busy_server_tells_for_how_long(values: str, seconds: float | None) -> None:
    with pytest.raises(tree.Throttled) as caught:
        read(fault("ErrorServerBusy", values))
    assert isinstance(caught.value, Answered)
    assert caught.value.fault.back_off == seconds


def test_a_busy_back_end_hidden_in_an_internal_error_is_busy() -> None:
    xml = (
        '<m:MessageXml><t:Value Name="InnerErrorResponseCode">ErrorServerBusy</t:Value>'
        '<t:Value Name="BackOffMilliseconds">1500</t:Value></m:MessageXml>'
    )
    with pytest.raises(tree.Throttled) as caught:
        parse_get_folder(refused("GetFolder", "ErrorInternalServerError", xml))
    assert isinstance(caught.value, Answered)
    assert (caught.value.fault.code, caught.value.fault.back_off) == ("ErrorServerBusy", 1.5)


def test_the_primary_address_is_told_with_the_alias() -> None:
    xml = '<m:MessageXml><t:Value Name="Primary">anna@acme.example</t:Value></m:MessageXml>'
    with pytest.raises(tree.NotFound) as caught:
        parse_get_folder(refused("GetFolder", "ErrorNonPrimarySmtpAddress", xml))
    assert isinstance(caught.value, Answered)
    assert caught.value.fault.values == {"Primary": "anna@acme.example"}
    assert "anna" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "error", "reaction"),
    [
        (401, tree.SignInNeeded, Reaction.STOP_CREDENTIAL),
        (456, tree.SignInNeeded, Reaction.STOP_CREDENTIAL),
        (403, tree.AccessDenied, Reaction.DENIED),
        (404, tree.NotFound, Reaction.REDISCOVER),
        (429, tree.Throttled, Reaction.BACK_OFF),
        (503, tree.Throttled, Reaction.BACK_OFF),
        (500, tree.Unreachable, Reaction.BACK_OFF),
        (440, tree.BadAnswer, Reaction.FAIL),
        (302, tree.BadAnswer, Reaction.FAIL),
        (418, tree.BadAnswer, Reaction.FAIL),
    ],
)
def test_a_status_without_an_envelope_has_its_reaction(
    status: int, error: type[Exception], reaction: Reaction
) -> None:
    found = http_error(status)
    assert isinstance(found, error)
    assert found.reaction is reaction


def test_the_remedy_of_the_table_replaces_the_general_one() -> None:
    assert "2007" in error_of(Fault("ErrorImpersonationDenied")).remedy
    assert error_of(Fault("ErrorMailboxMoveInProgress")).remedy == tree.Unreachable.remedy
