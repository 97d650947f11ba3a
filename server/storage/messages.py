"""Messages: ``seq`` counts from 1 in each conversation, and an insert is what takes a number."""

from __future__ import annotations

from collections.abc import Collection as Sized
from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple

import msgspec
from pymongo import ReturnDocument
from pymongo.errors import BulkWriteError
from pymongo.read_concern import ReadConcern

from server.domain.files import Attachment, file_url
from server.domain.messages import EXCERPT_CHARACTERS, Change, StockCard, StoredMessage, SystemNote
from server.domain.search_terms import terms_of
from server.storage.availability import database_call, unavailable
from server.storage.documents import Database, Document, new_id
from server.storage.transactions import Session, in_transaction

WITHOUT_TERMS: Document = {"terms": 0}
"""The projection of every read: nobody but the index needs the terms."""
_DUPLICATE_KEY = 11000
# What a recalled message loses beside its content.
_RECALLED_WITH_IT = ("stock", "file", "mentions", "mentions_all", "terms")


class Clash(Enum):
    """Why a message could not be inserted."""

    SEQ = "another message has this number"
    CLIENT_MSG_ID = "the sender has sent this before"


class Inserted(NamedTuple):
    """The first ``stored`` messages are stored, the next one met ``clash`` (None: all are stored)."""

    stored: int
    clash: Clash | None


class MessageRepository:
    """The collection ``messages``, acknowledged by a majority.

    A *confirmed* read returns only what a majority has: what it says cannot be undone by a fail-over, so that numbers
    derived from it leave no hole. It may lag behind by a moment; an insert then clashes again, and so does no harm.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._conversations = database["conversations"]
        self._messages = database["messages"]
        self._confirmed = self._messages.with_options(read_concern=ReadConcern("majority"))
        self._final = self._messages.with_options(read_concern=ReadConcern("linearizable"))

    def new_id(self) -> str:
        return new_id()

    @database_call
    async def insert(self, messages: Sequence[StoredMessage]) -> Inserted:
        """Insert in order up to the first clash; what is returned as stored is stored by a majority.

        Raises RequestError (unavailable); then any first part of the messages may be stored.
        """
        try:
            await self._messages.insert_many([document_of(message) for message in messages], ordered=True)
        except BulkWriteError as error:
            return _outcome(error.details)
        return Inserted(len(messages), None)

    @database_call
    async def last_confirmed(self, conversation_ids: Sized[str]) -> dict[str, StoredMessage]:
        """Return the last message of each conversation that has one (confirmed)."""
        return {message.conversation_id: message for message in await self._last(self._confirmed, conversation_ids)}

    @database_call
    async def last_messages(self, conversation_ids: Sized[str]) -> dict[str, StoredMessage]:
        """Return the last message of each conversation that has one."""
        return {message.conversation_id: message for message in await self._last(self._messages, conversation_ids)}

    @database_call
    async def find_sent(self, keys: Sized[tuple[str, str]]) -> list[StoredMessage]:
        """Return what was sent under these pairs of sender and client id (confirmed)."""
        sent = [{"sender_id": sender_id, "client_msg_id": client_msg_id} for sender_id, client_msg_id in keys]
        return _messages(await self._confirmed.find({"$or": sent}, WITHOUT_TERMS).to_list(None))

    @database_call
    async def find_stored(self, message_ids: Sized[str]) -> list[StoredMessage]:
        """Return those of the messages that are stored, by number; waits until the answer is final (about 0.1 s)."""
        cursor = self._final.find({"_id": {"$in": list(message_ids)}}, WITHOUT_TERMS).sort("seq", 1)
        return _messages(await cursor.to_list(None))

    @database_call
    async def find(self, message_id: str) -> StoredMessage | None:
        document = await self._messages.find_one({"_id": message_id}, WITHOUT_TERMS)
        return message_of(document) if document else None

    @database_call
    async def find_beginnings(self, message_ids: Sized[str]) -> list[StoredMessage]:
        """Return those of the messages that exist, each with the beginning of its content."""
        beginning = {"content": {"$substrCP": ["$content", 0, EXCERPT_CHARACTERS]}}
        fields = dict.fromkeys(("conversation_id", "seq", "sender_id", "type", "created_at", "recalled"), 1)
        cursor = self._messages.find({"_id": {"$in": list(message_ids)}}, {**fields, **beginning})
        return _messages(await cursor.to_list(None))

    @database_call
    async def change(self, message_id: str, conversation_id: str, change: Change) -> StoredMessage | None:
        """Change a message and raise the revision of its conversation, both or neither; None when it is recalled."""

        async def work(session: Session) -> StoredMessage | None:
            # The conversation comes first: the second of two changes conflicts here, and revisions are in order.
            conversation = await self._conversations.find_one_and_update(
                {"_id": conversation_id},
                {"$inc": {"revision": 1}},
                return_document=ReturnDocument.AFTER,
                session=session,
            )
            document = await self._messages.find_one_and_update(
                {"_id": message_id, "recalled": {"$ne": True}},
                _update(change, conversation["revision"]),
                WITHOUT_TERMS,
                return_document=ReturnDocument.AFTER,
                session=session,
            )
            if not document:
                await session.abort_transaction()
            return message_of(document) if document else None

        return await in_transaction(self._database, work)

    @database_call
    async def changed(
        self, conversation_id: str, after_revision: int, through_seq: int, limit: int
    ) -> list[StoredMessage]:
        """Return the messages up to a number that were changed after a revision, in the order of their revisions."""
        cursor = self._messages.find(changed_filter(conversation_id, after_revision, through_seq), WITHOUT_TERMS)
        return _messages(await cursor.sort("revision", 1).limit(limit).to_list(None))

    @database_call
    async def conversations_with_file(self, file_id: str) -> list[str]:
        """Return the conversations that have a message with this file."""
        cursor = self._messages.aggregate([{"$match": {"file.id": file_id}}, {"$group": {"_id": "$conversation_id"}}])
        return [document["_id"] for document in await cursor.to_list(None)]

    @database_call
    async def newest(
        self, conversation_id: str, limit: int, before_seq: int | None, after_seq: int
    ) -> list[StoredMessage]:
        """Return the newest messages between two numbers (both excluded), the newest first."""
        between: Document = {"$gt": after_seq}
        if before_seq is not None:
            between["$lt"] = before_seq
        cursor = self._messages.find({"conversation_id": conversation_id, "seq": between}, WITHOUT_TERMS)
        return _messages(await cursor.sort("seq", -1).limit(limit).to_list(None))

    @database_call
    async def following(self, conversation_id: str, after_seq: int, limit: int) -> list[StoredMessage]:
        """Return the messages that follow a number, the oldest first."""
        later = {"conversation_id": conversation_id, "seq": {"$gt": after_seq}}
        cursor = self._messages.find(later, WITHOUT_TERMS)
        return _messages(await cursor.sort("seq", 1).limit(limit).to_list(None))

    @database_call
    async def first_at(self, conversation_id: str, moment: datetime) -> int | None:
        """Return the number of the first message at or after a moment; answered by the index alone."""
        document = await self._messages.find_one(
            {"conversation_id": conversation_id, "created_at": {"$gte": moment}},
            {"_id": 0, "seq": 1},
            sort=[("created_at", 1), ("seq", 1)],
        )
        return int(document["seq"]) if document else None

    async def _last(self, messages: Any, conversation_ids: Sized[str]) -> list[StoredMessage]:
        # Sorted like this the index answers with one step per conversation (DISTINCT_SCAN).
        cursor = messages.aggregate(
            [
                {"$match": {"conversation_id": {"$in": list(conversation_ids)}}},
                {"$sort": {"conversation_id": -1, "seq": -1}},
                {"$group": {"_id": "$conversation_id", "message": {"$first": "$$ROOT"}}},
                {"$project": {"message.terms": 0}},
            ],
        )
        return [message_of(document["message"]) async for document in cursor]


def changed_filter(conversation_id: str, after_revision: int, through_seq: int) -> Document:
    """Return the filter of `MessageRepository.changed`."""
    return {
        "conversation_id": conversation_id,
        "revision": {"$gt": after_revision},
        "seq": {"$lte": through_seq},
    }


def _outcome(details: Any) -> Inserted:
    errors = details["writeErrors"]
    if details.get("writeConcernErrors") or len(errors) != 1 or errors[0]["code"] != _DUPLICATE_KEY:
        raise unavailable()
    fields = errors[0]["keyPattern"]
    if "client_msg_id" in fields:
        return Inserted(details["nInserted"], Clash.CLIENT_MSG_ID)
    if "seq" in fields:
        return Inserted(details["nInserted"], Clash.SEQ)
    raise unavailable()


def document_of(message: StoredMessage) -> Document:
    """Return the document that holds a message."""
    document = msgspec.structs.asdict(message)
    document["_id"] = document.pop("id")
    document["stock"] = msgspec.to_builtins(message.stock)
    document["file"] = _file_document(message.file)
    document["system"] = msgspec.to_builtins(message.system)
    document["terms"] = terms_of(message.searchable)
    return {key: value for key, value in document.items() if value or key in {"content", "seq"}}


def _file_document(file: Attachment | None) -> Document | None:
    """Return what is kept of a file: not where it is served, which the program knows."""
    return {key: value for key, value in msgspec.to_builtins(file).items() if key != "url"} if file else None


def _attachment(document: Document | None) -> Attachment | None:
    return msgspec.convert({**document, "url": file_url(document["id"])}, Attachment) if document else None


def _update(change: Change, revision: int) -> Document:
    fields = msgspec.structs.asdict(change) | {"revision": revision}
    fields["terms"] = terms_of(fields.pop("searchable"))
    kept = {key: value for key, value in fields.items() if value or key == "content"}
    gone = _RECALLED_WITH_IT if change.recalled else [key for key in _RECALLED_WITH_IT if key in fields.keys() - kept]
    return {"$set": kept, **({"$unset": dict.fromkeys(gone, "")} if gone else {})}


def message_of(document: Document) -> StoredMessage:
    """Return the message a document of the collection holds."""
    return StoredMessage(
        id=document["_id"],
        conversation_id=document["conversation_id"],
        seq=document["seq"],
        sender_id=document["sender_id"],
        type=document["type"],
        content=document["content"],
        created_at=document["created_at"],
        client_msg_id=document.get("client_msg_id"),
        reply_to=document.get("reply_to"),
        edited_at=document.get("edited_at"),
        recalled=document.get("recalled", False),
        revision=document.get("revision"),
        stock=msgspec.convert(document.get("stock"), StockCard | None),
        file=_attachment(document.get("file")),
        mentions=tuple(document.get("mentions", ())),
        mentions_all=document.get("mentions_all", False),
        system=msgspec.convert(document.get("system"), SystemNote | None),
    )


def _messages(documents: list[Document]) -> list[StoredMessage]:
    return [message_of(document) for document in documents]
