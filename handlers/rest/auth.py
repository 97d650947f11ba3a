"""Register, log in, stay signed in, log out."""

from __future__ import annotations

from msgspec import Struct

from handlers.base import SESSION_COOKIE, ApiHandler
from handlers.operations import operation
from server.auth.access import Access
from server.domain.payloads import to_payload
from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.services.accounts import SignIn


class Registration(Struct):
    username: str
    password: str
    display_name: str | None = None


class Credentials(Struct):
    username: str
    password: str


class RefreshBody(Struct):
    refresh_token: str | None = None


class SignInHandler(ApiHandler):
    """What all answers with tokens share: the page's cookie goes with them."""

    access = Access.PUBLIC

    def answer_sign_in(self, sign_in: SignIn) -> None:
        self.set_cookie(
            SESSION_COOKIE,
            sign_in.refresh_token,
            max_age=int(self.services.accounts.refresh_lifetime.total_seconds()),
            httponly=True,
            samesite="Lax",
            secure=self.request.protocol == "https",
        )
        self.answer(to_payload(sign_in))

    def forget_sign_in(self) -> None:
        self.clear_cookie(SESSION_COOKIE, httponly=True, samesite="Lax", secure=self.request.protocol == "https")


class RegisterHandler(SignInHandler):
    @operation(
        body=Registration,
        answers=SignIn,
        status=201,
        errors=(ErrorCode.INVALID_USERNAME, ErrorCode.WEAK_PASSWORD, ErrorCode.USERNAME_TAKEN),
    )
    async def post(self, body: Registration) -> None:
        """Make an account and sign it in."""
        sign_in = await self.services.accounts.register(
            body.username, body.password, body.display_name, self.request.remote_ip or ""
        )
        self.answer_sign_in(sign_in)


class LoginHandler(SignInHandler):
    @operation(body=Credentials, answers=SignIn, errors=(ErrorCode.INVALID_CREDENTIALS, ErrorCode.BANNED))
    async def post(self, body: Credentials) -> None:
        """Sign in."""
        address = self.request.remote_ip or ""
        self.answer_sign_in(await self.services.accounts.login(body.username, body.password, address))


class RefreshHandler(SignInHandler):
    """Takes the refresh token from the body, or from the page's cookie."""

    @operation(body=RefreshBody, answers=SignIn, errors=(ErrorCode.UNAUTHORIZED,))
    async def post(self, body: RefreshBody) -> None:
        """Stay signed in: use a refresh token up, and get new tokens."""
        token = body.refresh_token or self.get_cookie(SESSION_COOKIE)
        if token is None:
            raise RequestError(ErrorCode.UNAUTHORIZED, "no refresh token, neither in the body nor in the cookie")
        self.answer_sign_in(await self.services.accounts.refresh(token))


class LogoutHandler(SignInHandler):
    """Ends the login session of the bearer token, or of the refresh token in the body or in the page's cookie."""

    @operation(body=RefreshBody, errors=(ErrorCode.UNAUTHORIZED,))
    async def post(self, body: RefreshBody) -> None:
        """End one login session."""
        principal = await self._whose(body)
        await self.services.accounts.logout(principal.session_id)
        self.forget_sign_in()
        self.answer(None, message="rest.signed_out")

    async def _whose(self, body: RefreshBody) -> Principal:
        refresh_token = body.refresh_token or self.get_cookie(SESSION_COOKIE)
        try:
            principal = await self.authenticate()
        except RequestError:
            # An access token that has run out must not keep anyone signed in.
            if refresh_token is None:
                raise
            principal = None
        if principal is None and refresh_token is not None:
            principal = await self.services.accounts.principal_of_refresh(refresh_token)
        if principal is None:
            raise RequestError(ErrorCode.UNAUTHORIZED, "nothing says which sign-in to end")
        return principal


class LogoutEverywhereHandler(SignInHandler):
    """Ends every login session of the caller."""

    access = Access.MEMBER

    @operation()
    async def post(self) -> None:
        """End all of the caller's login sessions."""
        await self.services.accounts.logout_everywhere(self.principal.user_id)
        self.forget_sign_in()
        self.answer(None, message="rest.signed_out")
