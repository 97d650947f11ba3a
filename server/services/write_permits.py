"""Who was allowed to write where, remembered for a moment: who goes on writing does not ask the database each time."""

from __future__ import annotations

from server.clock import Clock

FRESH_SECONDS = 5.0
MAX_KEPT = 20_000


class WritePermits:
    """Whoever takes a right to write away calls `forget` afterwards; from then on this process asks anew.

    What another process takes away is noticed after at most `FRESH_SECONDS`.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._granted_at: dict[tuple[str, str], float] = {}
        self.era = 0
        """How often `forget` was called: what was looked up before the last time is not to be kept."""

    def holds(self, user_id: str, conversation_id: str) -> bool:
        """Tell whether the user was allowed to write there just now."""
        granted_at = self._granted_at.get((user_id, conversation_id))
        return granted_at is not None and self._clock.monotonic() < granted_at + FRESH_SECONDS

    def grant(self, user_id: str, conversation_id: str, era: int) -> None:
        """Keep what the database said; ``era`` is the one in which it was asked."""
        if era != self.era:
            return
        if len(self._granted_at) >= MAX_KEPT:
            self._granted_at.clear()
        self._granted_at[user_id, conversation_id] = self._clock.monotonic()

    def forget(self) -> None:
        """Keep nothing: somebody has lost a right."""
        self.era += 1
        self._granted_at.clear()
