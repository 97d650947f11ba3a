"""What all repositories mean by a document, and by an id."""

from __future__ import annotations

from typing import Any

from bson import ObjectId
from motor.motor_asyncio import AsyncIOMotorDatabase

Document = dict[str, Any]
Database = AsyncIOMotorDatabase[Document]
"""Reads times with their offset, writes with majority and journal (see `server.storage.mongo`)."""


def new_id() -> str:
    """Return the id of a new document: 24 hexadecimal digits that grow with time."""
    return str(ObjectId())
