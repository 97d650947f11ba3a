"""The server's side of one Engine.IO client: its session, and whichever transport carries it now."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterator
from typing import TYPE_CHECKING

from server.errors import PeerError
from server.log_context import of_connection
from server.protocol.engineio import CLOSE, NOOP, PING, PONG, OutgoingMessage, Packet, message_frame
from server.protocol.engineio_codecs import Codec, decode_text3
from server.protocol.engineio_session import (
    RESTING,
    CloseReason,
    EngineSession,
    Input,
    SessionError,
    SessionState,
)
from server.protocol.websocket_frames import CloseCode
from server.realtime.handshake import Handshake
from server.realtime.message_handler import MessageHandler
from server.realtime.polling import Answer, PollingTransport
from server.realtime.upgrade import Probe
from server.transport.connection import WebSocketConnection
from server.transport.deadlines import NEVER

if TYPE_CHECKING:
    from server.realtime.engineio_server import EngineIOServer

logger = logging.getLogger(__name__)

POLLING, PROBING = SessionState.POLLING, SessionState.PROBING
CLOSING, CLOSED = SessionState.CLOSING, SessionState.CLOSED
"""Names of their own: looking a member of an enum up costs as much as calling a function."""

PACKETS_PER_TURN = 256
"""How many packets of one POST are handled before the others have their turn."""

PROBING_POLL_SECONDS = 0.1
"""How long a poll waits while a WebSocket is being tried out."""


class EngineIOClient:
    """Sends and receives messages over polling or WebSocket, in order through the upgrade from one to the other."""

    __slots__ = (
        "_resumed",
        "_server",
        "codec",
        "connection",
        "handler",
        "handshake",
        "number",
        "paused",
        "polling",
        "probe",
        "session",
        "wakes_at",
    )

    handler: MessageHandler
    handshake: Handshake

    def __init__(self, server: EngineIOServer, session: EngineSession, codec: Codec) -> None:
        self.number = server.ids.next()
        self.session = session
        self.codec = codec
        self.connection: WebSocketConnection | None = None
        """The WebSocket that carries the session; None while it polls."""
        self.wakes_at = NEVER
        self.paused = False
        self.probe: Probe | None = None
        """The WebSocket that is being tried out."""
        self._server = server
        self.polling: PollingTransport | None = None
        self._resumed: Callable[[], None] | None = None
        if session.state is POLLING:
            options = session.options
            self.polling = PollingTransport(
                codec, options.max_packets_per_poll, options.outbox_limit_bytes, server.call_soon, self._on_overflow
            )

    @property
    def sid(self) -> str:
        """The session id: a secret between this client and the server."""
        return self.session.sid

    @property
    def name(self) -> str:
        """What it is called in logs and by operators."""
        return self._server.ids.name(self.number)

    @property
    def is_open(self) -> bool:
        """Whether messages can still be sent."""
        state = self.session.state
        return state is not CLOSING and state is not CLOSED

    # Out.

    def send_text(self, data: bytes) -> None:
        """Send one text message, UTF-8."""
        if self.connection is not None:
            self.connection.send(message_frame(data))
        else:
            self.send(OutgoingMessage(self.codec.message(data)))

    def send_binary(self, data: bytes) -> None:
        """Send one binary message."""
        self.send(OutgoingMessage(self.codec.message(data, binary=True)))

    def send(self, message: OutgoingMessage) -> None:
        """Send packets that belong together."""
        if self.connection is not None:
            self.connection.send(message.frames)
        elif self.polling is not None and self.is_open:
            self.polling.send(message)

    def send_now(self, message: OutgoingMessage) -> None:
        """Send in a write, or a poll's answer, of its own."""
        if self.connection is not None:
            self.connection.send_now(message.frames)
        elif self.polling is not None and self.is_open:
            self.polling.send(message)
            self.polling.flush()

    def offer(
        self,
        message: OutgoingMessage,
        key: Hashable | None = None,
        newest: Callable[[], OutgoingMessage] | None = None,
    ) -> bool:
        """Send what a slow client can do without; see `WebSocketConnection.offer`."""
        if self.connection is not None:
            return self.connection.offer(message.frames, key, None if newest is None else lambda: newest().frames)
        if self.polling is not None and self.is_open:
            return self.polling.offer(message, key, newest)
        return False

    def _on_overflow(self) -> None:
        self._server.metrics.slow_consumer_closes += 1
        self.end(CloseReason.SLOW_CONSUMER, "more is queued than the outbox may hold")

    # Polling.

    @property
    def has_poll(self) -> bool:
        """Whether a poll waits for an answer."""
        return self.polling is not None and self.polling.is_waiting

    @property
    def has_post(self) -> bool:
        """Whether a POST is under way."""
        return self.polling is not None and self.polling.post_abort is not None

    def poll(self, answer: Answer) -> None:
        """Take a poll; ``answer`` is called with the payload, now or when there is something to say.

        Raises `SessionError` when the session does not poll, or already does: then it is dead.
        """
        polling = self.polling
        state = self.session.state
        if polling is None or state is CLOSED:
            raise SessionError(CloseReason.TRANSPORT_ERROR, "this session does not poll")
        if polling.is_waiting:
            self.end(CloseReason.TRANSPORT_ERROR, "a second poll came while one was waiting")
            raise SessionError(CloseReason.TRANSPORT_ERROR, "a poll is already waiting")
        polling.wait(answer)
        if state is CLOSING:
            self._close_polling(polling)
            return
        polling.flush()
        if state is PROBING:
            self._server.call_later(PROBING_POLL_SECONDS, self.release_poll)

    def release_poll(self) -> None:
        """Let no poll wait while a WebSocket is being tried out: the client upgrades between two polls."""
        if self.polling is not None and self.session.state is PROBING:
            self.polling.flush()
            self.polling.answer(NOOP)

    def abandon_poll(self) -> None:
        """Learn that the client cut the request that was waiting."""
        if self.polling is not None and self.polling.is_waiting:
            self.polling.abandon()
            self.end(CloseReason.TRANSPORT_ERROR, "the client cut its poll")

    def begin_post(self, abort: Callable[[], None]) -> None:
        """Note that a POST has begun to arrive; ``abort`` cuts its connection.

        Raises `SessionError` when the session does not poll, or when another POST is under way: then that one is
        cut and the session is dead.
        """
        polling = self.polling
        if polling is None:
            raise SessionError(CloseReason.TRANSPORT_ERROR, "this session does not poll")
        if polling.post_abort is not None:
            first, polling.post_abort = polling.post_abort, None
            self.end(CloseReason.TRANSPORT_ERROR, "a second POST came during the first")
            first()
            raise SessionError(CloseReason.TRANSPORT_ERROR, "a POST is already under way")
        if self.session.state is not POLLING:  # nearly always it is, and a POST changes nothing
            self.session.step(Input.POST)
        polling.post_abort = abort

    def note_post(self, size_bytes: int) -> None:
        """Count what a POST brought."""
        if self.polling is not None:
            self.polling.bytes_in += size_bytes

    def end_post(self) -> None:
        """Note that the POST is done."""
        if self.polling is not None:
            self.polling.post_abort = None

    def take_packets(self, packets: Iterator[Packet]) -> bool:
        """Handle one turn's share of a POST; tell whether some are left."""
        if self._is_halted():
            return self.is_open
        try:
            for number, packet in enumerate(packets, 1):
                if packet.binary:
                    self._take_binary(packet.data)
                else:
                    self.on_text(packet.data)
                if self._is_halted() or number == PACKETS_PER_TURN:
                    return self.is_open
        except PeerError as error:
            self._end_by(error)
        except Exception:
            logger.exception("a receiver failed", extra=of_connection(self.name))
            self.end(CloseReason.TRANSPORT_ERROR, "internal error")
        return False

    def _is_halted(self) -> bool:
        """Tell whether nothing more is to be handled now, or ever."""
        return self.paused or not self.is_open

    # WebSocket.

    def upgrade(self, connection: WebSocketConnection) -> None:
        """Move to the WebSocket that was tried out, and with it everything that waits."""
        self.session.step(Input.UPGRADE)
        polling, self.polling, self.probe = self.polling, None, None
        self.use(connection)
        self._server.metrics.upgrades += 1
        if polling is not None:
            polling.answer(NOOP)
            connection.bytes_in, connection.bytes_out = polling.bytes_in, polling.bytes_out
            for message in polling.drain():
                connection.send(message.frames)

    def use(self, connection: WebSocketConnection) -> None:
        """Carry the session on ``connection`` from now on."""
        self.connection = connection
        connection.receiver = self
        if self.paused:
            connection.pause()

    def on_text(self, data: bytes) -> None:
        """Take a text frame; see `Receiver`."""
        try:
            if data[:1] == b"4" and self.session.heartbeat is RESTING:
                self.handler.on_text(data[1:])  # nearly all there are, and nothing in the session changes by them
            else:
                self._take_text(data)
        except PeerError as error:
            self._end_by(error)

    def on_binary(self, data: bytes) -> None:
        """Take a binary frame; see `Receiver`."""
        try:
            self._take_binary(data)
        except PeerError as error:
            self._end_by(error)

    def _take_text(self, data: bytes) -> None:
        # The time matters only while a pong is awaited.
        now = 0.0 if self.session.heartbeat is RESTING else self._server.clock.monotonic()
        message = self.session.receive(data, now)
        if message is not None:
            self.handler.on_text(message)
        elif data == b"3":
            self._server.deadlines.at(self.session.deadline, self)
        elif data[:1] == b"2":  # of Engine.IO 3, where the client pings
            self.send(OutgoingMessage(PONG))
        elif data[:1] == b"b":
            self._take_binary(decode_text3(data).data)

    def _take_binary(self, data: bytes) -> None:
        self.handler.on_binary(self.session.receive_binary(data, self._server.clock.monotonic()))

    def on_close(self, code: int, reason: str) -> None:
        """Learn that the WebSocket is gone; see `Receiver`."""
        if code == CloseCode.SLOW_CONSUMER:
            self.end(CloseReason.SLOW_CONSUMER, reason)
        else:
            self.end(CloseReason.TRANSPORT_CLOSE, f"{code} {reason}".strip())

    # Reading.

    def pause(self) -> None:
        """Read nothing more from this client until `resume`; only it is slowed."""
        self.paused = True
        if self.connection is not None:
            self.connection.pause()

    def resume(self) -> None:
        """Read again; the wait for a pong, which may lie unread, begins anew."""
        self.paused = False
        self.session.wait_again(self._server.clock.monotonic())
        if self.connection is not None:
            self.connection.resume()
        self._tell_resumed()

    def when_resumed(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` once, at the next `resume` or at the end."""
        self._resumed = callback

    def _tell_resumed(self) -> None:
        resumed, self._resumed = self._resumed, None
        if resumed is not None:
            resumed()

    # Time.

    def on_deadline(self, now: float) -> float | None:
        """Send the ping that is due, or give up; see `Expirable`."""
        if self.session.state is CLOSING:
            self.end(CloseReason.TRANSPORT_CLOSE, "the last packets were not fetched")
            return None
        if self.paused and self.session.heartbeat is not RESTING:
            return now + self.session.options.ping_timeout  # we do not read: silence is not the client's fault
        try:
            if self.session.on_deadline(now):
                self._ping()
        except SessionError as error:
            self.end(error.reason, str(error))
            return None
        return self.session.deadline

    def _ping(self) -> None:
        """Send a ping, to a client that polls before all that is queued: it waits for no more than its time-out."""
        if self.connection is not None:
            self.connection.send(PING.frame)
        elif self.polling is not None:
            self.polling.send_first(OutgoingMessage(PING))

    # The end.

    def close(self, reason: CloseReason = CloseReason.FORCED_CLOSE) -> None:
        """Close from the server's side; what was sent before still arrives, on polling at the next poll."""
        polling = self.polling
        if polling is None:
            self.end(reason, "closed by the server")
        elif self.is_open:
            self.session.step(Input.END)
            self._drop_probe()
            self._server.deadlines.at(self._server.clock.monotonic() + self.session.options.closing_timeout, self)
            if polling.is_waiting:
                self._close_polling(polling)
            self._tell(reason, "closed by the server")

    def _close_polling(self, polling: PollingTransport) -> None:
        if polling.answer_last():
            self.session.step(Input.POLL)
            self._server.forget(self)

    def _end_by(self, error: PeerError) -> None:
        reason = error.reason if isinstance(error, SessionError) else CloseReason.PARSE_ERROR
        if self.polling is not None and reason is CloseReason.TRANSPORT_CLOSE:
            self.polling.answer(NOOP)  # the client knows that it closed: its poll only has to return
        self.end(reason, str(error))

    def end(self, reason: CloseReason, detail: str) -> None:
        """End the session at once, on every transport; a second time nothing happens."""
        if self.session.state is CLOSED:
            return
        was_open = self.is_open
        self.session.step(Input.LOSS)
        self._server.forget(self)
        self._drop_probe()
        if self.polling is not None:
            self.polling.answer(CLOSE)
        if self.connection is not None:
            self.connection.close(reason.code, detail if reason.code == CloseCode.PROTOCOL_ERROR else reason.text)
        if was_open:
            self._tell(reason, detail)

    def _drop_probe(self) -> None:
        probe, self.probe = self.probe, None
        if probe is not None:
            probe.drop()

    def _tell(self, reason: CloseReason, detail: str) -> None:
        self._server.log_close(self, reason, detail)
        self._tell_resumed()
        self.handler.on_close(reason)
