"""A namespace: its middleware, its events with payload shape, access rule and rate, and the sockets in it."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, NamedTuple, TypeVar

import msgspec

from server.errors import ErrorCode, RequestError
from server.limits import Rate
from server.realtime.hub import Hub
from server.realtime.rooms import Rooms
from server.realtime.sockets import Broadcast, Socket

Middleware = Callable[[Socket], Awaitable[None]]
Handler = TypeVar("Handler", bound=Callable[..., Any])


class EventSpec(NamedTuple):
    """One event a client may send."""

    name: str | float
    handler: Callable[..., Any]
    is_async: bool
    payload: type[msgspec.Struct] | None
    access: Hashable | None
    rate: Rate | None


class Namespace:
    """Registers what a namespace does; each decorator returns the function unchanged."""

    def __init__(self, name: str, hub: Hub) -> None:
        self.name = name
        self.hub = hub
        self.events: dict[str | float, EventSpec] = {}
        self.sockets: dict[str, Socket] = {}
        """The connected sockets, by id."""
        self.middleware: list[Middleware] = []
        self.connect_handlers: list[Callable[[Socket], Any]] = []
        self.disconnect_handlers: list[Callable[[Socket, str], Any]] = []
        self.authorize: Callable[[Socket, Hashable], None] | None = None
        """Holds a socket against an event's access rule; raises `RequestError`."""
        self.on_unknown_event: Callable[[Socket, str | float], None] | None = None
        """Told of an event nobody registered; may raise `RequestError`. None: such events are ignored."""
        self.wrap_ack: Callable[[Any], Any] | None = None
        """Turns what a handler returns into what is acknowledged."""

    @property
    def rooms(self) -> Rooms:
        """Who is where."""
        return self.hub.rooms(self.name)

    def use(self, middleware: Middleware) -> Middleware:
        """Run ``middleware`` before a socket is accepted, in order of registration.

        Raising `RequestError` refuses it: the client gets CONNECT_ERROR with the code.
        """
        self.middleware.append(middleware)
        return middleware

    def on_connect(self, handler: Handler) -> Handler:
        """Call ``handler(socket)`` for each accepted socket, before its events."""
        self.connect_handlers.append(handler)
        return handler

    def on_disconnect(self, handler: Handler) -> Handler:
        """Call ``handler(socket, reason)`` when an accepted socket is gone; it has left its rooms by then."""
        self.disconnect_handlers.append(handler)
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
        if event in self.events:
            raise ValueError(f"{event!r} has a handler already")

        def register(handler: Handler) -> Handler:
            spec = EventSpec(event, handler, inspect.iscoroutinefunction(handler), payload, access, rate)
            self.events[event] = spec
            return handler

        return register

    def to(self, *rooms: str) -> Broadcast:
        """Address everyone in any of ``rooms``, or in the namespace when there are none."""
        return Broadcast(self, rooms)

    def emit(self, event: str, *args: Any) -> None:
        """Send an event to everyone in the namespace."""
        self.to().emit(event, *args)

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
