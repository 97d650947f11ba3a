"""What connection state recovery keeps of events and of clients that are away, and how little."""

from __future__ import annotations

from typing import Any

from server.realtime.publication import Publication
from server.realtime.recovery import RECORD_BYTES, AwaySession, Recovery, RecoveryOptions
from tests.support.clock import FakeClock


def away(pid: str, *rooms: str, identity: object = None, expires_at: float = 1e9) -> AwaySession:
    return AwaySession(f"sid of {pid}", pid, identity, dict.fromkeys(rooms, 0), 0, {}, expires_at)


def make_recovery(**options: Any) -> tuple[Recovery, FakeClock]:
    clock = FakeClock()
    return Recovery(RecoveryOptions(**options), clock, silence_seconds=85.0), clock


def publish(recovery: Recovery, *rooms: str, text: str = "") -> str:
    publication = Publication("e", (text,))
    recovery.record(publication, rooms)
    assert publication.offset is not None
    return publication.offset


def kept(recovery: Recovery) -> tuple[int, int, int]:
    return len(recovery._records), recovery._size_bytes, len(recovery._rooms)


def test_old_events_and_their_rooms_are_forgotten() -> None:
    recovery, clock = make_recovery(seconds=120)
    for number in range(1000):
        publish(recovery, f"room {number}", "shared")
    clock.advance(206)
    publish(recovery, "new")
    assert kept(recovery)[0::2] == (1, 1)
    clock.advance(206)
    recovery.take("unknown", "1", None)
    assert kept(recovery) == (0, 0, 0)


def test_quiet_client_recovers_although_old_events_are_gone() -> None:
    recovery, clock = make_recovery(seconds=120)
    offset = publish(recovery, "room")
    clock.advance(500)
    missed = publish(recovery, "room")
    recovery.save(away("pid", "room", expires_at=1e9))
    recovered = recovery.take("pid", offset, None)
    assert recovered is not None
    assert [publication.offset for publication in recovered.missed] == [missed]


def test_busy_room_does_not_spoil_another() -> None:
    recovery, _ = make_recovery(events_per_room=10)
    offset = publish(recovery, "quiet")
    missed = publish(recovery, "quiet")
    for _ in range(100):
        publish(recovery, "busy")
    recovery.save(away("quiet", "quiet"))
    recovery.save(away("busy", "busy", "quiet"))
    recovered = recovery.take("quiet", offset, None)
    assert recovered is not None
    assert [publication.offset for publication in recovered.missed] == [missed]
    assert recovery.take("busy", offset, None) is None


def test_a_room_is_bounded_in_bytes() -> None:
    recovery, _ = make_recovery(bytes_per_room=10_000)
    for _ in range(100):
        publish(recovery, "room", text="x" * 1000)
    log = recovery._rooms["room"]
    assert log.size_bytes <= 10_000
    assert log.size_bytes == sum(record.size_bytes for record in log.records)
    assert recovery._size_bytes == log.size_bytes + RECORD_BYTES * len(log.records)


def test_all_rooms_together_are_bounded_in_bytes() -> None:
    recovery, _ = make_recovery(max_bytes=20_000 + 20 * RECORD_BYTES)
    offset = publish(recovery, "first")
    recovery.save(away("first", "first"))
    for number in range(200):
        publish(recovery, f"room {number}", text="x" * 1000)
    records, size, rooms = kept(recovery)
    assert size <= 20_000 + 20 * RECORD_BYTES and records < 25 and rooms < 25
    assert recovery.take("first", offset, None) is None


def test_clients_that_are_away_are_bounded() -> None:
    recovery, clock = make_recovery(max_sessions=3)
    for number in range(5):
        recovery.save(away(str(number), expires_at=clock.monotonic() + 10 + number))
    assert list(recovery._away) == ["2", "3", "4"]
    clock.advance(13.5)
    recovery.save(away("5"))
    assert list(recovery._away) == ["4", "5"]
    assert [recovery.is_away(f"sid of {number}") for number in range(6)] == [False] * 4 + [True] * 2
    recovery.take("5", "0", None)
    assert not recovery.is_away("sid of 5")


def test_small_events_are_bounded_too() -> None:
    recovery, _ = make_recovery(max_bytes=100 * RECORD_BYTES)
    for number in range(1000):
        publish(recovery, f"room {number}")
    records, _, rooms = kept(recovery)
    assert 50 < records < 100 and rooms == records


def test_busy_rooms_leave_nothing_behind_a_quiet_one() -> None:
    recovery, _ = make_recovery(events_per_room=10)
    offset = publish(recovery, "quiet")
    missed = publish(recovery, "quiet")
    for _ in range(10_000):
        publish(recovery, "busy")
    assert kept(recovery)[0] < 200
    recovery.save(away("quiet", "quiet"))
    recovered = recovery.take("quiet", offset, None)
    assert recovered is not None
    assert [publication.offset for publication in recovered.missed] == [missed]
