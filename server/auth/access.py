"""Access rules: who may call a route or an event."""

from __future__ import annotations

from enum import Enum

from server.domain.users import Principal
from server.errors import ErrorCode, RequestError


class Access(Enum):
    """What a caller must be."""

    PUBLIC = "anyone"
    MEMBER = "a signed-in member"


def require(access: Access, principal: Principal | None) -> None:
    """Let the caller pass, or raise RequestError (unauthorized)."""
    if access is Access.MEMBER and principal is None:
        raise RequestError(ErrorCode.UNAUTHORIZED, "this needs an access token: Authorization: Bearer <token>")


def bearer_token(authorization: str | None) -> str | None:
    """Return the token of an Authorization header, if it holds one."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
