"""What a place where presence is published does.

A sink is either ``latest`` (a lamp: coalesced, never regresses) or ``every`` (an event feed:
each transition at least once, in order per person). Nothing is sent whose rendered form is what
the other side already holds; a sink that was down gets the present, not the past.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from kalends.model.profile import Profile
from kalends.model.view import View
from kalends.model.vocabulary import Audience


class Delivery(StrEnum):
    """How transitions reach a sink."""

    LATEST = "latest"
    EVERY = "every"


class Publication(msgspec.Struct, frozen=True, gc=False):
    """One rendered state on its way."""

    person: str
    revision: int
    rendered: bytes
    """Made by the sink's ``render``; empty: a refresh of what the other side holds, the form
    not being at hand."""
    memory: bytes | None
    """What the sink said to remember at the last delivery for this person."""
    profile: Profile
    at: int
    """When the state began to hold, UTC seconds."""
    refresh: bool = False
    """The other side holds this very form; only its life has to be prolonged. With ``rendered``
    at hand a sink whose state was lost meanwhile can tell it anew in the same call."""


class Delivered(msgspec.Struct, frozen=True, gc=False):
    """The other side has it."""

    memory: bytes | None = None
    refresh_at: float | None = None
    """Wall time by which a refresh is due (soft state); None: never."""


class Failed(msgspec.Struct, frozen=True, gc=False):
    """Not delivered; the pump tries again with back-off, with the present state then."""

    code: str
    message: str
    """For an administrator; no personal data."""
    retry_at: float | None = None
    """Not before (Retry-After); None: the pump's own back-off."""
    memory: bytes | None = None
    """What to remember now (an ETag may be lost)."""
    give_up: bool = False
    """This person cannot be delivered until something changes (no SIP address, 410)."""


Outcome = Delivered | Failed


class PresenceSink(Protocol):
    """One place where presence is published, for one organization."""

    @property
    def delivery(self) -> Delivery:
        """``latest`` or ``every``."""

    @property
    def audience(self) -> Audience:
        """Whose view it is given."""

    @property
    def concurrency(self) -> int:
        """How many ``publish`` calls may run at once (different people)."""

    @property
    def batch(self) -> int:
        """How many publications one call takes at most."""

    def render(self, view: View, profile: Profile) -> bytes | None:
        """Return the canonical form (equal states, equal bytes); None: nothing for this person.

        The revision is no part of the form.
        """

    async def publish(self, publications: Sequence[Publication]) -> Sequence[Outcome]:
        """Deliver; one outcome each, in order. Raises nothing but cancellation.

        Publications of one person come in order and never at the same time.
        """

    async def withdraw(self, publications: Sequence[Publication]) -> None:
        """Take back what was published (graceful stop, person gone); best effort."""

    async def close(self) -> None:
        """Let go of everything."""
