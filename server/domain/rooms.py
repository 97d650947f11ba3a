"""Names of the rooms that events are published to."""

from __future__ import annotations


def user_room(user_id: str) -> str:
    """Every connection of a user."""
    return f"user:{user_id}"


def session_room(session_id: str) -> str:
    """Every connection opened by one login session."""
    return f"session:{session_id}"


def conversation_room(conversation_id: str) -> str:
    """Every connection that has joined a conversation."""
    return f"conversation:{conversation_id}"


def task_room(task_id: str) -> str:
    """Every connection that watches a task."""
    return f"task:{task_id}"


def notification_room(user_id: str) -> str:
    """Every stream of a user's notifications; Socket.IO clients hear of them in the user's room."""
    return f"notifications:{user_id}"
