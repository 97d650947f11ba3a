from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest

from server.auth.keys import TokenKeys, secret_key
from server.auth.tokens import AccessTokens
from server.domain.users import User
from server.errors import ErrorCode, RequestError
from tests.support.clock import FakeClock

SECRET = b"0123456789abcdef0123456789abcdef"
KEYS = TokenKeys([secret_key(SECRET)])
CLOCK = FakeClock()
NOW = int(CLOCK.now().timestamp())
GOOD = {
    "iss": "stock-insight",
    "aud": "stock-insight",
    "sub": "user",
    "sid": "session",
    "typ": "access",
    "iat": NOW,
    "exp": NOW + 60,
    "jti": "1",
    "username": "alice",
}


def signed(changes: dict[str, Any], headers: dict[str, Any] | None = None) -> str:
    claims = {name: value for name, value in (GOOD | changes).items() if value is not ...}
    return jwt.encode(claims, SECRET, "HS256", headers=headers)


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)]
    return ".".join([*parts, ""])


def refuse(token: str) -> None:
    with pytest.raises(RequestError) as refused:
        AccessTokens(KEYS, CLOCK).verify(token)
    assert refused.value.code is ErrorCode.UNAUTHORIZED


def test_a_token_names_its_user_until_it_expires() -> None:
    clock = FakeClock()
    tokens = AccessTokens(KEYS, clock, lifetime_seconds=100)
    token = tokens.issue(User("u", "王小明", "Ming", clock.now()), "s")
    principal = tokens.verify(token)
    assert (principal.user_id, principal.username, principal.session_id) == ("u", "王小明", "s")
    assert (principal.expires_at - clock.now()).total_seconds() == 100
    clock.advance(99)
    assert tokens.verify(token) == principal
    clock.advance(1)
    with pytest.raises(RequestError, match="expired"):
        tokens.verify(token)


def test_the_good_token_of_these_tests_is_good() -> None:
    assert AccessTokens(KEYS, CLOCK).verify(signed({"iat": NOW + 20})).username == "alice"


@pytest.mark.parametrize("missing", list(GOOD))
def test_every_claim_is_needed(missing: str) -> None:
    refuse(signed({missing: ...}))


@pytest.mark.parametrize(
    "changes",
    [
        {"typ": "refresh"},
        {"aud": "other"},
        {"iss": "other"},
        {"iat": NOW + 31},
        {"exp": NOW},
        {"exp": float("inf")},
        {"exp": 10**30},
        {"exp": 10**15},
        {"exp": str(NOW + 60)},
        {"exp": True},
        {"iat": None},
        {"sub": {"$gt": ""}},
        {"sid": ["s"]},
        {"username": 7},
    ],
    ids=str,
)
def test_claims_that_do_not_hold(changes: dict[str, Any]) -> None:
    refuse(signed(changes))


@pytest.mark.parametrize(
    "token",
    [
        unsigned({"alg": "none", "typ": "JWT"}, GOOD),
        unsigned({"alg": "None", "typ": "JWT"}, GOOD),
        unsigned({"alg": "HS256", "typ": "JWT"}, GOOD),
        jwt.encode(GOOD, b"another secret of thirty-two bytes", "HS256"),
        jwt.encode(GOOD, SECRET * 2, "HS512"),
        signed({}, {"crit": ["exp"], "exp": 1}),
        signed({}, {"crit": ["b64"], "b64": False}),
        signed({}, {"kid": "another"}),
        signed({}, {"kid": ""}),
        signed({"padding": "x" * 8192}),
        signed({"padding": "x" * 1_000_000}),
        signed({})[:-2],
        signed({}) + "\ud800",
        "字" * 100,
        "",
        "a.b.c",
        "...",
    ],
    ids=lambda token: repr(token[:20]),
)
def test_tokens_that_are_not_ours(token: str) -> None:
    refuse(token)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="31 bytes, at least 32"):
        secret_key(SECRET[:31])
