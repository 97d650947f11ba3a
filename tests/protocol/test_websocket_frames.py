"""RFC 6455 frames: the table of what is allowed, cut at every position, and no bytes that crash."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tornado.util import _websocket_mask

from server.protocol.websocket_frames import (
    CloseCode,
    Frame,
    FrameError,
    FrameReader,
    Mask,
    Opcode,
    build_frame,
    close_frame,
    parse_close,
    text_frame,
    xor_mask,
)
from tests.support.frames import binary, client_frame, close, read_server_frames, text
from tests.support.rfc6455 import MAX_PAYLOAD_BYTES, SECTIONS, Outcome, Row, fragments, positions, single_bytes

ROWS = [row for section in SECTIONS.values() for row in section]


def read(*pieces: bytes, mask: Mask = xor_mask) -> tuple[list[Frame], FrameReader]:
    """Feed pieces one after the other; return all frames and the reader."""
    reader = FrameReader(MAX_PAYLOAD_BYTES, mask)
    return [frame for piece in pieces for frame in reader.feed(piece)], reader


# The table.


def outcome(*pieces: bytes, mask: Mask = xor_mask) -> Outcome:
    """Feed pieces one after the other; return what a connection is to make of the frames."""
    frames, reader = read(*pieces, mask=mask)
    messages: list[str | bytes] = []
    pongs: list[bytes] = []
    for opcode, payload in frames:
        if opcode == Opcode.CLOSE:
            return Outcome(messages, pongs, code_of(payload))
        if opcode == Opcode.PING:
            pongs.append(payload)
        elif opcode != Opcode.PONG:
            messages.append(payload.decode() if opcode == Opcode.TEXT else payload)
    return Outcome(messages, pongs, None if reader.error is None else reader.error.code)


def code_of(close_payload: bytes) -> int:
    """Return the code that answers a close frame."""
    try:
        return parse_close(close_payload)[0]
    except FrameError as error:
        return error.code


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_row(row: Row) -> None:
    assert outcome(row.data) == row.outcome
    assert outcome(row.data, mask=_websocket_mask) == row.outcome
    assert outcome(*single_bytes(row.data)) == row.outcome
    for cut in positions(row.data):
        assert outcome(row.data[:cut], row.data[cut:]) == row.outcome, cut


@pytest.mark.parametrize("row", [row for row in ROWS if row.outcome.code])
def test_what_stands_before_counts_and_what_comes_after_does_not(row: Row) -> None:
    expected = row.outcome._replace(messages=["before", *row.outcome.messages])
    assert outcome(text("before") + row.data, text("after")) == expected


# Streams of frames.


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65535, 65536])
@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY])
def test_frame_that_is_built(length: int, opcode: Opcode) -> None:
    payload = bytes(0x20 + number % 90 for number in range(length))
    assert read_server_frames(build_frame(opcode, payload)) == ([(0x80 | opcode, payload)], b"")


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65535, 65536])
def test_text_frame_is_what_build_frame_builds(length: int) -> None:
    assert text_frame(b"x" * length) == build_frame(Opcode.TEXT, b"x" * length)


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


@given(st.binary(max_size=300), st.integers(1, 50))
def test_no_bytes_raise(data: bytes, size: int) -> None:
    reader = FrameReader(1000)
    for start in range(0, len(data), size):
        for _, payload in reader.feed(data[start : start + size]):
            assert len(payload) <= 1000


@given(st.binary(min_size=1, max_size=60))
def test_no_close_payload_raises_anything_else(payload: bytes) -> None:
    try:
        code, reason = parse_close(payload)
    except FrameError:
        return
    assert payload == code.to_bytes(2, "big") + reason.encode()


# Close frames.


def test_code_and_reason_of_a_close_frame() -> None:
    assert parse_close(b"\x03\xe8" + "é".encode()) == (1000, "é")
    assert parse_close(b"") == (CloseCode.NO_STATUS, "")


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
