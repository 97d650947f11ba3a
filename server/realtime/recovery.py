"""Connection state recovery: a client that was cut off comes back as who it was, and gets what it missed.

Every event that must arrive is numbered and kept for a while; its number, behind a mark, is appended to the event's
arguments as text, the offset, which the client sends back when it reconnects (Socket.IO's "Connection state recovery").
Clients take any text that is an event's last argument for an offset; by the mark ours is told from those.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict, deque
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, NamedTuple

from server.clock import Clock
from server.protocol.engineio_session import CloseReason
from server.realtime.publication import Publication
from server.realtime.wire_formats import SOCKETIO_TEXT


class RecoveryOptions(NamedTuple):
    """Times in seconds, sizes in bytes of the text encoding."""

    seconds: float = 120.0
    """How long after its disconnect a client may come back."""
    events_per_room: int = 1000
    bytes_per_room: int = 1_000_000
    max_bytes: int = 64_000_000
    """Of all rooms of a namespace together, `RECORD_BYTES` for each event in each room included."""
    max_sessions: int = 10_000
    """Of clients that are away; beyond it those that left first are forgotten."""


RECORD_BYTES = 2000
"""About what an event takes beside its text, when it is the only one of its room."""

RECOVERABLE = frozenset(
    {
        CloseReason.TRANSPORT_CLOSE,
        CloseReason.TRANSPORT_ERROR,
        CloseReason.PING_TIMEOUT,
        CloseReason.FORCED_CLOSE,
        CloseReason.SLOW_CONSUMER,
        CloseReason.SERVER_SHUTTING_DOWN,
    }
)
"""How a client may have gone that comes back as who it was: neither side meant it to leave."""

Room = str | None
"""The name of a room; None stands for everyone in the namespace."""


class AwaySession(NamedTuple):
    """What is kept of a client while it is away."""

    socket_id: str
    private_id: str
    identity: Hashable
    rooms: Mapping[str, int]
    """With the number of the last event before it entered each."""
    since: int
    """The number of the last event before it connected for the first time."""
    data: dict[str, Any]
    expires_at: float


class Recovered(NamedTuple):
    """A client that is back, and what it missed, in order."""

    session: AwaySession
    missed: list[Publication]


class _Record:
    """One event that may have to be sent again; it is kept while a room refers to it."""

    __slots__ = ("number", "publication", "references", "rooms", "size_bytes", "spared", "when")

    def __init__(
        self, number: int, when: float, publication: Publication, rooms: tuple[Room, ...], spared: frozenset[str]
    ) -> None:
        self.number = number
        self.when = when
        self.publication = publication
        self.rooms = rooms
        self.spared = spared
        self.size_bytes = len(publication.encoded(SOCKETIO_TEXT).frames)
        self.references = len(rooms)

    @property
    def total_bytes(self) -> int:
        """About what it takes in all."""
        return self.size_bytes + RECORD_BYTES * len(self.rooms)


class _RoomLog:
    """The events of one room, oldest first."""

    __slots__ = ("lost", "records", "size_bytes")

    def __init__(self) -> None:
        self.records: deque[_Record] = deque()
        self.size_bytes = 0
        self.lost = 0
        """The number of the last event that was given up because this room held too much."""


class Recovery:
    """The events of one namespace that may be asked for again, and the clients that may ask."""

    def __init__(
        self, options: RecoveryOptions, clock: Clock, silence_seconds: float, max_missed_bytes: int = 2_000_000
    ) -> None:
        """``silence_seconds``: after how long a client that is not heard from is closed at the latest.

        ``max_missed_bytes``: how much a client may be sent at once and not be closed as too slow.
        """
        self._options = options
        self._clock = clock
        self._max_missed_bytes = max_missed_bytes
        self._mark = secrets.token_urlsafe(3)
        # An event that old had certainly arrived when the client was last heard from.
        self._keep_seconds = options.seconds + silence_seconds
        self.number = 0
        """Of the last event."""
        self._records: deque[_Record] = deque()
        self._live = 0
        """How many of them are still in a room."""
        self._size_bytes = 0
        self._lost = 0
        """The number of the last event that was given up because all rooms together held too much."""
        self._rooms: dict[Room, _RoomLog] = {}
        self._away: OrderedDict[str, AwaySession] = OrderedDict()
        self._away_ids: set[str] = set()
        """The socket ids of those who are away: still theirs, and nobody else's to join as a room."""
        """The socket ids of those who are away: still theirs, and nobody else's to join as a room."""

    def new_private_id(self) -> str:
        """Return the id by which a client will prove who it was."""
        return secrets.token_urlsafe(15)

    # Events.

    def record(self, publication: Publication, rooms: Iterable[str], spared: Iterable[str] = ()) -> None:
        """Number an event to any of ``rooms``, or to everyone when there are none, and keep it."""
        self.number += 1
        publication.offset = f"{self._mark}.{self.number}"
        targets: tuple[Room, ...] = tuple(dict.fromkeys(rooms)) or (None,)
        record = _Record(self.number, self._clock.monotonic(), publication, targets, frozenset(spared))
        self._records.append(record)
        self._live += 1
        self._size_bytes += record.total_bytes
        for room in targets:
            self._append(room, record)
        self._forget_old()

    def _append(self, room: Room, record: _Record) -> None:
        log = self._rooms.get(room)
        if log is None:
            log = self._rooms[room] = _RoomLog()
        log.records.append(record)
        log.size_bytes += record.size_bytes
        options = self._options
        while len(log.records) > 1 and (
            len(log.records) > options.events_per_room or log.size_bytes > options.bytes_per_room
        ):
            log.lost = log.records[0].number
            self._drop_oldest(log)

    def _drop_oldest(self, log: _RoomLog) -> None:
        record = log.records.popleft()
        log.size_bytes -= record.size_bytes
        record.references -= 1
        if not record.references:
            self._live -= 1
            self._size_bytes -= record.total_bytes

    def _forget_old(self) -> None:
        """Forget what is too old to be missed by anyone, and more when all rooms together hold too much."""
        oldest = self._clock.monotonic() - self._keep_seconds
        if len(self._records) > 2 * self._live + 100:  # behind an old event of a quiet room, many of busy ones
            self._records = deque(record for record in self._records if record.references)
        records = self._records
        while records:
            record = records[0]
            if record.references and record.when >= oldest:
                if self._size_bytes <= self._options.max_bytes:
                    return
                self._lost = record.number
            records.popleft()
            for room in record.rooms:
                log = self._rooms.get(room)
                if log is not None and log.records[0] is record:
                    self._drop_oldest(log)
                    if not log.records:
                        del self._rooms[room]

    # Clients.

    def save(self, session: AwaySession) -> None:
        """Keep what a client was, for when it comes back."""
        self._forget_expired()
        self._away[session.private_id] = session
        self._away_ids.add(session.socket_id)
        if len(self._away) > self._options.max_sessions:
            self._forget(next(iter(self._away)))

    def is_away(self, socket_id: str) -> bool:
        """Tell whether this is the id of a client that may come back."""
        return socket_id in self._away_ids

    def evict(self, everyone_in: str, room: str) -> None:
        """Let clients that are away, and were in both rooms, not be in ``room`` when they are back."""
        for private_id, session in self._away.items():
            if everyone_in in session.rooms and room in session.rooms:
                rooms = {name: number for name, number in session.rooms.items() if name != room}
                self._away[private_id] = session._replace(rooms=rooms)

    def _forget(self, private_id: str) -> AwaySession | None:
        session = self._away.pop(private_id, None)
        if session is not None:
            self._away_ids.discard(session.socket_id)
        return session

    def expires_at(self) -> float:
        """Return until when a client that leaves now may come back."""
        return self._clock.monotonic() + self._options.seconds

    def _forget_expired(self) -> None:
        now = self._clock.monotonic()
        while self._away and next(iter(self._away.values())).expires_at < now:
            self._forget(next(iter(self._away)))

    def take(self, private_id: object, offset: object, identity: Hashable) -> Recovered | None:
        """Return the client that was away under ``private_id``, which is used up by that; None when it is a new one.

        None too when it is another user's, and when something it missed is no longer here or all of it is too much:
        better a client that knows it has to ask than one with a hole it does not know of.
        """
        if not isinstance(private_id, str) or not isinstance(offset, str):
            return None
        self._forget_expired()
        self._forget_old()
        session = self._forget(private_id)
        number = self._read_offset(offset)
        if session is None or session.identity != identity or number is None:
            return None
        missed = self._find_missed(session, number)
        return None if missed is None else Recovered(session, missed)

    def _read_offset(self, offset: str) -> int | None:
        mark, _, digits = offset.partition(".")
        if mark != self._mark or not digits.isascii() or not digits.isdigit() or len(digits) > 18:
            return None
        return int(digits) if int(digits) <= self.number else None

    def _find_missed(self, session: AwaySession, offset: int) -> list[Publication] | None:
        if self._lost > offset:
            return None
        names = session.rooms.keys() | {session.socket_id}
        found: dict[int, _Record] = {}
        for room in (None, *names):
            log = self._rooms.get(room)
            if log is None:
                continue
            # Not what came before it was there, whichever offset it names.
            after = max(offset, session.since if room is None else session.rooms.get(room, session.since))
            if log.lost > after:
                return None
            for record in reversed(log.records):
                if record.number <= after:
                    break
                if not names & record.spared:
                    found[record.number] = record
        if sum(record.size_bytes for record in found.values()) > self._max_missed_bytes:
            return None
        return [found[number].publication for number in sorted(found)]
