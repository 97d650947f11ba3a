"""Several writes as one: all are stored, or none."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from motor.motor_asyncio import AsyncIOMotorClientSession
from pymongo import WriteConcern
from pymongo.errors import OperationFailure

from server.storage.availability import unavailable
from server.storage.documents import Database

ATTEMPTS = 16
PAUSE_SECONDS = 0.005
LONGEST_PAUSE_SECONDS = 0.2

T = TypeVar("T")
Session = AsyncIOMotorClientSession
Work = Callable[[Session], Awaitable[T]]


async def in_transaction(database: Database, work: Work[T]) -> T:
    """Do ``work``, again when something else changes the same documents at this very moment.

    What it raises undoes it. Raises RequestError (unavailable) when it is never its turn.
    """
    client: Any = database.client
    for attempt in range(ATTEMPTS):
        try:
            async with (
                await client.start_session() as session,
                session.start_transaction(write_concern=WriteConcern(w="majority", j=True)),
            ):
                return await work(session)
        except OperationFailure as error:
            if not error.has_error_label("TransientTransactionError"):
                raise
        await asyncio.sleep(min(PAUSE_SECONDS * 2**attempt, LONGEST_PAUSE_SECONDS) * random.random())  # noqa: S311
    raise unavailable()
