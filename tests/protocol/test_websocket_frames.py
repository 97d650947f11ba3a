"""RFC 6455 frames: the table of what is allowed, cut at every position, and no bytes that crash."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tornado.util import _websocket_mask

from server.protocol.websocket_frames import (
    CloseCode,
    Frame,
    FrameError,
    FrameReader,
    Opcode,
    build_frame,
    close_frame,
    parse_close,
    text_frame,
    xor_mask,
)
from tests.support.frames import binary, client_frame, close, read_server_frames, text

MAX_PAYLOAD_BYTES = 70_000


def read(*pieces: bytes, limit: int = MAX_PAYLOAD_BYTES) -> tuple[list[Frame], FrameReader]:
    """Feed pieces one after the other; return all frames and the reader."""
    reader = FrameReader(limit)
    return [frame for piece in pieces for frame in reader.feed(piece)], reader


def code_of(*pieces: bytes, limit: int = MAX_PAYLOAD_BYTES) -> int | None:
    """Return the close code the pieces are worth."""
    _, reader = read(*pieces, limit=limit)
    return None if reader.error is None else reader.error.code


def fragments(*payloads: bytes, opcode: int = Opcode.TEXT) -> list[bytes]:
    """Cut one message into frames."""
    last = len(payloads) - 1
    return [
        client_frame(opcode if number == 0 else Opcode.CONTINUATION, payload, final=number == last)
        for number, payload in enumerate(payloads)
    ]


@pytest.mark.parametrize("length", [0, 1, 3, 4, 5, 125, 126, 127, 65535, 65536, MAX_PAYLOAD_BYTES])
@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY])
def test_every_length(length: int, opcode: Opcode) -> None:
    payload = bytes(0x20 + number % 90 for number in range(length))
    assert read(client_frame(opcode, payload))[0] == [(opcode, payload)]
    assert read_server_frames(build_frame(opcode, payload)) == ([(0x80 | opcode, payload)], b"")


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65535, 65536])
def test_text_frame_is_what_build_frame_builds(length: int) -> None:
    assert text_frame(b"x" * length) == build_frame(Opcode.TEXT, b"x" * length)


@pytest.mark.parametrize("key", [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x01\x02\x03\x04"])
def test_any_masking_key(key: bytes) -> None:
    assert read(client_frame(Opcode.BINARY, b"\x00\xff\x10abc", key=key))[0] == [(Opcode.BINARY, b"\x00\xff\x10abc")]


@given(st.binary(min_size=4, max_size=4), st.binary(max_size=100))
def test_masks_agree(key: bytes, data: bytes) -> None:
    masked = xor_mask(key, data)
    assert masked == _websocket_mask(key, data)
    assert xor_mask(key, masked) == data


STREAM = b"".join(
    [
        text("first"),
        client_frame(Opcode.PING, b"ping"),
        *fragments(b"one ", "zwei é ".encode(), b"", b"three"),
        binary(bytes(range(256))),
        client_frame(Opcode.TEXT, b"fragment ", final=False),
        client_frame(Opcode.PONG, b"between"),
        client_frame(Opcode.CONTINUATION, "😀".encode()),
        text(b"x" * 300),
        text(""),
        close(1000, b"bye"),
    ]
)
STREAM_FRAMES = [
    (Opcode.TEXT, b"first"),
    (Opcode.PING, b"ping"),
    (Opcode.TEXT, "one zwei é three".encode()),
    (Opcode.BINARY, bytes(range(256))),
    (Opcode.PONG, b"between"),
    (Opcode.TEXT, "fragment 😀".encode()),
    (Opcode.TEXT, b"x" * 300),
    (Opcode.TEXT, b""),
    (Opcode.CLOSE, b"\x03\xe8bye"),
]


def test_stream_in_one_piece() -> None:
    frames, reader = read(STREAM)
    assert frames == STREAM_FRAMES
    assert reader.error is None


def test_stream_cut_once_at_every_position() -> None:
    for position in range(1, len(STREAM)):
        assert read(STREAM[:position], STREAM[position:])[0] == STREAM_FRAMES, position


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64])
def test_stream_cut_in_pieces(size: int) -> None:
    pieces = [STREAM[start : start + size] for start in range(0, len(STREAM), size)]
    assert read(*pieces)[0] == STREAM_FRAMES


MESSAGES = st.lists(
    st.one_of(
        st.text(max_size=200).map(lambda value: (Opcode.TEXT, value.encode())),
        st.binary(max_size=200).map(lambda value: (Opcode.BINARY, value)),
        st.binary(max_size=125).map(lambda value: (Opcode.PING, value)),
    ),
    max_size=8,
)


@given(MESSAGES, st.binary(min_size=4, max_size=4), st.integers(1, 200))
def test_whatever_is_sent_is_read(messages: list[tuple[Opcode, bytes]], key: bytes, size: int) -> None:
    stream = b"".join(client_frame(opcode, payload, key=key) for opcode, payload in messages)
    assert read(*[stream[start : start + size] for start in range(0, len(stream), size)])[0] == messages


def test_trickled_large_message() -> None:
    frame = text(b"y" * 60_000)
    assert read(*[frame[start : start + 100] for start in range(0, len(frame), 100)])[0] == [
        (Opcode.TEXT, b"y" * 60_000)
    ]


# What is not allowed.


@pytest.mark.parametrize(
    ("data", "code"),
    [
        # Section 5.2: reserved bits and opcodes.
        (client_frame(Opcode.TEXT, b"a", reserved=4), 1002),
        (client_frame(Opcode.TEXT, b"a", reserved=2), 1002),
        (client_frame(Opcode.TEXT, b"a", reserved=1), 1002),
        (client_frame(Opcode.PING, b"a", reserved=4), 1002),
        *[(client_frame(opcode, b"a"), 1002) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)],
        # Section 5.1: a client masks.
        (client_frame(Opcode.TEXT, b"a", masked=False), 1002),
        (client_frame(Opcode.PING, b"", masked=False), 1002),
        # Section 5.4: fragmentation.
        (client_frame(Opcode.CONTINUATION, b"a"), 1002),
        (client_frame(Opcode.CONTINUATION, b"a", final=False), 1002),
        (client_frame(Opcode.TEXT, b"a", final=False) + text("b"), 1002),
        (client_frame(Opcode.TEXT, b"a", final=False) + binary(b"b"), 1002),
        (client_frame(Opcode.TEXT, b"a", final=False) + client_frame(Opcode.TEXT, b"b", final=False), 1002),
        (b"".join(fragments(b"a", b"b")) + client_frame(Opcode.CONTINUATION, b"c"), 1002),
        # Section 5.5: control frames.
        (client_frame(Opcode.PING, b"a", final=False), 1002),
        (client_frame(Opcode.CLOSE, b"", final=False), 1002),
        (client_frame(Opcode.PING, b"a" * 126), 1002),
        (client_frame(Opcode.CLOSE, b"\x03\xe8" + b"a" * 124), 1002),
        (client_frame(Opcode.PONG, b"a", length_bytes=2), 1002),
        # Section 8.1: text is UTF-8.
        (text(b"\xff"), 1007),
        (text(b"\xc0\xaf"), 1007),
        (text(b"\xed\xa0\x80"), 1007),
        (text(b"\xf4\x90\x80\x80"), 1007),
        (text("é".encode()[:1]), 1007),
        (b"".join(fragments(b"ok ", b"\xc3", b"(")), 1007),
        (b"".join(fragments("é".encode()[:1], b"")), 1007),
        # Sizes, refused by the header alone.
        (client_frame(Opcode.TEXT, b"a" * (MAX_PAYLOAD_BYTES + 1))[:10], 1009),
        (b"\x82\xff" + struct.pack("!Q", 1 << 63), 1009),
        (b"\x82\xff" + struct.pack("!Q", (1 << 64) - 1), 1009),
        (client_frame(Opcode.BINARY, b"a" * 40_000, final=False) + client_frame(0, b"a" * 40_000)[:8], 1009),
    ],
)
def test_what_is_refused(data: bytes, code: int) -> None:
    assert code_of(data) == code
    assert code_of(*[data[number : number + 1] for number in range(len(data))]) == code
    frames, reader = read(text("before") + data + text("after"))
    assert frames[0] == (Opcode.TEXT, b"before")
    assert (Opcode.TEXT, b"after") not in frames
    assert reader.feed(text("later")) == []


@pytest.mark.parametrize(
    "data",
    [
        client_frame(Opcode.TEXT, b"a", length_bytes=2),  # longer than need be: allowed to receive
        client_frame(Opcode.BINARY, b"a", length_bytes=8),
        b"".join(fragments("é".encode()[:1], "é".encode()[1:])),
        b"".join(fragments("😀".encode()[:1], "😀".encode()[1:3], "😀".encode()[3:])),
        b"".join(fragments(b"\xff", b"\xfe", opcode=Opcode.BINARY)),
        text("\x00"),
        text("\U0010ffff"),
        text("\ufeff"),
        client_frame(Opcode.PING, b"a" * 125),
        client_frame(Opcode.PONG, b"\xff"),
    ],
)
def test_what_is_allowed(data: bytes) -> None:
    frames, reader = read(data)
    assert len(frames) == 1
    assert reader.error is None


def test_empty_fragments() -> None:
    assert read(*fragments(b"", b"", b""))[0] == [(Opcode.TEXT, b"")]
    assert read(*fragments(b"", b"a", b"", opcode=Opcode.BINARY))[0] == [(Opcode.BINARY, b"a")]


def test_limit_counts_the_whole_message() -> None:
    assert code_of(*fragments(b"a" * 50, b"a" * 50), limit=100) is None
    assert code_of(*fragments(b"a" * 50, b"a" * 51), limit=100) == 1009
    assert code_of(*fragments(b"a" * 50, b"a" * 50), *fragments(b"a" * 100), limit=100) is None


@given(st.binary(max_size=300), st.integers(1, 50))
def test_no_bytes_raise(data: bytes, size: int) -> None:
    reader = FrameReader(1000)
    for start in range(0, len(data), size):
        for frame in reader.feed(data[start : start + size]):
            assert len(frame.payload) <= 1000


@given(st.binary(min_size=1, max_size=60))
def test_no_close_payload_raises_anything_else(payload: bytes) -> None:
    try:
        code, reason = parse_close(payload)
    except FrameError:
        return
    assert payload == code.to_bytes(2, "big") + reason.encode()


# Close frames.


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 3000, 3999, 4000, 4999])
def test_close_code_that_may_be_sent(code: int) -> None:
    assert parse_close(code.to_bytes(2, "big") + "é".encode()) == (code, "é")


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
def test_close_code_that_may_not_be_sent(code: int) -> None:
    with pytest.raises(FrameError) as caught:
        parse_close(code.to_bytes(2, "big"))
    assert caught.value.code == CloseCode.PROTOCOL_ERROR


def test_close_without_payload() -> None:
    assert parse_close(b"") == (CloseCode.NO_STATUS, "")


@pytest.mark.parametrize(("payload", "code"), [(b"\x03", 1002), (b"\x03\xe8\xff", 1007)])
def test_broken_close_payload(payload: bytes, code: int) -> None:
    with pytest.raises(FrameError) as caught:
        parse_close(payload)
    assert caught.value.code == code


@pytest.mark.parametrize("reason", ["", "bye", "é" * 100, "😀" * 50, "x" * 500])
def test_close_frame_fits_and_stays_utf8(reason: str) -> None:
    ((first, payload),), rest = read_server_frames(close_frame(1002, reason))
    assert (first, rest) == (0x88, b"")
    assert len(payload) <= 125
    assert payload[:2] == b"\x03\xea"
    assert reason.startswith(payload[2:].decode())


@pytest.mark.parametrize("code", [CloseCode.NO_STATUS, CloseCode.ABNORMAL])
def test_codes_that_never_travel(code: int) -> None:
    assert close_frame(code, "x") == b"\x88\x00"
