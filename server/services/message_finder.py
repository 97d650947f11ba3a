"""Finding messages in a conversation's history: what they say, who sent them and when, and what stands around one."""

from __future__ import annotations

from datetime import datetime

import msgspec

from server.clock import Clock
from server.domain.ids import is_id
from server.domain.messages import MESSAGE_TYPES, SYSTEM, Page, Search, Surroundings
from server.domain.search_terms import Query, query_of
from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.limits import Rate, TokenBuckets
from server.services.conversations import ConversationService
from server.services.input_text import checked_text
from server.services.message_views import MessageViews
from server.services.profiles import Profiles
from server.services.rate_limits import count_attempt
from server.storage.message_search import MessageSearch
from server.storage.messages import MessageRepository

MAX_FOUND = 200
MAX_QUERY_CHARACTERS = 100
SEARCH_RATE = Rate(20, 2)
"""One that finds little may read a whole history."""

MAX_KEPT = 20_000
"""Users whose searches are counted."""

_FINDABLE_TYPES = (*MESSAGE_TYPES, SYSTEM)


class MessageFinder:
    """Members find what they may read; strangers learn nothing."""

    def __init__(
        self,
        messages: MessageRepository,
        search: MessageSearch,
        conversations: ConversationService,
        profiles: Profiles,
        clock: Clock,
    ) -> None:
        self._messages = messages
        self._search = search
        self._conversations = conversations
        self._views = MessageViews(messages, profiles)
        self._clock = clock
        self._searches = TokenBuckets(SEARCH_RATE, MAX_KEPT)

    async def search(self, principal: Principal, conversation_id: str, search: Search, limit: int) -> Page:
        """Return what fulfils a search, the newest first, at most `MAX_FOUND`.

        With a text, messages that were recalled or written by the server are not found. Raises RequestError:
        invalid_input, not_found, rate_limited, unavailable.
        """
        count_attempt(self._searches, principal.user_id, self._clock.monotonic(), "searches")
        query = _checked(search)
        conversation = await self._conversations.get(principal.user_id, conversation_id)
        numbered = await self._numbered(conversation.id, search)
        if numbered is None:
            return Page([], False)
        limit = min(limit, MAX_FOUND)
        found = await self._search.find(conversation.id, numbered, query, limit + 1)
        return Page(await self._views.of(found[:limit]), len(found) > limit)

    async def around(
        self, principal: Principal, conversation_id: str, place: int | datetime, limit: int
    ) -> Surroundings:
        """Return the messages around a number, or around the first at or after a moment, the newest first.

        One half is before the place and the other begins at it; at most `MAX_FOUND` together. A place behind the last
        message is the end. Raises RequestError (not_found).
        """
        conversation = await self._conversations.get(principal.user_id, conversation_id)
        if isinstance(place, datetime):
            seq = await self._messages.first_at(conversation.id, place)
        else:
            seq = place
        limit = min(limit, MAX_FOUND)
        half = limit // 2
        before = await self._messages.newest(conversation.id, half + 1, seq, 0)
        after = [] if seq is None else await self._messages.following(conversation.id, seq - 1, limit - half + 1)
        shown = after[: limit - half][::-1] + before[:half]
        has_before, has_after = len(before) > half, len(after) > limit - half
        return Surroundings(await self._views.of(shown), has_before, has_before, has_after)

    async def _numbered(self, conversation_id: str, search: Search) -> Search | None:
        """Return the search with numbers in place of its times; None when nothing is as late as it asks for."""
        after_seq, before_seq = search.after_seq, search.before_seq
        if search.since is not None:
            first = await self._messages.first_at(conversation_id, search.since)
            if first is None:
                return None
            after_seq = max(after_seq, first - 1)
        if search.until is not None:
            end = await self._messages.first_at(conversation_id, search.until)
            if end is not None:
                before_seq = end if before_seq is None else min(before_seq, end)
        return msgspec.structs.replace(search, after_seq=after_seq, before_seq=before_seq)


def _checked(search: Search) -> Query | None:
    if search.type is not None and search.type not in _FINDABLE_TYPES:
        allowed = ", ".join(_FINDABLE_TYPES)
        raise RequestError(ErrorCode.INVALID_INPUT, f"got type {search.type[:40]!r}, allowed are: {allowed}")
    if search.sender_id is not None and not is_id(search.sender_id):
        raise RequestError(ErrorCode.INVALID_INPUT, f"got from {search.sender_id[:40]!r}, allowed is the id of a user")
    if search.text is None:
        return None
    query = query_of(checked_text("q", search.text, 1, MAX_QUERY_CHARACTERS))
    if not query.terms:
        raise RequestError(ErrorCode.INVALID_INPUT, "q holds no letter, digit or CJK character to search for")
    return query
