"""One event from its packet to its answer: listeners, middleware, handler, ack or error."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Iterator
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from server.errors import ErrorCode, RequestError
from server.log_context import of_connection
from server.protocol.socketio import Packet, PacketType
from server.realtime.acks import SocketDisconnectedError
from server.realtime.registration import EventMiddleware
from server.realtime.sockets import CONNECTED, Socket, SocketState

if TYPE_CHECKING:
    from server.realtime.socketio_server import SocketIOServer

logger = logging.getLogger(__name__)

GREETING = Packet(PacketType.CONNECT)
"""Stands in the queue of events for the connect handlers: they come before the first event, and may wait."""

UNANSWERED = object()
"""The result of an event that nobody handled."""


def handle(server: SocketIOServer, socket: Socket, packet: Packet) -> Any:
    """Handle an event; return what is to be awaited for its result, or None when it is done and acknowledged."""
    if socket.state is not CONNECTED:
        return None
    if packet is GREETING:
        return _greet(socket)
    socket.received += 1
    behaviour = socket.namespace.behaviour
    if behaviour.incoming_listeners:
        behaviour.tell_incoming(socket, *packet.data)
    args = packet.data[1:]
    began_at = server.clock.monotonic()
    try:
        if behaviour.event_middleware:
            steps = iter(tuple(behaviour.event_middleware))
            waiting = _run(steps, socket, packet.data[0], args)
            if waiting is not None:
                return _handle_later(waiting, steps, server, socket, packet.data[0], args)
        spec = behaviour.events.get(packet.data[0])
        if spec is not None and spec.is_plain:
            result = spec.handler(socket, *args)
        else:
            result = _invoke(server, socket, packet.data[0], args)
        if result is not None and isinstance(result, CoroutineType):
            return result
        if packet.ack_id is not None:
            succeed(socket, packet, result)
    except Exception as error:
        fail(server, socket, packet, error)
    note_time(server, socket, packet, began_at)
    return None


def note_time(server: SocketIOServer, socket: Socket, packet: Packet, began_at: float) -> None:
    """Count how long an event took that has a handler; the names of others are made up by clients."""
    if packet is not GREETING and packet.data[0] in socket.namespace.behaviour.events:
        server.metrics.note_event(packet.data[0], server.clock.monotonic() - began_at)


def _run(
    steps: Iterator[EventMiddleware], socket: Socket, event: str | float, args: list[Any]
) -> Awaitable[None] | None:
    """Run what is left of the middleware up to the first that waits; return what that one waits for."""
    for middleware in steps:
        waiting = middleware(socket, event, args)
        if waiting is not None and inspect.isawaitable(waiting):
            return waiting
    return None


async def _handle_later(
    waiting: Awaitable[None] | None,
    steps: Iterator[EventMiddleware],
    server: SocketIOServer,
    socket: Socket,
    event: str | float,
    args: list[Any],
) -> Any:
    while waiting is not None:
        await waiting
        waiting = _run(steps, socket, event, args)
    if socket.state is not CONNECTED:
        return UNANSWERED
    result = _invoke(server, socket, event, args)
    return await result if isinstance(result, CoroutineType) else result


def _invoke(server: SocketIOServer, socket: Socket, event: str | float, args: list[Any]) -> Any:
    """Call the handler; return its result, a coroutine when it is asynchronous."""
    behaviour = socket.namespace.behaviour
    spec = behaviour.events.get(event)
    if spec is None:
        if behaviour.on_unknown_event is not None:
            behaviour.on_unknown_event(socket, event)
        return UNANSWERED
    if not spec.is_plain:
        args = behaviour.admit(socket, spec, args, server.clock.monotonic())
    return spec.handler(socket, *args)


def _greet(socket: Socket) -> Any:
    """Call the connect handlers; return what is to be awaited of them, if anything."""
    waiting = []
    for handler in socket.namespace.behaviour.connect_handlers:
        try:
            result = handler(socket)
        except Exception:
            logger.exception("a connect handler failed")
            continue
        if inspect.isawaitable(result):
            waiting.append(result)
    return _finish_greeting(waiting) if waiting else None


async def _finish_greeting(waiting: list[Awaitable[Any]]) -> None:
    for outcome in await asyncio.gather(*waiting, return_exceptions=True):
        if isinstance(outcome, Exception):
            logger.error("a connect handler failed", exc_info=outcome)


def succeed(socket: Socket, packet: Packet, result: Any) -> None:
    """Acknowledge an event whose ack was asked for."""
    if packet.ack_id is not None and result is not UNANSWERED:
        wrap_ack = socket.namespace.behaviour.wrap_ack
        if wrap_ack is not None:
            result = wrap_ack(result)
        args = [] if result is None else list(result) if isinstance(result, tuple) else [result]
        socket.acknowledge(packet.ack_id, args)


def fail(server: SocketIOServer, socket: Socket, packet: Packet, error: BaseException) -> None:
    """Tell the client what was wrong: in the ack it asked for, else as the event ``error``."""
    if isinstance(error, SocketDisconnectedError) and socket.state is SocketState.DISCONNECTED:
        return  # the handler asked a client that then left: no fault, and nobody to tell
    if packet is GREETING:
        logger.error("a connect handler failed", exc_info=error, extra=of_connection(socket.connection_name))
        return
    if isinstance(error, TypeError) and (wanted := _wanted_arguments(socket, packet)):
        detail = f"{packet.data[0]!r} takes {wanted}; got {len(packet.data) - 1} arguments"
        error = RequestError(ErrorCode.INVALID_INPUT, detail)
    if not isinstance(error, RequestError):
        name = of_connection(socket.connection_name)
        logger.error("the handler of %r failed", packet.data[0], exc_info=error, extra=name)
        error = RequestError(ErrorCode.INTERNAL)
    try:
        _tell(server, socket, packet, error)
    except Exception:  # what it says cannot be written; the events behind it have their turn all the same
        logger.exception("the failure of %r could not be told", packet.data[0])


def _tell(server: SocketIOServer, socket: Socket, packet: Packet, error: RequestError) -> None:
    description = {"code": error.code.slug, "message": server.describe(error, socket.handshake), **error.data}
    if packet.ack_id is not None:
        socket.acknowledge(packet.ack_id, [{"ok": False, "error": description}])
    else:
        socket.emit("error", {"event": packet.data[0], **description})


def _wanted_arguments(socket: Socket, packet: Packet) -> str:
    """Return what the handler of an event takes, if that is not what came: then nothing of ours has failed."""
    spec = socket.namespace.behaviour.events.get(packet.data[0])
    if spec is None or spec.payload is not None:
        return ""
    signature = inspect.signature(spec.handler)
    try:
        signature.bind(socket, *packet.data[1:])
    except TypeError:
        return f"({', '.join(list(signature.parameters)[1:])})"
    return ""
