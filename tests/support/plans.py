"""What each query of a repository costs the database: rows that call every method, and what is wrong with a plan."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from importlib import import_module
from inspect import getmembers, isasyncgenfunction, iscoroutinefunction
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from server.storage.documents import Database, Document

FACTOR, ALLOWANCE = 3, 10
"""An operation may examine this many times what it finds, and so many more."""

ENOUGH = 300
"""With fewer documents in a collection a plan says nothing."""

P = ParamSpec("P")
R = TypeVar("R")


class Fault(Enum):
    """What can be wrong with how the database answers."""

    SCANS = "scans a whole collection"
    SORTS = "sorts in memory"
    EXAMINES = "examines far more than it finds"
    FINDS_NOTHING = "finds nothing, so its plan says nothing"


@dataclass(frozen=True)
class Row:
    """One call of a repository's method."""

    method: str
    call: Callable[[Any], Awaitable[object]]
    excuses: Mapping[Fault, str] = field(default_factory=dict)

    def excused(self, fault: Fault, why: str) -> Self:
        """Allow a fault, which then must be there; ``why`` says what makes it bearable."""
        assert why
        return type(self)(self.method, self.call, {**self.excuses, fault: why})


def row(method: Callable[Concatenate[R, P], Awaitable[object]], *args: P.args, **kwargs: P.kwargs) -> Row:
    """Return the row that calls a method, as in ``row(UserRepository.find, "a user's id")``."""
    name: str = getattr(method, "__name__")  # noqa: B009 - a Callable need not have one
    return Row(name, lambda repository: method(repository, *args, **kwargs))


@dataclass(frozen=True)
class Section:
    """One file of `tests/storage/plans`: what the collections hold, and the rows, called in this order."""

    documents: Mapping[str, list[Document]]
    rows: tuple[Row, ...]


def section_of(repository: str) -> Section:
    """Return the section of a repository, by its name in `Repositories`."""
    module = import_module(f"tests.storage.plans.{repository}")
    return Section(module.DOCUMENTS, module.ROWS)


def public_methods(repository: object) -> set[str]:
    """Return what a repository lets others await."""
    return {
        name
        for name, method in getmembers(type(repository))
        if not name.startswith("_") and (iscoroutinefunction(method) or isasyncgenfunction(method))
    }


async def operations_of(database: Database, call: Callable[[], Awaitable[object]]) -> list[Document]:
    """Do a call; return what the profiler saw of it."""
    await database.command("profile", 2)
    try:
        await call()
    finally:
        await database.command("profile", 0)
    profile = database["system.profile"]
    operations = await profile.find({"ns": {"$ne": f"{database.name}.system.profile"}}).to_list(None)
    await profile.drop()
    return [operation for operation in operations if "commitTransaction" not in operation["command"]]


def faults_of(operations: list[Document]) -> set[Fault]:
    """Return what is wrong with the operations of one call."""
    faults = {fault for operation in operations for fault in _faults(operation)}
    return faults if any(map(_found, operations)) else faults | {Fault.FINDS_NOTHING}


async def used_indexes(database: Database, collection: str) -> set[str]:
    """Return the names of the indexes that have answered anything."""
    statistics = database[collection].aggregate([{"$indexStats": {}}])
    return {index["name"] async for index in statistics if index["accesses"]["ops"]}


def _faults(operation: Document) -> set[Fault]:
    faults = set()
    if "COLLSCAN" in operation.get("planSummary", ""):
        faults.add(Fault.SCANS)
    if operation.get("hasSortStage"):
        faults.add(Fault.SORTS)
    examined = max(operation.get("docsExamined", 0), operation.get("keysExamined", 0))
    if examined > FACTOR * _found(operation) + ALLOWANCE:
        faults.add(Fault.EXAMINES)
    return faults


def _found(operation: Document) -> int:
    counts = ("nreturned", "nMatched", "nUpserted", "ninserted", "ndeleted")
    return sum(operation.get(count, 0) for count in counts)
