"""The audit trail of what operators and programs do."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from server.clock import Clock
from server.domain.audit import Actor, AuditEntry
from server.domain.ids import is_id
from server.errors import ErrorCode, RequestError
from server.storage.audit import AuditRepository
from server.storage.documents import new_id

MAX_TEXT_CHARACTERS = 200
MAX_ENTRIES = 200

logger = logging.getLogger(__name__)


class AuditService:
    """Writes an entry before a call acts, and what it was answered with after it.

    So a crash in between leaves an entry without an answer, and never an act without an entry. While the database is
    away nothing that is audited can be done.
    """

    def __init__(self, entries: AuditRepository, clock: Clock, retention: timedelta = timedelta(days=365)) -> None:
        self._entries = entries
        self._clock = clock
        self._retention = retention
        self._concluding: set[asyncio.Task[None]] = set()

    async def begin(self, actor: Actor, action: str, subject: str, details: Mapping[str, Any], address: str) -> str:
        """Write that somebody is about to act; return the entry's id. RequestError (unavailable) forbids the act."""
        kept = {name: _shortened(value) for name, value in details.items()}
        now = self._clock.now()
        entry = AuditEntry(new_id(), actor, action, _shortened(subject), kept, now, address)
        await self._entries.add(entry, now + self._retention)
        return entry.id

    def conclude(self, entry_id: str, status: int) -> None:
        """Write, behind the answer, what the call was answered with."""
        task = asyncio.get_running_loop().create_task(self._conclude(entry_id, status))
        self._concluding.add(task)
        task.add_done_callback(self._concluding.discard)

    async def _conclude(self, entry_id: str, status: int) -> None:
        try:
            await self._entries.conclude(entry_id, status)
        except Exception as error:  # the entry stays one without an answer
            logger.warning("audit entry %s stays without its answer %d: %r", entry_id, status, error)

    async def newest(self, actor_id: str, action: str, before: str, limit: int) -> list[AuditEntry]:
        """Return entries, the newest first; those older than the entry ``before``, where it is given."""
        if before and not is_id(before):
            raise RequestError(ErrorCode.INVALID_INPUT, "before has to be the id of an entry")
        return await self._entries.newest(actor_id, action, before, min(limit, MAX_ENTRIES))

    async def close(self) -> None:
        """Write what is left."""
        if self._concluding:
            await asyncio.wait(self._concluding)


def _shortened(value: Any) -> Any:
    """Return what the database can hold whatever was sent: a truth value, or a text of bounded length."""
    if isinstance(value, bool):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[:MAX_TEXT_CHARACTERS].encode("utf-8", "replace").decode()
