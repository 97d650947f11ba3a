"""The connection to MongoDB: opened once at start, durable writes by default."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pymongo
from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo import WriteConcern
from pymongo.errors import OperationFailure, PyMongoError

from server.errors import StartError
from server.storage.command_times import CommandTimes, Note

ANSWER_TIMEOUT_SECONDS = 5.0
# A database that hangs fails a call after this time; a write is acknowledged when a majority has it in its journal.
CALL_TIMEOUT_SECONDS = 10.0
SELECTION_TIMEOUT_SECONDS = 5.0
# The driver says goodbye to the database, and the loop waits for it.
CLOSE_TIMEOUT_SECONDS = 1.0


class Mongo:
    """One client and the product's database; it belongs to the event loop it was opened on."""

    def __init__(self, client: AsyncIOMotorClient[dict[str, Any]], database_name: str) -> None:
        self._client = client
        self.database: AsyncIOMotorDatabase[dict[str, Any]] = client.get_database(
            database_name,
            codec_options=CodecOptions(tz_aware=True, tzinfo=UTC),
            write_concern=WriteConcern(w="majority", j=True),
        )

    @classmethod
    async def open(
        cls,
        uri: str,
        database_name: str,
        timeout_seconds: float = ANSWER_TIMEOUT_SECONDS,
        call_timeout_seconds: float = CALL_TIMEOUT_SECONDS,
        note: Note | None = None,
    ) -> Mongo:
        """Connect and wait for an answer; from then on no call takes longer than ``call_timeout_seconds``.

        ``note`` is told of every command.

        Raises:
            StartError: the address is wrong, nobody answers in time, or the credentials are refused; the sentence
                shows hosts, never credentials.
        """
        try:
            client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
                uri,
                appname="stock-insight",
                event_listeners=[] if note is None else [CommandTimes(note)],
                timeoutMS=round(call_timeout_seconds * 1000),
                serverSelectionTimeoutMS=round(min(call_timeout_seconds, SELECTION_TIMEOUT_SECONDS) * 1000),
            )
        except (PyMongoError, ValueError) as error:
            # The driver quotes the part it does not understand, which may be a password.
            reason = "see its user name, password and options" if "@" in uri else str(error)
            raise StartError(f"mongodb_uri is not a usable MongoDB address: {reason}") from None
        mongo = cls(client, database_name)
        try:
            with pymongo.timeout(timeout_seconds):
                await mongo.ping()
        except PyMongoError as error:
            mongo.close()
            raise StartError(_refusal(client, error, timeout_seconds)) from None
        except BaseException:
            mongo.close()
            raise
        return mongo

    async def ping(self) -> None:
        """Ask for a sign of life (credentials are checked with it, rights are not).

        Raises:
            PyMongoError: there is none.
        """
        await self.database.command("ping")

    def close(self) -> None:
        """Close every connection; a database that is gone holds this up for a second at most."""
        with pymongo.timeout(CLOSE_TIMEOUT_SECONDS):
            self._client.close()


def _refusal(client: AsyncIOMotorClient[dict[str, Any]], error: PyMongoError, timeout_seconds: float) -> str:
    topology: Any = client.topology_description
    hosts = ", ".join(f"{host}:{port}" if port else host for host, port in sorted(topology.server_descriptions()))
    if isinstance(error, OperationFailure):
        return f"MongoDB at {hosts} refused the connection of mongodb_uri: {(error.details or {}).get('errmsg', error)}"
    return f"MongoDB at {hosts} did not answer within {timeout_seconds:g} s; start it, or correct mongodb_uri"
