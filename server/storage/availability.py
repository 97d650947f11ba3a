"""The database being away, told in the product's words."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from pymongo.errors import ConnectionFailure, ExecutionTimeout, InvalidOperation, WriteConcernError

from server.errors import ErrorCode, RequestError

P = ParamSpec("P")
T = TypeVar("T")

AWAY = (ConnectionFailure, ExecutionTimeout, WriteConcernError)
"""What the driver raises when the database is away or cannot keep what it was given."""


def unavailable() -> RequestError:
    """Return what a caller is told then."""
    return RequestError(ErrorCode.UNAVAILABLE, "the database does not answer")


def database_call(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Make a repository's method raise RequestError (unavailable) when the database is away."""

    @wraps(method)
    async def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await method(*args, **kwargs)
        except AWAY as error:
            raise unavailable() from error
        except InvalidOperation as error:
            # The server gives up a database that died by closing it; every other one is a mistake of ours.
            if not str(error).endswith("after close"):
                raise
            raise unavailable() from error

    return call
