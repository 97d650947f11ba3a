"""Whether every part that the product needs answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

logger = logging.getLogger(__name__)

Check = Callable[[], Awaitable[object]]
"""Raises when its part does not work."""


class HealthService:
    """Asks all parts at once; one that does not answer within ``timeout_seconds`` has failed.

    Without one of ``checks`` nothing works; without one of ``others`` something does not.
    """

    def __init__(
        self, checks: Mapping[str, Check], others: Mapping[str, Check] | None = None, timeout_seconds: float = 2.0
    ) -> None:
        self._checks = dict(checks)
        self._others = dict(others or {})
        self.draining = False
        """Whether the process is about to stop: it works, but nobody should come any more."""
        self._timeout_seconds = timeout_seconds

    @property
    def parts(self) -> list[str]:
        """The names of all that is checked."""
        return [*self._checks, *self._others]

    async def failed(self) -> list[str]:
        """Return the names of the parts that fail, in the order of the checks."""
        return await self._failed(self._checks | self._others)

    async def hindrances(self) -> list[str]:
        """Return why nobody should come here, if anything."""
        return ["draining"] if self.draining else await self._failed(self._checks)

    async def _failed(self, checks: Mapping[str, Check]) -> list[str]:
        results = await asyncio.gather(*(self._passes(name, check) for name, check in checks.items()))
        return [name for name, passes in zip(checks, results, strict=True) if not passes]

    async def _passes(self, name: str, check: Check) -> bool:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await check()
        except Exception as error:  # whatever a check raises means the same
            logger.warning("health check %s failed: %r", name, error)
            return False
        return True
