"""Every event; one without an error named is open to every member, and concerns the caller alone."""

from __future__ import annotations

from tests.handlers.access.rest import PLACE
from tests.support.access import call

PRICES = {"subscription_type": "market", "target": "SH"}
"""Another target than the town's stranger watches."""

GROUP = (
    call("join_chat", {"conversation_id": "{group}"}, outsider="not_found", admin="ok"),
    call(
        "send_message",
        {"conversation_id": "{group}", "content": "secret"},
        outsider="not_found",
        admin="ok",
        tells="new_message",
    ),
    call(
        "send_message",
        {"conversation_id": "{group}", "content": "secret", "reply_to": "{group_message}"},
        outsider="not_found",
        admin="ok",
        tells="new_message",
    ),
    call(
        "send_message",
        {"conversation_id": "{group}", "type": "image", "file_id": "{group_file}"},
        outsider="not_found",
        admin="invalid_input",
        other="invalid_input",
        tells="new_message",
    ),
    *(
        call(
            event,
            {"message_id": "{group_message}", **content},
            outsider="not_found",
            admin="forbidden",
            other="forbidden",
            tells="message_updated",
        )
        for event, content in (("edit_message", {"content": "secret"}), ("recall_message", {}))
    ),
    *(
        call(
            f"mark_{mark}",
            {"conversation_id": "{group}", "seq": "{group_seq}"},
            outsider="not_found",
            admin="ok",
            tells=f"message_{mark}",
        )
        for mark in ("delivered", "read")
    ),
    call(
        "typing",
        {"conversation_id": "{group}", "is_typing": True},
        outsider="not_found",
        admin="ok",
        tells="typing",
    ),
    call("typing", {"conversation_id": "{group}", "is_typing": False}, outsider="not_found", admin="ok"),
)
"""Who was removed has a message of their own there as ``{group_message}``."""

EVENTS = (
    call("join_chat", {"conversation_id": "{conversation}"}, outsider="not_found", former="ok"),
    call("join_chat", {"friend_id": "{user}"}, stranger="not_friends"),
    call(
        "leave_chat",
        {"conversation_id": "{conversation}"},
        takes_any_id="leaving where one is not changes nothing, whatever it is called",
    ),
    call(
        "send_message",
        {"conversation_id": "{conversation}", "content": "secret"},
        outsider="not_found",
        former="not_friends",
        tells="new_message",
    ),
    call("send_message", {"friend_id": "{user}", "content": "x"}, outsider="not_friends", friend="ok"),
    call(
        "send_message",
        {"friend_id": "{user}", "content": "x", "reply_to": "{message}"},
        outsider="not_friends",
        friend="invalid_input",
    ),
    call(
        "send_message",
        {"friend_id": "{user}", "type": "file", "file_id": "{draft}"},
        outsider="not_friends",
        friend="invalid_input",
        other="invalid_input",
    ),
    call(
        "send_message",
        {"friend_id": "{user}", "type": "image", "file_id": "{file}"},
        outsider="not_friends",
        friend="invalid_input",
        other="invalid_input",
        tells="new_message",
    ),
    call(
        "edit_message",
        {"message_id": "{message}", "content": "secret"},
        outsider="not_found",
        former="not_friends",
        other="forbidden",
        tells="message_updated",
    ),
    call(
        "recall_message",
        {"message_id": "{message}"},
        outsider="not_found",
        former="not_friends",
        other="forbidden",
        tells="message_updated",
    ),
    *(
        call(
            f"mark_{mark}",
            {"conversation_id": "{conversation}", "seq": "{seq}"},
            outsider="not_found",
            former="ok",
            tells=f"message_{mark}",
        )
        for mark in ("delivered", "read")
    ),
    call(
        "typing",
        {"conversation_id": "{conversation}", "is_typing": True},
        outsider="not_found",
        former="not_friends",
        tells="typing",
    ),
    call("typing", {"conversation_id": "{conversation}", "is_typing": False}, outsider="not_found", former="ok"),
    call("resume_notifications", {"after": "{notification}"}, tells_unknown=PLACE),
    call(
        "mark_notifications_read",
        {"ids": ["{notification}"]},
        takes_any_id="what is not one's own is left out",
    ),
    *GROUP,
    call("set_presence", {"state": "idle"}),
    call("ping"),
    call("app_ping"),
    call("subscribe_prices", PRICES),
    call("unsubscribe_prices", PRICES),
    call("watch_task", {"task_id": "{task}"}, outsider="not_found", operator="ok", other="not_found"),
    call(
        "unwatch_task",
        {"task_id": "{task}"},
        takes_any_id="watching no longer what one does not watch changes nothing, whatever it is called",
    ),
    # Nobody's token but one's own: tests/handlers/events/test_session.py.
    call("refresh_token", {"token": "nonsense"}, outsider="unauthorized", other="unauthorized", member="unauthorized"),
)
