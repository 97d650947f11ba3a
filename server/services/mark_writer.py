"""How far members have got in their conversations: known at once, written behind, many marks in one write."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict

from server.domain.conversations import Mark, MarkKey, Member
from server.errors import ErrorCode, RequestError
from server.storage.conversations import ConversationRepository

logger = logging.getLogger(__name__)

MAX_KEPT = 20_000
MAX_UNWRITTEN = 20_000
RETRY_SECONDS = 1.0


class MarkWriter:
    """Keeps the furthest mark of each kind, member and conversation.

    Marks that arrive while a write is under way form the next one, in which only the furthest of each is left. What
    the database refuses is tried again after a moment; what a crash loses is marked again when a client reads on.
    """

    def __init__(self, conversations: ConversationRepository) -> None:
        self._conversations = conversations
        self._furthest: OrderedDict[MarkKey, int] = OrderedDict()
        """The latest marks, written or not: what the database says may be a moment older."""
        self._unwritten: dict[MarkKey, int] = {}
        self._running: asyncio.Task[None] | None = None
        self._retry: asyncio.TimerHandle | None = None

    def advance(self, member: Member, mark: Mark, seq: int) -> bool:
        """Move a mark on to ``seq``; return whether it did: a mark never goes back.

        Raises RequestError (unavailable) when too many wait to be written.
        """
        if seq <= self.position(member, mark):
            return False
        key = MarkKey(member.conversation_id, member.user_id, mark)
        if len(self._unwritten) >= MAX_UNWRITTEN and key not in self._unwritten:
            raise RequestError(ErrorCode.UNAVAILABLE, "too many marks wait to be stored")
        self._unwritten[key] = seq
        self._furthest[key] = seq
        self._furthest.move_to_end(key)
        if len(self._furthest) > MAX_KEPT:
            self._furthest.popitem(last=False)
        if self._retry is None:
            self._start()
        return True

    @property
    def queue_length(self) -> int:
        """How many marks wait to be written."""
        return len(self._unwritten)

    def position(self, member: Member, mark: Mark) -> int:
        """Return the last number that is marked, 0 is none; what was read was delivered."""
        key = MarkKey(member.conversation_id, member.user_id, mark)
        kept = max(self._furthest.get(key, 0), self._unwritten.get(key, 0))
        further = 0 if mark is Mark.READ else self.position(member, Mark.READ)
        return max(member.marked(mark), kept, further)

    async def close(self) -> None:
        """Write what is left, as far as the database takes it."""
        if self._retry is not None:
            self._stop_waiting()
            self._start()
        if self._running is not None:
            await asyncio.wait([self._running])
        if self._retry is not None:
            self._stop_waiting()
            logger.warning("%d read marks were not stored", len(self._unwritten))

    def _stop_waiting(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    def _start(self) -> None:
        self._retry = None
        if self._unwritten and (self._running is None or self._running.done()):
            self._running = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while self._unwritten:
            batch, self._unwritten = self._unwritten, {}
            try:
                await self._conversations.mark(batch)
            except Exception as error:  # whatever it was, later marks must still be written
                logger.warning("%d marks were not stored yet: %r", len(batch), error)
                self._unwritten = {**batch, **self._unwritten}
                self._retry = asyncio.get_running_loop().call_later(RETRY_SECONDS, self._start)
                return
