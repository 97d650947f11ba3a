"""Which streams each user has open in this process, and at most how many."""

from __future__ import annotations

from typing import Protocol

from server.protocol.websocket_frames import CloseCode


class Stream(Protocol):
    """One stream of one user."""

    user_id: str
    username: str

    def close(self, code: int, reason: str = "") -> None:
        """End it from our side; it calls `OpenStreams.leave`."""


class OpenStreams:
    """The newest stay: one too many closes the user's oldest."""

    def __init__(self, most_per_user: int) -> None:
        self._most_per_user = most_per_user
        self._streams: dict[str, list[Stream]] = {}

    def enter(self, stream: Stream) -> None:
        """Take a stream in."""
        streams = self._streams.setdefault(stream.user_id, [])
        streams.append(stream)
        while len(streams) > self._most_per_user:
            oldest = streams.pop(0)
            oldest.close(CloseCode.TOO_MANY_CONNECTIONS, f"at most {self._most_per_user} connections of one user")

    def leave(self, stream: Stream) -> None:
        """Forget a stream that has ended; once more changes nothing."""
        streams = self._streams.get(stream.user_id, [])
        if stream in streams:
            streams.remove(stream)
        if not streams:
            self._streams.pop(stream.user_id, None)

    def by_username(self) -> dict[str, int]:
        """Return how many streams each user has open."""
        return {streams[-1].username: len(streams) for streams in self._streams.values()}
