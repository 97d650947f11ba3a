"""Whether every part that the product needs answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

logger = logging.getLogger(__name__)

Check = Callable[[], Awaitable[object]]
"""Raises when its part does not work."""


class HealthService:
    """Asks all parts at once; one that does not answer within ``timeout_seconds`` has failed."""

    def __init__(self, checks: Mapping[str, Check], timeout_seconds: float = 2.0) -> None:
        self._checks = dict(checks)
        self.draining = False
        """Whether the process is about to stop: it works, but nobody should come any more."""
        self._timeout_seconds = timeout_seconds

    @property
    def parts(self) -> list[str]:
        """The names of all that is checked."""
        return list(self._checks)

    async def failed(self) -> list[str]:
        """Return the names of the parts that fail, in the order of the checks."""
        results = await asyncio.gather(*(self._passes(name, check) for name, check in self._checks.items()))
        return [name for name, passes in zip(self._checks, results, strict=True) if not passes]

    async def _passes(self, name: str, check: Check) -> bool:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await check()
        except Exception as error:  # whatever a check raises means the same
            logger.warning("health check %s failed: %r", name, error)
            return False
        return True
