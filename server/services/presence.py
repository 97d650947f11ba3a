"""Who is here: over all devices of a user, told to friends in batches."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Collection, Hashable, Iterable
from datetime import datetime

from tornado.ioloop import PeriodicCallback

from server.clock import Clock
from server.domain.payloads import to_payload
from server.domain.presence import Presence, PresenceState
from server.domain.rooms import user_room
from server.realtime.hub import WidePublisher
from server.storage.friendships import FriendshipRepository
from server.storage.presences import PresenceRepository

GRACE_SECONDS = 5.0
BATCH_SECONDS = 0.5
RETRY_SECONDS = 1.0
TOLD_PER_TURN = 100

_CHECK_MS = 100

logger = logging.getLogger(__name__)

ONLINE, IDLE, OFFLINE = PresenceState.ONLINE, PresenceState.IDLE, PresenceState.OFFLINE


class _User:
    """One user who has devices here, or had some a moment ago."""

    __slots__ = ("active_until", "devices", "here_until", "seen_at", "told")

    def __init__(self, seen_at: datetime) -> None:
        self.devices: dict[Hashable, PresenceState] = {}
        self.told = OFFLINE
        """What friends believe."""
        self.seen_at = seen_at
        self.active_until = self.here_until = 0.0
        """How long the devices that are gone still count: one that is loaded anew is back by then."""

    def state(self, now: float) -> PresenceState:
        if now < self.active_until or ONLINE in self.devices.values():
            return ONLINE
        return IDLE if self.devices or now < self.here_until else OFFLINE


class PresenceService:
    """Knows the devices of this process. Nothing here waits but the database, which is asked once for a batch.

    A change is told when it has lasted to the end of its batch: to friends alone, once for each user, and for a client
    that is behind only the newest. What several processes would have to tell each other: each the state and
    ``seen_at`` of its users whenever `_User.state` changes, all of them when a process starts, and a sign of life, as
    the users of one that died are gone. A user's state is then the highest of any process, and the one whose change
    made it another publishes it; `of` asks what the others told before it asks the database.
    """

    def __init__(
        self,
        presences: PresenceRepository,
        friendships: FriendshipRepository,
        publisher: WidePublisher,
        clock: Clock,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._presences = presences
        self._friendships = friendships
        self._publisher = publisher
        self._clock = clock
        self._grace_seconds = grace_seconds
        self._users: dict[str, _User] = {}
        self._gone: deque[tuple[float, str]] = deque()
        """When to look again at users of whom a device went, in order."""
        self._changed: dict[str, None] = {}
        self._unwritten: dict[str, datetime] = {}
        """When users were seen. Bounded: nobody new gets in while the database is away."""
        self._tell_at = 0.0
        self._telling: asyncio.Task[None] | None = None
        self._timer = PeriodicCallback(self.run_due, _CHECK_MS)

    # What devices do.

    def arrive(self, user_id: str, device: Hashable) -> None:
        """Note a device that is here now, in use."""
        now = self._clock.now()
        user = self._users.get(user_id)
        if user is None:
            user = self._users[user_id] = _User(now)
            self._unwritten[user_id] = now  # all that is known after a crash
        user.devices[device] = ONLINE
        user.seen_at = now
        self._change(user_id)

    def set_state(self, user_id: str, device: Hashable, state: PresenceState) -> None:
        """Note that a device is in use or rests; nothing for one that is gone."""
        user = self._users.get(user_id)
        if user is not None and device in user.devices and user.devices[device] is not state:
            user.devices[device] = state
            user.seen_at = self._clock.now()
            self._change(user_id)

    def depart(self, user_id: str, device: Hashable) -> None:
        """Note that a device is gone; it counts for the time of grace."""
        user = self._users.get(user_id)
        state = user.devices.pop(device, None) if user else None
        if user is None or state is None:
            return  # it was never here
        until = self._clock.monotonic() + self._grace_seconds
        user.here_until = until
        if state is ONLINE:
            user.active_until = until
        if state is ONLINE or not user.devices:
            user.seen_at = self._clock.now()
        self._gone.append((until, user_id))

    def _change(self, user_id: str) -> None:
        if not self._changed:
            self._tell_at = self._clock.monotonic() + BATCH_SECONDS
        self._changed[user_id] = None

    # What others see.

    async def of(self, user_ids: Collection[str]) -> dict[str, Presence]:
        """Return the presence of each; RequestError (unavailable)."""
        elsewhere = [user_id for user_id in user_ids if self._state(user_id) is OFFLINE]
        stored = await self._presences.last_seen(elsewhere) if elsewhere else {}
        return {user_id: self._presence(user_id, stored.get(user_id)) for user_id in user_ids}

    def is_connected(self, user_id: str) -> bool:
        """Tell whether any device of a user is here at this very moment."""
        user = self._users.get(user_id)
        return user is not None and bool(user.devices)

    async def introduce(self, one_id: str, other_id: str) -> None:
        """Tell two who have become friends of each other's presence."""
        presences = await self.of([one_id, other_id])
        for user_id, hearer_id in ((one_id, other_id), (other_id, one_id)):
            self._tell("user_presence", user_id, presences[user_id], [hearer_id])

    def _state(self, user_id: str) -> PresenceState:
        user = self._users.get(user_id)
        return user.state(self._clock.monotonic()) if user else OFFLINE

    def _presence(self, user_id: str, stored: datetime | None = None) -> Presence:
        user, state = self._users.get(user_id), self._state(user_id)
        if state is ONLINE:
            return Presence(state, self._clock.now())
        return Presence(state, user.seen_at if user else stored)

    # Telling.

    def start(self) -> None:
        """Begin to tell."""
        self._timer.start()

    async def stop(self) -> None:
        """Tell nothing more, and store when those who are here were last seen."""
        self._timer.stop()
        await self.settle()
        now = self._clock.now()
        self._unwritten |= {user_id: now if user.devices else user.seen_at for user_id, user in self._users.items()}
        try:
            await self._write()
        except Exception as error:  # whatever it was, the rest must still be stopped
            logger.warning("when %d users were last seen was not stored: %r", len(self._unwritten), error)

    async def settle(self) -> None:
        """Wait until what is being told has been told."""
        if self._telling is not None:
            await asyncio.wait([self._telling])

    def run_due(self) -> None:
        """Look at whose time of grace is over, and tell what has changed, when it is time."""
        now = self._clock.monotonic()
        while self._gone and self._gone[0][0] <= now:
            self._change(self._gone.popleft()[1])
        if self._changed and now >= self._tell_at and (self._telling is None or self._telling.done()):
            self._telling = asyncio.get_running_loop().create_task(self._tell_changes())

    async def _tell_changes(self) -> None:
        changed, self._changed = self._changed, {}
        try:
            moved = [user_id for user_id in changed if self._has_moved(user_id)]
            hearers = await self._hearers(moved) if moved else {}
            for number, user_id in enumerate(moved, 1):
                self._tell_change(user_id, hearers.get(user_id, ()))
                if number % TOLD_PER_TURN == 0:
                    await asyncio.sleep(0)
            await self._write()
        except Exception as error:  # whatever it was, later changes must still be told
            logger.warning("the presence of %d users is told later: %r", len(changed), error)
            self._changed = {**changed, **self._changed}
            self._tell_at = self._clock.monotonic() + RETRY_SECONDS
            return
        for user_id in changed:
            self._forget_if_gone(user_id)

    def _has_moved(self, user_id: str) -> bool:
        user = self._users.get(user_id)
        return user is not None and user.state(self._clock.monotonic()) is not user.told

    async def _hearers(self, user_ids: list[str]) -> dict[str, list[str]]:
        """Return which friends of each are connected here."""
        wanted, hearers = set(user_ids), dict[str, list[str]]()
        async for first, second in self._friendships.friend_pairs(user_ids):
            for user_id, friend_id in ((first, second), (second, first)):
                if user_id in wanted and self._publisher.has_members(user_room(friend_id)):
                    hearers.setdefault(user_id, []).append(friend_id)
        return hearers

    def _tell_change(self, user_id: str, hearers: Iterable[str]) -> None:
        if not self._has_moved(user_id):
            return  # it is as before again
        user, presence = self._users[user_id], self._presence(user_id)
        event = "user_presence"
        if user.told is OFFLINE:
            event = "user_online"
        elif presence.state is OFFLINE:
            event = "user_offline"
            self._unwritten[user_id] = user.seen_at
        user.told = presence.state
        self._tell(event, user_id, presence, hearers)

    def _tell(self, event: str, user_id: str, presence: Presence, hearers: Iterable[str]) -> None:
        payload = {"user_id": user_id, **to_payload(presence)}
        rooms = [user_room(hearer_id) for hearer_id in hearers]
        self._publisher.publish_to(rooms, event, payload, supersedes=("presence", user_id))

    async def _write(self) -> None:
        written, self._unwritten = self._unwritten, {}
        if not written:
            return
        try:
            await self._presences.touch(written)
        except BaseException:
            self._unwritten = {**written, **self._unwritten}
            raise

    def _forget_if_gone(self, user_id: str) -> None:
        if self._state(user_id) is OFFLINE and not self._has_moved(user_id):
            self._users.pop(user_id, None)
