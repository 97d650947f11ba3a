"""The Socket.IO side of one connection: its sockets, and its events one after the other."""

from __future__ import annotations

import asyncio
import inspect
import logging
import secrets
from collections import deque
from typing import TYPE_CHECKING, Any

from server.errors import ErrorCode, RequestError
from server.protocol.engineio_session import CloseReason
from server.protocol.socketio import Packet, PacketType
from server.protocol.socketio_session import SocketSession
from server.realtime.acks import SocketDisconnectedError
from server.realtime.engineio_client import EngineIOClient
from server.realtime.handshake import Handshake
from server.realtime.namespaces import EventSpec, Namespace
from server.realtime.sockets import Socket, SocketState
from server.realtime.wire_formats import SOCKETIO_MSGPACK, text_format
from server.transport.deadlines import NEVER

if TYPE_CHECKING:
    from server.realtime.socketio_server import SocketIOServer

logger = logging.getLogger(__name__)


GREETING = Packet(PacketType.CONNECT)
"""Stands in the queue of events for the connect handlers: they come before the first event, and may wait."""


class SocketIOClient:
    """Acts on the packets of one Engine.IO client.

    Protocol packets are acted on at once. Events are handled in order: while one handler waits, the next are
    queued, and past `max_pending_events` the client is not read.
    """

    __slots__ = (
        "_handshake",
        "_middleware",
        "_pending",
        "_pending_bytes",
        "_task",
        "engine",
        "format",
        "server",
        "session",
        "sockets",
        "wakes_at",
    )

    def __init__(self, server: SocketIOServer, engine: EngineIOClient, handshake: Handshake) -> None:
        self.server = server
        self.engine = engine
        self.session = SocketSession(
            server.options.max_attachments,
            engine.session.options.max_payload_bytes,
            engine_version=engine.codec.version,
        )
        self.format = text_format(engine.codec)
        """How this client reads packets."""
        self.sockets: dict[str, Socket] = {}
        self.wakes_at = NEVER
        self._handshake = handshake
        self._middleware: dict[str, asyncio.Task[None]] = {}
        self._pending: deque[tuple[Socket, Packet, int]] = deque()
        self._pending_bytes = 0
        self._task: asyncio.Task[None] | None = None
        self._await_packet()

    def begin(self) -> None:
        """Let a client of Engine.IO 3 in, which expects to be in the root namespace without asking."""
        if self.engine.codec.version == 3:
            self._connect(self.session.connect_implicitly())

    # Messages in.

    def on_text(self, data: bytes) -> None:
        """Take a text message; see `MessageHandler`."""
        packet = self.session.receive_text(data)
        if packet is not None:
            self._act(packet, len(data))
        elif self.session.owes_attachments:
            self._await_packet()
        elif self.session.holds_enough:
            self.engine.pause()

    def on_binary(self, data: bytes) -> None:
        """Take a binary message; see `MessageHandler`."""
        size = self.session.attachment_bytes + len(data)
        packet = self.session.receive_binary(data)
        if not self.session.owes_attachments:
            self._rest()
            if self.session.holds_enough:
                self.engine.pause()
        if packet is not None:
            self._act(packet, size)

    def _await_packet(self) -> None:
        """Give the client its time to connect to a namespace, or to send the attachments it owes."""
        self.server.deadlines.at(self.server.clock.monotonic() + self.server.options.connect_timeout, self)

    def _rest(self) -> None:
        if self.sockets:
            self.server.deadlines.cancel(self)

    def on_deadline(self, now: float) -> float | None:
        """Close a client that did not connect, or did not send what it announced; see `Expirable`."""
        what = "the attachments it announced" if self.session.owes_attachments else "a CONNECT"
        seconds = self.server.options.connect_timeout
        self.engine.end(CloseReason.CONNECT_TIMEOUT, f"the client did not send {what} within {seconds:g} s")
        return None

    def _act(self, packet: Packet, size: int) -> None:
        kind = packet.type
        if kind is PacketType.EVENT:
            self.server.metrics.events_in += 1
            self._take_event(self.sockets[packet.namespace], packet, size)
        elif packet.ack_id is not None:  # an ACK: nothing else that is left has an id
            self.sockets[packet.namespace].resolve_ack(packet.ack_id, packet.data)
        elif kind is PacketType.CONNECT:
            self._connect(packet)
        else:
            self._leave(packet.namespace, CloseReason.CLIENT_DISCONNECT)

    # Namespaces.

    def _connect(self, packet: Packet) -> None:
        if self.session.uses_msgpack:
            self.format = SOCKETIO_MSGPACK
        namespace = self.server.find_namespace(packet.namespace)
        if namespace is None:
            self._send_now(self.session.refuse(packet.namespace, "Invalid namespace"))
            return
        handshake = self._handshake.with_auth({} if packet.data is None else packet.data)
        socket = Socket(self, namespace, handshake, self._new_socket_id(namespace.name))
        self.sockets[namespace.name] = socket
        self.server.deadlines.cancel(self)
        if namespace.middleware:
            self._middleware[namespace.name] = self.server.spawn(self._run_middleware(socket))
        else:
            self._accept(socket)

    def _new_socket_id(self, namespace: str) -> str:
        """Return a new public id; a client of Engine.IO 3 is told none, and takes it from its session's."""
        if self.engine.codec.version == 4:
            return secrets.token_urlsafe(15)
        return self.engine.sid if namespace == "/" else f"{namespace}#{self.engine.sid}"

    def _send_now(self, packet: Packet) -> None:
        self.engine.send_now(self.format.write(packet))

    async def _run_middleware(self, socket: Socket) -> None:
        try:
            for middleware in socket.namespace.middleware:
                await middleware(socket)
        except RequestError as error:
            self._refuse(socket, self.server.describe(error, socket.handshake), {"code": error.code.slug, **error.data})
        except (Exception, asyncio.CancelledError):
            if socket.state is SocketState.DISCONNECTED:
                raise  # the client left meanwhile; else it was something the middleware awaited
            logger.exception("middleware of %s failed", socket.namespace.name)
            internal = RequestError(ErrorCode.INTERNAL)
            self._refuse(socket, self.server.describe(internal, socket.handshake), {"code": internal.code.slug})
        else:
            self._accept(socket)

    def _is_current(self, socket: Socket) -> bool:
        """Tell whether the client still waits for the answer to this very CONNECT."""
        return socket.state is SocketState.CONNECTING and self.sockets.get(socket.namespace.name) is socket

    def _refuse(self, socket: Socket, message: str, data: dict[str, Any]) -> None:
        if self._is_current(socket):
            del self.sockets[socket.namespace.name]
            socket.state = SocketState.DISCONNECTED
            refusal = self.session.refuse(socket.namespace.name, message, data)
            self._middleware.pop(socket.namespace.name, None)
            self._send_now(refusal)
            self._read_on()
            if not self.sockets:
                self._await_packet()

    def _accept(self, socket: Socket) -> None:
        if not self._is_current(socket):
            return
        namespace = socket.namespace
        answer, waiting = self.session.accept(namespace.name, {"sid": socket.id})
        self._middleware.pop(namespace.name, None)
        self._send_now(answer)
        namespace.sockets[socket.id] = socket
        socket.connected()
        if namespace.connect_handlers:
            self._take_event(socket, GREETING, 0)
        for packet in waiting:
            self._take_event(socket, packet, 0)
        self._read_on()

    def expel(self, socket: Socket, *, close: bool) -> None:
        """Disconnect one socket from the server's side, or with ``close`` the whole connection."""
        if self.sockets.get(socket.namespace.name) is socket:
            self.server.hub.catch_up(socket)
            self.format.send(self.engine, self.session.disconnect(socket.namespace.name))
            self._leave(socket.namespace.name, CloseReason.SERVER_DISCONNECT)
        if close:
            self.engine.close()

    def _leave(self, name: str, reason: CloseReason) -> None:
        socket = self.sockets.pop(name)
        middleware = self._middleware.pop(name, None)
        was_connected = socket.state is SocketState.CONNECTED
        socket.namespace.sockets.pop(socket.id, None)
        socket.disconnected(reason)
        if middleware is not None:
            middleware.cancel()
        self.server.hub.forget(socket)
        if was_connected:
            for handler in socket.namespace.disconnect_handlers:
                self.server.run(handler, socket, reason.text)

    def on_close(self, reason: CloseReason) -> None:
        """Let every socket go; see `MessageHandler`."""
        self.server.deadlines.cancel(self)
        self._pending.clear()
        for name in tuple(self.sockets):
            self._leave(name, reason)

    # Events.

    def _take_event(self, socket: Socket, packet: Packet, size: int) -> None:
        if self._task is not None:
            self._pending.append((socket, packet, size))
            self._pending_bytes += size
            if self._has_enough():
                self.engine.pause()
            return
        waiting = self._handle(socket, packet)
        if waiting is not None:
            self._task = self.server.spawn(self._work_off(waiting, socket, packet))

    def _has_enough(self) -> bool:
        options = self.server.options
        return len(self._pending) >= options.max_pending_events or self._pending_bytes >= options.max_pending_bytes

    def _read_on(self) -> None:
        if self.engine.paused and not self._has_enough() and not self.session.holds_enough:
            self.engine.resume()

    async def _work_off(self, waiting: Any, socket: Socket, packet: Packet) -> None:
        """Await one handler, then handle what was queued behind it, until nothing is."""
        try:
            await self._finish(waiting, socket, packet)
            while self._pending:
                socket, packet, size = self._pending.popleft()
                self._pending_bytes -= size
                if not self._pending:
                    self._read_on()
                following = self._handle(socket, packet)
                if following is not None:
                    await self._finish(following, socket, packet)
        finally:
            self._task = None

    def _handle(self, socket: Socket, packet: Packet) -> Any:
        """Call a handler; return its coroutine, if it is one, else acknowledge and return None."""
        if socket.state is not SocketState.CONNECTED:
            return None
        namespace = socket.namespace
        if packet is GREETING:
            return self._greet(socket)
        spec = namespace.events.get(packet.data[0])
        try:
            if spec is None:
                if namespace.on_unknown_event is not None:
                    namespace.on_unknown_event(socket, packet.data[0])
                return None
            args = self._admit(namespace, socket, spec, packet)
            result = spec.handler(socket, *args)
            if spec.is_async:
                return result
            self._succeed(socket, packet, result)
        except Exception as error:
            self._fail(socket, packet, error)
        return None

    def _greet(self, socket: Socket) -> Any:
        """Call the connect handlers; return what is to be awaited of them, if anything."""
        waiting = []
        for handler in socket.namespace.connect_handlers:
            try:
                result = handler(socket)
            except Exception:
                logger.exception("a connect handler failed")
                continue
            if inspect.isawaitable(result):
                waiting.append(result)
        return asyncio.gather(*waiting) if waiting else None

    def _admit(self, namespace: Namespace, socket: Socket, spec: EventSpec, packet: Packet) -> list[Any]:
        if spec.access is None and spec.rate is None and spec.payload is None:
            return packet.data[1:]  # type: ignore[no-any-return]
        return namespace.admit(socket, spec, packet.data[1:], self.server.clock.monotonic())

    async def _finish(self, waiting: Any, socket: Socket, packet: Packet) -> None:
        try:
            result = await waiting
            self._succeed(socket, packet, result)
        except (Exception, asyncio.CancelledError) as error:
            if self._task is not None and self._task.cancelling():
                raise  # else it was something the handler awaited
            self._fail(socket, packet, error)

    def _succeed(self, socket: Socket, packet: Packet, result: Any) -> None:
        if packet.ack_id is not None:
            if socket.namespace.wrap_ack is not None:
                result = socket.namespace.wrap_ack(result)
            args = [] if result is None else list(result) if isinstance(result, tuple) else [result]
            socket.acknowledge(packet.ack_id, args)

    def _fail(self, socket: Socket, packet: Packet, error: BaseException) -> None:
        """Tell the client what was wrong: in the ack it asked for, else as the event ``error``."""
        if isinstance(error, SocketDisconnectedError) and socket.state is SocketState.DISCONNECTED:
            return  # the handler asked a client that then left: no fault, and nobody to tell
        if packet is GREETING:
            logger.error("a connect handler failed", exc_info=error)
            return
        if not isinstance(error, RequestError):
            logger.error("the handler of %r failed", packet.data[0], exc_info=error)
            error = RequestError(ErrorCode.INTERNAL)
        description = {"code": error.code.slug, "message": self.server.describe(error, socket.handshake), **error.data}
        if packet.ack_id is not None:
            socket.acknowledge(packet.ack_id, [{"ok": False, "error": description}])
        else:
            socket.emit("error", {"event": packet.data[0], **description})
