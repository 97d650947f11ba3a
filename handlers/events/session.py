"""Who is behind a Socket.IO connection."""

from __future__ import annotations

from msgspec import Struct

from handlers.services import Services
from server.auth.access import Access, bearer_token, require
from server.clock import monotonic_at
from server.domain.rooms import session_room, user_room
from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.limits import Rate
from server.realtime.handshake import Handshake
from server.realtime.namespaces import Namespace
from server.realtime.runtime import Runtime
from server.realtime.sockets import Socket
from server.realtime.token_expiry import TokenExpiry


class RefreshToken(Struct):
    """``token`` is a new access token of the same user."""

    token: str


def register(namespace: Namespace, services: Services, runtime: Runtime) -> None:
    """Let only signed-in members connect; each enters the rooms of its user and of its login session.

    Who is connected when its token expires is told, and has to bring a new one.
    """

    @namespace.use
    async def identify(socket: Socket) -> None:
        token = _token(socket.handshake)
        if token is None:
            raise RequestError(ErrorCode.UNAUTHORIZED, "no access token: give auth {token} when connecting")
        principal = await services.accounts.authenticate(token)
        socket.data["principal"] = principal
        socket.identity = principal.user_id
        socket.join(user_room(principal.user_id))
        socket.join(session_room(principal.session_id))

    def authorize(socket: Socket, access: object) -> None:
        require(Access(access), socket.data.get("principal"))

    namespace.behaviour.authorize = authorize
    _register_expiry(namespace, services, runtime)


def _register_expiry(namespace: Namespace, services: Services, runtime: Runtime) -> None:
    @namespace.on_connect
    def watch(socket: Socket) -> None:
        expiry = socket.data["expiry"] = TokenExpiry(socket, runtime.deadlines)
        expiry.renew(monotonic_at(runtime.clock, principal_of(socket).expires_at))

    @namespace.on_disconnect
    def forget(socket: Socket, _reason: str) -> None:
        if "expiry" in socket.data:
            socket.data.pop("expiry").cancel()

    @namespace.on("refresh_token", payload=RefreshToken, access=Access.MEMBER, rate=Rate(10, 1))
    async def refresh_token(socket: Socket, request: RefreshToken) -> None:
        """Go on with a new token; what does not hold changes nothing."""
        principal = await services.accounts.authenticate(request.token)
        before = principal_of(socket)
        if principal.user_id != before.user_id:
            raise RequestError(ErrorCode.UNAUTHORIZED, "the access token is another user's")
        if "expiry" not in socket.data:
            return  # it left meanwhile
        socket.data["principal"] = principal
        if principal.session_id != before.session_id:
            socket.leave(session_room(before.session_id))
            socket.join(session_room(principal.session_id))
        socket.data["expiry"].renew(monotonic_at(runtime.clock, principal.expires_at))


def principal_of(socket: Socket) -> Principal:
    """Return the member whom `register` let in."""
    principal: Principal = socket.data["principal"]
    return principal


def _token(handshake: Handshake) -> str | None:
    auth = handshake.auth
    if isinstance(auth, dict) and isinstance(auth.get("token"), str):
        return str(auth["token"])
    return handshake.query.get("token") or bearer_token(handshake.headers.get("authorization"))
