"""RFC 6455 as a table: what a client sends, and what a server makes of it."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from typing import NamedTuple

from server.protocol.websocket_frames import Opcode
from tests.support.frames import binary, client_frame, close, text

MAX_PAYLOAD_BYTES = 100_000


class Outcome(NamedTuple):
    """What came of some bytes: messages delivered, pings answered, and the code of the server's close frame.

    The code is None if the connection stays open, 1005 if the close frame is empty.
    """

    messages: list[str | bytes]
    pongs: list[bytes]
    code: int | None


class Row(NamedTuple):
    """Bytes of a client, and what has to come of them."""

    name: str
    data: bytes
    outcome: Outcome


def row(
    name: str, *parts: bytes, messages: list[str | bytes] | None = None, pongs: list[bytes] | None = None, code: int = 0
) -> Row:
    """Make a row; without ``code`` the connection stays open."""
    return Row(name, b"".join(parts), Outcome(messages or [], pongs or [], code or None))


def delivers(name: str, *parts: bytes, message: str | bytes) -> Row:
    """Make a row that delivers one message."""
    return row(name, *parts, messages=[message])


def fragments(*payloads: bytes, opcode: int = Opcode.TEXT) -> list[bytes]:
    """Cut one message into frames."""
    last = len(payloads) - 1
    return [
        client_frame(opcode if number == 0 else Opcode.CONTINUATION, payload, final=number == last)
        for number, payload in enumerate(payloads)
    ]


def announced(opcode: int, length: int, *, final: bool = True) -> bytes:
    """Build the header of a long frame, up to its length."""
    return bytes(((0x80 if final else 0) | opcode, 0xFF)) + struct.pack("!Q", length)


TEXT, BINARY, CONTINUATION = Opcode.TEXT, Opcode.BINARY, Opcode.CONTINUATION
CLOSE, PING, PONG = Opcode.CLOSE, Opcode.PING, Opcode.PONG
ALL = (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG)
KEYS = [bytes(4), b"\xff" * 4, b"\x01\x02\x03\x04", b"\0\0\0\x80"]
ASCII = "".join(chr(0x20 + number % 90) for number in range(MAX_PAYLOAD_BYTES))
BYTES = bytes(range(256)) * (MAX_PAYLOAD_BYTES // 256 + 1)
LENGTHS = [0, 1, 2, 125, 126, 127, 65535, 65536, MAX_PAYLOAD_BYTES]


def lengths() -> Iterator[Row]:
    """Section 5.2, payload length: longer than need be is not forbidden to read."""
    for length in LENGTHS:
        yield delivers(f"text of {length}", text(ASCII[:length]), message=ASCII[:length])
        yield delivers(f"binary of {length}", binary(BYTES[:length]), message=BYTES[:length])
    for length, size in [(0, 2), (0, 8), (1, 2), (1, 8), (125, 2), (125, 8), (126, 8), (65535, 8)]:
        frame = client_frame(TEXT, ASCII[:length].encode(), length_bytes=size)
        yield delivers(f"length {length} in {size} bytes", frame, message=ASCII[:length])
    for length in (MAX_PAYLOAD_BYTES + 1, 1 << 20, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1):
        for opcode in (TEXT, BINARY):
            yield row(f"{opcode.name} of {length}, header only", announced(opcode, length), code=1009)
    yield row("first fragment over the limit", announced(TEXT, MAX_PAYLOAD_BYTES + 1, final=False), code=1009)
    half = client_frame(BINARY, BYTES[: MAX_PAYLOAD_BYTES // 2], final=False)
    rest = announced(CONTINUATION, MAX_PAYLOAD_BYTES // 2 + 1, final=False)
    yield row("fragments over the limit together, header only", half, rest, code=1009)
    whole = client_frame(CONTINUATION, BYTES[MAX_PAYLOAD_BYTES // 2 : MAX_PAYLOAD_BYTES])
    largest = BYTES[:MAX_PAYLOAD_BYTES]
    yield row("messages of the limit, each by itself", half, whole, binary(largest), messages=[largest, largest])


def masks() -> Iterator[Row]:
    """Sections 5.1 and 5.3."""
    for key in KEYS:
        for length in range(10):
            frame = client_frame(BINARY, BYTES[:length], key=key)
            yield delivers(f"key {key.hex()}, {length} bytes", frame, message=BYTES[:length])
    first = client_frame(TEXT, b"abc", final=False, key=KEYS[2])
    second = client_frame(CONTINUATION, b"defgh", key=KEYS[1])
    yield delivers("a key for each fragment", first, second, message="abcdefgh")
    for opcode in ALL:
        for payload in (b"", b"\x03\xe8"):
            frame = client_frame(opcode, payload, masked=False)
            yield row(f"unmasked {opcode.name} of {len(payload)}", frame, code=1002)
    start = client_frame(TEXT, b"a", final=False)
    yield row("unmasked second fragment", start, client_frame(CONTINUATION, b"b", masked=False), code=1002)


def reserved() -> Iterator[Row]:
    """Section 5.2: reserved bits and opcodes."""
    for bits in (4, 2, 1, 7):
        for opcode in ALL:
            yield row(f"RSV {bits:03b} of {opcode.name}", client_frame(opcode, b"", reserved=bits), code=1002)
    start = client_frame(TEXT, b"a", final=False)
    yield row("RSV of a second fragment", start, client_frame(CONTINUATION, b"b", reserved=4), code=1002)
    for number in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        for final in (True, False):
            yield row(f"opcode {number}, final {final}", client_frame(number, b"a", final=final), code=1002)
    yield row("opcode 3 inside a message", start, client_frame(3, b"b"), code=1002)


def fragmentation() -> Iterator[Row]:
    """Section 5.4."""
    start = client_frame(TEXT, b"a", final=False)
    yield delivers("text in two", *fragments(b"ab", b"cd"), message="abcd")
    yield delivers("text in one-byte fragments", *fragments(*[b"%c" % byte for byte in b"hello"]), message="hello")
    yield delivers(
        "binary in one-byte fragments", *fragments(b"\xff", b"\0", b"\xfe", opcode=BINARY), message=b"\xff\0\xfe"
    )
    yield delivers("only empty fragments", *fragments(b"", b"", b""), message="")
    yield delivers("empty binary fragments", *fragments(b"", b"", opcode=BINARY), message=b"")
    yield delivers("empty fragments around", *fragments(b"", b"a", b"", b"b", b""), message="ab")
    yield row(
        "two fragmented messages", *fragments(b"a", b"b"), *fragments(b"c", b"d", opcode=BINARY), messages=["ab", b"cd"]
    )
    yield row("an unfinished message", start)
    ping, pong = client_frame(PING, b"x"), client_frame(PONG, b"y")
    end = client_frame(CONTINUATION, b"b")
    yield row("ping between fragments", start, ping, end, messages=["ab"], pongs=[b"x"])
    yield row(
        "pings and pongs between fragments", ping, start, pong, ping, ping, end, ping, messages=["ab"], pongs=[b"x"] * 4
    )
    yield row("close between fragments", start, close(1000), end, code=1000)
    yield row("continuation of nothing", client_frame(CONTINUATION, b"a"), code=1002)
    yield row("continuation of nothing, not final", client_frame(CONTINUATION, b"a", final=False), code=1002)
    yield row("continuation of a finished message", *fragments(b"a", b"b"), end, messages=["ab"], code=1002)
    for opcode in (TEXT, BINARY):
        for final in (True, False):
            frame = client_frame(opcode, b"b", final=final)
            yield row(f"{opcode.name} inside a message, final {final}", start, frame, code=1002)


def control() -> Iterator[Row]:
    """Section 5.5."""
    for payload in (b"", b"a", BYTES[:125]):
        yield row(f"ping of {len(payload)}", client_frame(PING, payload), pongs=[payload])
        yield row(f"pong of {len(payload)}", client_frame(PONG, payload))
    yield row("ping that is no UTF-8", client_frame(PING, b"\xff"), pongs=[b"\xff"])
    yield row(
        "pings are answered in order",
        *[client_frame(PING, b"%d" % n) for n in range(5)],
        pongs=[b"0", b"1", b"2", b"3", b"4"],
    )
    for opcode in (CLOSE, PING, PONG):
        yield row(f"{opcode.name} of 126, header only", client_frame(opcode, BYTES[:126])[:2], code=1002)
        yield row(f"{opcode.name} of 65536, header only", client_frame(opcode, BYTES[:65536])[:2], code=1002)
        yield row(
            f"{opcode.name} with a long length field", client_frame(opcode, b"\x03\xe8", length_bytes=2), code=1002
        )
        yield row(f"{opcode.name} not final", client_frame(opcode, b"\x03\xe8", final=False), code=1002)


UTF8 = [
    "é",
    "€",
    "😀",
    "κόσμε",
    "\0",
    "\x7f",
    "\x80",
    "\u07ff",
    "\u0800",
    "\ud7ff",
    "\ue000",
    "\ufeff",
    "\uffff",
    "\U0010ffff",
]
NOT_UTF8 = {
    "a byte that never occurs": b"\xff",
    "a continuation byte alone": b"a\x80",
    "overlong of 2": b"\xc0\xaf",
    "overlong of 3": b"\xe0\x80\xaf",
    "overlong of 4": b"\xf0\x80\x80\xaf",
    "overlong NUL": b"\xc0\x80",
    "first surrogate": b"\xed\xa0\x80",
    "last surrogate": b"\xed\xbf\xbf",
    "pair of surrogates": b"\xed\xa0\xbd\xed\xb8\x80",
    "beyond U+10FFFF": b"\xf4\x90\x80\x80",
    "of 5 bytes": b"\xf8\x88\x80\x80\x80",
    "cut after 1 of 2": b"a\xc3",
    "cut after 1 of 3": b"a\xe2",
    "cut after 2 of 3": b"a\xe2\x82",
    "cut after 3 of 4": b"a\xf0\x9f\x98",
    "2 broken off": b"\xc3(",
    "3 broken off": b"\xe2\x82a",
}


def utf8() -> Iterator[Row]:
    """Section 8.1."""
    for number, character in enumerate(UTF8):
        data = character.encode()
        yield delivers(f"UTF-8 {number}", text(character), message=character)
        pieces = [data[index : index + 1] for index in range(len(data))]
        yield delivers(
            f"UTF-8 {number}, a fragment for each byte", *fragments(b"a", *pieces, b""), message=f"a{character}"
        )
    for name, data in NOT_UTF8.items():
        yield row(name, text(data), code=1007)
        yield row(f"{name}, in fragments", *fragments(data[:1], data[1:], b""), code=1007)
        yield delivers(f"{name}, as binary", binary(data), message=data)
    ping = client_frame(PING, b"x")
    first, *rest = fragments(b"\xe2", b"\x82", b"\xac")
    yield row("pings inside a character", first, ping, rest[0], ping, rest[1], messages=["€"], pongs=[b"x", b"x"])
    yield row("a message before bad UTF-8", text("ok"), text(b"\xff"), text("no"), messages=["ok"], code=1007)


def closes() -> Iterator[Row]:
    """Sections 5.5.1 and 7.4."""
    for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999):
        yield row(f"close {code}", close(code), code=code)
    for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535):
        yield row(f"close {code}, which may not be sent", close(code), code=1002)
    yield row("close without a code", close(None), code=1005)
    yield row("close with one byte", client_frame(CLOSE, b"\x03"), code=1002)
    yield row("close with a reason", close(1000, "schön 😀".encode()), code=1000)
    yield row("close with the longest reason", close(1000, b"x" * 123), code=1000)
    for name, data in NOT_UTF8.items():
        yield row(f"close with a reason: {name}", close(1000, data), code=1007)
    for late in (text("late"), client_frame(PING, b"late"), close(1001), client_frame(3), text(b"\xff"), b"\x81"):
        yield row(f"{late.hex()} after close", text("a"), close(1000), late, messages=["a"], code=1000)


SECTIONS = {
    section.__name__: list(section()) for section in (lengths, masks, reserved, fragmentation, control, utf8, closes)
}


def positions(data: bytes) -> list[int]:
    """Return where to cut: everywhere, in a long row at its ends and at some places between."""
    inner = range(1, len(data))
    if len(data) < 1000:
        return list(inner)
    chance = random.Random(len(data))
    return sorted({*inner[:40], *inner[-20:], *chance.sample(inner, 20)})


def single_bytes(data: bytes) -> list[bytes]:
    """Cut into bytes; of a long row the beginning, then the rest."""
    return [*(data[index : index + 1] for index in range(min(len(data), 40))), *filter(None, [data[40:]])]
