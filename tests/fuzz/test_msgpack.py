"""Mutated msgpack packets: refused, or read as something that can be written and read again; never dear."""

from __future__ import annotations

import random
import tracemalloc
from datetime import UTC, datetime

import pytest

from server.errors import PeerError
from server.protocol.socketio import Packet, PacketType
from server.protocol.socketio_msgpack import decode_packet, encode_packet
from tests.support.mutation import mutate

AT = datetime(2026, 1, 5, 0, 0, 0, 123_000, UTC)
PARTS = [
    b"\xd4\0\0",  # undefined
    b"\xd7\0" + bytes(8),  # a date
    b"\xc7\x01\0\0",  # typed arrays
    b"\xc7\x08\0" + bytes(8),
    b"\xc8\x00\x08\0" + bytes(8),
    b"\xd6\xff\0\0\0\x01",
    b"\xdd\0\x0f\xff\xff",
    b"\xdf\0\x0f\xff\xff",
    b"\x81\xa1a",
    b"\x91",
    b"\x90",
    b"\x80",
    b"\xc0",
    b"\xa3\xed\xa0\x80",
    b"\xc1",
]
VALID = [
    encode_packet(packet)
    for packet in (
        Packet(PacketType.CONNECT, "/", {"token": "x"}),
        Packet(PacketType.CONNECT, "/admin"),
        Packet(PacketType.DISCONNECT),
        Packet(PacketType.EVENT, "/", ["message", 1, {"a": [None, True, 0.5, "\ud800é😀"]}], 7),
        Packet(PacketType.EVENT, "/custom", ["dates", AT, [AT, {"at": AT}], bytes(8), b"\0"]),
        Packet(PacketType.EVENT, "/", ["numbers", -1, -200, 2**16, -(2**31), 2**63, list(range(100))]),
        Packet(PacketType.ACK, "/", [b"x" * 300], 2**53),
        Packet(PacketType.CONNECT_ERROR, "/", {"message": "no"}),
    )
]
VALID += [
    b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x94\xa1e" + first + second + third
    for first in PARTS[:6]
    for second in PARTS[:6]
    for third in PARTS[:6]
]


@pytest.mark.parametrize("seed", range(3))
def test_mutated_packets(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(5000):
        data = mutate(chance, mutate(chance, chance.choice(VALID), VALID), PARTS)
        try:
            packet = decode_packet(data)
        except PeerError:
            continue
        again = encode_packet(packet)
        assert encode_packet(decode_packet(again)) == again  # as bytes: NaN is not equal to itself


@pytest.mark.parametrize("seed", range(3))
def test_packets_that_repeat_themselves_take_memory_in_proportion(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(20):
        unit = b"".join(chance.choices(PARTS, k=chance.randrange(1, 4)))
        count = 100_000 // len(unit)
        start = b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\xdd" + (count + 1).to_bytes(4, "big") + b"\xa1e"
        tracemalloc.start()
        try:
            decode_packet(start + unit * count)
        except PeerError:
            pass
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < 100 * 100_000, unit
