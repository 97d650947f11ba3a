from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from server.domain.messages import Message, Page
from server.domain.payloads import to_payload
from server.domain.users import Profile


def test_times_have_milliseconds_and_an_offset() -> None:
    assert to_payload(datetime(2026, 1, 5, tzinfo=UTC)) == "2026-01-05T00:00:00.000+00:00"
    shanghai = timezone(timedelta(hours=8))
    assert to_payload({"at": [datetime(2026, 1, 5, 10, 0, 0, 999999, shanghai)]}) == {
        "at": ["2026-01-05T10:00:00.999+08:00"]
    }


def test_absent_optionals_are_left_out_and_required_ones_are_null() -> None:
    message = Message("m", "c", 1, Profile("u", "alice", "Alice"), "text", "x", datetime(2026, 1, 5, tzinfo=UTC), None)
    payload = to_payload(Page([message], has_more=False))
    assert payload["has_more"] is False
    assert payload["messages"][0]["client_msg_id"] is None
    assert "reply_to" not in payload["messages"][0]
    assert payload["messages"][0]["sender"] == {"id": "u", "username": "alice", "display_name": "Alice"}
