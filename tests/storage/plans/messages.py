"""The queries of `MessageRepository`: fifty conversations of forty messages, every tenth of which was changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from server.domain.messages import Change, StoredMessage
from server.storage.documents import Document
from server.storage.messages import MessageRepository
from tests.support.plans import Fault, row

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


def document(conversation: int, seq: int) -> Document:
    """Return a message as it is stored; the conversation is one of those that `conversations.py` makes."""
    changed = {"revision": 40 + seq, "edited_at": NOW} if seq % 10 == 0 else {}
    return {
        "_id": f"message{conversation}-{seq}",
        "conversation_id": f"direct{conversation}-1",
        "seq": seq,
        "sender_id": f"user{conversation}",
        "client_msg_id": f"client{conversation}-{seq}",
        "type": "text",
        "content": "something to say",
        "created_at": NOW + timedelta(seconds=seq),
        **changed,
    }


DOCUMENTS = {"messages": [document(conversation, seq) for conversation in range(50) for seq in range(1, 41)]}

NEW = [StoredMessage(f"new{seq}", "direct1-1", seq, "user1", "text", "x", NOW, f"new{seq}") for seq in (41, 42)]
CLASHING = [StoredMessage(f"clash{seq}", "direct1-1", seq, "user1", "text", "x", NOW) for seq in (43, 2)]

ROWS = (
    row(MessageRepository.insert, NEW),
    row(MessageRepository.insert, CLASHING),
    row(MessageRepository.last_confirmed, ["direct1-1", "direct2-1", "unknown"]),
    row(MessageRepository.last_messages, [f"direct{n}-1" for n in range(30)]),
    row(MessageRepository.find_sent, [("user1", "client1-1"), ("user2", "client2-9"), ("user3", "unknown")]),
    row(MessageRepository.find_stored, ["message1-1", "message1-2", "unknown"]).excused(
        Fault.SORTS, "one batch of the writer, after a failure"
    ),
    row(MessageRepository.find, "message1-1"),
    row(MessageRepository.find_beginnings, ["message1-1", "message1-2", "unknown"]),
    row(MessageRepository.change, "message1-1", "direct1-1", Change("other", edited_at=NOW)),
    row(MessageRepository.changed, "direct1-1", 50, 40, 501),
    row(MessageRepository.newest, "direct1-1", 51, None, 0),
    row(MessageRepository.newest, "direct1-1", 5, 30, 10),
    row(MessageRepository.following, "direct1-1", 35, 501),
    row(MessageRepository.first_at, "direct1-1", NOW + timedelta(seconds=20)),
)
