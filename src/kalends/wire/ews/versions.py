"""What each Exchange may be asked, as a table.

A request names the schema it is written in (``RequestServerVersion``); an answer tells the server's
build (``ServerVersionInfo``). The two are never assumed equal: 2016, 2019 and Subscription Edition
are asked in Exchange2013_SP1. A front end may be newer than the mailbox behind it, so the version
agreed on belongs to endpoint *and* mailbox.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Final, NamedTuple


class Version(IntEnum):
    """Schemas we write requests in, oldest first."""

    E2007_SP1 = 1
    E2010 = 2
    E2010_SP1 = 3
    E2010_SP2 = 4
    """SP3 too: it changed no schema."""
    E2013 = 5
    E2013_SP1 = 6
    """Also for 2016, 2019, Subscription Edition and Exchange Online."""

    @property
    def label(self) -> str:
        """The word that stands in ``RequestServerVersion``: ``Exchange2010_SP2``."""
        return f"Exchange{self.name[1:]}"

    def lower(self) -> Version | None:
        """Return the next older one; None below 2007 SP1."""
        return Version(self - 1) if self > Version.E2007_SP1 else None


NEWEST: Final = Version.E2013_SP1


class Feature(StrEnum):
    """What not every version offers."""

    TIME_ZONE = "StartTimeZone, EndTimeZone, TimeZoneContext"
    SOAP_AUTODISCOVER = "SOAP Autodiscover"
    USER_CONFIGURATION = "GetUserConfiguration"
    SERVER_TIME_ZONES = "GetServerTimeZones"
    MAIL_TIPS = "GetMailTips"
    SMTP_IMPERSONATION = "impersonation by SmtpAddress (any address, not only the primary)"
    STREAMING = "streaming notifications"
    FREE_BUSY_CHANGED = "FreeBusyChangedEvent"
    SILENT_FULL = "a full view is a part of it (before: ErrorServerBusy)"
    DATE_TIME_PRECISION = "DateTimePrecision"
    AVAILABILITY_IMPERSONATED = "GetUserAvailability under impersonation"
    ELSEWHERE = "LegacyFreeBusyStatus WorkingElsewhere"
    TIME_ZONE_ID = "StartTimeZoneId"
    TEXT_BODY = "TextBody"
    FIND_PEOPLE = "FindPeople"
    AFFINITY = "affinity by X-AnchorMailbox and X-BackEndOverrideCookie"
    SUPPRESS_RECEIPTS = "SuppressReadReceipts"


SINCE: Final = {
    Feature.TIME_ZONE: Version.E2010,
    Feature.SOAP_AUTODISCOVER: Version.E2010,
    Feature.USER_CONFIGURATION: Version.E2010,
    Feature.SERVER_TIME_ZONES: Version.E2010,
    Feature.MAIL_TIPS: Version.E2010,
    Feature.SMTP_IMPERSONATION: Version.E2010,
    Feature.STREAMING: Version.E2010_SP1,
    Feature.FREE_BUSY_CHANGED: Version.E2010_SP1,
    Feature.SILENT_FULL: Version.E2010_SP1,
    Feature.DATE_TIME_PRECISION: Version.E2010_SP2,
    Feature.AVAILABILITY_IMPERSONATED: Version.E2010_SP2,
    Feature.ELSEWHERE: Version.E2013,
    Feature.TIME_ZONE_ID: Version.E2013,
    Feature.TEXT_BODY: Version.E2013,
    Feature.FIND_PEOPLE: Version.E2013,
    Feature.AFFINITY: Version.E2013,
    Feature.SUPPRESS_RECEIPTS: Version.E2013_SP1,
}
"""The oldest version that offers it. ``docs/reference/ews.md`` is tested against this table."""


def offers(version: Version, feature: Feature) -> bool:
    """Tell whether a version offers a feature."""
    return version >= SINCE[feature]


class ServerVersion(NamedTuple):
    """``ServerVersionInfo`` of an answer."""

    major: int
    minor: int
    build: int
    revision: int = 0
    schema: str = ""
    """``Exchange2013``, ``V2017_07_11``; not told by 2007."""

    @property
    def newest(self) -> Version:
        """Return the newest schema this server understands."""
        if self.major < 14:
            return Version.E2007_SP1
        if self.major == 14:
            return (Version.E2010, Version.E2010_SP1, Version.E2010_SP2)[min(self.minor, 2)]
        # 15.0 build 847 is Service Pack 1; 15.1, 15.2 and 15.20 came after it.
        before_sp1 = (self.major, self.minor) == (15, 0) and self.build < 847
        return Version.E2013 if before_sp1 else Version.E2013_SP1

    @property
    def product(self) -> str:
        """Return the name an administrator knows it by."""
        if self.major >= 15:
            return _MINORS_OF_15.get(self.minor, "newer than 2019") if self.major == 15 else "newer"
        return {8: "2007", 14: "2010"}.get(self.major, "older than 2007")

    @property
    def online(self) -> bool:
        """Tell whether Microsoft runs it: EWS ends there in April 2027, Graph is its successor."""
        return (self.major, self.minor) == (15, 20)


_MINORS_OF_15: Final = {
    0: "2013",
    1: "2016",
    2: "2019 or Subscription Edition",
    20: "Online",
}


def agree(asked: Version, server: ServerVersion | None) -> Version | None:
    """Return the version to ask next, after one was refused; None: nothing is left to try.

    What the server says about itself is taken where it leads downwards; else one step.
    """
    if server is not None and server.newest < asked:
        return server.newest
    return asked.lower()
