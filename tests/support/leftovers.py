"""What a test must not leave behind."""

from __future__ import annotations

import asyncio
import logging
import time

GRACE_SECONDS = 20.0


class ErrorLog(logging.Handler):
    """Keeps the text of every record at ERROR or above."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = f"{record.name}: {record.getMessage()}"
        if record.exc_info and record.exc_info[1] is not None:
            text += f" ({record.exc_info[1]!r})"
        self._texts.append(text)

    def pop_all(self) -> list[str]:
        """Return the texts so far and forget them: the test expected these."""
        texts, self._texts = self._texts, []
        return texts


async def finish_tasks() -> list[str]:
    """Wait a little for the other tasks of this loop, cancel the rest and return their names."""
    deadline = time.monotonic() + GRACE_SECONDS
    while (others := asyncio.all_tasks() - {asyncio.current_task()}) and time.monotonic() < deadline:
        await asyncio.wait(others, timeout=0.05)
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
    return [repr(task.get_coro()) for task in others]
