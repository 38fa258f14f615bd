"""One person's policy: the shared meaning, and who the person is.

Place in the flow: *policy + record → person policy → judge, timeline, manual*. Cheap to make: all
that costs is shared among people with equal settings (``compile``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from kalends.model.organization import OrganizationSettings
from kalends.policy.meaning import Meaning, digest
from kalends.policy.numbering import ForwardTargets
from kalends.policy.workhours import WeekPlan

if TYPE_CHECKING:
    from kalends.policy.compile import Policy


class PersonPolicy(msgspec.Struct, frozen=True, eq=False, gc=False):
    """Everything that turns this person's bookings into a timeline."""

    policy: Policy
    settings: OrganizationSettings
    meaning: Meaning
    person: str
    zone: ZoneInfo
    language: str
    emails: frozenset[str]
    """Lower case: who is "me" as an organizer."""
    domains: frozenset[str]
    """Lower case: who is inside."""
    targets: ForwardTargets
    signs: tuple[str, ...]
    """Marks in use."""
    own_hours: WeekPlan | None
    """Work hours of the record itself: they come before the calendar system's."""
    shared_hours: WeekPlan | None
    """Work hours of department or organization: used where nothing closer is known."""
    holidays: str | None
    opted_out: bool
    auto_return: bool | None
    """The person's preference, where permitted."""

    @property
    def wording(self) -> bytes:
        """Return a digest of everything that says what a text of this person's means.

        What was heard of private bookings (``gist``) is right while this is the same.
        """
        return digest(self.policy.wording, self.meaning.wording, sorted(self.emails))

    def returns(self, activity: str) -> bool:
        """Tell whether the person is back by itself after an activity no rule spoke about."""
        if self.auto_return is not None:
            return self.auto_return
        return self.settings.auto_return and self.policy.returns(activity)
