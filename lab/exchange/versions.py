"""What each version of Exchange is called, understands and allows.

Sources: Microsoft's pages on EWS schema versions, throttling and notification subscriptions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

REQUESTS: Final = (
    "Exchange2007",
    "Exchange2007_SP1",
    "Exchange2010",
    "Exchange2010_SP1",
    "Exchange2010_SP2",
    "Exchange2013",
    "Exchange2013_SP1",
    "Exchange2015",
    "Exchange2016",
    "V2017_07_11",
)
"""Values of RequestServerVersion, oldest first."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the server."""

    name: str
    newest: str
    """The newest RequestServerVersion it takes."""
    build: tuple[int, int, int, int]
    schema: str
    """The Version attribute of ServerVersionInfo; 2007 sends none."""
    concurrency: int
    """Requests at once per budget; 0: no limit."""
    hanging: int
    """Open streaming connections per budget."""
    subscriptions: int
    """Subscriptions per budget; 0: no limit."""
    find_count: int = 1000
    """Items one FindItem may read."""

    @property
    def year(self) -> int:
        """Return 2007, 2010, 2013 …"""
        return int(self.name[:4])

    @property
    def rank(self) -> int:
        """Return the place of ``newest`` among all."""
        return REQUESTS.index(self.newest)

    @property
    def streaming(self) -> bool:
        """Tell whether streaming subscriptions and FreeBusyChangedEvent exist (2010 SP1)."""
        return self.rank >= REQUESTS.index("Exchange2010_SP1")

    @property
    def zones(self) -> bool:
        """Tell whether StartTimeZone, EndTimeZone and TimeZoneContext exist (2010)."""
        return self.year >= 2010

    @property
    def charges_target(self) -> bool:
        """Tell whether the mailbox read is charged, not the account (2010 SP2 RU4)."""
        return self.build >= (14, 2, 318, 0)

    def takes(self, asked: str) -> bool:
        """Tell whether a RequestServerVersion is understood."""
        return asked in REQUESTS and REQUESTS.index(asked) <= self.rank


VERSIONS: Final = {
    one.name: one
    for one in (
        Version("2007 SP1", "Exchange2007_SP1", (8, 1, 436, 0), "", 0, 0, 0),
        Version("2010", "Exchange2010", (14, 0, 639, 20), "Exchange2010", 10, 0, 20),
        Version("2010 SP2", "Exchange2010_SP2", (14, 2, 342, 3), "Exchange2010_SP2", 10, 10, 20),
        Version("2013", "Exchange2013_SP1", (15, 0, 1497, 48), "V2_23", 27, 3, 5000),
        Version("2016", "Exchange2016", (15, 1, 2507, 39), "V2017_07_11", 27, 10, 5000),
        Version("2019", "V2017_07_11", (15, 2, 1748, 10), "V2017_07_11", 27, 10, 5000),
    )
}
"""By the name an administrator would say; the Subscription Edition answers as 2019 does."""


def version(name: str) -> Version:
    """Return a version by name; ``SE`` is 2019's twin with a newer build."""
    if name == "SE":
        twin = VERSIONS["2019"]
        return Version("2019 SE", twin.newest, (15, 2, 2562, 17), twin.schema, 27, 10, 5000)
    return VERSIONS[name]
