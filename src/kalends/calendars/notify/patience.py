"""Leaves servers alone that cannot or will not answer one kind of question. Used by ``glances``."""

from __future__ import annotations

from typing import Final

from kalends.calendars.notify.board import Board

REFUSED: Final = 1800.0
"""A server that tells nothing of many is asked again after so long …"""
AWAY: Final = 120.0
"""… or so long, where it is away, or busy and tells no time."""
PATIENCE: Final = 3
"""So many failures in a row are a server's; one may be a mailbox's."""


class Patience:
    """How servers answer one kind of question."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._failures: dict[str, int] = {}
        """URL → how often in a row it gave no answer …"""
        self._quiet: dict[str, float] = {}
        """… and until when it is not asked."""

    def asks(self, url: str) -> bool:
        """Tell whether a server is asked now."""
        return self._quiet.get(url, 0.0) <= self._board.now

    def answered(self, url: str) -> None:
        """Note an answer."""
        self._failures.pop(url, None)

    def failed(self, url: str, pause: float = REFUSED) -> None:
        """Note that there was none; the third in a row is believed."""
        self._failures[url] = self._failures.get(url, 0) + 1
        if self._failures[url] >= PATIENCE:
            self._quiet[url] = self._board.now + self._board.jitter(pause)
