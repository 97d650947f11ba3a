from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from server.auth.passwords import Passwords
from server.errors import ErrorCode, RequestError


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    passwords = Passwords(max_waiting=2)
    yield passwords
    passwords.close()


@pytest.mark.gen_test
async def test_verifies_what_it_hashed(passwords: Passwords) -> None:
    password_hash = await passwords.hash("correct horse")
    assert password_hash.startswith("$argon2id$")
    assert await passwords.verify("correct horse", password_hash)
    assert not await passwords.verify("wrong horse", password_hash)
    assert not await passwords.verify("correct horse", "not a hash")
    assert not await passwords.verify("nobody has this password", None)


@pytest.mark.gen_test
async def test_the_loop_runs_on_while_a_password_is_computed(passwords: Passwords) -> None:
    computing = asyncio.ensure_future(passwords.hash("correct horse"))
    turns = 0
    while not computing.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 10


@pytest.mark.gen_test
async def test_a_flood_is_refused_and_passes(passwords: Passwords) -> None:
    results = await asyncio.gather(*(passwords.hash("correct horse") for _ in range(5)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, RequestError)]
    assert [error.code for error in refused] == [ErrorCode.UNAVAILABLE] * 3
    assert await passwords.hash("correct horse")
