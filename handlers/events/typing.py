"""Who is typing: told to the others, never stored, and over by itself after a while."""

from __future__ import annotations

from msgspec import Struct

from handlers.events.session import principal_of
from handlers.services import Services
from server.auth.access import Access
from server.domain.rooms import conversation_room, user_room
from server.limits import Rate
from server.realtime.namespaces import Namespace
from server.realtime.socketio_server import SocketIOServer
from server.realtime.sockets import Socket

EXPIRE_SECONDS = 5.0


class Typing(Struct):
    conversation_id: str
    is_typing: bool


class Typist:
    """One member who types in one conversation, until the deadline."""

    def __init__(self, typists: Typists, conversation_id: str, user_id: str) -> None:
        self._typists = typists
        self.conversation_id = conversation_id
        self.user_id = user_id
        self.checked_until = 0.0
        """When it has to be asked again whether the member may still write."""
        self.wakes_at = 0

    def on_deadline(self, _now: float) -> None:
        """Stop: nothing was heard for a while."""
        self._typists.stop(self.conversation_id, self.user_id)


class Typists:
    """All who type now. Clients that are behind miss what is told of them."""

    def __init__(self, sio: SocketIOServer, namespace: Namespace) -> None:
        self._clock = sio.clock
        self._deadlines = sio.deadlines
        self._namespace = namespace
        self._typing: dict[tuple[str, str], Typist] = {}

    def start(self, conversation_id: str, user_id: str) -> None:
        """Let a member type, who may write."""
        typist = self._typing.setdefault((conversation_id, user_id), Typist(self, conversation_id, user_id))
        typist.checked_until = self._clock.monotonic() + EXPIRE_SECONDS
        self._go_on(typist)

    def go_on(self, conversation_id: str, user_id: str) -> bool:
        """Let a member go on typing who could write a moment ago; tell whether that is so."""
        typist = self._typing.get((conversation_id, user_id))
        if typist is None or typist.checked_until <= self._clock.monotonic():
            return False
        self._go_on(typist)
        return True

    def _go_on(self, typist: Typist) -> None:
        self._deadlines.at(self._clock.monotonic() + EXPIRE_SECONDS, typist)
        self._tell(typist, is_typing=True)

    def stop(self, conversation_id: str, user_id: str) -> None:
        """Let a member type no more; nothing is told of one who did not."""
        typist = self._typing.pop((conversation_id, user_id), None)
        if typist is not None:
            self._deadlines.cancel(typist)
            self._tell(typist, is_typing=False)

    def _tell(self, typist: Typist, *, is_typing: bool) -> None:
        others = self._namespace.to(conversation_room(typist.conversation_id)).except_(user_room(typist.user_id))
        payload = {"conversation_id": typist.conversation_id, "user_id": typist.user_id, "is_typing": is_typing}
        others.volatile.emit("typing", payload)


def register(sio: SocketIOServer, namespace: Namespace, services: Services) -> None:
    typists = Typists(sio, namespace)

    services.groups.on_departure(typists.stop)

    @namespace.on("typing", payload=Typing, access=Access.MEMBER, rate=Rate(40, 5))
    async def typing(socket: Socket, request: Typing) -> None:
        user_id = principal_of(socket).user_id
        # Who leaves a conversation types there no more, and is out of the room: then everything is asked.
        is_inside = conversation_room(request.conversation_id) in socket.rooms
        if is_inside and request.is_typing and typists.go_on(request.conversation_id, user_id):
            return
        if is_inside and not request.is_typing:
            typists.stop(request.conversation_id, user_id)
            return
        conversation = await services.conversations.get(user_id, request.conversation_id)
        if not request.is_typing:
            typists.stop(conversation.id, user_id)
            return
        await services.conversations.check_writable(user_id, conversation)
        typists.start(conversation.id, user_id)
