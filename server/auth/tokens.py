"""Access tokens: short-lived JWTs that name a user and a login session."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import jwt
import msgspec
from jwt.types import Options
from msgspec import Struct

from server.auth.keys import TokenKeys
from server.clock import Clock
from server.domain.users import Principal, User
from server.errors import ErrorCode, RequestError

MAX_TOKEN_BYTES = 8 * 1024
LEEWAY_SECONDS = 30
"""How far another machine's clock may run ahead."""


class Claims(Struct, frozen=True):
    """What an access token says."""

    iss: str
    aud: str
    sub: str
    sid: str
    typ: str
    iat: int
    exp: int
    jti: str
    username: str


class AccessTokens:
    """Issues and verifies access tokens."""

    def __init__(
        self, keys: TokenKeys, clock: Clock, lifetime_seconds: int = 1800, issuer: str = "stock-insight"
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._issuer = issuer
        self.lifetime_seconds = lifetime_seconds

    def issue(self, user: User, session_id: str) -> str:
        """Return a token for the user's login session, valid from now on."""
        now = int(self._clock.now().timestamp())
        claims = Claims(
            iss=self._issuer,
            aud=self._issuer,
            sub=user.id,
            sid=session_id,
            typ="access",
            iat=now,
            exp=now + self.lifetime_seconds,
            jti=secrets.token_urlsafe(12),
            username=user.username,
        )
        key = self._keys.first
        headers = {"kid": key.id} if key.id is not None else None
        return jwt.encode(msgspec.structs.asdict(claims), self._keys.signs, key.algorithm, headers)

    def verify(self, token: str) -> Principal:
        """Return whom the token names; it says nothing about whether the login session still lives.

        Raises RequestError (unauthorized).
        """
        claims = self._read(token)
        now = self._clock.now().timestamp()
        if claims.typ != "access":
            raise _refused("it is not an access token")
        if claims.iat > now + LEEWAY_SECONDS:
            raise _refused("it is from the future")
        if claims.exp <= now:
            raise _refused("it has expired")
        try:
            expires_at = datetime.fromtimestamp(claims.exp, UTC)
        except (OverflowError, OSError, ValueError):
            raise _refused("its expiry is out of range") from None
        return Principal(claims.sub, claims.username, claims.sid, expires_at)

    def _read(self, token: str) -> Claims:
        if len(token) > MAX_TOKEN_BYTES:
            raise _refused(f"it has {len(token)} bytes, at most {MAX_TOKEN_BYTES} are allowed")
        # The times are compared by our own clock in `verify`.
        options: Options = {"require": ["exp", "iat"], "verify_exp": False, "verify_iat": False, "verify_nbf": False}
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.find(header.get("kid"), header.get("alg"))
            if key is None:
                raise _refused("no key of ours has signed it")
            us = self._issuer
            claims = jwt.decode(token, key.verifies, [key.algorithm], options, audience=us, issuer=us)
            return msgspec.convert(claims, Claims)
        except (jwt.PyJWTError, msgspec.ValidationError, ValueError) as error:
            raise _refused("it is not one of ours") from error


def _refused(reason: str) -> RequestError:
    return RequestError(ErrorCode.UNAUTHORIZED, f"the access token is refused: {reason}")
