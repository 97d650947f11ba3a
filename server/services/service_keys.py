"""Keys of programs: made and revoked by operators, shown once, stored as hashes."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from collections.abc import Iterable
from datetime import datetime

from msgspec import UNSET

from server.clock import Clock
from server.domain.audit import Actor
from server.domain.ids import is_id
from server.domain.service_keys import Scope, ServiceKey
from server.errors import ErrorCode, RequestError
from server.services.input_text import checked_text
from server.storage.documents import new_id
from server.storage.service_keys import ServiceKeyRepository

PREFIX = "sk_"
SECRET_BYTES = 32
MAX_NAME_CHARACTERS = 64
MAX_KEYS = 200
TOUCH_SECONDS = 60.0
"""How often a use is written down."""

logger = logging.getLogger(__name__)


def is_service_key(token: str) -> bool:
    """Tell whether a bearer token is meant as a service key."""
    return token.startswith(PREFIX)


class ServiceKeyService:
    """Knows the holders of keys ``sk_<id>_<secret>``.

    A key is looked up at each call, so that a revoked one is refused at once in every process. Its secret has 256
    random bits: a plain SHA-256 of it cannot be guessed back, and the slow hash that passwords need would only slow
    each call.
    """

    def __init__(self, keys: ServiceKeyRepository, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._touched: dict[str, float] = {}

    async def create(
        self, creator: Actor, name: str, scopes: Iterable[Scope], expires_at: datetime | None
    ) -> tuple[ServiceKey, str]:
        """Make a key; return it and its text, which nobody can show again.

        Raises RequestError: invalid_input, limit_reached.
        """
        now = self._clock.now()
        allowed = tuple(sorted(set(scopes), key=lambda scope: scope.value))
        name = checked_text("name", name.strip(), 1, MAX_NAME_CHARACTERS)
        if not allowed:
            raise RequestError(ErrorCode.INVALID_INPUT, "scopes is empty; a key needs one at least")
        if expires_at is not None and (expires_at.tzinfo is None or expires_at <= now):
            raise RequestError(ErrorCode.INVALID_INPUT, "expires_at has to be a time to come, with its offset")
        if len(await self._keys.newest(MAX_KEYS)) >= MAX_KEYS:
            raise RequestError(ErrorCode.LIMIT_REACHED, f"there may be {MAX_KEYS} service keys; revoke one first")
        key = ServiceKey(new_id(), name, allowed, now, creator.name, UNSET if expires_at is None else expires_at)
        secret = secrets.token_urlsafe(SECRET_BYTES)
        await self._keys.add(key, _hash(secret))
        return key, f"{PREFIX}{key.id}_{secret}"

    async def list(self) -> list[ServiceKey]:
        """Return all keys, the newest first."""
        return await self._keys.newest(MAX_KEYS)

    async def revoke(self, key_id: str) -> None:
        """Let a key hold no longer; RequestError (not_found) when there is none."""
        if not is_id(key_id) or not await self._keys.remove(key_id):
            raise RequestError(ErrorCode.NOT_FOUND, "there is no such service key")
        self._touched.pop(key_id, None)

    async def authenticate(self, text: str) -> ServiceKey:
        """Return the key that ``text`` is; RequestError (unauthorized) for an unknown, revoked or expired one."""
        key_id, _, secret = text.removeprefix(PREFIX).partition("_")
        found = await self._keys.find(key_id) if is_id(key_id) else None
        if found is None or not hmac.compare_digest(found[1], _hash(secret)):
            raise _refused()
        key = found[0]
        if key.expires_at is not UNSET and key.expires_at <= self._clock.now():
            raise _refused()
        await self._touch(key.id)
        return key

    async def _touch(self, key_id: str) -> None:
        now = self._clock.monotonic()
        touched = self._touched.get(key_id)
        if touched is not None and now < touched + TOUCH_SECONDS:
            return
        self._touched[key_id] = now
        try:
            await self._keys.touch(key_id, self._clock.now())
        except RequestError as error:  # the call itself may need no database
            logger.warning("the use of service key %s was not noted: %s", key_id, error)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _refused() -> RequestError:
    return RequestError(ErrorCode.UNAUTHORIZED, "the service key does not hold: it is unknown, revoked or expired")
