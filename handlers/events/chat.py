"""Chat: entering a conversation, leaving it, writing into it and changing that, saying how far one has read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from msgspec import Meta, Struct

from handlers.events.session import principal_of
from handlers.services import Services
from server.auth.access import Access
from server.domain.conversations import Mark
from server.domain.payloads import to_payload
from server.domain.rooms import conversation_room, user_room
from server.limits import Rate
from server.realtime.namespaces import Namespace
from server.realtime.sockets import Socket
from server.services.conversations import ConversationService
from server.services.messages import Outgoing

Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class JoinChat(Struct):
    """One of the first two is given."""

    conversation_id: str | None = None
    friend_id: str | None = None
    after_seq: Count | None = None
    after_revision: Count | None = None


class LeaveChat(Struct):
    conversation_id: str


class SendMessage(Struct):
    """One of ``conversation_id`` and ``friend_id`` is given."""

    content: str = ""
    conversation_id: str | None = None
    friend_id: str | None = None
    type: str = "text"
    client_msg_id: str | None = None
    reply_to: str | None = None
    file_id: str | None = None


class EditMessage(Struct):
    message_id: str
    content: str


class RecallMessage(Struct):
    message_id: str


class MarkUpTo(Struct):
    conversation_id: str
    seq: Count


def register(namespace: Namespace, services: Services) -> None:
    @namespace.on("join_chat", payload=JoinChat, access=Access.MEMBER, rate=Rate(40, 10))
    async def join_chat(socket: Socket, request: JoinChat) -> dict[str, Any]:
        def enter(conversation_id: str) -> None:
            socket.join(conversation_room(conversation_id))

        joined = await services.messages.join(
            principal_of(socket),
            request.conversation_id,
            request.friend_id,
            request.after_seq,
            enter,
            request.after_revision,
        )
        answer: dict[str, Any] = to_payload(joined)
        return answer

    @namespace.on("leave_chat", payload=LeaveChat, access=Access.MEMBER, rate=Rate(40, 10))
    def leave_chat(socket: Socket, request: LeaveChat) -> dict[str, Any]:
        socket.leave(conversation_room(request.conversation_id))
        return {"conversation_id": request.conversation_id}

    @namespace.on("send_message", payload=SendMessage, access=Access.MEMBER, rate=Rate(200, 50))
    async def send_message(socket: Socket, request: SendMessage) -> dict[str, Any]:
        message = await services.messages.send(
            principal_of(socket),
            Outgoing(
                conversation_id=request.conversation_id,
                friend_id=request.friend_id,
                content=request.content,
                type=request.type,
                client_msg_id=request.client_msg_id,
                reply_to=request.reply_to,
                file_id=request.file_id,
            ),
        )
        return {"message": to_payload(message)}

    @namespace.on("edit_message", payload=EditMessage, access=Access.MEMBER, rate=Rate(40, 10))
    async def edit_message(socket: Socket, request: EditMessage) -> dict[str, Any]:
        message = await services.changes.edit(principal_of(socket), request.message_id, request.content)
        return {"message": to_payload(message)}

    @namespace.on("recall_message", payload=RecallMessage, access=Access.MEMBER, rate=Rate(40, 10))
    async def recall_message(socket: Socket, request: RecallMessage) -> dict[str, Any]:
        return {"message": to_payload(await services.changes.recall(principal_of(socket), request.message_id))}

    for mark in Mark:
        namespace.on(f"mark_{mark.value}", payload=MarkUpTo, access=Access.MEMBER, rate=Rate(200, 50))(
            _marker(mark, services.conversations)
        )


def _marker(mark: Mark, conversations: ConversationService) -> Callable[[Socket, MarkUpTo], Awaitable[None]]:
    async def move_mark(socket: Socket, request: MarkUpTo) -> None:
        principal = principal_of(socket)
        marked = await conversations.mark(principal, request.conversation_id, mark, request.seq)
        if marked is not None:
            payload = {"conversation_id": request.conversation_id, "user_id": principal.user_id, "seq": marked.seq}
            others = [conversation_room(request.conversation_id)] if marked.is_open else []
            socket.to(user_room(principal.user_id), *others).emit(f"message_{mark.value}", payload)

    return move_mark
