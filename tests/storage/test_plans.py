"""Every query has the index it needs, and every index a query (docs/architecture.md, "How to add", a query)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from server.storage.documents import Database
from server.storage.indexes import INDEXES
from server.storage.repositories import Repositories
from tests.support.plans import (
    ENOUGH,
    Fault,
    Section,
    faults_of,
    operations_of,
    public_methods,
    section_of,
    used_indexes,
)

BY_NATURE = {"unique", "expireAfterSeconds"}
"""An index of this kind does its work without being asked."""


async def fill(database: Database, sections: dict[str, Section]) -> None:
    for section in sections.values():
        for collection, documents in section.documents.items():
            assert len(documents) >= ENOUGH, f"{collection} holds {len(documents)} documents, {ENOUGH} are needed"
            await database[collection].insert_many(documents)


@pytest.mark.gen_test
async def test_every_query_has_its_index_and_every_index_its_query(database: Database) -> None:
    repositories = vars(Repositories(database))
    sections = {name: section_of(name) for name in repositories}
    await fill(database, sections)

    wrong: list[str] = []
    for name, repository in repositories.items():
        for row in sections[name].rows:
            faults = faults_of(await operations_of(database, partial(row.call, repository)))
            wrong += [f"{name}.{row.method} {fault.value}" for fault in faults - row.excuses.keys()]
            wrong += [f"{name}.{row.method} no longer {fault.value}" for fault in row.excuses.keys() - faults]
    assert not wrong, "\n".join(wrong)

    unused = [
        f"{collection}.{model.document['name']}"
        for collection, models in INDEXES.items()
        for used in [await used_indexes(database, collection)]
        for model in models
        if model.document["name"] not in used and not BY_NATURE & model.document.keys()
    ]
    assert not unused, "indexes that no row uses"


@pytest.mark.gen_test
async def test_every_method_of_every_repository_has_a_row(database: Database) -> None:
    for name, repository in vars(Repositories(database)).items():
        in_rows = {row.method for row in section_of(name).rows}
        assert in_rows == public_methods(repository), f"the rows of tests/storage/plans/{name}.py"


@pytest.mark.gen_test
async def test_every_collection_with_indexes_is_filled(database: Database) -> None:
    filled = {name for repository in vars(Repositories(database)) for name in section_of(repository).documents}
    assert filled >= INDEXES.keys()  # a collection that is asked by _id alone has none


@pytest.mark.gen_test
async def test_what_is_wrong_is_seen(database: Database) -> None:
    users = database["users"]
    await fill(database, {"users": section_of("users")})
    rename = {"$set": {"display_name": "x"}}
    queries: list[tuple[Callable[[], Awaitable[object]], set[Fault]]] = [
        (lambda: users.find_one({"display_name": "Somebody"}), {Fault.SCANS}),
        (lambda: users.find_one({"display_name": "Nobody"}), {Fault.SCANS, Fault.EXAMINES, Fault.FINDS_NOTHING}),
        (lambda: users.find({"_id": {"$gt": "user3"}}).sort("username", 1).to_list(None), {Fault.SORTS}),
        (lambda: users.count_documents({"username_key": {"$gt": ""}}), {Fault.EXAMINES}),
        (lambda: users.update_many({"display_name": "Nobody"}, rename), set(Fault) - {Fault.SORTS}),
        (lambda: users.delete_one({"username": "User0"}), {Fault.SCANS}),
        (lambda: users.find_one({"_id": "user8"}), set()),
        (lambda: users.find_one({"_id": "nobody"}), {Fault.FINDS_NOTHING}),
    ]
    for number, (query, faults) in enumerate(queries):
        assert faults_of(await operations_of(database, query)) == faults, number
