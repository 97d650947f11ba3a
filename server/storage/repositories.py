"""Every repository, over one database."""

from __future__ import annotations

from datetime import timedelta

from server.storage.alerts import AlertRepository
from server.storage.audit import AuditRepository
from server.storage.bars import BarRepository
from server.storage.conversations import ConversationRepository
from server.storage.documents import Database
from server.storage.feed_positions import FeedPositionRepository
from server.storage.files import FileRepository
from server.storage.friendships import FriendshipRepository
from server.storage.groups import GroupRepository
from server.storage.login_sessions import LoginSessionRepository
from server.storage.message_search import MessageSearch
from server.storage.messages import MessageRepository
from server.storage.notification_jobs import NotificationJobRepository
from server.storage.notification_preferences import NotificationPreferenceRepository
from server.storage.notifications import NotificationRepository
from server.storage.presences import PresenceRepository
from server.storage.service_keys import ServiceKeyRepository
from server.storage.signals import SignalRepository
from server.storage.tasks import TaskRepository
from server.storage.users import UserRepository
from server.storage.watchlists import WatchlistRepository


class Repositories:
    """One of each; services are given those that they need."""

    def __init__(self, database: Database, notification_retention: timedelta = timedelta(days=90)) -> None:
        self.users = UserRepository(database)
        self.login_sessions = LoginSessionRepository(database)
        self.friendships = FriendshipRepository(database)
        self.presences = PresenceRepository(database)
        self.conversations = ConversationRepository(database)
        self.files = FileRepository(database)
        self.groups = GroupRepository(database)
        self.messages = MessageRepository(database)
        self.message_search = MessageSearch(database)
        self.tasks = TaskRepository(database)
        self.notifications = NotificationRepository(database, notification_retention)
        self.notification_jobs = NotificationJobRepository(database)
        self.notification_preferences = NotificationPreferenceRepository(database)
        self.service_keys = ServiceKeyRepository(database)
        self.audit = AuditRepository(database)
        self.bars = BarRepository(database)
        self.signals = SignalRepository(database)
        self.feed_positions = FeedPositionRepository(database)
        self.watchlists = WatchlistRepository(database)
        self.alerts = AlertRepository(database)
