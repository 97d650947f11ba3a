"""Packets of socket.io-msgpack-parser, byte for byte: those it writes, and ours as it expects them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from server.protocol.socketio import Packet, PacketType
from server.protocol.socketio_msgpack import decode_packet, encode_packet

EVENT, ACK = PacketType.EVENT, PacketType.ACK
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)

# What socket.io-msgpack-parser 3.0.2 (notepack.io 2.2.0) writes, made by the package itself.
GOLDEN = [
    ("83a47479706500a464617461d40000a36e7370a12f", Packet(PacketType.CONNECT)),
    (
        "83a47479706500a46461746181a5746f6b656ea178a36e7370a62f61646d696e",
        Packet(PacketType.CONNECT, "/admin", {"token": "x"}),
    ),
    ("82a47479706501a36e7370a12f", Packet(PacketType.DISCONNECT)),
    (
        "85a47479706502a46461746193a76d65737361676501a6c3a9f09f9880"
        "a76f7074696f6e7381a8636f6d7072657373c3a2696407a36e7370a12f",
        Packet(EVENT, "/", ["message", 1, "é😀"], 7),
    ),
    ("84a47479706503a2696407a36e7370a12fa46461746190", Packet(ACK, "/", [], 7)),
    (
        "83a47479706504a46461746181a76d657373616765a26e6fa36e7370a12f",
        Packet(PacketType.CONNECT_ERROR, "/", {"message": "no"}),
    ),
    (
        "83a47479706502a464617461dc0012a176c0d40000c3c2ffd0dfd1ff7fd2ffff7fffd3ffffffff7fffffffcc80cd0100ce00010000"
        "cf0000000100000000cf0020000000000000cb3fe0000000000000cb7ff000000000000081a16181a16290a36e7370a12f",
        Packet(
            EVENT,
            "/",
            [
                "v",
                None,
                None,
                True,
                False,
                -1,
                -33,
                -129,
                -32769,
                -(2**31) - 1,
                128,
                256,
                2**16,
                2**32,
                2**53,
                0.5,
                math.inf,
                {"a": {"b": []}},
            ],
        ),
    ),
    (  # new Date(0), new Date(1767571200123), new Date(-1)
        "83a47479706502a46461746194a164d7000000000000000000d7000000019b8b74187bd700ffffffffffffffffa36e7370a12f",
        Packet(
            EVENT,
            "/",
            ["d", EPOCH, datetime(2026, 1, 5, 0, 0, 0, 123_000, UTC), EPOCH - MILLISECOND],
        ),
    ),
    (  # typed arrays of 1, 1, 8, 8 and 0 bytes, a Buffer, undefined, new Date(5)
        "83a47479706502a46461746199a161c7010000c7010005c708000000000000000000c708000102030405060708c70000"
        "c4020102d40000d7000000000000000005a36e7370a12f",
        Packet(
            EVENT,
            "/",
            ["a", b"\0", b"\x05", bytes(8), bytes(range(1, 9)), b"", b"\x01\x02", None, EPOCH + 5 * MILLISECOND],
        ),
    ),
    (  # lone surrogates, which notepack does not keep: "\ud800", "a\ud800b"
        "83a47479706502a46461746192a4f0908080a561f09081a2a36e7370a12f",
        Packet(EVENT, "/", ["\U00010000", "a\U00010062"]),
    ),
    ("83a47479706502a46461746192a17581a161d40000a36e7370a12f", Packet(EVENT, "/", ["u", {"a": None}])),
]


@pytest.mark.parametrize(("written", "packet"), GOLDEN)
def test_what_javascript_writes(written: str, packet: Packet) -> None:
    assert decode_packet(bytes.fromhex(written)) == packet


@pytest.mark.parametrize(
    ("packet", "written"),
    [
        (Packet(PacketType.CONNECT, "/", {"sid": "x"}), "83a47479706500a46461746181a3736964a178a36e7370a12f"),
        (Packet(PacketType.CONNECT), "82a47479706500a36e7370a12f"),
        (Packet(PacketType.DISCONNECT), "82a47479706501a36e7370a12f"),
        (Packet(EVENT, "/", ["a", None]), "83a47479706502a46461746192a161c0a36e7370a12f"),
        (Packet(EVENT, "/x", ["a"], 7), "84a47479706502a46461746191a161a2696407a36e7370a22f78"),
        (Packet(ACK, "/", [], 7), "84a2696407a47479706503a46461746190a36e7370a12f"),
        (
            Packet(PacketType.CONNECT_ERROR, "/", {"message": "no"}),
            "83a47479706504a46461746181a76d657373616765a26e6fa36e7370a12f",
        ),
        (
            Packet(EVENT, "/", ["d", EPOCH - MILLISECOND]),
            "83a47479706502a46461746192a164d700ffffffffffffffffa36e7370a12f",
        ),
        (Packet(EVENT, "/", ["b", b"\x01"]), "83a47479706502a46461746192a162c40101a36e7370a12f"),
    ],
)
def test_what_is_written(packet: Packet, written: str) -> None:
    assert encode_packet(packet).hex() == written
