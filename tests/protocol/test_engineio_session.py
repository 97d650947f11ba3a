"""Engine.IO sessions: the table of transitions, what packets mean, and the arithmetic of the heartbeat."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.protocol.engineio_session import (
    TRANSITIONS,
    CloseReason,
    EngineOptions,
    EngineSession,
    Heartbeat,
    Input,
    SessionError,
    SessionState,
)

OPTIONS = EngineOptions(ping_interval=25.0, ping_timeout=20.0, max_payload_bytes=100)

# One row per state: the inputs that are allowed, and where they lead.
TABLE = {
    "polling": {"POLL": "polling", "POST": "polling", "ATTACH": "probing", "END": "closing", "LOSS": "closed"},
    "probing": {
        "POLL": "probing",
        "POST": "probing",
        "UPGRADE": "websocket",
        "DETACH": "polling",
        "END": "closing",
        "LOSS": "closed",
    },
    "websocket": {"FRAME": "websocket", "END": "closed", "LOSS": "closed"},
    "closing": {"POLL": "closed", "POST": "closing", "END": "closing", "LOSS": "closed"},
    "closed": {"LOSS": "closed"},
}


def session(state: SessionState = SessionState.POLLING, now: float = 100.0) -> EngineSession:
    return EngineSession("the sid", OPTIONS, state, now)


@pytest.mark.parametrize("state", SessionState)
@pytest.mark.parametrize("step", Input)
def test_transition(state: SessionState, step: Input) -> None:
    expected = TABLE[state.value].get(step.name)
    tried = session(state)
    assert tried.allows(step) is (expected is not None)
    if expected is None:
        with pytest.raises(SessionError) as caught:
            tried.step(step)
        assert caught.value.reason is CloseReason.TRANSPORT_ERROR
        assert tried.state is state
    else:
        tried.step(step)
        assert tried.state.value == expected


def test_closed_is_the_end() -> None:
    assert {after for (before, _), after in TRANSITIONS.items() if before is SessionState.CLOSED} == {
        SessionState.CLOSED
    }


@pytest.mark.parametrize(("state", "upgrades"), [(SessionState.POLLING, ["websocket"]), (SessionState.WEBSOCKET, [])])
def test_open_packet(state: SessionState, upgrades: list[str]) -> None:
    packet = session(state).handshake()
    assert packet[:1] == b"0"
    opened = json.loads(packet[1:])
    assert list(opened) == ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"]
    assert opened == {
        "sid": "the sid",
        "upgrades": upgrades,
        "pingInterval": 25_000,
        "pingTimeout": 20_000,
        "maxPayload": 100,
    }


@pytest.mark.parametrize(
    ("packet", "message"),
    [(b"4hello", b"hello"), (b"4", b""), (b"3", None), (b"3probe", None), (b"5", None), (b"6", None), (b"6x", None)],
)
def test_packet_that_is_taken(packet: bytes, message: bytes | None) -> None:
    assert session().receive(packet, 101.0) == message


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (b"1", CloseReason.TRANSPORT_CLOSE),
        (b"0", CloseReason.TRANSPORT_ERROR),
        (b"2", CloseReason.TRANSPORT_ERROR),
        (b"2probe", CloseReason.TRANSPORT_ERROR),
        (b"", CloseReason.PARSE_ERROR),
        (b"7", CloseReason.PARSE_ERROR),
        (b"b", CloseReason.PARSE_ERROR),
        (b"\xff", CloseReason.PARSE_ERROR),
    ],
)
def test_packet_that_ends_the_session(packet: bytes, reason: CloseReason) -> None:
    with pytest.raises(SessionError) as caught:
        session().receive(packet, 101.0)
    assert caught.value.reason is reason


@given(st.binary(max_size=20), st.sampled_from(Heartbeat))
def test_no_packet_raises_anything_else(packet: bytes, heartbeat: Heartbeat) -> None:
    tried = session()
    tried.heartbeat = heartbeat
    try:
        message = tried.receive(packet, 101.0)
    except SessionError:
        return
    assert message is None or b"4" + message == packet


# Heartbeat.


def pinged() -> EngineSession:
    tried = session()
    assert tried.deadline == 125.0
    assert tried.on_deadline(125.0) is True
    assert tried.deadline == 145.0
    return tried


def test_nothing_is_due_before_its_time() -> None:
    tried = session()
    assert tried.on_deadline(124.99) is False
    assert tried.heartbeat is Heartbeat.RESTING


def test_ping_that_is_late_counts_from_when_it_was_sent() -> None:
    tried = session()
    assert tried.on_deadline(130.0) is True
    assert tried.deadline == 150.0


def test_pong_begins_the_next_interval() -> None:
    tried = pinged()
    tried.receive(b"3", 127.0)
    assert (tried.heartbeat, tried.deadline) == (Heartbeat.RESTING, 152.0)


def test_no_pong_ends_the_session() -> None:
    tried = pinged()
    assert tried.on_deadline(144.99) is False
    with pytest.raises(SessionError) as caught:
        tried.on_deadline(145.0)
    assert caught.value.reason is CloseReason.PING_TIMEOUT


@pytest.mark.parametrize("packet", [b"4x", b"5", b"6"])
def test_other_packet_begins_the_wait_again_once(packet: bytes) -> None:
    tried = pinged()
    tried.receive(packet, 140.0)
    assert (tried.heartbeat, tried.deadline) == (Heartbeat.EXTENDED, 160.0)
    tried.receive(packet, 150.0)
    assert tried.deadline == 160.0
    with pytest.raises(SessionError):
        tried.on_deadline(160.0)


def test_binary_traffic_begins_the_wait_again() -> None:
    tried = pinged()
    tried.note_traffic(140.0)
    assert tried.deadline == 160.0


def test_pong_after_an_extension() -> None:
    tried = pinged()
    tried.receive(b"4x", 140.0)
    tried.receive(b"3", 150.0)
    assert (tried.heartbeat, tried.deadline) == (Heartbeat.RESTING, 175.0)
    assert tried.on_deadline(175.0) is True
    tried.receive(b"4x", 180.0)
    assert tried.deadline == 200.0  # an extension for each ping


def test_unsolicited_pong_and_traffic_between_pings_change_nothing() -> None:
    tried = session()
    for packet in (b"3", b"4x", b"6"):
        tried.receive(packet, 110.0)
    assert (tried.heartbeat, tried.deadline) == (Heartbeat.RESTING, 125.0)


@given(st.lists(st.tuples(st.floats(0, 30), st.sampled_from([b"3", b"4x", b"6", b"deadline"])), max_size=30))
def test_deadline_is_always_ahead_and_bounded(steps: list[tuple[float, bytes]]) -> None:
    tried, now = session(), 100.0
    for seconds, what in steps:
        now += seconds
        try:
            if tried.on_deadline(now):
                assert tried.deadline == now + OPTIONS.ping_timeout
        except SessionError:
            return
        if what != b"deadline":
            tried.receive(what, now)
        assert now < tried.deadline <= now + OPTIONS.ping_interval


def test_close_reasons_tell_whether_clients_come_back() -> None:
    final = {reason for reason in CloseReason if not reason.reconnects}
    assert final == {CloseReason.CLIENT_DISCONNECT, CloseReason.SERVER_DISCONNECT}
    assert len({reason.text for reason in CloseReason}) == len(CloseReason)
