"""Work that is done in rounds: what comes while one is under way, or in the pause after it, waits for the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


class Rounds:
    """Does ``work`` after it was asked for, one round at a time and at most one in each interval.

    The first round comes at once, or with ``gathering`` an interval after it was asked for, so that it holds more.
    ``work`` takes everything that waits, and raises nothing.
    """

    def __init__(
        self, work: Callable[[], Awaitable[None]], interval_seconds: float, *, gathering: bool = False
    ) -> None:
        self._work = work
        self._interval_seconds = interval_seconds
        self._gathering = gathering
        self._is_asked = False
        self._pause: asyncio.TimerHandle | None = None
        self._running: asyncio.Task[None] | None = None

    def ask(self) -> None:
        """Let there be a round soon."""
        self._is_asked = True
        if self._pause is None and self._running is None:
            if self._gathering:
                self._rest()
            else:
                self._begin()

    async def close(self) -> None:
        """Do what was asked for without a pause, and return when nothing is left."""
        while self._running is not None or self._pause is not None:
            if self._running is not None:
                await asyncio.wait([self._running])
            if self._pause is not None:
                self._pause.cancel()
                self._begin()

    def _rest(self) -> None:
        self._pause = asyncio.get_running_loop().call_later(self._interval_seconds, self._begin)

    def _begin(self) -> None:
        self._pause = None
        if self._is_asked:
            self._running = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        self._is_asked = False
        try:
            await self._work()
        finally:
            self._running = None
            self._rest()
