"""How one thing is asked and its answer read: what callers hand to ``ExchangeEndpoint.call``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from kalends.model.http import Request, Response
from kalends.wire.ews.folders import Folder
from kalends.wire.ews.soap import Context

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Operation(Generic[T]):
    """One operation, asked anew as often as the conversation needs."""

    build: Callable[[Context, Folder], Request]
    """Makes the request; the folder is the mailbox's calendar as it is to be named."""
    read: Callable[..., T]
    """Reads the answer. A module-level function of picklable values (``wire.ews``'s ``parse_…``):
    large answers are read in a killable worker, where a name is all that is sent of it."""
    arguments: tuple[Any, ...] = ()
    """Passed to ``read`` after the response."""

    @property
    def name(self) -> str:
        """Return ``read`` as a worker knows it."""
        return f"{self.read.__module__}:{self.read.__qualname__}"

    def parse(self, response: Response) -> T:
        """Read an answer here and now."""
        return self.read(response, *self.arguments)
