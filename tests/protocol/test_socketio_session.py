"""The Socket.IO half of a connection: what is allowed when, what waits, what is dropped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import PeerError
from server.protocol.socketio import Packet, PacketType
from server.protocol.socketio_session import ALLOWED, NamespaceState, SocketSession

HOLDER = b'{"_placeholder":true,"num":0}'
TEXTS = {
    PacketType.CONNECT: b"0/n,",
    PacketType.DISCONNECT: b"1/n,",
    PacketType.EVENT: b'2/n,["e"]',
    PacketType.ACK: b"3/n,0[]",
    PacketType.CONNECT_ERROR: b'4/n,{"message":"x"}',
}


def session_in(state: NamespaceState) -> SocketSession:
    session = SocketSession()
    if state is not NamespaceState.ABSENT:
        session.receive_text(b"0/n,")
    if state is NamespaceState.CONNECTED:
        session.accept("/n", {"sid": "x"})
    assert session.state("/n") is state
    return session


@pytest.mark.parametrize("state", NamespaceState)
@pytest.mark.parametrize("kind", TEXTS)
def test_what_is_allowed(state: NamespaceState, kind: PacketType) -> None:
    session = session_in(state)
    if kind not in ALLOWED[state]:
        with pytest.raises(PeerError):
            session.receive_text(TEXTS[kind])
        return
    packet = session.receive_text(TEXTS[kind])
    if kind is PacketType.EVENT and state is NamespaceState.CONNECTING:
        assert packet is None
        assert session.accept("/n", {})[1] == [Packet(PacketType.EVENT, "/n", ["e"])]
    else:
        assert packet is not None
        assert packet.type is kind


def test_connect_accepted() -> None:
    session = session_in(NamespaceState.CONNECTING)
    answer, waiting = session.accept("/n", {"sid": "x"})
    assert (answer, waiting) == (Packet(PacketType.CONNECT, "/n", {"sid": "x"}), [])
    assert session.state("/n") is NamespaceState.CONNECTED


def test_connect_refused_drops_what_was_on_its_way() -> None:
    session = session_in(NamespaceState.CONNECTING)
    session.receive_text(TEXTS[PacketType.EVENT])
    assert session.refuse("/n", "no") == Packet(PacketType.CONNECT_ERROR, "/n", {"message": "no"})
    assert session.receive_text(TEXTS[PacketType.EVENT]) is None
    assert session.receive_text(TEXTS[PacketType.DISCONNECT]) is None
    assert session.receive_text(b'51-/n,["e",' + HOLDER + b"]") is None
    assert session.receive_binary(b"x") is None
    assert session.receive_text(b"0/n,") == Packet(PacketType.CONNECT, "/n")
    assert session.accept("/n", {})[1] == []


def test_expelled_is_remembered_until_it_connects_again() -> None:
    session = session_in(NamespaceState.CONNECTED)
    assert session.disconnect("/n") == Packet(PacketType.DISCONNECT, "/n")
    assert session.receive_text(TEXTS[PacketType.ACK]) is None
    session.receive_text(b"0/n,")
    session.receive_text(b"1/n,")
    with pytest.raises(PeerError):
        session.receive_text(TEXTS[PacketType.EVENT])


def test_only_the_last_expulsions_are_remembered() -> None:
    session = SocketSession()
    for number in range(20):
        session.receive_text(b"0/%d," % number)
        session.refuse(f"/{number}", "")
    assert session.receive_text(b'2/19,["e"]') is None
    with pytest.raises(PeerError):
        session.receive_text(b'2/0,["e"]')


def test_events_that_wait_are_bounded_in_number() -> None:
    session = SocketSession(max_waiting=3)
    session.receive_text(b"0")
    for _ in range(3):
        assert not session.holds_enough
        assert session.receive_text(b'2["e"]') is None
    assert session.holds_enough
    _, waiting = session.accept("/", {"sid": "x"})
    assert len(waiting) == 3
    assert not session.holds_enough


def test_events_that_wait_are_bounded_in_bytes() -> None:
    session = SocketSession(max_attachment_bytes=1000)
    session.receive_text(b"0")
    assert session.receive_text(b'2["e","%s"]' % (b"x" * 600)) is None
    session.receive_text(b'51-["e",' + HOLDER + b"]")
    assert not session.holds_enough
    assert session.receive_binary(b"x" * 600) is None
    assert session.holds_enough


def test_attachments_are_put_in_place() -> None:
    session = session_in(NamespaceState.CONNECTED)
    text = b'52-/n,3["e",{"_placeholder":true,"num":1},[{"_placeholder":true,"num":0}]]'
    assert session.receive_text(text) is None
    assert (session.owes_attachments, session.attachment_bytes) == (True, 0)
    assert session.receive_binary(b"a") is None
    assert (session.owes_attachments, session.attachment_bytes) == (True, 1)
    assert session.receive_binary(b"b") == Packet(PacketType.EVENT, "/n", ["e", b"b", [b"a"]], 3)
    assert (session.owes_attachments, session.attachment_bytes) == (False, 0)


def test_attachments_are_bounded_in_bytes() -> None:
    session = SocketSession(max_attachment_bytes=10)
    session.receive_text(b"0")
    session.receive_text(b'53-["e"]')
    session.receive_binary(b"x" * 10)
    with pytest.raises(PeerError):
        session.receive_binary(b"x")


def test_attachment_count_is_limited() -> None:
    session = SocketSession(max_attachments=2)
    session.receive_text(b"0")
    with pytest.raises(PeerError):
        session.receive_text(b'53-["e"]')


def test_text_while_attachments_are_owed() -> None:
    session = session_in(NamespaceState.CONNECTED)
    session.receive_text(b'51-/n,["e",' + HOLDER + b"]")
    with pytest.raises(PeerError):
        session.receive_text(TEXTS[PacketType.EVENT])


@pytest.mark.parametrize("state", NamespaceState)
def test_stray_binary(state: NamespaceState) -> None:
    with pytest.raises(PeerError):
        session_in(state).receive_binary(b"x")


def test_attachments_are_not_taken_before_connect() -> None:
    with pytest.raises(PeerError):
        SocketSession().receive_text(b'51-["e",' + HOLDER + b"]")


def test_ack_ids_count_up_for_each_namespace() -> None:
    session = session_in(NamespaceState.CONNECTED)
    session.receive_text(b"0")
    session.accept("/", {})
    assert [session.next_ack_id("/n"), session.next_ack_id("/n"), session.next_ack_id("/")] == [0, 1, 0]


ALPHABET = [
    *TEXTS.values(),
    b"0",
    b'2["e"]',
    b"1",
    b"30[]",
    b'51-["e",' + HOLDER + b"]",
    b'52-/n,["e"]',
    b"garbage",
    b'2["\\ud800"]',
    b"\xff",
]


@given(st.lists(st.one_of(st.sampled_from(ALPHABET), st.just(None), st.binary(max_size=20)), max_size=30))
def test_no_sequence_raises_anything_but_peer_error(messages: list[bytes | None]) -> None:
    session = SocketSession()
    for message in messages:
        try:
            packet = session.receive_binary(b"x") if message is None else session.receive_text(message)
        except PeerError:
            return
        if packet is not None and packet.type is PacketType.CONNECT:
            session.accept(packet.namespace, {})
