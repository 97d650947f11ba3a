"""Limits of signing in: by account and address, the same for names that exist and those that do not."""

from __future__ import annotations

import asyncio

import pytest

from server.auth.passwords import Passwords
from server.errors import ErrorCode, RequestError
from server.services import sign_in_limits
from server.services.sign_in_limits import SignInLimits
from server.storage.documents import Database
from tests.support.clock import FakeClock
from tests.support.community import Community, RecordingPublisher

PASSWORD = "correct horse"


def is_limited(limits: SignInLimits, username: str, address: str) -> bool:
    try:
        limits.count_login(username, address)
    except RequestError as error:
        return error.code is ErrorCode.RATE_LIMITED
    return False


def open_limited(database: Database) -> tuple[Community, FakeClock]:
    """Return a community where an account stands three wrong passwords a minute."""
    clock = FakeClock()
    return Community(database, clock, RecordingPublisher(), SignInLimits(clock, 3)), clock


async def outcome(community: Community, username: str, password: str) -> str:
    try:
        await community.accounts.login(username, password)
    except RequestError as error:
        return error.code.slug
    return "in"


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("", "192.0.2.1", False),
        ("@", "@", True),
    ],
)
def test_what_counts_as_one_address(one: str, other: str, is_same: bool) -> None:
    limits = SignInLimits(FakeClock(), per_address=1)
    assert not is_limited(limits, "a", one)
    assert is_limited(limits, "b", other) == is_same


def test_an_account_is_one_however_its_name_is_written() -> None:
    limits = SignInLimits(FakeClock(), per_account=1)
    assert not is_limited(limits, "Alice", "192.0.2.1")
    assert is_limited(limits, "aLICE", "192.0.2.2")
    assert not is_limited(limits, "bob", "192.0.2.2")


def test_who_is_limited_by_address_does_not_lock_accounts() -> None:
    limits = SignInLimits(FakeClock(), per_account=2, per_address=1)
    assert [is_limited(limits, "alice", "192.0.2.1") for _ in range(5)] == [False, True, True, True, True]
    assert not is_limited(limits, "alice", "192.0.2.2")


def test_nothing_is_limited_by_nought() -> None:
    limits = SignInLimits(FakeClock())
    for _ in range(1000):
        limits.count_login("alice", "192.0.2.1")
        limits.count_registration("192.0.2.1")
    limits.login_succeeded("alice")


def test_a_flood_of_names_and_addresses_is_not_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in_limits, "MAX_KEPT", 50)
    limits = SignInLimits(FakeClock(), 1, 1, 1)
    for number in range(500):
        limits.count_login(f"{number}{'x' * 1000}", f"192.0.2.{number}")
        limits.count_registration(f"192.0.2.{number}")
    for buckets in (limits._accounts, limits._addresses, limits._registrations):
        assert buckets is not None
        assert len(buckets) == 50


@pytest.mark.gen_test
async def test_after_wrong_passwords_the_right_one_has_to_wait(database: Database) -> None:
    community, clock = open_limited(database)
    await community.accounts.register("alice", PASSWORD)
    answers = [await outcome(community, "alice", "wrong horse") for _ in range(4)]
    assert answers == ["invalid_credentials"] * 3 + ["rate_limited"]
    with pytest.raises(RequestError) as refused:
        await community.accounts.login("alice", PASSWORD)
    assert refused.value.data == {"retry_after": 20}
    clock.advance(19.9)
    assert await outcome(community, "alice", PASSWORD) == "rate_limited"
    clock.advance(0.1)
    assert await outcome(community, "alice", PASSWORD) == "in"


@pytest.mark.gen_test
async def test_the_right_password_is_not_counted_but_guesses_at_once_are(database: Database) -> None:
    community, _ = open_limited(database)
    await community.accounts.register("alice", PASSWORD)
    assert [await outcome(community, "alice", PASSWORD) for _ in range(6)] == ["in"] * 6
    answers = await asyncio.gather(*(outcome(community, "alice", "wrong horse") for _ in range(10)))
    assert sorted(answers) == ["invalid_credentials"] * 3 + ["rate_limited"] * 7


@pytest.mark.gen_test
async def test_a_name_that_nobody_has_costs_and_answers_the_same(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    community, _ = open_limited(database)
    await community.accounts.register("alice", PASSWORD)
    computed: list[str] = []
    matches = Passwords._matches

    def counted(passwords: Passwords, password: str, password_hash: str) -> bool:
        computed.append(password_hash.rpartition("$")[0].rpartition("$")[0])
        return matches(passwords, password, password_hash)

    monkeypatch.setattr(Passwords, "_matches", counted)
    told = []
    for username in ("alice", "nobody"):
        answers = [await outcome(community, username, "wrong horse") for _ in range(5)]
        told.append((answers, computed.copy()))
        computed.clear()
    assert told[0] == told[1]
    assert len(told[0][1]) == 3  # one hash of the same cost for each password, none once it is limited
