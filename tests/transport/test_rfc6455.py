"""Every row of the RFC 6455 table over real sockets, with both readers."""

from __future__ import annotations

import random

import pytest

from server.protocol.websocket_frames import Opcode
from server.transport.connection import ConnectionState
from tests.support.frames import client_frame, read_server_frames
from tests.support.links import Link, Links
from tests.support.rfc6455 import SECTIONS, Outcome, positions, single_bytes
from tests.support.wire import until

END = b"the end"
CUTS = 4
ENDED = (ConnectionState.DRAINING, ConnectionState.CLOSED)


async def send_each(links: Links, link: Link, pieces: list[bytes]) -> None:
    """Send pieces so that the server reads each by itself, until the close is complete."""
    expected = links.metrics.bytes_in
    for piece in pieces:
        if link.connection.state in ENDED:
            return
        await link.send(piece)
        expected += len(piece)
        await until(lambda: links.metrics.bytes_in == expected or link.connection.state in ENDED)  # noqa: B023


async def outcome(links: Links, pieces: list[bytes]) -> Outcome:
    """Send pieces over a connection of their own; return what came of them."""
    link = links.open_tcp()
    await send_each(links, link, pieces)
    if link.connection.state is ConnectionState.OPEN:
        await link.send(client_frame(Opcode.PING, END))
        answers, rest = read_server_frames(await link.receive())
        while not answers or answers[-1].payload != END:
            more, rest = read_server_frames(rest + await link.receive())
            answers += more
        answers.pop()
    else:
        answers = await link.all_frames()
        await until(lambda: link.receiver.closes)
    link.connection.abort()
    pongs = [payload for first, payload in answers if first == 0x8A]
    codes = [int.from_bytes(payload[:2], "big") or 1005 for first, payload in answers if first == 0x88]
    assert len(pongs) + len(codes) == len(answers)
    assert len(codes) <= 1
    assert len(link.receiver.closes) == len(codes)
    return Outcome(link.receiver.messages, pongs, codes[0] if codes else None)


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.gen_test
async def test_table(links: Links, section: str) -> None:
    """All rows of a section in one test: its loop costs more than a row does."""
    for row in SECTIONS[section]:
        cuts = positions(row.data)
        for cut in random.Random(row.name).sample(cuts, min(CUTS, len(cuts))):
            assert await outcome(links, [row.data[:cut], row.data[cut:]]) == row.outcome, (row.name, cut)
        for pieces in ([row.data], single_bytes(row.data)):
            assert await outcome(links, pieces) == row.outcome, (row.name, len(pieces))
