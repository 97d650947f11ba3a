from __future__ import annotations

import asyncio

import pytest

from server.errors import ErrorCode, RequestError
from server.services.accounts import SignIn
from server.services.demo import ensure_demo_accounts
from server.storage.documents import Database
from tests.support.clock import FakeClock
from tests.support.community import Community, RecordingPublisher, open_community

PASSWORD = "correct horse"


async def refused_as(code: ErrorCode, call: object) -> None:
    with pytest.raises(RequestError) as refused:
        await call  # type: ignore[misc]
    assert refused.value.code is code


async def login_sessions(community: Community) -> int:
    return await community.database["login_sessions"].count_documents({})


@pytest.mark.gen_test
async def test_who_registers_is_signed_in(database: Database) -> None:
    community = open_community(database)
    sign_in = await community.accounts.register("王小明", PASSWORD)
    assert (sign_in.user.username, sign_in.user.display_name) == ("王小明", "王小明")
    assert (sign_in.token_type, sign_in.expires_in) == ("Bearer", 1800)
    principal = await community.accounts.authenticate(sign_in.access_token)
    assert (principal.user_id, principal.username) == (sign_in.user.id, "王小明")
    assert await community.accounts.me(principal) == sign_in.user


@pytest.mark.gen_test
async def test_secrets_are_stored_hashed(database: Database) -> None:
    community = open_community(database)
    sign_in = await community.accounts.register("alice", PASSWORD)
    user = await database["users"].find_one({})
    session = await database["login_sessions"].find_one({})
    assert user is not None
    assert user["password_hash"].startswith("$argon2id$")
    stored = repr((user, session))
    secret = sign_in.refresh_token.partition(".")[2]
    assert PASSWORD not in stored
    assert secret[:22] not in stored
    assert secret[22:] not in stored


@pytest.mark.gen_test
async def test_usernames_that_are_refused(database: Database) -> None:
    accounts = open_community(database).accounts
    for username in ("ab", "a" * 33, "a b", "naïve", "a/b", "<b>", "алиса", "a\nb", "alice\n", "", "＄ne"):
        await refused_as(ErrorCode.INVALID_USERNAME, accounts.register(username, PASSWORD))


@pytest.mark.gen_test
async def test_names_passwords_and_texts_at_their_limits(database: Database) -> None:
    accounts = open_community(database).accounts
    await accounts.register("A.b-c_9", "x" * 8)
    await accounts.register("字" * 32, "x" * 256, "  Shown  ")
    await refused_as(ErrorCode.WEAK_PASSWORD, accounts.register("short", "x" * 7))
    await refused_as(ErrorCode.WEAK_PASSWORD, accounts.register("long", "x" * 257))
    for odd in ("nul\0nul\0nul", "\ud800" * 8):
        await refused_as(ErrorCode.INVALID_INPUT, accounts.register("odd", odd))
        await refused_as(ErrorCode.INVALID_INPUT, accounts.register(odd, PASSWORD))
        await refused_as(ErrorCode.INVALID_INPUT, accounts.register("odd", PASSWORD, odd))
        await refused_as(ErrorCode.INVALID_INPUT, accounts.login(odd, PASSWORD))
        await refused_as(ErrorCode.INVALID_INPUT, accounts.login("short", odd))
    await refused_as(ErrorCode.INVALID_INPUT, accounts.register("odd", PASSWORD, "x" * 65))


@pytest.mark.gen_test
async def test_a_name_is_taken_regardless_of_case_and_of_haste(database: Database) -> None:
    accounts = open_community(database).accounts
    results = await asyncio.gather(
        *(accounts.register(name, PASSWORD) for name in ("Alice", "alice", "ALICE")), return_exceptions=True
    )
    errors = [result for result in results if isinstance(result, RequestError)]
    assert [error.code for error in errors] == [ErrorCode.USERNAME_TAKEN] * 2
    await refused_as(ErrorCode.USERNAME_TAKEN, accounts.register("aLICE", PASSWORD))


@pytest.mark.gen_test
async def test_login_does_not_tell_which_part_was_wrong(database: Database) -> None:
    accounts = open_community(database).accounts
    registered = await accounts.register("Alice", PASSWORD)
    assert (await accounts.login("alice", PASSWORD)).user == registered.user
    answers = []
    for username, password in (("alice", "wrong password"), ("nobody", PASSWORD), ("alice", "x" * 300)):
        with pytest.raises(RequestError) as refused:
            await accounts.login(username, password)
        answers.append(str(refused.value))
    assert answers == ["invalid_credentials"] * 3


@pytest.mark.gen_test
async def test_a_refresh_token_works_once_and_its_reuse_ends_the_sign_in(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    accounts = community.accounts
    first = await accounts.register("alice", PASSWORD)
    other = await accounts.login("alice", PASSWORD)
    second = await accounts.refresh(first.refresh_token)
    third = await accounts.refresh(second.refresh_token)
    assert len({sign_in.refresh_token for sign_in in (first, second, third)}) == 3
    assert third.user == first.user
    principal = await accounts.authenticate(third.access_token)

    await refused_as(ErrorCode.UNAUTHORIZED, accounts.refresh(first.refresh_token))

    await refused_as(ErrorCode.UNAUTHORIZED, accounts.refresh(third.refresh_token))
    for sign_in in (first, second, third):
        await refused_as(ErrorCode.UNAUTHORIZED, accounts.authenticate(sign_in.access_token))
    assert publisher.disconnected == [(f"session:{principal.session_id}", "signed out")]
    await accounts.authenticate(other.access_token)


@pytest.mark.gen_test
async def test_of_two_who_use_a_refresh_token_at_once_at_most_one_succeeds(database: Database) -> None:
    community = open_community(database)
    sign_in = await community.accounts.register("alice", PASSWORD)
    results = await asyncio.gather(
        *(community.accounts.refresh(sign_in.refresh_token) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(result, SignIn) for result in results) == 1
    assert await login_sessions(community) == 0


@pytest.mark.gen_test
async def test_made_up_refresh_tokens_do_no_harm(database: Database) -> None:
    community = open_community(database)
    sign_in = await community.accounts.register("alice", PASSWORD)
    session_id, _, secret = sign_in.refresh_token.partition(".")
    made_up = [
        "", ".", session_id, f"{session_id}.", f"{session_id}.{'x' * 65}", f"{session_id}.{secret}x", f"x.{secret}",
        f".{secret}", "\ud800." + secret, f"{session_id}.{'字' * 65}", sign_in.access_token, "x" * 100_000,
    ]  # fmt: skip
    for token in made_up:
        await refused_as(ErrorCode.UNAUTHORIZED, community.accounts.refresh(token))
        await refused_as(ErrorCode.UNAUTHORIZED, community.accounts.principal_of_refresh(token))
    await community.accounts.refresh(sign_in.refresh_token)


@pytest.mark.gen_test
async def test_logout_ends_one_sign_in_and_cuts_its_connections(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    here = await community.accounts.register("alice", PASSWORD)
    there = await community.accounts.login("alice", PASSWORD)
    principal = await community.accounts.authenticate(here.access_token)
    await community.accounts.logout(principal.session_id)
    assert publisher.disconnected == [(f"session:{principal.session_id}", "signed out")]
    await refused_as(ErrorCode.UNAUTHORIZED, community.accounts.authenticate(here.access_token))
    await refused_as(ErrorCode.UNAUTHORIZED, community.accounts.refresh(here.refresh_token))
    await community.accounts.authenticate(there.access_token)


@pytest.mark.gen_test
async def test_who_is_logged_out_while_connecting_does_not_get_in(database: Database) -> None:
    community = open_community(database)
    sign_in = await community.accounts.register("alice", PASSWORD)
    principal = community.accounts.principal(sign_in.access_token)
    for _ in range(10):  # the answers of the database come in any order
        await asyncio.gather(
            community.accounts.confirm(principal), community.accounts.logout(principal.session_id),
            return_exceptions=True,
        )  # fmt: skip
        await refused_as(ErrorCode.UNAUTHORIZED, community.accounts.confirm(principal))


@pytest.mark.gen_test
async def test_tokens_end_with_their_time(database: Database) -> None:
    community = open_community(database)
    clock = community.clock
    assert isinstance(clock, FakeClock)
    sign_in = await community.accounts.register("alice", PASSWORD)
    clock.advance(1801)
    await refused_as(ErrorCode.UNAUTHORIZED, community.accounts.authenticate(sign_in.access_token))
    renewed = await community.accounts.refresh(sign_in.refresh_token)
    await community.accounts.authenticate(renewed.access_token)
    clock.advance(30 * 86400 + 1)
    await refused_as(ErrorCode.UNAUTHORIZED, community.accounts.refresh(renewed.refresh_token))


@pytest.mark.gen_test
async def test_demo_accounts_are_friends_and_keep_to_the_given_password(database: Database) -> None:
    community = open_community(database)

    async def ensure(password: str) -> None:
        await ensure_demo_accounts(
            community.accounts, community.users, community.friendships, community.passwords, community.clock, password
        )

    await ensure("first password")
    await ensure("other password")
    await refused_as(ErrorCode.INVALID_CREDENTIALS, community.accounts.login("alice", "first password"))
    for name, friends in {"alice": ["bob", "carol"], "bob": ["alice", "carol"], "carol": ["alice", "bob"]}.items():
        sign_in = await community.accounts.login(name, "other password")
        principal = await community.accounts.authenticate(sign_in.access_token)
        assert [friend.username for friend in await community.friends.friends(principal)] == friends
    assert await database["users"].count_documents({}) == 3
