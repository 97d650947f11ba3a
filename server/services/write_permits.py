"""Who was allowed to write where, remembered for a moment: who goes on writing does not ask the database each time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from server.clock import Clock

FRESH_SECONDS = 5.0
MAX_KEPT = 20_000


class WritePermit(NamedTuple):
    """That somebody may write into a conversation, as the database said.

    ``asked_at`` is the message writer's moment before it was asked (see `MessageWriter.write`).
    """

    conversation_id: str
    asked_at: int


class WritePermits:
    """Whoever takes a right to write away calls `forget` afterwards; from then on this process asks anew.

    That another process has parted two friends is noticed after at most `FRESH_SECONDS`; that it has removed a member
    is noticed by the message writer.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[tuple[str, str], tuple[float, WritePermit]] = {}
        self.era = 0
        """How often `forget` was called: what was looked up before the last time is not to be kept."""

    def find(self, user_id: str, conversation_id: str) -> WritePermit | None:
        """Return the permit that the user was given just now."""
        kept = self._kept.get((user_id, conversation_id))
        return kept[1] if kept is not None and self._clock.monotonic() < kept[0] + FRESH_SECONDS else None

    def keep(self, user_id: str, permit: WritePermit, era: int) -> None:
        """Keep what the database said; ``era`` is the one in which it was asked."""
        if era != self.era:
            return
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        self._kept[user_id, permit.conversation_id] = self._clock.monotonic(), permit

    @contextmanager
    def ending(self) -> Iterator[None]:
        """Forget when the block is left, also by an error: what the database reports as failed may be stored."""
        try:
            yield
        finally:
            self.forget()

    def forget(self) -> None:
        """Keep nothing: somebody has lost a right."""
        self.era += 1
        self._kept.clear()
