"""How often signing in may be tried, so that nobody guesses passwords."""

from __future__ import annotations

from server.clock import Clock
from server.domain.users import username_key
from server.limits import Rate, TokenBuckets
from server.services.rate_limits import count_attempt, network_of

MAX_KEPT = 20_000
"""Accounts and addresses remembered, of each so many; the memory of them is bounded."""

_NAME_CHARACTERS = 64


class SignInLimits:
    """All are attempts a minute, and as many at once; 0 does not limit.

    An account's bucket counts what failed, so that those who know the password do not limit themselves. Beside the
    name nothing is looked at: an account that does not exist is limited in the same way, and cannot be told from one
    that does.
    """

    def __init__(self, clock: Clock, per_account: int = 0, per_address: int = 0, registrations: int = 0) -> None:
        self._clock = clock
        self._accounts = _buckets(per_account)
        self._addresses = _buckets(per_address)
        self._registrations = _buckets(registrations)

    def count_login(self, username: str, address: str) -> None:
        """Count an attempt, before its password is looked at; RequestError (rate_limited) when it is one too many."""
        self._count(self._addresses, network_of(address), "sign-ins from your address")
        self._count(self._accounts, _account(username), "sign-ins to this account")

    def login_succeeded(self, username: str) -> None:
        """Take back what `count_login` counted against the account."""
        if self._accounts is not None:
            self._accounts.give_back(_account(username))

    def count_registration(self, address: str) -> None:
        """Count an attempt; RequestError (rate_limited) when it is one too many."""
        self._count(self._registrations, network_of(address), "registrations from your address")

    def _count(self, buckets: TokenBuckets | None, key: str, what: str) -> None:
        if buckets is not None:
            count_attempt(buckets, key, self._clock.monotonic(), what)


def _buckets(per_minute: int) -> TokenBuckets | None:
    return TokenBuckets(Rate(per_minute, per_minute / 60), MAX_KEPT) if per_minute else None


def _account(username: str) -> str:
    return username_key(username[:_NAME_CHARACTERS])
