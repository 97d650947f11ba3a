"""Accounts and sign-ins: register, log in, stay signed in, log out."""

from __future__ import annotations

import logging
import re
from collections import OrderedDict
from datetime import timedelta

import msgspec
from msgspec import Struct

from server.auth import refresh_tokens
from server.auth.passwords import Passwords
from server.auth.refresh_tokens import RefreshToken
from server.auth.tokens import AccessTokens
from server.clock import Clock
from server.domain.rooms import session_room
from server.domain.users import LoginSession, Principal, User
from server.errors import ErrorCode, RequestError
from server.realtime.hub import Publisher
from server.services.input_text import checked_line, checked_text
from server.services.sign_in_limits import SignInLimits
from server.storage.login_sessions import LoginSessionRepository
from server.storage.users import UserRepository

logger = logging.getLogger(__name__)

# CJK: Han ideographs (with extensions), kana and hangul.
_USERNAME = re.compile(
    r"[A-Za-z0-9_.\-\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\U00020000-\U000323af]{3,32}"
)
MAX_DISPLAY_NAME_CHARACTERS = 64
MAX_ENDED_KEPT = 10_000
_LONGEST = 1024


class SignIn(Struct, frozen=True):
    """What a client gets that has proved who it is; ``expires_in`` is in seconds."""

    access_token: str
    refresh_token: str
    token_type: str
    expires_in: int
    user: User


class AccountService:
    """Knows who someone is.

    A refresh token works once; one that is used again ends its whole login session, for one of its two holders is
    a thief.
    """

    def __init__(
        self,
        users: UserRepository,
        sessions: LoginSessionRepository,
        passwords: Passwords,
        tokens: AccessTokens,
        publisher: Publisher,
        clock: Clock,
        refresh_lifetime: timedelta = timedelta(days=30),
        limits: SignInLimits | None = None,
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._passwords = passwords
        self._tokens = tokens
        self._publisher = publisher
        self._clock = clock
        self._limits = limits or SignInLimits(clock)
        self.refresh_lifetime = refresh_lifetime
        self._ended: OrderedDict[str, None] = OrderedDict()
        """Login sessions that ended lately: one may end while `confirm` waits for the database."""

    async def register(
        self, username: str, password: str, display_name: str | None = None, address: str = ""
    ) -> SignIn:
        """Make an account for somebody at ``address``, and sign it in.

        Raises RequestError: invalid_username, username_taken, weak_password, invalid_input, rate_limited.
        """
        self._limits.count_registration(address)
        user = await self.create(username, password, display_name)
        return self._answer(user, await self._open_session(user))

    async def create(self, username: str, password: str, display_name: str | None = None) -> User:
        """Make an account; raises as `register`, and is not limited."""
        checked_username(username)
        shown = checked_line("display_name", display_name or username, MAX_DISPLAY_NAME_CHARACTERS)
        checked_text("password", password, 0, _LONGEST)
        if await self._users.find_by_name(username) is not None:
            raise RequestError(ErrorCode.USERNAME_TAKEN, f"{username} is taken")
        password_hash = await self._passwords.hash(password)
        return await self._users.add(username, shown, password_hash, self._clock.now())

    async def login(self, username: str, password: str, address: str = "") -> SignIn:
        """Sign in with a password, from ``address``.

        Raises RequestError: rate_limited, also for the right password; invalid_credentials, which does not say which
        part was wrong; banned, for the right password alone; invalid_input.
        """
        checked_text("username", username, 0, _LONGEST)
        checked_text("password", password, 0, _LONGEST)
        self._limits.count_login(username, address)
        account = await self._users.find_account(username)
        right = await self._passwords.verify(password, account.password_hash if account else None)
        if account is None or not right:
            raise RequestError(ErrorCode.INVALID_CREDENTIALS)
        self._limits.login_succeeded(username)
        if account.ban is not None:
            raise RequestError(ErrorCode.BANNED, account.ban.reason)
        token = await self._open_session(account.user)
        # A ban or a new password ends the sessions that are there; this one may have come a moment later.
        present = await self._users.find_account_of(account.user.id)
        if present is None or (present.password_hash, present.ban) != (account.password_hash, None):
            await self.logout(token.session_id)
            raise RequestError(ErrorCode.INVALID_CREDENTIALS, "the account has changed meanwhile; try again")
        return self._answer(account.user, token)

    async def refresh(self, refresh_token: str) -> SignIn:
        """Exchange a refresh token for new tokens; RequestError (unauthorized) when it is not the present one."""
        token = _parsed(refresh_token)
        following = token.successor()
        now = self._clock.now()
        session = await self._sessions.rotate(
            token.session_id, token.nonce_hash, following.nonce_hash, now, now + self.refresh_lifetime
        )
        if session is None:
            if await self._sessions.revoke_family(token.session_id, token.family_hash):
                logger.warning("login session %s ended: a used refresh token came again", token.session_id)
                self._cut(token.session_id)
            raise _signed_out()
        return self._answer(await self._user(session.user_id), following)

    async def logout(self, session_id: str) -> None:
        """End the login session and everything that is open by it."""
        await self._sessions.revoke(session_id)
        self._cut(session_id)

    async def logout_everywhere(self, user_id: str, but: str | None = None) -> None:
        """End every login session of a user and everything that is open by them; one may be spared."""
        for session_id in await self._sessions.revoke_all(user_id, but):
            self._cut(session_id)

    async def change_password(self, principal: Principal, old: str, new: str, address: str = "") -> None:
        """Put a new password in the place of the old one, and end every other login session.

        Raises RequestError: rate_limited as `login`, invalid_credentials when ``old`` is wrong, weak_password,
        invalid_input.
        """
        for name, password in (("old_password", old), ("new_password", new)):
            checked_text(name, password, 0, _LONGEST)
        self._limits.count_login(principal.username, address)
        account = await self._users.find_account_of(principal.user_id)
        right = await self._passwords.verify(old, account.password_hash if account else None)
        if account is None or not right:
            raise RequestError(ErrorCode.INVALID_CREDENTIALS)
        self._limits.login_succeeded(principal.username)
        new_hash = await self._passwords.hash(new)
        if not await self._users.replace_password(principal.user_id, account.password_hash, new_hash):
            raise RequestError(ErrorCode.INVALID_CREDENTIALS, "the password was changed meanwhile")
        await self.logout_everywhere(principal.user_id, but=principal.session_id)

    def principal(self, access_token: str) -> Principal:
        """Return whom the token names, without asking whether the sign-in still holds (see `confirm`)."""
        return self._tokens.verify(access_token)

    async def confirm(self, principal: Principal) -> Principal:
        """Return the principal with its present role; RequestError (unauthorized) when the login session has ended."""
        found = await self._sessions.find(principal.session_id, self._clock.now())
        if found is None:
            raise _signed_out()
        session, holder = found
        if session.user_id != principal.user_id or session.id in self._ended or holder.is_banned:
            raise _signed_out()
        return msgspec.structs.replace(principal, role=holder.role)

    async def authenticate(self, access_token: str) -> Principal:
        """Return whom a valid token of a living login session names; RequestError (unauthorized) otherwise."""
        return await self.confirm(self.principal(access_token))

    async def principal_of_refresh(self, refresh_token: str) -> Principal:
        """Return who holds this present refresh token, which stays what it is."""
        token = _parsed(refresh_token)
        session = await self._sessions.find_by_token(token.session_id, token.nonce_hash, self._clock.now())
        if session is None:
            raise _signed_out()
        user = await self._user(session.user_id)
        return Principal(user.id, user.username, session.id, session.expires_at, user.role)

    async def me(self, principal: Principal) -> User:
        return await self._user(principal.user_id)

    async def _user(self, user_id: str) -> User:
        account = await self._users.find_account_of(user_id)
        if account is None or account.ban is not None:
            raise _signed_out()
        return account.user

    async def _open_session(self, user: User) -> RefreshToken:
        now = self._clock.now()
        token = refresh_tokens.first_token(self._sessions.new_id())
        session = LoginSession(token.session_id, user.id, now + self.refresh_lifetime)
        await self._sessions.add(session, token.family_hash, token.nonce_hash, now)
        return token

    def _answer(self, user: User, token: RefreshToken) -> SignIn:
        return SignIn(
            access_token=self._tokens.issue(user, token.session_id),
            refresh_token=str(token),
            token_type="Bearer",  # noqa: S106 - the scheme's name
            expires_in=self._tokens.lifetime_seconds,
            user=user,
        )

    def _cut(self, session_id: str) -> None:
        """Disconnect what is open by a login session that has ended."""
        self._ended[session_id] = None
        if len(self._ended) > MAX_ENDED_KEPT:
            self._ended.popitem(last=False)
        self._publisher.disconnect(session_room(session_id), "signed out")


def checked_username(username: str) -> str:
    """Return a name that an account may have; RequestError (invalid_username, invalid_input) for another one."""
    checked_text("username", username, 0, _LONGEST)
    if _USERNAME.fullmatch(username) is None:
        raise RequestError(
            ErrorCode.INVALID_USERNAME,
            f"got {username[:40]!r}, allowed are 3 to 32 letters, digits, '_', '-', '.' and CJK characters",
        )
    return username


def _parsed(refresh_token: str) -> RefreshToken:
    token = refresh_tokens.parse(refresh_token)
    if token is None:
        raise _signed_out()
    return token


def _signed_out() -> RequestError:
    return RequestError(ErrorCode.UNAUTHORIZED, "the sign-in has ended or was never there")
