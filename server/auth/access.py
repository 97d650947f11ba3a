"""Access rules: who may call a route or an event."""

from __future__ import annotations

from enum import Enum

from server.domain.service_keys import Scope, ServiceKey
from server.domain.users import Principal, Role
from server.errors import ErrorCode, RequestError


class Access(Enum):
    """What a caller must be."""

    PUBLIC = "anyone"
    MEMBER = "a signed-in member"
    OPERATOR = "an operator"


def require(access: Access, principal: Principal | None) -> None:
    """Let the caller pass, or raise RequestError (unauthorized, forbidden)."""
    if access is Access.PUBLIC:
        return
    if principal is None:
        raise RequestError(ErrorCode.UNAUTHORIZED, "this needs an access token: Authorization: Bearer <token>")
    if access is Access.OPERATOR and principal.role is not Role.OPERATOR:
        raise RequestError(ErrorCode.FORBIDDEN, "this is for operators")


def require_scope(scope: Scope | None, key: ServiceKey) -> None:
    """Let a service key pass where ``scope`` is asked of it, or raise RequestError (forbidden)."""
    if scope is None:
        raise RequestError(ErrorCode.FORBIDDEN, "no service key may do this; it needs somebody who is signed in")
    if scope not in key.scopes:
        raise RequestError(ErrorCode.FORBIDDEN, f"this needs a service key with the scope {scope.value}")


def bearer_token(authorization: str | None) -> str | None:
    """Return the token of an Authorization header, if it holds one."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
