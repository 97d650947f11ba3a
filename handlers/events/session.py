"""Who is behind a Socket.IO connection."""

from __future__ import annotations

from handlers.services import Services
from server.auth.access import Access, bearer_token, require
from server.domain.rooms import session_room, user_room
from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.realtime.handshake import Handshake
from server.realtime.namespaces import Namespace
from server.realtime.sockets import Socket


def register(namespace: Namespace, services: Services) -> None:
    """Let only signed-in members connect; each enters the rooms of its user and of its login session."""

    @namespace.use
    async def identify(socket: Socket) -> None:
        token = _token(socket.handshake)
        if token is None:
            raise RequestError(ErrorCode.UNAUTHORIZED, "no access token: give auth {token} when connecting")
        principal = await services.accounts.authenticate(token)
        socket.data["principal"] = principal
        socket.join(user_room(principal.user_id))
        socket.join(session_room(principal.session_id))

    def authorize(socket: Socket, access: object) -> None:
        require(Access(access), socket.data.get("principal"))

    namespace.behaviour.authorize = authorize


def principal_of(socket: Socket) -> Principal:
    """Return the member whom `register` let in."""
    principal: Principal = socket.data["principal"]
    return principal


def _token(handshake: Handshake) -> str | None:
    auth = handshake.auth
    if isinstance(auth, dict) and isinstance(auth.get("token"), str):
        return str(auth["token"])
    return handshake.query.get("token") or bearer_token(handshake.headers.get("authorization"))
