"""Sharing the event loop: long work is done in turns, between which others have theirs."""

from __future__ import annotations

import asyncio
import time

TURN_SECONDS = 0.001
"""A request takes half a dozen turns of the loop; beside work that goes on it waits for as many of these."""


class Turn:
    """The share of the loop's time that some long work has now."""

    def __init__(self) -> None:
        self._ends = time.perf_counter() + TURN_SECONDS

    async def pause(self) -> None:
        """Let others have their turn if this one is used up; call it after each small piece of work."""
        if time.perf_counter() >= self._ends:
            await asyncio.sleep(0)
            self._ends = time.perf_counter() + TURN_SECONDS
