"""Demo accounts for a first look."""

from __future__ import annotations

from itertools import combinations

from server.auth.passwords import Passwords
from server.clock import Clock
from server.domain.users import User
from server.services.accounts import AccountService
from server.storage.friendships import FriendshipRepository
from server.storage.users import UserRepository

DEMO_NAMES = {"alice": "Alice", "bob": "Bob", "carol": "Carol"}


async def ensure_demo_accounts(
    accounts: AccountService,
    users: UserRepository,
    friendships: FriendshipRepository,
    passwords: Passwords,
    clock: Clock,
    password: str,
) -> None:
    """Let alice, bob and carol exist with this password, friends of each other; changes nothing when it is so."""
    members = [
        await _ensure_account(accounts, users, passwords, username, display_name, password)
        for username, display_name in DEMO_NAMES.items()
    ]
    for one, other in combinations(members, 2):
        await friendships.befriend(one.id, other.id, clock.now())


async def _ensure_account(
    accounts: AccountService,
    users: UserRepository,
    passwords: Passwords,
    username: str,
    display_name: str,
    password: str,
) -> User:
    account = await users.find_account(username)
    if account is None:
        return await accounts.create(username, password, display_name)
    if not await passwords.verify(password, account.password_hash):
        await users.set_password(account.user.id, await passwords.hash(password))
    return account.user
