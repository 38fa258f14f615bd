"""Public folders, walked from the root down: which are wanted, and what leads to them.

Place in the flow: *source's endpoint → folder by folder → contacts*. Public folders know no deep
traversal, in no protocol; ``exchange`` and ``exchange_webdav`` say how the folders below one are
asked for, ``walk`` where to go.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Final, Generic, NamedTuple, TypeVar

MOST_FOLDERS: Final = 2000
DEEPEST: Final = 20

Path = tuple[str, ...]
T = TypeVar("T")


class Paths:
    """The folders a directory names, each with all below it; none named: all there are."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = tuple(path.strip("/").casefold() for path in paths)

    @property
    def all(self) -> bool:
        """Tell whether none is named."""
        return not self._paths

    def wanted(self, path: Path) -> bool:
        """Tell whether a folder is named, or lies below one that is."""
        here = _folded(path)
        return self.all or any(here == one or here.startswith(one + "/") for one in self._paths)

    def named(self, path: Path) -> bool:
        """Tell whether a folder was asked for itself: then it must be readable."""
        return _folded(path) in self._paths

    def leads_on(self, path: Path) -> bool:
        """Tell whether something wanted may lie below."""
        here = _folded(path)
        return self.wanted(path) or any(one.startswith(here + "/") for one in self._paths)


class Below(NamedTuple, Generic[T]):
    """A folder below another."""

    name: str
    contacts: bool
    """Whether it holds contacts."""
    deeper: bool
    """Whether folders may lie below it."""
    folder: T


async def walk(
    below: Callable[[T | None, Path], Awaitable[Iterable[Below[T]]]], paths: Paths
) -> AsyncIterator[tuple[Path, T]]:
    """Yield every folder of contacts that is wanted; ``below`` is first asked of the root, None."""
    queue: deque[tuple[Path, T | None]] = deque([((), None)])
    seen = 0
    while queue and seen < MOST_FOLDERS:
        path, parent = queue.popleft()
        for one in await below(parent, path):
            seen += 1
            here = (*path, one.name)
            if one.deeper and len(here) < DEEPEST and paths.leads_on(here):
                queue.append((here, one.folder))
            if one.contacts and paths.wanted(here):
                yield here, one.folder


def _folded(path: Path) -> str:
    return "/".join(path).casefold()
