"""Packets as msgpack: what is written is read again, what is not allowed is refused, no bytes crash or cost much."""

from __future__ import annotations

import contextlib
import math
import struct
import tracemalloc
from collections import OrderedDict
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import PeerError
from server.protocol.json_codec import MAX_DEPTH
from server.protocol.socketio import MAX_ACK_ID, MAX_NAMESPACE_BYTES, RESERVED_EVENTS, Packet, PacketType
from server.protocol.socketio_msgpack import (
    MAX_CONTAINERS,
    MAX_VALUES_ONE_BY_ONE,
    decode_packet,
    encode_packet,
)

EVENT, ACK = PacketType.EVENT, PacketType.ACK
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNDEFINED = b"\xd4\x00\x00"
ZERO = b"\xc7\x01\x00\x00"  # new Uint8Array(1)
DATE = b"\xd7\x00" + bytes(8)
EIGHT = b"\xc7\x08\x00" + bytes(8)


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**64 - 1),
        st.floats(allow_nan=False),
        st.text(st.characters()),  # lone surrogates too
        st.binary(max_size=20),
        st.integers(-(10**13), 10**14).map(lambda number: EPOCH + timedelta(milliseconds=number)),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(st.characters()), inner, max_size=4)),
    max_leaves=12,
)
NAMESPACES = st.text(st.characters(blacklist_characters=",", blacklist_categories=["Cs"]), max_size=20).map(
    "/{}".format
)
NAMES = st.text(max_size=20).filter(lambda name: name not in RESERVED_EVENTS)
ACK_IDS = st.integers(0, MAX_ACK_ID)
PACKETS = st.one_of(
    st.builds(
        lambda namespace, name, args, ack_id: Packet(EVENT, namespace, [name, *args], ack_id),
        NAMESPACES,
        NAMES,
        st.lists(VALUES, max_size=4),
        st.one_of(st.none(), ACK_IDS),
    ),
    st.builds(lambda args, ack_id: Packet(ACK, "/", args, ack_id), st.lists(VALUES, max_size=4), ACK_IDS),
    st.builds(
        lambda namespace, auth: Packet(PacketType.CONNECT, namespace, auth),
        NAMESPACES,
        st.one_of(st.none(), st.dictionaries(st.text(), VALUES, max_size=3)),
    ),
    st.builds(lambda namespace: Packet(PacketType.DISCONNECT, namespace), NAMESPACES),
)


@given(PACKETS)
def test_packet_is_read_as_it_was_written(packet: Packet) -> None:
    assert decode_packet(encode_packet(packet)) == packet


def notepack(value: Any) -> bytes:
    """Write a value as notepack does: None as undefined, bytes as a typed array."""
    match value:
        case None:
            return UNDEFINED
        case bytes():
            return b"\xc7" + bytes((len(value), 0)) + value
        case datetime():
            return b"\xd7\0" + struct.pack(">q", (value - EPOCH) // timedelta(milliseconds=1))
        case list():
            return b"\xdd" + len(value).to_bytes(4, "big") + b"".join(map(notepack, value))
        case dict():
            parts = [notepack(key) + notepack(item) for key, item in value.items()]
            return b"\xde" + len(parts).to_bytes(2, "big") + b"".join(parts)
        case _:
            return bytes(msgpack.Packer(unicode_errors="surrogatepass").pack(value))


@given(st.lists(st.one_of(VALUES, st.sampled_from([None, EPOCH, b"\0", bytes(8), b"\0" * 2])), max_size=8))
def test_typed_arrays_dates_and_undefined_side_by_side(args: list[Any]) -> None:
    packet = notepack({"type": 2, "nsp": "/", "data": ["a", *args]})
    assert decode_packet(packet) == Packet(EVENT, "/", ["a", *args])


def event(body: bytes, length: int = 2) -> bytes:
    """Write an event with a name and ``length - 1`` values more, whose bytes are given."""
    return b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\xdd" + length.to_bytes(4, "big") + b"\xa1e" + body


@pytest.mark.parametrize("neighbours", [[], [UNDEFINED], [ZERO], [DATE], [EIGHT], [UNDEFINED, EIGHT], [DATE, ZERO]])
@pytest.mark.parametrize(
    ("written", "value"),
    [
        (UNDEFINED, None),
        (ZERO, b"\0"),
        (b"\xc8\x00\x01\x00\x00", b"\0"),
        (b"\xc9\x00\x00\x00\x01\x00\x00", b"\0"),
        (b"\xd4\x00\x05", b"\x05"),  # nothing writes it
        (b"\xd5\x00\x01\x02", b"\x01\x02"),
        (DATE, EPOCH),
        (EIGHT, bytes(8)),
        (b"\xc8\x00\x08\x00" + bytes(8), bytes(8)),
        (b"\xc9\x00\x00\x00\x08\x00" + bytes(8), bytes(8)),
        (b"\xc7\x00\x00", b""),
        (b"\xc8\x01\x2c\x00" + bytes(300), bytes(300)),
        (b"\xd6\xff\x00\x00\x00\x01", EPOCH + timedelta(seconds=1)),
        (b"\xd7\xff" + bytes(7) + b"\x01", EPOCH + timedelta(seconds=1)),
        (b"\xdc\x00\x01" + UNDEFINED, [None]),
        (b"\xdd\x00\x00\x00\x01" + ZERO, [b"\0"]),
        (b"\xde\x00\x01\xa1a" + DATE, {"a": EPOCH}),
        (b"\xdf\x00\x00\x00\x01\xa1a" + EIGHT, {"a": bytes(8)}),
        (b"\xca\x3f\x00\x00\x00", 0.5),
        (b"\xa3\xed\xa0\x80", "\ud800"),
        (b"\xc4\x07" + ZERO + UNDEFINED, ZERO + UNDEFINED),
    ],
)
def test_value_whatever_stands_beside_it(written: bytes, value: object, neighbours: list[bytes]) -> None:
    assert decode_packet(event(written + b"".join(neighbours), 2 + len(neighbours))).data[1] == value


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"nsp": "/"}, "type is an integer from 0 to 4; got NoneType"),
        ({"type": 5, "nsp": "/", "data": ["a"]}, "from 0 to 4; got 5"),
        ({"type": -1, "nsp": "/"}, "from 0 to 4; got -1"),
        ({"type": 2.0, "nsp": "/", "data": ["a"]}, "got float"),
        ({"type": True, "nsp": "/", "data": ["a"]}, "got bool"),
        ({"type": "2", "nsp": "/", "data": ["a"]}, "got str"),
        ({"type": 0}, "nsp is a text; got NoneType"),
        ({"type": 0, "nsp": b"/"}, "nsp is a text; got bytes"),
        ({"type": 0, "nsp": ""}, "begins with '/'"),
        ({"type": 0, "nsp": "chat"}, "begins with '/'"),
        ({"type": 0, "nsp": "/a,b"}, "no comma"),
        ({"type": 0, "nsp": "/\ud800"}, "UTF-8"),
        ({"type": 0, "nsp": "/" + "é" * (MAX_NAMESPACE_BYTES // 2)}, "at most 1000 bytes; got 1001"),
        ({"type": 0, "nsp": "/", "data": []}, "CONNECT is an object, or absent"),
        ({"type": 0, "nsp": "/", "data": "x"}, "CONNECT is an object, or absent"),
        ({"type": 0, "nsp": "/", "id": 1}, "CONNECT has no ack id"),
        ({"type": 1, "nsp": "/", "id": 1}, "DISCONNECT has no ack id"),
        ({"type": 1, "nsp": "/", "data": {}}, "DISCONNECT has no payload"),
        ({"type": 1, "nsp": "/", "data": False}, "DISCONNECT has no payload"),
        ({"type": 2, "nsp": "/"}, "event is an array"),
        ({"type": 2, "nsp": "/", "data": {}}, "event is an array"),
        ({"type": 2, "nsp": "/", "data": []}, "event is an array"),
        ({"type": 2, "nsp": "/", "data": [None]}, "name is a text or a number"),
        ({"type": 2, "nsp": "/", "data": [True]}, "name is a text or a number"),
        ({"type": 2, "nsp": "/", "data": [b"a"]}, "name is a text or a number"),
        ({"type": 2, "nsp": "/", "data": [["a"]]}, "name is a text or a number"),
        *[({"type": 2, "nsp": "/", "data": [name]}, "is reserved") for name in sorted(RESERVED_EVENTS)],
        ({"type": 2, "nsp": "/", "data": ["a"], "id": -1}, "an ack id is from 0 to"),
        ({"type": 2, "nsp": "/", "data": ["a"], "id": MAX_ACK_ID + 1}, "an ack id is from 0 to"),
        ({"type": 2, "nsp": "/", "data": ["a"], "id": True}, "ack id is an integer; got bool"),
        ({"type": 2, "nsp": "/", "data": ["a"], "id": 1.0}, "ack id is an integer; got float"),
        ({"type": 2, "nsp": "/", "data": ["a"], "id": "1"}, "ack id is an integer; got str"),
        ({"type": 3, "nsp": "/", "data": []}, "an ack without an id"),
        ({"type": 3, "nsp": "/", "id": 1}, "payload of an ack is an array"),
        ({"type": 3, "nsp": "/", "id": 1, "data": {}}, "payload of an ack is an array"),
        ({"type": 4, "nsp": "/"}, "CONNECT_ERROR is an object or a text"),
        ([2, "/", ["a"]], "is a map; got list"),
        (None, "is a map; got NoneType"),
        ({"type": 2, "nsp": "/", "data": ["a", {1: 2}]}, "int is not allowed for map key"),
        ({"type": 2, "nsp": "/", "data": ["a", {b"a": 2}]}, "keys of a map are texts; got bytes"),
        ({b"type": 2, "nsp": "/"}, "keys of a map are texts; got bytes"),
        ({"type": 2, "nsp": "/", "data": ["a", {msgpack.ExtType(0, b"xyz"): 2}]}, "keys of a map are texts; got bytes"),
        ({"type": 2, "nsp": "/", "data": ["a", msgpack.ExtType(7, b"x")]}, "extension type 7 is not known"),
        ({"type": 2, "nsp": "/", "data": ["a", msgpack.ExtType(0, b"\x7f" * 8)]}, "years 1 to 9999"),
    ],
)
def test_what_is_refused(fields: object, reason: str) -> None:
    data = msgpack.packb(fields, unicode_errors="surrogatepass")
    with pytest.raises(PeerError, match=reason.replace("(", r"\(")):
        decode_packet(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\x83\xa4type\x02",
        event(b"\xc0") + b"\xc0",
        event(b"\xa1\xff"),
        event(b"\xdd\xff\xff\xff\xff"),
        event(b"\xdf\xff\xff\xff\xff"),
        event(b"\xc6\xff\xff\xff\xff"),
        event(b"\xdb\xff\xff\xff\xff"),
        event(b"\xc9\xff\xff\xff\xff\x00"),
        event(b"\xd6\xff\x00\x00"),
        event(b"\xc7\x08\xff" + b"\xff" * 8),  # a timestamp with a fraction of 4 s
        event(b"\xc7\x0c\xff" + b"\0" * 4 + b"\x7f" * 8),  # a timestamp beyond all years
        event(b"\x81" + UNDEFINED + b"\x01"),
        event(b"\x81\x81\xc0\xc0\x01"),
        event(UNDEFINED + ZERO, 3) + b"\xc0",
        event(UNDEFINED + ZERO, 4),
        event(UNDEFINED + ZERO + b"\xdd\x00\x00\xff", 4),
        event(UNDEFINED + ZERO + b"\x81\xc4\x01a\x01", 4),
        event(UNDEFINED + ZERO + b"\x81\x90\x01", 4),
        event(UNDEFINED + ZERO + b"\xd4\x07\x01", 4),
        event(DATE[:2] + b"\x7f" * 8 + EIGHT, 3),
    ],
)
def test_broken_bytes(data: bytes) -> None:
    with pytest.raises(PeerError):
        decode_packet(data)


@pytest.mark.parametrize("neighbours", [b"", UNDEFINED + ZERO])
@pytest.mark.parametrize(("opening", "closing"), [(b"\x91", b"\xc0"), (b"\x81\xa1a", b"\xc0")])
def test_depth(opening: bytes, closing: bytes, neighbours: bytes) -> None:
    def nested(depth: int) -> bytes:
        """Nest ``depth`` levels: the payload is one itself."""
        return event(neighbours + opening * (depth - 1) + closing, 4 if neighbours else 2)

    packet = decode_packet(nested(MAX_DEPTH))
    assert decode_packet(encode_packet(packet)) == packet
    for depth in (MAX_DEPTH + 1, 600, 5000):
        with pytest.raises(PeerError):
            decode_packet(nested(depth))


@pytest.mark.parametrize("neighbours", [b"", UNDEFINED + ZERO])
@pytest.mark.parametrize("padding", [300, 900_000])
def test_no_memory_is_taken_for_what_is_only_announced(padding: int, neighbours: bytes) -> None:
    announced = b"\xdd" + padding.to_bytes(4, "big")
    data = event(neighbours + announced * 500 + b"\xc6" + padding.to_bytes(4, "big") + bytes(padding), 4)
    tracemalloc.start()
    try:
        with pytest.raises(PeerError):
            decode_packet(data)
        assert tracemalloc.get_traced_memory()[1] < 100_000 + 2 * len(data)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("empty", [b"\x80", b"\x90"])
def test_number_of_containers(empty: bytes) -> None:
    most = MAX_CONTAINERS - 2  # the packet and its payload
    assert len(decode_packet(event(empty * most, most + 1)).data) == most + 1
    with pytest.raises(PeerError, match="at most 100000 arrays and maps"):
        decode_packet(event(empty * (most + 1), most + 2))
    text = "的的".encode() * 100_000  # full of bytes that would be prefixes
    assert decode_packet(event(b"\xdb" + len(text).to_bytes(4, "big") + text)).data[1] == text.decode()


def test_number_of_values_read_one_by_one() -> None:
    most = MAX_VALUES_ONE_BY_ONE - 8  # the packet's own seven
    body = UNDEFINED + ZERO + b"\xc0" * (most - 2)
    assert decode_packet(event(body, most + 1)).data[1:4] == [None, b"\0", None]
    with pytest.raises(PeerError, match="packets of 100000 values"):
        decode_packet(event(body + b"\xc0" * 8, most + 9))
    dates = DATE * (MAX_VALUES_ONE_BY_ONE + 1)  # alone they are read at once
    assert decode_packet(event(dates, MAX_VALUES_ONE_BY_ONE + 2)).data[-1] == EPOCH


def test_last_of_two_equal_keys_counts() -> None:
    assert decode_packet(b"\x84\xa4type\x02\xa4type\x01\xa3nsp\xa1x\xa3nsp\xa1/") == Packet(PacketType.DISCONNECT)


@pytest.mark.parametrize("field", ["data", "id"])
@pytest.mark.parametrize("nothing", [b"\xc0", UNDEFINED])
def test_nil_and_undefined_are_as_good_as_absent(field: str, nothing: bytes) -> None:
    packet = b"\x83\xa4type\x01\xa3nsp\xa1/" + msgpack.packb(field) + nothing
    assert decode_packet(packet) == Packet(PacketType.DISCONNECT)


def test_longest_namespace_and_largest_ack_id() -> None:
    packet = Packet(EVENT, "/" + "x" * (MAX_NAMESPACE_BYTES - 1), ["a"], MAX_ACK_ID)
    assert decode_packet(encode_packet(packet)) == packet


@given(st.binary(max_size=100))
def test_no_bytes_raise_anything_but_peer_error(data: bytes) -> None:
    for body in (data, event(data), event(UNDEFINED + ZERO + data, 4)):
        with contextlib.suppress(PeerError):
            decode_packet(body)


class Shape(msgspec.Struct):
    name: str
    data: bytes
    at: datetime


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (bytearray(b"a"), b"a"),
        (memoryview(b"a"), b"a"),
        ((1, (2,)), [1, [2]]),
        ({1}, [1]),
        (OrderedDict(a=1), {"a": 1}),
        (PacketType.ACK, 3),
        (2**70, float(2**70)),
        (-(2**64), -float(2**64)),
        (10**400, math.inf),
        (-(10**400), -math.inf),
        (Shape("s", b"\0" * 8, EPOCH), {"name": "s", "data": bytes(8), "at": EPOCH}),
        ({"s": [Shape("\ud800", b"", EPOCH)]}, {"s": [{"name": "\ud800", "data": b"", "at": EPOCH}]}),
        (datetime(2026, 1, 5, 8, tzinfo=timezone(timedelta(hours=8))), datetime(2026, 1, 5, tzinfo=UTC)),
        (datetime(2026, 1, 5), datetime(2026, 1, 5, tzinfo=UTC)),  # noqa: DTZ001
        (datetime(2026, 1, 5, 0, 0, 0, 999, UTC), datetime(2026, 1, 5, tzinfo=UTC)),
        (datetime(1, 1, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)),
        (EPOCH.date(), "1970-01-01"),
    ],
)
def test_values_beyond_the_plain_ones(value: object, read: object) -> None:
    assert decode_packet(encode_packet(Packet(EVENT, "/", ["e", value]))).data[1] == read


def test_nan() -> None:
    assert math.isnan(decode_packet(encode_packet(Packet(EVENT, "/", ["e", math.nan]))).data[1])


def test_keys_that_are_not_text_are_written_as_they_are() -> None:
    assert encode_packet(Packet(EVENT, "/", ["e", {1: True}])).endswith(b"\x81\x01\xc3\xa3nsp\xa1/")


@pytest.mark.parametrize("value", [object(), 1j, lambda: None, [object()]])
def test_what_cannot_be_written(value: object) -> None:
    with pytest.raises(TypeError):
        encode_packet(Packet(EVENT, "/", ["e", value]))
    assert decode_packet(encode_packet(Packet(EVENT, "/", ["f"]))).data == ["f"]  # nothing is left of it


@pytest.mark.parametrize("kind", [PacketType.BINARY_EVENT, PacketType.BINARY_ACK])
def test_types_msgpack_has_not(kind: PacketType) -> None:
    with pytest.raises(ValueError, match="BINARY"):
        encode_packet(Packet(kind, "/", ["e"], 1, 1))


def test_too_deep_to_be_written() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    for deep in (value, Shape("s", b"", value)):  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=r"deep|limit"):
            encode_packet(Packet(EVENT, "/", ["e", deep]))
