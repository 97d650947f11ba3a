"""Engine.IO packets and payloads: what is written is read again, and no bytes crash."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import PeerError
from server.protocol.engineio import (
    CLOSE,
    NOOP,
    PING,
    PROBE_PONG,
    OutgoingMessage,
    Packet,
    decode_packet,
    decode_payload,
    encode_payload,
    message_packet,
)
from tests.support.frames import read_server_frames

TEXTS = st.text(st.characters(blacklist_characters="\x1e", blacklist_categories=["Cs"]), max_size=50)
PACKETS = st.one_of(
    TEXTS.map(lambda value: message_packet(value.encode())),
    st.binary(max_size=50).map(lambda value: message_packet(value, binary=True)),
    st.sampled_from([CLOSE, NOOP, PING, PROBE_PONG]),
)


@given(st.lists(PACKETS, min_size=1, max_size=10))
def test_payload_is_read_as_it_was_written(packets: list[Packet]) -> None:
    assert list(decode_payload(encode_payload(packets))) == packets


@given(PACKETS)
def test_packet_is_read_as_it_was_written(packet: Packet) -> None:
    assert decode_packet(packet.polling) == packet
    ((first, payload),), rest = read_server_frames(packet.frame)
    assert (first, payload, rest) == (0x82 if packet.binary else 0x81, packet.data, b"")


@given(st.binary(max_size=200))
def test_no_payload_raises_anything_but_peer_error(body: bytes) -> None:
    try:
        for packet in decode_payload(body):
            assert packet.binary or 0x30 <= packet.data[0] <= 0x36
    except PeerError:
        pass


@given(st.binary(max_size=50))
def test_no_packet_raises_anything_but_peer_error(data: bytes) -> None:
    try:
        decode_packet(data)
    except PeerError:
        assert data[:1] not in [*map(str.encode, "0123456"), b"b"]


@given(st.binary(max_size=40))
def test_any_base64_is_read_leniently(letters: bytes) -> None:
    assert decode_packet(b"b" + letters).binary


@given(st.binary(max_size=60))
def test_base64_without_padding(data: bytes) -> None:
    unpadded = base64.b64encode(data).rstrip(b"=")
    assert decode_packet(b"b" + unpadded) == Packet(data, True)


@pytest.mark.parametrize(
    ("letters", "data"),
    [
        (b"!!!!", b""),
        (b"AQID", b"\x01\x02\x03"),
        (b"AQ ID\n", b"\x01\x02\x03"),
        (b"AQIDB", b"\x01\x02\x03"),
        (b"AQ=ID", b"\x01\x02\x03"),
        ("AQéID".encode(), b"\x01\x02\x03"),
    ],
)
def test_what_is_not_base64_is_dropped(letters: bytes, data: bytes) -> None:
    assert decode_packet(b"b" + letters) == Packet(data, True)


@pytest.mark.parametrize("data", [b"", b"7", b"abc", b"-", b" 4", b"\x00", b"B", "４".encode()])
def test_what_is_no_packet(data: bytes) -> None:
    with pytest.raises(PeerError):
        decode_packet(data)


@pytest.mark.parametrize(
    ("body", "good"), [(b"", 0), (b"4a\x1e", 1), (b"\x1e4a", 0), (b"4a\x1e4b\x1e\x1e4c", 2), (b"4a\x1e4\xff", 1)]
)
def test_packets_before_a_bad_one_are_yielded(body: bytes, good: int) -> None:
    found: list[Packet] = []
    with pytest.raises(PeerError):
        found.extend(decode_payload(body))
    packets = decode_payload(body)
    assert [next(packets).data[:1] for _ in range(good)] == [b"4"] * good


def test_encodings_are_made_once_and_shared() -> None:
    packet = message_packet(b"x")
    assert packet.frame is packet.frame
    message = OutgoingMessage(packet, message_packet(b"\x01", binary=True))
    assert message.frames is message.frames
    assert [frame.payload for frame in read_server_frames(message.frames)[0]] == [b"4x", b"\x01"]


def test_packets_compare_by_content() -> None:
    assert message_packet(b"x") == Packet(b"4x") != Packet(b"4x", True)
    assert len({Packet(b"4x"), Packet(b"4x"), Packet(b"4y")}) == 2
    assert Packet(b"4x") != b"4x"
