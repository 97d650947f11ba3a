"""What handlers may call: filled once, by the application."""

from __future__ import annotations

from dataclasses import dataclass, field

from server.realtime.origins import OriginPolicy
from server.services.accounts import AccountService
from server.services.conversations import ConversationService
from server.services.friends import FriendService
from server.services.groups import GroupService
from server.services.health import HealthService
from server.services.message_changes import MessageChangeService
from server.services.message_finder import MessageFinder
from server.services.messages import MessageService
from server.services.presence import PresenceService
from server.services.prices import PriceService
from server.texts import DEFAULT_LOCALE, Texts


@dataclass(frozen=True)
class Services:
    """Every service of the product, with the rules and texts that all doors share."""

    accounts: AccountService
    friends: FriendService
    presence: PresenceService
    conversations: ConversationService
    groups: GroupService
    messages: MessageService
    changes: MessageChangeService
    finder: MessageFinder
    prices: PriceService
    health: HealthService
    origins: OriginPolicy
    texts: Texts
    default_locale: str = DEFAULT_LOCALE
    unfinished: set[object] = field(default_factory=set)
    """The REST requests that have no answer yet."""
