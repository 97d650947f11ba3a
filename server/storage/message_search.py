"""Finding messages by what they say, who sent them, and when."""

from __future__ import annotations

import re

import pymongo
from bson.regex import Regex

from server.domain.messages import Search, StoredMessage
from server.domain.search_terms import Query, Wanted
from server.storage.availability import database_call
from server.storage.documents import Database, Document
from server.storage.messages import WITHOUT_TERMS, message_of

CANDIDATES = 250
"""Read at a time; few of them do not match."""

SEARCH_SECONDS = 5.0


class MessageSearch:
    """The collection ``messages``, by its terms, senders and types."""

    def __init__(self, database: Database) -> None:
        self._messages = database["messages"]

    @database_call
    async def find(self, conversation_id: str, search: Search, query: Query | None, limit: int) -> list[StoredMessage]:
        """Return what fulfils everything but the times, the newest first.

        Raises RequestError (unavailable), also when it takes longer than `SEARCH_SECONDS`.
        """
        found: list[StoredMessage] = []
        before_seq = search.before_seq
        with pymongo.timeout(SEARCH_SECONDS):
            while len(found) < limit:
                wanted = search_filter(conversation_id, search, query, before_seq)
                cursor = self._messages.find(wanted, WITHOUT_TERMS).sort("seq", -1).limit(CANDIDATES)
                candidates = [message_of(document) for document in await cursor.to_list(None)]
                found += [message for message in candidates if query is None or query.matches(message.searchable)]
                if len(candidates) < CANDIDATES:
                    break
                before_seq = candidates[-1].seq
        return found[:limit]


def search_filter(conversation_id: str, search: Search, query: Query | None, before_seq: int | None) -> Document:
    """Return the filter of `MessageSearch.find`."""
    between: Document = {"$gt": search.after_seq}
    if before_seq is not None:
        between["$lt"] = before_seq
    wanted: Document = {"conversation_id": conversation_id, "seq": between}
    if query is not None:
        wanted["terms"] = {"$all": [_term(term) for term in query.terms]}
    if search.type is not None:
        wanted["type"] = search.type
    if search.sender_id is not None:
        wanted["sender_id"] = search.sender_id
    return wanted


def _term(wanted: Wanted) -> str | Regex[str]:
    # A compiled pattern of Python's brings a flag with it, and the index is not used for its beginning then.
    return Regex(f"^{re.escape(wanted.text)}") if wanted.is_beginning else wanted.text
