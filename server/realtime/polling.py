"""The polling half of an Engine.IO client: what waits for its next poll, and the poll that waits for something."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence

from server.protocol.engineio import CLOSE, OutgoingMessage, Packet
from server.protocol.engineio_codecs import Codec, Payload
from server.transport.outbox import Outbox, OutboxFullError

Answer = Callable[[Payload], None]


class PollingTransport:
    """Queues messages, bounded, and answers polls with them; a waiting poll is answered at the end of the turn."""

    __slots__ = (
        "_answer",
        "_call_soon",
        "_codec",
        "_has_overflown",
        "_on_overflow",
        "_outbox",
        "_packets_per_poll",
        "bytes_in",
        "bytes_out",
        "post_abort",
    )

    def __init__(
        self,
        codec: Codec,
        packets_per_poll: int,
        limit_bytes: int,
        call_soon: Callable[[Callable[[], None]], None],
        on_overflow: Callable[[], None],
    ) -> None:
        self._codec = codec
        self._packets_per_poll = packets_per_poll
        self._call_soon = call_soon
        self._on_overflow = on_overflow
        self._has_overflown = False
        self._outbox: Outbox[OutgoingMessage] = Outbox(limit_bytes)
        self._answer: Answer | None = None
        self.bytes_in = 0
        self.bytes_out = 0
        self.post_abort: Callable[[], None] | None = None
        """Cuts the POST that is under way."""

    @property
    def is_waiting(self) -> bool:
        """Whether a poll waits for an answer."""
        return self._answer is not None

    @property
    def queued_bytes(self) -> int:
        """What waits for a poll."""
        return self._outbox.size_bytes

    @property
    def has_queued(self) -> bool:
        """Whether messages wait for a poll."""
        return len(self._outbox) > 0

    def send(self, message: OutgoingMessage) -> None:
        """Queue packets that belong together."""
        self._put(message)

    def send_first(self, message: OutgoingMessage) -> None:
        """Queue a message that must not wait for the others."""
        self._outbox.put_first(message, len(message.frames))
        if self._answer is not None and len(self._outbox) == 1:
            self._call_soon(self.flush)

    def offer(
        self, message: OutgoingMessage, key: Hashable | None, newest: Callable[[], OutgoingMessage] | None
    ) -> bool:
        """Queue what a slow client can do without; see `WebSocketConnection.offer`."""

        def replacement() -> tuple[OutgoingMessage, int]:
            whole = message if newest is None else newest()
            return whole, len(whole.frames)

        return self._put(message, droppable=key is None, key=key, newest=replacement)

    def _put(
        self,
        message: OutgoingMessage,
        *,
        droppable: bool = False,
        key: Hashable | None = None,
        newest: Callable[[], tuple[OutgoingMessage, int]] | None = None,
    ) -> bool:
        if self._has_overflown:
            return False  # nothing may follow what was lost
        try:
            is_one_more = self._outbox.put(message, len(message.frames), droppable=droppable, key=key, newest=newest)
        except OutboxFullError:
            self._outbox.clear()
            self._has_overflown = True
            self._call_soon(self._on_overflow)
            return False
        if self._answer is not None and len(self._outbox) == 1:
            self._call_soon(self.flush)
        return is_one_more

    def wait(self, answer: Answer) -> None:
        """Take a poll; it waits for the next `flush`, `answer` or `answer_last`."""
        self._answer = answer

    def abandon(self) -> None:
        """Forget the poll that waits; its request is gone."""
        self._answer = None

    def flush(self) -> None:
        """Answer the waiting poll, if there is one and something is queued."""
        if self._answer is not None and len(self._outbox):
            self.answer(*self._take())

    def answer(self, *packets: Packet) -> None:
        """Answer the waiting poll, if there is one, with ``packets``."""
        answer, self._answer = self._answer, None
        if answer is not None:
            payload = self._codec.encode_payload(packets)
            self.bytes_out += len(payload.body)
            answer(payload)

    def answer_last(self) -> bool:
        """Answer the waiting poll with what is queued and, when that is all, the close packet; tell whether it was."""
        packets = self._take()
        if self._outbox:
            self.answer(*packets)
            return False
        self.answer(*packets, CLOSE)
        return True

    def _take(self) -> Sequence[Packet]:
        """Take as many whole messages as one answer may carry, at least one."""
        outbox = self._outbox
        if len(outbox) == 1:
            return outbox.pop().packets
        packets: list[Packet] = []
        while outbox and (not packets or len(packets) + len(outbox.peek().packets) <= self._packets_per_poll):
            packets.extend(outbox.pop().packets)
        return packets

    def drain(self) -> Iterator[OutgoingMessage]:
        """Yield all that is queued, leaving nothing."""
        while self._outbox:
            yield self._outbox.pop()
