"""What could not be sent at once: bounded in bytes, droppable and superseded entries first to go."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class OutboxFullError(Exception):
    """The outbox is full of what may not be dropped: the client is too slow."""


class _Entry(Generic[Item]):
    __slots__ = ("droppable", "item", "key", "size")

    def __init__(self, item: Item, size: int, droppable: bool, key: Hashable | None) -> None:
        self.item = item
        self.size = size
        self.droppable = droppable
        self.key = key


class Outbox(Generic[Item]):
    """A queue for one client, in the order of `put`."""

    __slots__ = ("_by_key", "_entries", "_limit_bytes", "dropped", "size_bytes")

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._entries: deque[_Entry[Item]] = deque()
        self._by_key: dict[Hashable, _Entry[Item]] | None = None
        self.size_bytes = 0
        self.dropped = 0
        """How many droppable entries have been thrown away."""

    def __len__(self) -> int:
        return len(self._entries)

    def put(
        self,
        item: Item,
        size: int,
        *,
        droppable: bool = False,
        key: Hashable | None = None,
        newest: Callable[[], tuple[Item, int]] | None = None,
    ) -> bool:
        """Queue ``item`` of ``size`` bytes; tell whether one more waits now.

        When an entry with the same ``key`` waits, it is replaced in its place by ``newest()``, which holds all
        that both would have said. Raises `OutboxFullError` when there is no room, after dropping what is droppable.
        """
        if key is not None and self._supersede(item, size, key, newest):
            return False
        if self.size_bytes + size > self._limit_bytes and self._entries:
            self._drop_droppable()
            if self.size_bytes + size > self._limit_bytes:
                if droppable:
                    self.dropped += 1
                    return False
                raise OutboxFullError
        entry = _Entry(item, size, droppable, key)
        self._entries.append(entry)
        self.size_bytes += size
        if key is not None:
            if self._by_key is None:
                self._by_key = {}
            self._by_key[key] = entry
        return True

    def put_first(self, item: Item, size: int) -> None:
        """Queue ``item`` before all others, whatever the limit."""
        self._entries.appendleft(_Entry(item, size, False, None))
        self.size_bytes += size

    def _supersede(self, item: Item, size: int, key: Hashable, newest: Callable[[], tuple[Item, int]] | None) -> bool:
        entry = self._by_key.get(key) if self._by_key else None
        if entry is None:
            return False
        self.size_bytes -= entry.size
        entry.item, entry.size = newest() if newest is not None else (item, size)
        self.size_bytes += entry.size
        return True

    def _drop_droppable(self) -> None:
        kept = deque(entry for entry in self._entries if not entry.droppable)
        self.dropped += len(self._entries) - len(kept)
        self._entries = kept
        self._by_key = {entry.key: entry for entry in kept if entry.key is not None}
        self.size_bytes = sum(entry.size for entry in kept)

    def peek(self) -> Item:
        """Return the oldest item; IndexError when there is none."""
        return self._entries[0].item

    def pop(self) -> Item:
        """Take the oldest item; IndexError when there is none."""
        entry = self._entries.popleft()
        self.size_bytes -= entry.size
        if entry.key is not None and self._by_key is not None:
            del self._by_key[entry.key]
        return entry.item

    def clear(self) -> None:
        """Throw everything away."""
        self._entries.clear()
        self._by_key = None
        self.size_bytes = 0
