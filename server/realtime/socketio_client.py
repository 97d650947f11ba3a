"""The Socket.IO side of one connection: its sockets, and its events one after the other."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from server.errors import ErrorCode, RequestError
from server.log_context import CONNECTION, of_connection
from server.protocol.engineio_session import CloseReason
from server.protocol.socketio import EVENT, Packet, PacketType
from server.protocol.socketio_session import SocketSession
from server.realtime.dispatch import GREETING, fail, handle, note_time, succeed
from server.realtime.engineio_client import EngineIOClient
from server.realtime.handshake import Handshake
from server.realtime.namespaces import Namespace
from server.realtime.publication import Publication
from server.realtime.recovery import RECOVERABLE, AwaySession
from server.realtime.sockets import Socket, SocketState
from server.realtime.wire_formats import SOCKETIO_MSGPACK, text_format
from server.transport.deadlines import NEVER

if TYPE_CHECKING:
    from server.realtime.socketio_server import SocketIOServer

logger = logging.getLogger(__name__)


class SocketIOClient:
    """Acts on the packets of one Engine.IO client.

    Protocol packets are acted on at once. Events are handled in order: while one handler waits, the next are
    queued, and past `max_pending_events` the client is not read.
    """

    __slots__ = (
        "_deciding",
        "_handshake",
        "_pending",
        "_pending_bytes",
        "_task",
        "_unfinished",
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
        self._deciding: dict[str, asyncio.Task[None]] = {}
        """What decides on a CONNECT, by namespace."""
        self._unfinished = 0
        """Tasks for coming and going that have not ended, those that were cancelled among them."""
        self._pending: list[tuple[Socket, Packet, int]] = []  # short, and a tenth of an empty deque
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
            if packet.type is EVENT and self._task is None:
                # Nearly all there are: what `_act` does, two calls shorter.
                self.server.metrics.events_in += 1
                socket = self.sockets[packet.namespace]
                waiting = handle(self.server, socket, packet)
                if waiting is not None:
                    self._task = self.server.spawn(self._work_off(waiting, socket, packet))
            else:
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
        if self.sockets or self._deciding:
            self.server.deadlines.cancel(self)

    def on_deadline(self, now: float) -> float | None:
        """Close a client that did not connect, or did not send what it announced; see `Expirable`."""
        what = "the attachments it announced" if self.session.owes_attachments else "a CONNECT"
        seconds = self.server.options.connect_timeout
        self.engine.end(CloseReason.CONNECT_TIMEOUT, f"the client did not send {what} within {seconds:g} s")
        return None

    def _act(self, packet: Packet, size: int) -> None:
        kind = packet.type
        if kind is EVENT:
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
        name, limit = packet.namespace, self.server.options.max_namespaces
        auth = {} if packet.data is None else packet.data
        namespace = self.server.find_namespace(name)
        if len(self.sockets.keys() | self._deciding.keys()) >= limit:
            detail = f"a connection is in at most {limit} namespaces; it has to leave one first"
            error = RequestError(ErrorCode.LIMIT_REACHED, detail)
            self._answer_refused(name, *self._explain(error, self._handshake))
        elif namespace is not None:
            self.server.deadlines.cancel(self)
            socket = self._enter(namespace, auth)
            if namespace.behaviour.middleware:
                self._deciding[name] = self._spawn(self._run_middleware(socket))
            else:
                self._accept(socket)
        elif self.server.dynamic_namespaces:
            self.server.deadlines.cancel(self)
            self._deciding[name] = self._spawn(self._find_dynamic(name, auth))
        else:
            self._answer_refused(name, "Invalid namespace")

    def _enter(self, namespace: Namespace, auth: Any) -> Socket:
        socket_id = self._new_socket_id(namespace.name)
        socket = Socket(self, namespace, self._handshake.with_auth(auth), socket_id)
        self.sockets[namespace.name] = socket
        namespace.arrive()
        return socket

    async def _find_dynamic(self, name: str, auth: Any) -> None:
        dynamic = await self.server.match_namespace(name, auth)
        if self._deciding.get(name) is not asyncio.current_task():
            return  # the client left meanwhile
        if dynamic is not None:
            namespace = self.server.find_namespace(name) or dynamic.child(name)  # the former if made meanwhile
            await self._run_middleware(self._enter(namespace, auth))
        else:
            del self._deciding[name]
            self._answer_refused(name, "Invalid namespace")

    def _new_socket_id(self, namespace: str) -> str:
        """Return a new public id; a client of Engine.IO 3 is told none, and takes it from its session's."""
        if self.engine.codec.version == 4:
            return secrets.token_urlsafe(15)
        return self.engine.sid if namespace == "/" else f"{namespace}#{self.engine.sid}"

    def _send_now(self, packet: Packet) -> None:
        self.engine.send_now(self.format.write(packet))

    async def _run_middleware(self, socket: Socket) -> None:
        try:
            for middleware in socket.namespace.behaviour.middleware:
                waiting = middleware(socket)
                if waiting is not None:
                    await waiting
        except RequestError as error:
            self._refuse(socket, error)
        except (Exception, asyncio.CancelledError):
            if socket.state is SocketState.DISCONNECTED:
                raise  # the client left meanwhile; else it was something the middleware awaited
            logger.exception("middleware of %s failed", socket.namespace.name, extra=of_connection(self.engine.name))
            self._refuse(socket, RequestError(ErrorCode.INTERNAL))
        else:
            self._accept(socket)

    def _is_current(self, socket: Socket) -> bool:
        """Tell whether the client still waits for the answer to this very CONNECT."""
        return socket.state is SocketState.CONNECTING and self.sockets.get(socket.namespace.name) is socket

    def _refuse(self, socket: Socket, error: RequestError) -> None:
        if self._is_current(socket):
            name = socket.namespace.name
            del self.sockets[name]
            socket.state = SocketState.DISCONNECTED
            socket.namespace.depart()
            self._deciding.pop(name, None)
            self._answer_refused(name, *self._explain(error, socket.handshake))

    def _explain(self, error: RequestError, handshake: Handshake) -> tuple[str, dict[str, Any]]:
        return self.server.describe(error, handshake), {"code": error.code.slug, **error.data}

    def _answer_refused(self, name: str, message: str, data: dict[str, Any] | None = None) -> None:
        self._send_now(self.session.refuse(name, message, data))
        self._read_on()
        if not self.sockets and not self._deciding and self.wakes_at == NEVER:
            self._await_packet()

    def _accept(self, socket: Socket) -> None:
        if not self._is_current(socket):
            return
        namespace = socket.namespace
        missed = self._recover(socket)
        ids = {"sid": socket.id} if socket.private_id is None else {"sid": socket.id, "pid": socket.private_id}
        answer, waiting = self.session.accept(namespace.name, ids)
        self._deciding.pop(namespace.name, None)
        self._send_now(answer)
        namespace.sockets[socket.id] = socket
        socket.connected(missed)
        if namespace.behaviour.connect_handlers:
            self._take_event(socket, GREETING, 0)
        for packet in waiting:
            self._take_event(socket, packet, 0)
        self._read_on()

    def _recover(self, socket: Socket) -> list[Publication]:
        """Let a client that was away be who it was; return what it missed."""
        recovery = self.server.hub.recoveries.get(socket.namespace.name)
        if recovery is None or not self.format.recovers:
            return []
        auth = socket.handshake.auth
        recovered = recovery.take(auth.get("pid"), auth.get("offset"), socket.identity)
        if recovered is None:
            socket.private_id, socket.since = recovery.new_private_id(), recovery.number
            return []
        socket.recover(recovered.session)
        return recovered.missed

    def _save(self, socket: Socket) -> None:
        """Keep what a client was that may come back."""
        recovery = self.server.hub.recoveries.get(socket.namespace.name)
        if recovery is not None and socket.private_id is not None:
            recovery.save(
                AwaySession(
                    socket.id,
                    socket.private_id,
                    socket.identity,
                    {room: socket.entered.get(room, socket.since) for room in socket.rooms},
                    socket.since,
                    socket.data,
                    recovery.expires_at(),
                )
            )

    def expel(self, socket: Socket, *, close: bool) -> None:
        """Disconnect one socket from the server's side, or with ``close`` the whole connection."""
        if self.sockets.get(socket.namespace.name) is socket:
            self.server.hub.catch_up(socket)
            self.engine.send(self.format.write(self.session.disconnect(socket.namespace.name)))
            self._leave(socket.namespace.name, CloseReason.SERVER_DISCONNECT)
        if close:
            self.engine.close()

    def _leave(self, name: str, reason: CloseReason) -> None:
        decision = self._deciding.pop(name, None)
        if decision is not None:
            decision.cancel()
        socket = self.sockets.pop(name, None)
        if socket is None:
            return  # it was not known yet whether there is such a namespace
        namespace, was_connected = socket.namespace, socket.state is SocketState.CONNECTED
        namespace.sockets.pop(socket.id, None)
        if reason in RECOVERABLE:
            self._save(socket)
        socket.disconnected(reason)
        namespace.depart()
        self.server.hub.forget(socket)
        if was_connected:
            for handler in namespace.behaviour.disconnect_handlers:
                self._watch(self.server.run(handler, socket, reason.text))

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self.server.spawn(coroutine)
        self._watch(task)
        return task

    def _watch(self, task: asyncio.Task[None] | None) -> None:
        """Count a task until it ends; a client that comes and goes faster than they do is not read meanwhile."""
        if task is not None:
            self._unfinished += 1
            task.add_done_callback(self._finished)
            if self._has_enough():
                self.engine.pause()

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._unfinished -= 1
        if self.engine.is_open:
            self._read_on()

    def on_close(self, reason: CloseReason) -> None:
        """Let every socket go; see `MessageHandler`."""
        self.server.deadlines.cancel(self)
        self._pending.clear()
        for name in (*self.sockets, *self._deciding):
            self._leave(name, reason)

    # Events.

    def _take_event(self, socket: Socket, packet: Packet, size: int) -> None:
        if self._task is not None:
            self._pending.append((socket, packet, size))
            self._pending_bytes += size
            if self._has_enough():
                self.engine.pause()
            return
        waiting = handle(self.server, socket, packet)
        if waiting is not None:
            self._task = self.server.spawn(self._work_off(waiting, socket, packet))

    def _has_enough(self) -> bool:
        options = self.server.options
        return (
            len(self._pending) >= options.max_pending_events
            or self._pending_bytes >= options.max_pending_bytes
            or self._unfinished > options.max_namespaces
        )

    def _read_on(self) -> None:
        if self.engine.paused and not self._has_enough() and not self.session.holds_enough:
            self.engine.resume()

    async def _work_off(self, waiting: Any, socket: Socket, packet: Packet) -> None:
        """Await one handler, then handle what was queued behind it, until nothing is."""
        CONNECTION.set(self.engine.name)
        try:
            await self._finish(waiting, socket, packet)
            while self._pending:
                socket, packet, size = self._pending.pop(0)
                self._pending_bytes -= size
                if not self._pending:
                    self._read_on()
                following = handle(self.server, socket, packet)
                if following is not None:
                    await self._finish(following, socket, packet)
        finally:
            self._task = None

    async def _finish(self, waiting: Any, socket: Socket, packet: Packet) -> None:
        began_at = self.server.clock.monotonic()
        try:
            result = await waiting
            succeed(socket, packet, result)
        except (Exception, asyncio.CancelledError) as error:
            if self._task is not None and self._task.cancelling():
                raise  # else it was something the handler awaited
            fail(self.server, socket, packet, error)
        finally:
            note_time(self.server, socket, packet, began_at)
