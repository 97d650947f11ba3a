"""One WebSocket connection after its handshake: frames in, frames out, close; how bytes move is its subclass's."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from enum import Enum

from server.protocol.websocket_frames import (
    TEXT,
    CloseCode,
    Frame,
    FrameError,
    FrameReader,
    Framing,
    Opcode,
    build_frame,
    parse_close,
)
from server.transport.connection_context import ConnectionContext, Receiver
from server.transport.deadlines import NEVER
from server.transport.outbox import Outbox, OutboxFullError

logger = logging.getLogger(__name__)

CLOSING_TIMEOUT_SECONDS = 5.0
"""How long the peer has to answer a close frame before the socket is cut."""

FRAMES_PER_TURN = 256
"""How many frames of one connection are handled before the others have their turn."""


class ConnectionState(Enum):
    """How far the connection is from its end; only while OPEN is anything delivered."""

    OPEN = "open"
    CLOSING = "closing"
    """Our close frame is on its way, the peer's is awaited."""
    DRAINING = "draining"
    """Both have closed; our last bytes are on their way."""
    CLOSED = "closed"


OPEN = ConnectionState.OPEN
"""A name of its own: looking a member of an enum up costs as much as calling a function."""


class WebSocketConnection(ABC):
    """Sends at once what the socket takes and queues the rest, bounded; delivers whole messages in order.

    Whatever is sent while one read is being handled leaves together in one write (the cork), unless it is
    sent by `send_now`.
    """

    __slots__ = (
        "_context",
        "_cork",
        "_held",
        "_outbox",
        "_paused",
        "_reader",
        "_remainder",
        "bytes_in",
        "bytes_out",
        "heard",
        "receiver",
        "state",
        "wakes_at",
    )

    receiver: Receiver
    """Set by whoever opens the connection, before `start`."""

    def __init__(self, context: ConnectionContext) -> None:
        self.state = OPEN
        self.wakes_at = NEVER
        self.heard = False
        """Set by every read; whoever watches over the peer resets it."""
        self.bytes_in = 0
        self.bytes_out = 0
        self._context = context
        self._reader: Framing = FrameReader(context.max_payload_bytes, context.mask)
        self._cork: list[bytes] | None = None
        self._held: Sequence[Frame] = ()  # an empty deque takes 760 bytes, and mostly nothing is held
        self._paused = False
        self._outbox: Outbox[bytes] | None = None  # made at the first need: 840 bytes
        self._remainder = b""
        context.metrics.connections_opened += 1

    # What a subclass does with its socket.

    @property
    @abstractmethod
    def _write_some(self) -> Callable[[bytes], int]:
        """What hands bytes to the socket and returns how many it took.

        It raises BlockingIOError when that is none, another OSError when the socket is gone.
        """

    def _is_flushed(self) -> bool:
        """Tell whether the socket has taken everything."""
        return not self._remainder

    @abstractmethod
    def _watch_writable(self, wanted: bool) -> None:
        """Call `_flush` when the socket takes more, or no longer."""

    @abstractmethod
    def _watch_readable(self, wanted: bool) -> None:
        """Read and call `_receive`, or stop reading."""

    @abstractmethod
    def _end_writing(self) -> None:
        """Tell the peer that nothing more comes, and go on reading."""

    @abstractmethod
    def _destroy(self) -> None:
        """Close the socket and forget it."""

    # In.

    def speak(self, framing: Framing) -> None:
        """Let the bytes mean something else than a WebSocket's; call this before anything is sent or read."""
        self._reader = framing

    def start(self, data: bytes = b"") -> None:
        """Begin to read; ``data`` has been read already. The greeting may have found the peer gone by now."""
        if self.state is ConnectionState.CLOSED:
            return
        self._watch_readable(True)
        if data:
            self._receive(data)

    def _receive(self, data: bytes) -> None:
        self.heard = True
        size = len(data)
        self.bytes_in += size
        self._context.metrics.bytes_in += size
        frames = self._reader.feed(data)
        if self.state is not OPEN:
            self._await_close(frames)
        elif self._paused or self._held:
            self._held = (*self._held, *frames)
        else:
            self._deliver(frames)

    def _deliver(self, frames: Sequence[Frame]) -> None:
        """Hand frames on; those beyond this turn's share, or behind a `pause`, are held."""
        if len(frames) > FRAMES_PER_TURN:
            self._held = frames[FRAMES_PER_TURN:]
            frames = frames[:FRAMES_PER_TURN]
            self._watch_readable(False)
            self._context.call_soon(self._continue)
        corked = self._cork = []
        rest = iter(frames)
        try:
            for opcode, payload in rest:
                if opcode == TEXT:
                    self.receiver.on_text(payload)
                elif opcode == Opcode.BINARY:
                    self.receiver.on_binary(payload)
                else:
                    self._on_control(opcode, payload)
                if self.state is not OPEN:
                    self._await_close(list(rest))
                    break
                if self._paused:
                    self._held = (*rest, *self._held)
                    break
        except Exception:
            logger.exception("a receiver failed")
            self._fail(CloseCode.INTERNAL_ERROR, "internal error")
        finally:
            self._cork = None
            if corked:
                self._write(corked[0] if len(corked) == 1 else b"".join(corked))
        if self._reader.error is not None and not self._held:
            self._fail(self._reader.error.code, str(self._reader.error))

    def _continue(self) -> None:
        """Go on with held frames, then with reading."""
        if not self._delivers():
            return
        frames, self._held = self._held[:FRAMES_PER_TURN], self._held[FRAMES_PER_TURN:]
        self._deliver(frames)
        if not self._delivers():
            return
        if self._held:
            self._context.call_soon(self._continue)
        else:
            self._watch_readable(True)

    def _delivers(self) -> bool:
        return self.state is OPEN and not self._paused

    def pause(self) -> None:
        """Deliver nothing more, and stop reading, until `resume`."""
        self._paused = True
        if self.state is OPEN:
            self._watch_readable(False)

    def resume(self) -> None:
        """Deliver again, from the next turn of the loop on."""
        if self._paused:
            self._paused = False
            self._context.call_soon(self._continue)

    def _on_control(self, opcode: int, payload: bytes) -> None:
        if opcode == Opcode.PING:
            self.send(build_frame(Opcode.PONG, payload))
        elif opcode == Opcode.CLOSE:
            try:
                code, reason = parse_close(payload)
            except FrameError as error:
                self._fail(error.code, str(error))
                return
            self._begin_close(code, "", ConnectionState.DRAINING)
            self.receiver.on_close(code, reason)

    # Out.

    @property
    def queued_bytes(self) -> int:
        """How much waits for the socket."""
        return len(self._remainder) + (0 if self._outbox is None else self._outbox.size_bytes)

    def send(self, frames: bytes) -> None:
        """Send whole frames, after all that was sent before."""
        if self.state is not OPEN:
            return
        if self._cork is not None:
            self._cork.append(frames)
        else:
            self._write(frames)

    def send_now(self, frames: bytes) -> None:
        """Send in a write of its own, behind what is corked."""
        self._flush_cork()
        if self.state is OPEN:
            self._write(frames)

    def offer(self, frames: bytes, key: Hashable | None = None, newest: Callable[[], bytes] | None = None) -> bool:
        """Send what a slow client can do without: dropped while it is behind; with ``key`` the newest is kept.

        Tells whether it is one more message: neither dropped nor in the place of one that waits.
        """
        if self.state is not OPEN:
            return False
        if not self._remainder:
            self.send(frames)
            return True
        self._flush_cork()
        if key is None:
            self._context.metrics.dropped_messages += 1
            return False

        def replacement() -> tuple[bytes, int]:
            whole = newest() if newest is not None else frames
            return whole, len(whole)

        return self._enqueue(frames, key, replacement)

    def _flush_cork(self) -> None:
        """Write what is corked; the cork stays."""
        corked = self._cork
        if corked:
            data = b"".join(corked)
            corked.clear()
            self._write(data)

    def _write(self, data: bytes) -> None:
        if self._remainder:
            self._enqueue(data)
            return
        try:
            sent = self._write_some(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._lose(str(error))
            return
        self.bytes_out += sent
        self._context.metrics.bytes_out += sent
        if sent < len(data):
            self._remainder = data[sent:]
            self._watch_writable(True)

    def _enqueue(
        self,
        data: bytes,
        key: Hashable | None = None,
        newest: Callable[[], tuple[bytes, int]] | None = None,
    ) -> bool:
        if self._outbox is None:
            self._outbox = Outbox(self._context.outbox_limit_bytes)
        try:
            return self._outbox.put(data, len(data), key=key, newest=newest)
        except OutboxFullError:
            self._context.metrics.slow_consumer_closes += 1
            self._outbox = None
            self._fail(CloseCode.SLOW_CONSUMER, "slow consumer")
            return False

    def _flush(self) -> None:
        """Write what waits, as far as the socket takes it."""
        try:
            while self._remainder:
                sent = self._write_some(self._remainder)
                self.bytes_out += sent
                self._context.metrics.bytes_out += sent
                if sent < len(self._remainder):
                    self._remainder = self._remainder[sent:]
                    return
                self._remainder = self._outbox.pop() if self._outbox else b""
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(str(error))
            return
        self._watch_writable(False)
        self._finish_flushed()

    # The end.

    def ping(self) -> None:
        """Ask the peer for a sign of life (section 5.5.2)."""
        self.send(build_frame(Opcode.PING, b""))

    def close(self, code: int, reason: str = "") -> None:
        """Close from our side: what was sent before still leaves, then the close frame."""
        self._begin_close(code, reason, ConnectionState.CLOSING)

    def _begin_close(self, code: int, reason: str, state: ConnectionState) -> None:
        self._flush_cork()
        if self.state is not OPEN:
            return
        self.state = state
        self._held = ()
        self._context.deadlines.at(self._context.clock.monotonic() + CLOSING_TIMEOUT_SECONDS, self)
        self._watch_readable(True)
        self._write(self._reader.closing(code, reason))
        self._finish_flushed()

    def _await_close(self, frames: Sequence[Frame]) -> None:
        """Look for the peer's answer to our close frame, and for nothing else."""
        if self.state is ConnectionState.CLOSING and any(opcode == Opcode.CLOSE for opcode, _ in frames):
            self.state = ConnectionState.DRAINING
            self._finish_flushed()

    def _finish_flushed(self) -> None:
        """Take the last step of a close, once our close frame has left."""
        if self.state in (OPEN, ConnectionState.CLOSED) or not self._is_flushed():
            return
        if self.state is ConnectionState.DRAINING:
            self._finish()
        elif self._reader.error is not None:
            # What the peer answers cannot be read any more: let it hang up when it has read our close frame.
            self._end_writing()

    def _fail(self, code: CloseCode, reason: str) -> None:
        """Close by the peer's fault; the receiver learns of it in the next turn, outside of any loop of ours."""
        if self.state is OPEN:
            self._context.metrics.peer_errors += 1
            self.close(code, reason)
            self._context.call_soon(lambda: self.receiver.on_close(code, reason))

    def _lose(self, reason: str) -> None:
        """The socket is gone."""
        was_open = self.state is OPEN
        self._finish()
        if was_open:
            self._context.call_soon(lambda: self.receiver.on_close(CloseCode.ABNORMAL, reason))

    def _finish(self) -> None:
        if self.state is not ConnectionState.CLOSED:
            self.state = ConnectionState.CLOSED
            self._outbox = None
            self._remainder = b""
            self._held = ()
            self._context.deadlines.cancel(self)
            self._context.metrics.connections_closed += 1
            self._destroy()

    def abort(self) -> None:
        """Cut the socket without a close frame; the receiver is not called."""
        self._finish()

    def on_deadline(self, now: float) -> float | None:
        """Cut a peer that does not answer our close frame."""
        self._finish()
        return None
