"""Which members a message mentions."""

from __future__ import annotations

from server.domain.mentions import Mentions, find_mentions
from server.services.conversations import ConversationService
from server.services.profiles import Profiles


class MentionFinder:
    """Asks for the members only when a text could mention one."""

    def __init__(self, conversations: ConversationService, profiles: Profiles) -> None:
        self._conversations = conversations
        self._profiles = profiles

    async def find(self, user_id: str, conversation_id: str, content: str) -> Mentions:
        """Return whom the text mentions of those who are members now; RequestError (not_found) to anyone else."""
        if "@" not in content:
            return Mentions()
        conversation = await self._conversations.get(user_id, conversation_id)
        members = await self._conversations.members(conversation)
        people = await self._profiles.of(member.user_id for member in members)
        may_mention_all = conversation.own.role in {"owner", "admin"}
        return find_mentions(content, people.values(), may_mention_all)
