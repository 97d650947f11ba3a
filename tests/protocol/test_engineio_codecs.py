"""Messages and payloads of Engine.IO 3, whose lengths are JavaScript's."""

from __future__ import annotations

import base64
import contextlib
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import PeerError
from server.protocol.engineio import OutgoingMessage, Packet
from server.protocol.engineio_codecs import BINARY_PAYLOAD, TEXT_PAYLOAD, V3, V3_BASE64, V4, Codec, choose_codec

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x1e"))
MESSAGES = st.lists(st.one_of(TEXT, st.binary()), min_size=1, max_size=8)


def packets(codec: Codec, messages: list[str | bytes]) -> list[Packet]:
    return [
        codec.message(message, True) if isinstance(message, bytes) else codec.message(message.encode())
        for message in messages
    ]


@pytest.mark.parametrize(
    ("message", "payload"),
    [
        ('2["a","😀é"]', '13:42["a","😀é"]'.encode()),
        ("é", b"2:4\xc3\xa9"),
        ("", b"1:4"),
    ],
)
def test_text_payload(message: str, payload: bytes) -> None:
    for codec in (V3, V3_BASE64):
        assert codec.encode_payload(packets(codec, [message])) == (payload, TEXT_PAYLOAD)
        assert list(codec.decode_payload(payload, TEXT_PAYLOAD)) == packets(codec, [message])


def test_binary_payload() -> None:
    whole = packets(V3, ["0", b"\x01\x02"])
    payload = bytes.fromhex("0002ff3430" + "0103ff040102")
    assert V3.encode_payload(whole) == (payload, BINARY_PAYLOAD)
    assert list(V3.decode_payload(payload, BINARY_PAYLOAD)) == whole


def test_text_in_a_binary_payload_is_counted_in_bytes() -> None:
    payload = V3.encode_payload(packets(V3, ["😀", b""])).body
    assert payload == b"\x00\x05\xff4\xf0\x9f\x98\x80" + b"\x01\x01\xff\x04"
    assert V3.encode_payload(packets(V3, [b"x" * 120])).body[:5] == b"\x01\x01\x02\x01\xff"


def test_binary_as_base64() -> None:
    assert V3_BASE64.encode_payload(packets(V3_BASE64, [b"\x01\x02"])) == (b"6:b4AQI=", TEXT_PAYLOAD)
    assert list(V3.decode_payload(b"6:b4AQI=2:4x", TEXT_PAYLOAD)) == packets(V3, [b"\x01\x02", "x"])


def test_frames() -> None:
    assert OutgoingMessage(*packets(V3, ["x", b"\x01"])).frames == b"\x81\x024x" + b"\x82\x02\x04\x01"
    assert OutgoingMessage(*packets(V3_BASE64, [b"\x01"])).frames == b"\x81\x06b4AQ=="
    assert OutgoingMessage(*packets(V4, [b"\x01"])).frames == b"\x82\x01\x01"


@given(MESSAGES)
def test_what_is_encoded_is_decoded(messages: list[str | bytes]) -> None:
    for codec in (V3, V4):
        whole = packets(codec, messages)
        assert list(codec.decode_payload(*codec.encode_payload(whole))) == whole
    body, content_type = V3_BASE64.encode_payload(packets(V3_BASE64, messages))
    assert list(V3_BASE64.decode_payload(body, content_type)) == packets(V3, messages)


@given(st.lists(TEXT, min_size=1, max_size=5))
def test_lengths_are_javascripts(texts: list[str]) -> None:
    body = V3.encode_payload(packets(V3, list(texts))).body.decode()
    units = ["4" + text for text in texts]
    assert body == "".join(f"{len(text.encode('utf-16-le')) // 2}:{text}" for text in units)


def test_no_character_costs_a_call() -> None:
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    body = ("2001:4" + "😀" * 1000).encode()
    sys.setprofile(count)
    try:
        decoded = list(V3.decode_payload(body, TEXT_PAYLOAD))
    finally:
        sys.setprofile(None)
    assert decoded == [Packet(b"4" + "😀".encode() * 1000)]
    assert calls < 100  # a megabyte of them would hold up everyone for half a second


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b":4",
        b"4",
        b"x:4",
        b"-1:4",
        b"3:4a",
        b"1:",
        b"0:",
        b"99999999999:4",
        "१:4".encode(),
        "2:4😀".encode(),  # half of a character
        b"1:42:4",
        b"1:7",
        b"3:b5A",
        b"1:b",
        b"2:4\xff",
    ],
)
def test_text_payload_that_is_refused(body: bytes) -> None:
    with pytest.raises(PeerError, match=r"\w+"):
        list(V3.decode_payload(body, TEXT_PAYLOAD))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00",
        b"\x00\x01",
        b"\x00\xff4",
        b"\x02\x01\xff4",
        b"\x00\x0a\xff4",
        b"\x00\x02\xff4",
        b"\x01\x01\xff\x02",
        b"\x01\x00\xff",
        b"\x00\x00\xff",
        b"\x00\x02\xff4\xc3",
        b"\x00" + b"\x01" * 20 + b"\xff4",
        b"\x00\x01\xff4\x00",
    ],
)
def test_binary_payload_that_is_refused(body: bytes) -> None:
    with pytest.raises(PeerError, match=r"\w+"):
        list(V3.decode_payload(body, BINARY_PAYLOAD))


@given(st.binary(max_size=40), st.sampled_from([TEXT_PAYLOAD, BINARY_PAYLOAD]))
def test_any_bytes(body: bytes, content_type: str) -> None:
    with contextlib.suppress(PeerError):
        for packet in V3.decode_payload(body, content_type):
            assert packet.data


def test_packets_before_a_bad_one_are_yielded() -> None:
    decoded = V3.decode_payload(b"2:4a1:9", TEXT_PAYLOAD)
    assert next(decoded) == Packet(b"4a")
    with pytest.raises(PeerError):
        next(decoded)


def test_choice() -> None:
    assert [choose_codec(4, False), choose_codec(4, True), choose_codec(3, False), choose_codec(3, True)] == [
        V4,
        V4,
        V3,
        V3_BASE64,
    ]
    assert base64.b64decode(V3_BASE64.message(b"\xff", True).data[2:]) == b"\xff"
