"""What an application says a namespace does: middleware, events with shape, access rule and rate, listeners."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from server.errors import ErrorCode, RequestError
from server.limits import Rate
from server.protocol.socketio import RESERVED_EVENTS
from server.realtime.sockets import Socket

logger = logging.getLogger(__name__)

Middleware = Callable[[Socket], Awaitable[None] | None]
EventMiddleware = Callable[[Socket, str | float, list[Any]], Awaitable[None] | None]
Handler = TypeVar("Handler", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class EventSpec:
    """One event a client may send."""

    name: str | float
    handler: Callable[..., Any]
    payload: type[msgspec.Struct] | None
    access: Hashable | None
    rate: Rate | None
    is_plain: bool
    """Whether there is neither shape nor access rule nor rate."""


class Behaviour:
    """All that is registered for one namespace, or for every child of a dynamic one."""

    def __init__(self) -> None:
        self.events: dict[str | float, EventSpec] = {}
        self.middleware: list[Middleware] = []
        self.event_middleware: list[EventMiddleware] = []
        self.connect_handlers: list[Callable[[Socket], Any]] = []
        self.disconnect_handlers: list[Callable[[Socket, str], Any]] = []
        self.incoming_listeners: list[Callable[..., None]] = []
        self.outgoing_listeners: list[Callable[..., None]] = []
        self.authorize: Callable[[Socket, Hashable], None] | None = None
        """Holds a socket against an event's access rule; raises `RequestError`."""
        self.on_unknown_event: Callable[[Socket, str | float], None] | None = None
        """Told of an event nobody registered; may raise `RequestError`. None: such events are ignored."""
        self.wrap_ack: Callable[[Any], Any] | None = None
        """Turns what a handler returns into what is acknowledged."""
        self._is_telling = False

    def admit(self, socket: Socket, spec: EventSpec, args: list[Any], now: float) -> list[Any]:
        """Hold one event against access, rate and shape; return the handler's arguments. Raises `RequestError`."""
        if spec.access is not None and self.authorize is not None:
            self.authorize(socket, spec.access)
        if spec.rate is not None:
            wait = socket.seconds_until_allowed(spec.name, spec.rate, now)
            if wait:
                raise RequestError(
                    ErrorCode.RATE_LIMITED,
                    f"{spec.name!r} is allowed {spec.rate.per_second:g} times a second, {spec.rate.burst:g} at once",
                    retry_after=round(wait, 3),
                )
        if spec.payload is None:
            return args
        try:
            return [msgspec.convert(args[0] if args else {}, spec.payload)]
        except (msgspec.ValidationError, UnicodeError) as error:  # the latter: a lone surrogate in a key
            raise RequestError(ErrorCode.INVALID_INPUT, str(error)) from None

    def tell_incoming(self, socket: Socket, event: str | float, *args: Any) -> None:
        """Tell the listeners of an event that came."""
        _tell(self.incoming_listeners, socket, event, args)

    def tell_outgoing(self, socket: Socket, event: str, *args: Any) -> None:
        """Tell the listeners of an event that was sent; not of those they send themselves, which would never end."""
        if not self._is_telling:
            self._is_telling = True
            _tell(self.outgoing_listeners, socket, event, args)
            self._is_telling = False


def _tell(listeners: list[Callable[..., None]], socket: Socket, event: str | float, args: tuple[Any, ...]) -> None:
    for listener in tuple(listeners):
        try:
            listener(socket, event, *args)
        except Exception:
            logger.exception("a listener failed at %r", event)


class Registration:
    """Base of whatever events are registered on; each decorator returns the function unchanged."""

    behaviour: Behaviour

    def use(self, middleware: Middleware) -> Middleware:
        """Run ``middleware(socket)``, plain or asynchronous, before a socket is accepted, in order of registration.

        Raising `RequestError` refuses it: the client gets CONNECT_ERROR with the code.
        """
        self.behaviour.middleware.append(middleware)
        return middleware

    def use_event(self, middleware: Handler) -> Handler:
        """Run ``middleware(socket, event, args)``, plain or asynchronous, before the handler of each event.

        Raising `RequestError` refuses the event, and is told as a handler's is. What it changes in the list
        ``args`` the handler gets.
        """
        self.behaviour.event_middleware.append(middleware)
        return middleware

    def on_connect(self, handler: Handler) -> Handler:
        """Call ``handler(socket)`` for each accepted socket, before its events."""
        self.behaviour.connect_handlers.append(handler)
        return handler

    def on_disconnect(self, handler: Handler) -> Handler:
        """Call ``handler(socket, reason)`` when an accepted socket is gone; it has left its rooms by then."""
        self.behaviour.disconnect_handlers.append(handler)
        return handler

    def on(
        self,
        event: str | float,
        *,
        payload: type[msgspec.Struct] | None = None,
        access: Hashable | None = None,
        rate: Rate | None = None,
    ) -> Callable[[Handler], Handler]:
        """Register the handler of ``event``: ``handler(socket, *args)``, a plain function or a coroutine.

        What it returns is acknowledged, when the client asked: a tuple as several values, None as none.
        With ``payload`` the one argument is converted to that shape, and refused when it does not fit.
        """
        if callable(event):
            raise TypeError('on() takes the event\'s name: @sio.on("name")')
        if event in self.behaviour.events:
            raise ValueError(f"{event!r} has a handler already")
        if event in RESERVED_EVENTS:
            raise ValueError(f"the event name {event!r} is reserved; see on_connect and on_disconnect")

        def register(handler: Handler) -> Handler:
            is_plain = payload is None and access is None and rate is None
            self.behaviour.events[event] = EventSpec(event, handler, payload, access, rate, is_plain)
            return handler

        return register

    def on_any(self, listener: Handler) -> Handler:
        """Call ``listener(socket, event, *args)`` for every event that comes, registered or not, before its handler."""
        self.behaviour.incoming_listeners.append(_plain(listener))
        return listener

    def on_any_outgoing(self, listener: Handler) -> Handler:
        """Call ``listener(socket, event, *args)`` for every event a socket is sent, each receiver of a broadcast."""
        self.behaviour.outgoing_listeners.append(_plain(listener))
        return listener


def _plain(listener: Handler) -> Handler:
    if inspect.iscoroutinefunction(listener):
        raise TypeError("a listener is a plain function; nothing waits for it")
    return listener
