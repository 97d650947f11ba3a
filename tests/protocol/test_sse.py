from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.protocol import sse
from server.protocol.websocket_frames import CloseCode


def parse(stream: str) -> list[tuple[str, str, str]]:
    """Return (event, id, data) as the specification says (WHATWG HTML, 9.2.6)."""
    events, fields = [], {"event": "", "id": "", "data": ""}
    for line in stream.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if not line:
            if fields["data"]:
                events.append((fields["event"], fields["id"], fields["data"]))
            fields |= {"event": "", "data": ""}
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
    return events


@given(st.dictionaries(st.text(), st.text()))
def test_whatever_the_data_is_one_event_comes_out(data: dict[str, str]) -> None:
    written = sse.event("notification", data, "0" * 24) + sse.COMMENT
    [(name, event_id, text)] = parse(written.decode())
    assert (name, event_id, json.loads(text)) == ("notification", "0" * 24, data)


@pytest.mark.parametrize("code", list(CloseCode))
def test_the_last_event_says_why_and_a_full_house_keeps_clients_away(code: CloseCode) -> None:
    written = sse.closed(code, "reason").decode()
    assert [(name, json.loads(data)) for name, _, data in parse(written)] == [
        ("closed", {"code": int(code), "reason": "reason"})
    ]
    assert ("retry: 60000\n" in written) is (code is CloseCode.TOO_MANY_CONNECTIONS)


def test_what_such_a_client_sends_is_not_looked_at() -> None:
    framing = sse.EventStream()
    assert framing.feed(b"GET / HTTP/1.1\r\n\r\n" * 1000) == []
    assert framing.error is None
    assert framing.closing(CloseCode.GOING_AWAY, "x") == sse.closed(CloseCode.GOING_AWAY, "x")
    assert framing.error is not None
