"""Which members a message mentions."""

from __future__ import annotations

from server.domain.mentions import Mentions, find_mentions, possible_names
from server.services.conversations import ConversationService
from server.services.profiles import Profiles


class MentionFinder:
    """Asks for nobody but those whose names the text could mean: what it costs does not grow with a group."""

    def __init__(self, conversations: ConversationService, profiles: Profiles) -> None:
        self._conversations = conversations
        self._profiles = profiles

    async def find(self, user_id: str, conversation_id: str, content: str) -> Mentions:
        """Return whom the text mentions of those who are members now; RequestError (not_found) to anyone else."""
        names = possible_names(content)
        if not names:
            return Mentions()
        conversation = await self._conversations.get(user_id, conversation_id)
        members = await self._conversations.members_among(conversation, await self._profiles.named(names))
        may_mention_all = conversation.own.role in {"owner", "admin"}
        return find_mentions(content, members, may_mention_all)
