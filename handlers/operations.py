"""What a REST call takes and answers: declared once, beside its method; that is what validates and what documents."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Protocol, TypeVar, cast

from msgspec import Struct

from server.errors import ErrorCode

Answer = type | tuple[Any, ...] | Mapping[str, Any] | None
"""A type; one of several answers; the types of an object's fields; None for null."""

Method = TypeVar("Method", bound=Callable[..., Awaitable[None]])


class Taker(Protocol):
    """What an operation asks of its handler; see `ApiHandler`."""

    def body(self, shape: type[Struct]) -> Struct: ...

    def query(self, shape: type[Struct]) -> Struct: ...

    def set_status(self, status_code: int) -> None: ...


@dataclass(frozen=True)
class Operation:
    """One method of one path.

    ``form`` is a body that the handler reads by itself. Without a ``media_type`` the answer is in the envelope; with
    one it is ``answers`` alone, or bytes when that is None. ``also`` are other statuses of the same answer.
    ``headers`` are those of the request that mean something to this call alone; each may be absent.
    """

    summary: str
    path_parameters: tuple[str, ...]
    body: type[Struct] | None
    query: type[Struct] | None
    form: type[Struct] | None
    answers: Answer
    status: int
    also: tuple[int, ...]
    errors: tuple[ErrorCode, ...]
    media_type: str | None
    headers: tuple[str, ...]


def operation(
    *,
    body: type[Struct] | None = None,
    query: type[Struct] | None = None,
    form: type[Struct] | None = None,
    answers: Answer = None,
    status: int | tuple[int, ...] = 200,
    errors: tuple[ErrorCode, ...] = (),
    media_type: str | None = None,
    headers: tuple[str, ...] = (),
) -> Callable[[Method], Method]:
    """Declare a handler's method: it gets what it takes, valid, as ``body`` and ``query``, and answers by ``status``.

    Of several, the first is set, and the method may set another.

    The first line of its docstring is what people read of it; ``errors`` are those beside what every call may answer.
    """
    taken = {"body": body, "query": query}
    usual, *others = status if isinstance(status, tuple) else (status,)

    def declare(method: Method) -> Method:
        @wraps(method)
        async def call(handler: Taker, *path: str) -> None:
            given: dict[str, Struct] = {}
            if query is not None:
                given["query"] = handler.query(query)
            if body is not None:
                given["body"] = handler.body(body)
            handler.set_status(usual)
            await method(handler, *path, **given)

        _, *names = inspect.signature(method).parameters
        call.operation = Operation(  # type: ignore[attr-defined]
            summary=(inspect.getdoc(method) or "").partition("\n")[0],
            path_parameters=tuple(name for name in names if name not in taken),
            body=body,
            query=query,
            form=form,
            answers=answers,
            status=usual,
            also=tuple(others),
            errors=errors,
            media_type=media_type,
            headers=headers,
        )
        return cast(Method, call)

    return declare


def operations_of(handler: type) -> dict[str, Operation]:
    """Return what a handler declares, by HTTP method in lower case."""
    methods = ((name, getattr(handler, name)) for name in ("get", "post", "put", "patch", "delete"))
    return {name: method.operation for name, method in methods if hasattr(method, "operation")}
