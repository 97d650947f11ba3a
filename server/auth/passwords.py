"""Passwords: Argon2id, computed beside the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from server.errors import ErrorCode, RequestError

MIN_CHARACTERS = 8
MAX_CHARACTERS = 256

T = TypeVar("T")


class Passwords:
    """Hashes and verifies passwords in a small thread pool, so that a login never blocks the loop.

    One costs 19 MiB and two passes (the OWASP profile). More than ``max_waiting`` at once are refused with
    RequestError (unavailable): a flood of logins must not pile up.
    """

    def __init__(self, threads: int = 2, max_waiting: int = 64) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._max_waiting = max_waiting
        self._waiting = 0
        self._nobody = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """Return the Argon2id hash of a new password.

        Raises RequestError (weak_password) when it is too short or too long.
        """
        if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
            raise RequestError(
                ErrorCode.WEAK_PASSWORD,
                f"got {len(password)} characters, allowed are {MIN_CHARACTERS} to {MAX_CHARACTERS}",
            )
        return await self._compute(lambda: self._hasher.hash(password))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Tell whether the password is right; a user who does not exist (None) takes as long as one who does."""
        if len(password) > MAX_CHARACTERS:
            return False
        right = await self._compute(lambda: self._matches(password, password_hash or self._nobody))
        return right and password_hash is not None

    def close(self) -> None:
        """Let the threads go; what still waits is not computed any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _compute(self, work: Callable[[], T]) -> T:
        if self._waiting >= self._max_waiting:
            raise RequestError(ErrorCode.UNAVAILABLE, "too many sign-ins at this moment")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
