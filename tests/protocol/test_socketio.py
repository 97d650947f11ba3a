"""Socket.IO packets: what is written is read again, and no bytes crash."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import PeerError
from server.protocol.socketio import (
    MAX_ACK_ID,
    MAX_NAMESPACE_BYTES,
    RESERVED_EVENTS,
    EncodedPacket,
    Packet,
    PacketType,
    decode_packet,
    encode_packet,
    restore_attachments,
)

NAMESPACES = st.one_of(
    st.just("/"),
    st.text(st.characters(blacklist_characters=",", blacklist_categories=["Cs"]), max_size=20).map("/{}".format),
)
NAMES = st.text(max_size=20).filter(lambda name: name not in RESERVED_EVENTS)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**64 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(), max_size=20),
        st.binary(max_size=20),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(max_size=8).filter(lambda key: key != "_placeholder"), inner, max_size=4),
    ),
    max_leaves=10,
)
ACK_IDS = st.one_of(st.none(), st.integers(0, MAX_ACK_ID))
EVENTS = st.builds(
    lambda namespace, name, args, ack_id: Packet(PacketType.EVENT, namespace, [name, *args], ack_id),
    NAMESPACES,
    NAMES,
    st.lists(VALUES, max_size=4),
    ACK_IDS,
)
ACKS = st.builds(
    lambda namespace, args, ack_id: Packet(PacketType.ACK, namespace, args, ack_id),
    NAMESPACES,
    st.lists(VALUES, max_size=4),
    st.integers(0, MAX_ACK_ID),
)


def decode(encoded: EncodedPacket) -> Packet:
    """Read a packet and its attachments."""
    packet = decode_packet(encoded.text, max_attachments=1000)
    assert packet.attachments == len(encoded.attachments)
    return restore_attachments(packet, encoded.attachments) if packet.attachments else packet


@given(st.one_of(EVENTS, ACKS))
def test_packet_is_read_as_it_was_written(packet: Packet) -> None:
    assert decode(encode_packet(packet)) == packet


@given(NAMESPACES, st.one_of(st.none(), st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3)))
def test_connect_is_read_as_it_was_written(namespace: str, auth: object) -> None:
    packet = Packet(PacketType.CONNECT, namespace, auth)
    assert decode(encode_packet(packet)) == packet


@given(st.binary(max_size=100))
def test_no_bytes_raise_anything_but_peer_error(data: bytes) -> None:
    with contextlib.suppress(PeerError):
        decode_packet(data)


@given(st.text('0123456-/,.ab[]{}":_é ', max_size=40))
def test_nothing_like_a_packet_raises_anything_but_peer_error(data: str) -> None:
    try:
        packet = decode_packet(data.encode())
    except PeerError:
        return
    with contextlib.suppress(PeerError):
        restore_attachments(packet, [b"x"] * packet.attachments)


@pytest.mark.parametrize(
    ("packet", "text"),
    [
        (Packet(PacketType.CONNECT), b"0"),
        (Packet(PacketType.CONNECT, "/", {"sid": "x"}), b'0{"sid":"x"}'),
        (Packet(PacketType.CONNECT, "/admin", {"a": 1}), b'0/admin,{"a":1}'),
        (Packet(PacketType.DISCONNECT), b"1"),
        (Packet(PacketType.DISCONNECT, "/admin"), b"1/admin,"),
        (Packet(PacketType.EVENT, "/", ["hello", 1]), b'2["hello",1]'),
        (Packet(PacketType.EVENT, "/admin", ["project:delete", 123], 456), b'2/admin,456["project:delete",123]'),
        (Packet(PacketType.ACK, "/admin", [], 456), b"3/admin,456[]"),
        (Packet(PacketType.CONNECT_ERROR, "/", {"message": "no"}), b'4{"message":"no"}'),
        (Packet(PacketType.EVENT, "/", ["hello", b"\x01"]), b'51-["hello",{"_placeholder":true,"num":0}]'),
        (Packet(PacketType.ACK, "/admin", [b"\x01"], 456), b'61-/admin,456[{"_placeholder":true,"num":0}]'),
    ],
)
def test_what_is_written(packet: Packet, text: bytes) -> None:
    assert encode_packet(packet).text == text


@pytest.mark.parametrize(
    ("text", "packet"),
    [
        (b"0", Packet(PacketType.CONNECT)),
        (b"0/", Packet(PacketType.CONNECT)),
        (b"0/,", Packet(PacketType.CONNECT)),
        (b"0/admin", Packet(PacketType.CONNECT, "/admin")),
        (b'0/admin?token=1234&uid=abcd,{"a":1}', Packet(PacketType.CONNECT, "/admin?token=1234&uid=abcd", {"a": 1})),
        (b"0/a/b\n,", Packet(PacketType.CONNECT, "/a/b\n")),
        (b"1/admin,", Packet(PacketType.DISCONNECT, "/admin")),
        (b'2/1,5["a"]', Packet(PacketType.EVENT, "/1", ["a"], 5)),
        (b'20["a"]', Packet(PacketType.EVENT, "/", ["a"], 0)),
        (b'52-/x,7["a"]', Packet(PacketType.BINARY_EVENT, "/x", ["a"], 7, 2)),
        (b"61-0[]", Packet(PacketType.BINARY_ACK, "/", [], 0, 1)),
    ],
)
def test_what_is_read(text: bytes, packet: Packet) -> None:
    assert decode_packet(text) == packet


@pytest.mark.parametrize(
    "text",
    [
        b"0/\xff,",
        b'2/\xc3,["a"]',
        b'0/"' + b"x" * MAX_NAMESPACE_BYTES + b",",
        b"0/" + b"x" * 100_000,
        b"2" + b"1" * 100_000,
    ],
)
def test_what_is_refused(text: bytes) -> None:
    with pytest.raises(PeerError):
        decode_packet(text)


def test_longest_namespace() -> None:
    name = "/" + "x" * (MAX_NAMESPACE_BYTES - 1)
    assert decode_packet(f"0{name},".encode()).namespace == name


@pytest.mark.parametrize("number", [-1, 1, 2**70, 0.0, 0.5, "0", None, True, False, [0], {"a": 1}])
def test_placeholder_of_no_attachment(number: object) -> None:
    holder = {"_placeholder": True, "num": number}
    packet = Packet(PacketType.BINARY_EVENT, "/", ["a", [holder]], attachments=1)
    with pytest.raises(PeerError):
        restore_attachments(packet, [b"x"])


def test_placeholder_used_twice() -> None:
    holder = {"_placeholder": True, "num": 0}
    with pytest.raises(PeerError):
        restore_attachments(Packet(PacketType.BINARY_EVENT, "/", ["a", holder, holder], attachments=1), [b"x"])


@pytest.mark.parametrize("flag", [1, "true", None, False])
def test_what_is_no_placeholder_stays(flag: object) -> None:
    value = {"_placeholder": flag, "num": 0}
    packet = restore_attachments(Packet(PacketType.BINARY_EVENT, "/", ["a", value], attachments=1), [b"x"])
    assert packet.data == ["a", value]


@dataclass
class Point:
    x: int
    data: bytes


class Shape(msgspec.Struct):
    name: str
    data: bytes
    point: Point
    at: datetime


def test_structs_dates_and_bytes_of_any_kind() -> None:
    shape = Shape("s", b"\x01", Point(1, b"\x02"), datetime(2026, 1, 5, tzinfo=UTC))
    values: list[Any] = ["e", bytearray(b"\x03"), memoryview(b"\x04"), shape, Point(2, b"\x05")]
    encoded = encode_packet(Packet(PacketType.EVENT, "/", values))
    packet = decode(encoded)
    assert packet.data[1:3] == [b"\x03", b"\x04"]
    assert packet.data[3]["data"] == b"\x01"
    assert packet.data[3]["point"] == {"x": 1, "data": b"\x02"}
    assert datetime.fromisoformat(packet.data[3]["at"]) == shape.at
    assert packet.data[4] == {"x": 2, "data": b"\x05"}


def test_attachments_of_a_value_that_is_gone_through_twice() -> None:
    encoded = encode_packet(Packet(PacketType.EVENT, "/", ["e", b"\x01", "\ud800", b"\x02"]))
    assert encoded.attachments == [b"\x01", b"\x02"]
    assert decode(encoded).data == ["e", b"\x01", "\ud800", b"\x02"]


@pytest.mark.parametrize("value", [object(), {1, 2}.__iter__(), lambda: None])
def test_what_cannot_be_written(value: object) -> None:
    with pytest.raises(TypeError):
        encode_packet(Packet(PacketType.EVENT, "/", ["e", value]))
