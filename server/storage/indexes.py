"""Every index of the database, by name."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pymongo
from pymongo import ASCENDING, DESCENDING, IndexModel

from server.errors import RequestError, StartError
from server.storage.availability import database_call
from server.storage.command_times import Note
from server.storage.documents import Database
from server.storage.mongo import Mongo

FIRED_ALERTS_KEPT_SECONDS = 90 * 24 * 3600

# A query for a value uses an index of those that have the field ($exists), not of those where it has a type ($type).
INDEXES: dict[str, list[IndexModel]] = {
    "users": [
        IndexModel([("username_key", ASCENDING)], name="username_key", unique=True),
        IndexModel([("display_name_key", ASCENDING)], name="display_name_key"),
        IndexModel([("avatar", ASCENDING)], name="avatar", partialFilterExpression={"avatar": {"$exists": True}}),
        IndexModel(
            [("role", ASCENDING), ("username_key", ASCENDING)],
            name="role",
            partialFilterExpression={"role": {"$exists": True}},
        ),
        IndexModel(
            [("role", ASCENDING), ("display_name_key", ASCENDING)],
            name="role_display_name",
            partialFilterExpression={"role": {"$exists": True}},
        ),
        IndexModel([("username_key", ASCENDING)], name="banned", partialFilterExpression={"ban": {"$exists": True}}),
        IndexModel(
            [("display_name_key", ASCENDING)],
            name="banned_display_name",
            partialFilterExpression={"ban": {"$exists": True}},
        ),
    ],
    "login_sessions": [
        IndexModel([("user_id", ASCENDING)], name="user"),
        IndexModel([("expires_at", ASCENDING)], name="expiry", expireAfterSeconds=0),
    ],
    "relations": [
        IndexModel(
            [("user_ids", ASCENDING)], name="friends", partialFilterExpression={"friends_since": {"$exists": True}}
        ),
        IndexModel(
            [("request.id", ASCENDING)],
            name="request",
            unique=True,
            partialFilterExpression={"request.id": {"$exists": True}},
        ),
        *(
            IndexModel(
                [(f"request.{side}_user_id", ASCENDING), ("request.id", DESCENDING)],
                name=f"request_{side}",
                partialFilterExpression={f"request.{side}_user_id": {"$exists": True}},
            )
            for side in ("from", "to")
        ),
        IndexModel([("blocked_by", ASCENDING)], name="blocked_by", sparse=True),
    ],
    "alerts": [
        IndexModel(
            [("user_id", ASCENDING), ("slot", ASCENDING)],
            name="active_slot",
            unique=True,
            partialFilterExpression={"slot": {"$exists": True}},
        ),
        IndexModel(
            [("user_id", ASCENDING), ("firing.at", DESCENDING)],
            name="user_fired",
            partialFilterExpression={"firing.at": {"$exists": True}},
        ),
        IndexModel([("firing.at", ASCENDING)], name="expiry", expireAfterSeconds=FIRED_ALERTS_KEPT_SECONDS),
    ],
    "conversations": [
        IndexModel(
            [("pair", ASCENDING)], name="direct_pair", unique=True, partialFilterExpression={"pair": {"$exists": True}}
        ),
    ],
    "members": [
        IndexModel([("user_id", ASCENDING), ("kind", ASCENDING)], name="user_kind"),
        IndexModel([("user_id", ASCENDING)], name="user_pinned", partialFilterExpression={"pinned": True}),
        IndexModel(
            [("conversation_id", ASCENDING), ("joined_at", ASCENDING), ("user_id", ASCENDING)],
            name="conversation_joined",
        ),
        IndexModel(
            [
                ("conversation_id", ASCENDING),
                ("role", ASCENDING),
                ("joined_at", ASCENDING),
                ("user_id", ASCENDING),
            ],
            name="conversation_role",
        ),
    ],
    "messages": [
        IndexModel([("conversation_id", ASCENDING), ("seq", ASCENDING)], name="conversation_seq", unique=True),
        IndexModel(
            [("sender_id", ASCENDING), ("client_msg_id", ASCENDING)],
            name="sender_client_id",
            unique=True,
            partialFilterExpression={"client_msg_id": {"$exists": True}},
        ),
        IndexModel(
            [("conversation_id", ASCENDING), ("created_at", ASCENDING), ("seq", ASCENDING)], name="conversation_time"
        ),
        IndexModel(
            [("conversation_id", ASCENDING), ("sender_id", ASCENDING), ("seq", ASCENDING)], name="conversation_sender"
        ),
        IndexModel(
            [("conversation_id", ASCENDING), ("type", ASCENDING), ("seq", ASCENDING)],
            name="conversation_type",
            # Every type but text: their names come before it, and a partial index knows no "not".
            partialFilterExpression={"type": {"$lt": "text"}},
        ),
        IndexModel(
            [("conversation_id", ASCENDING), ("terms", ASCENDING), ("seq", ASCENDING)], name="conversation_terms"
        ),
        IndexModel(
            [("conversation_id", ASCENDING), ("revision", ASCENDING), ("seq", ASCENDING)],
            name="conversation_revision",
            partialFilterExpression={"revision": {"$exists": True}},
        ),
        IndexModel(
            [("file.id", ASCENDING), ("conversation_id", ASCENDING)],
            name="file",
            partialFilterExpression={"file.id": {"$exists": True}},
        ),
    ],
    "bars": [
        IndexModel(
            [("symbol", ASCENDING), ("period", ASCENDING), ("time", DESCENDING)],
            name="symbol_period_time",
            unique=True,
        ),
        # Only minutes expire.
        IndexModel([("expires_at", ASCENDING)], name="expiry", expireAfterSeconds=0, sparse=True),
    ],
    "signals": [
        IndexModel(
            [("strategy", ASCENDING), ("day", DESCENDING), ("symbol", ASCENDING)],
            name="strategy_day_symbol",
            unique=True,
        ),
        IndexModel(
            [("strategy", ASCENDING), ("day", DESCENDING), ("score", DESCENDING), ("symbol", ASCENDING)],
            name="strategy_day_score",
        ),
    ],
    "tasks": [
        IndexModel([("owner_id", ASCENDING), ("_id", ASCENDING)], name="owner"),
        IndexModel([("owner_id", ASCENDING), ("state", ASCENDING), ("_id", ASCENDING)], name="owner_state"),
        IndexModel([("owner_id", ASCENDING), ("type", ASCENDING), ("_id", ASCENDING)], name="owner_type"),
        IndexModel(
            [("owner_id", ASCENDING), ("idempotency_key", ASCENDING)],
            name="idempotency_key",
            unique=True,
            partialFilterExpression={"idempotency_key": {"$exists": True}},
        ),
        IndexModel(
            [("owner_id", ASCENDING), ("place", ASCENDING)],
            name="owner_place",
            unique=True,
            partialFilterExpression={"place": {"$exists": True}},
        ),
        IndexModel(
            [
                ("state", ASCENDING),
                ("worker", ASCENDING),
                ("priority", DESCENDING),
                ("queued_at", ASCENDING),
                ("_id", ASCENDING),
                ("type", ASCENDING),
            ],
            name="queue",
        ),
        IndexModel(
            [("worker", ASCENDING), ("alive_until", ASCENDING)],
            name="alive_until",
            partialFilterExpression={"alive_until": {"$exists": True}},
        ),
        IndexModel([("expires_at", ASCENDING)], name="expiry", expireAfterSeconds=0),
    ],
    "notifications": [
        IndexModel([("user_id", ASCENDING), ("seq", ASCENDING)], name="user_seq", unique=True),
        IndexModel([("user_id", ASCENDING), ("status", ASCENDING), ("seq", ASCENDING)], name="user_status"),
        IndexModel(
            [("user_id", ASCENDING), ("type", ASCENDING), ("status", ASCENDING), ("seq", ASCENDING)], name="user_type"
        ),
        IndexModel(
            [("user_id", ASCENDING), ("key", ASCENDING)],
            name="user_key",
            unique=True,
            partialFilterExpression={"key": {"$exists": True}},
        ),
        IndexModel([("expires_at", ASCENDING)], name="expiry", expireAfterSeconds=0),
    ],
    "notification_jobs": [
        IndexModel([("lease_until", ASCENDING)], name="running", partialFilterExpression={"state": "running"}),
        IndexModel([("expires_at", ASCENDING)], name="expiry", expireAfterSeconds=0),
    ],
    "files.files": [
        IndexModel([("metadata.owner_id", ASCENDING), ("length", ASCENDING)], name="owner"),
        IndexModel([("metadata.check_at", ASCENDING)], name="check_at", sparse=True),
    ],
    "files.chunks": [
        IndexModel([("files_id", ASCENDING), ("n", ASCENDING)], name="files_id_1_n_1", unique=True),
    ],
    "audit": [
        IndexModel([("actor.id", ASCENDING), ("_id", DESCENDING)], name="actor"),
        IndexModel([("action", ASCENDING), ("_id", DESCENDING)], name="action"),
        IndexModel([("actor.id", ASCENDING), ("action", ASCENDING), ("_id", DESCENDING)], name="actor_action"),
        IndexModel([("expires_at", ASCENDING)], name="expiry", expireAfterSeconds=0),
    ],
}


@database_call
async def create_indexes(database: Database) -> None:
    """Create what is missing, however long a large collection takes; nothing happens to indexes that are there."""
    with pymongo.timeout(0):  # none at all; None would be the client's own
        for name, models in INDEXES.items():
            await database[name].create_indexes(models)


async def open_database(uri: str, name: str, stack: AsyncExitStack, note: Note | None = None) -> Mongo:
    """Connect to the product's database and let it have its indexes; ``stack`` closes it again.

    ``note`` is told of every command.

    Raises:
        StartError: one sentence that says why it cannot be used.
    """
    mongo = await Mongo.open(uri, name, note=note)
    stack.callback(mongo.close)
    try:
        await create_indexes(mongo.database)
    except RequestError as error:
        raise StartError(f"the database's indexes cannot be made: {error.detail}") from error
    return mongo
