"""Acks that are awaited from clients, each with its deadline."""

from __future__ import annotations

import asyncio
from typing import Any

from server.transport.deadlines import NEVER, Deadlines


class SocketDisconnectedError(Exception):
    """The client left before it acknowledged."""


class PendingAck:
    """One event whose ack is awaited."""

    __slots__ = ("future", "wakes_at")

    def __init__(self, future: asyncio.Future[list[Any]]) -> None:
        self.future = future
        self.wakes_at = NEVER

    def on_deadline(self, now: float) -> float | None:
        """Give up; see `Expirable`."""
        if not self.future.done():
            self.future.set_exception(TimeoutError("the client did not acknowledge in time"))
        return None


class Acks:
    """The pending acks of one socket, by id."""

    __slots__ = ("_deadlines", "_pending")

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._pending: dict[int, PendingAck] = {}

    def expect(self, ack_id: int, until: float) -> asyncio.Future[list[Any]]:
        """Return a future of the ack's arguments; TimeoutError after ``until`` (monotonic seconds)."""
        pending = PendingAck(asyncio.get_running_loop().create_future())
        self._pending[ack_id] = pending
        self._deadlines.at(until, pending)
        pending.future.add_done_callback(lambda future: self._drop(ack_id))
        return pending.future

    def _drop(self, ack_id: int) -> None:
        pending = self._pending.pop(ack_id, None)
        if pending is not None:
            self._deadlines.cancel(pending)

    def resolve(self, ack_id: int, args: list[Any]) -> None:
        """Take an ack from the client; an unknown id (late, or made up) is ignored."""
        pending = self._pending.get(ack_id)
        if pending is not None and not pending.future.done():
            pending.future.set_result(args)

    def fail_all(self) -> None:
        """The client is gone."""
        for pending in tuple(self._pending.values()):
            if not pending.future.done():
                pending.future.set_exception(SocketDisconnectedError("the client left before it acknowledged"))
                pending.future.exception()  # nobody may be waiting any more; that is no fault
