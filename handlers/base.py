"""What all REST handlers share: access, origin, bodies, the envelope, errors."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from types import TracebackType
from typing import Any, ClassVar, TypeVar

import msgspec
from tornado.web import HTTPError, RequestHandler

from handlers.loopback import is_direct_from_loopback
from handlers.services import Services
from server.auth.access import Access, bearer_token, require, require_scope
from server.domain.audit import LOOPBACK, Actor
from server.domain.service_keys import Scope
from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.services.rate_limits import network_of
from server.services.service_keys import is_service_key
from server.texts import negotiate

logger = logging.getLogger(__name__)

SESSION_COOKIE = "stock_insight_session"
"""Holds the page's refresh token; see product section 3 for what it may do."""

MAX_BODY_BYTES = 64 * 1024
READING = frozenset({"GET", "HEAD"})

_ORIGIN_REFUSED_CODE = 4
_PREFLIGHT_SECONDS = 600
_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_CODE_OF_STATUS = {
    401: ErrorCode.UNAUTHORIZED,
    403: ErrorCode.FORBIDDEN,
    404: ErrorCode.NOT_FOUND,
    405: ErrorCode.METHOD_NOT_ALLOWED,
    413: ErrorCode.PAYLOAD_TOO_LARGE,
}

_MESSAGE_OF_STATUS = {201: "rest.created", 202: "rest.accepted"}

Shape = TypeVar("Shape", bound=msgspec.Struct)


def refusal_body(message: str) -> dict[str, Any]:
    """Return what a foreign Origin is told, in the shape of Engine.IO's refusals."""
    return {"code": _ORIGIN_REFUSED_CODE, "message": message}


def told(error: BaseException | None) -> str:
    """Return what a handler wrote into its HTTPError; any other error says nothing."""
    if not isinstance(error, HTTPError) or not error.log_message:
        return ""
    return error.log_message % error.args


class ApiHandler(RequestHandler):
    """A REST handler: a subclass declares its access rule and answers by `answer` or raises `RequestError`."""

    access: ClassVar[Access]
    access_by_method: ClassVar[Mapping[str, Access]] = {}
    """The methods for which another rule holds."""
    max_body_bytes: ClassVar[int] = MAX_BODY_BYTES
    service_scope: ClassVar[Scope | None] = None
    """What a service key needs to be let in beside operators; None: no key is."""
    audited: ClassVar[Mapping[str, str]] = {}
    """What a call is named in the audit trail, by method: each that operators change something with."""
    audited_fields: ClassVar[tuple[str, ...]] = ()
    """The fields of the body and arguments of the query that are kept there; never a secret."""
    is_limited: ClassVar[bool] = True
    """Whether reading here counts against what one caller may read; not where figures and signs of life are told."""
    unaudited: ClassVar[str] = ""
    """Why an operator's changing calls are not in the audit trail, where that is so."""

    _principal: Principal | None = None
    _actor: Actor | None = None
    _audit_id = ""

    def initialize(self, services: Services) -> None:
        self.services = services

    @property
    def principal(self) -> Principal:
        """The caller; RequestError (unauthorized) when nobody is signed in."""
        if self._principal is None:
            raise RequestError(ErrorCode.UNAUTHORIZED)
        return self._principal

    @property
    def actor(self) -> Actor:
        """Who calls, as the audit trail names them."""
        if self._actor is None:
            raise RequestError(ErrorCode.UNAUTHORIZED)
        return self._actor

    @property
    def language(self) -> str:
        """The locale of what the caller reads."""
        return negotiate(self.request.headers.get("Accept-Language"), self.services.default_locale)

    async def prepare(self) -> None:
        """Hold the request against origin, size and access; answer preflights."""
        self.services.unfinished.add(self)
        refusal = self.services.origins.refusal(*self._origin())
        if refusal is not None:
            self.set_status(403)
            self.finish_json(refusal_body(refusal))
            return
        self._set_origin_headers()
        if self.request.method == "OPTIONS":
            self._finish_preflight()
            return
        size = len(self.request.body)
        if size > self.max_body_bytes:
            raise RequestError(
                ErrorCode.PAYLOAD_TOO_LARGE, f"got {size} bytes, at most {self.max_body_bytes} are allowed"
            )
        if self._required is not Access.PUBLIC:
            self._actor = await self._let_in()
        if self.is_limited and self.request.method in READING:
            self.services.read_limits.count(self._actor.id if self._actor else network_of(self.request.remote_ip or ""))
        if self._actor is not None and self.request.method in self.audited:
            await self._begin_audit(self._actor, self.audited[self.request.method])

    @property
    def _required(self) -> Access:
        return self.access_by_method.get(self.request.method or "", self.access)

    def on_finish(self) -> None:
        self.services.unfinished.discard(self)
        if self._audit_id:
            self.services.audit.conclude(self._audit_id, self.get_status())

    async def _let_in(self) -> Actor:
        """Return who calls and may; RequestError (unauthorized, forbidden) for everybody else."""
        if self._is_operator_of_machine():
            return LOOPBACK
        token = bearer_token(self.request.headers.get("Authorization"))
        if token is not None and is_service_key(token):
            key = await self.services.service_keys.authenticate(token)
            require_scope(self.service_scope, key)
            return Actor("service_key", key.id, key.name)
        self._principal = await self.authenticate()
        require(self._required, self._principal)
        return Actor("user", self.principal.user_id, self.principal.username)

    async def _begin_audit(self, actor: Actor, action: str) -> None:
        """Write down what is about to be done; what cannot be written down is not done."""
        arguments = self.request.query_arguments
        sent: dict[str, Any] = {name: values[-1].decode(errors="replace") for name, values in arguments.items()}
        try:
            body = msgspec.json.decode(self.request.body or b"{}")
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            body = None  # the handler says what is wrong with it
        sent |= body if isinstance(body, dict) else {}
        details = {name: sent[name] for name in self.audited_fields if name in sent}
        address = self.request.remote_ip or ""
        self._audit_id = await self.services.audit.begin(actor, action, "/".join(self.path_args), details, address)

    async def authenticate(self) -> Principal | None:
        """Return who sends the bearer token or, for reading, the page's cookie; None when there is neither.

        Raises RequestError (unauthorized) when what is there does not hold.
        """
        token = bearer_token(self.request.headers.get("Authorization"))
        if token is not None:
            return await self.services.accounts.authenticate(token)
        cookie = self.get_cookie(SESSION_COOKIE)
        if cookie is not None and self.request.method in READING:
            return await self.services.accounts.principal_of_refresh(cookie)
        return None

    async def require_member(self) -> None:
        """Let a signed-in member pass; for handlers that only settings close to everyone else."""
        self._principal = await self.authenticate()
        require(Access.MEMBER, self._principal)

    def _is_operator_of_machine(self) -> bool:
        """Whether an operator's call is let in for where it comes from; who brings a token is asked for its role."""
        request = self.request
        return (
            self._required is Access.OPERATOR
            and self.services.operator_without_token
            and "Authorization" not in request.headers
            and is_direct_from_loopback(request.remote_ip, request.protocol, request.headers)
        )

    def body(self, shape: type[Shape]) -> Shape:
        """Return the JSON body in this shape; RequestError (invalid_input) says where it does not fit."""
        try:
            return msgspec.json.decode(self.request.body or b"{}", type=shape)
        except msgspec.ValidationError as error:
            raise RequestError(ErrorCode.INVALID_INPUT, str(error)) from None
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise RequestError(ErrorCode.INVALID_INPUT, f"the body is not JSON: {error}") from None

    def query(self, shape: type[Shape]) -> Shape:
        """Return the query arguments in this shape; an empty one counts as absent, of several the last counts."""
        try:
            values = {name: sent[-1].decode() for name, sent in self.request.query_arguments.items() if sent[-1]}
            return msgspec.convert(values, shape, strict=False)
        except (msgspec.ValidationError, UnicodeError) as error:
            raise RequestError(ErrorCode.INVALID_INPUT, str(error)) from None

    def answer(self, data: Any, *, message: str = "") -> None:
        """Finish with the envelope; ``data`` is made of plain values, ``message`` a key of the texts.

        The status is the one that the operation declares, unless another was set.
        """
        self.finish_json(self.envelope(data, message=message))

    def envelope(self, data: Any, *, message: str = "") -> dict[str, Any]:
        """Return what `answer` finishes with."""
        status = self.get_status()
        text = self.text(message or _MESSAGE_OF_STATUS.get(status, "rest.ok"))
        return {"code": status, "message": text, "data": data}

    def text(self, key: str, **values: object) -> str:
        """Return a text in the caller's language."""
        return self.services.texts.text(self.language, key, **values)

    def head(self, *args: str) -> Any:
        return self.get(*args)

    def options(self, *_args: str) -> None:
        """Answered by `prepare`."""

    def set_default_headers(self) -> None:
        for name, value in _SECURITY_HEADERS.items():
            self.set_header(name, value)

    def compute_etag(self) -> str | None:
        return None  # nobody stores these answers

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer any error with the envelope; what is our own fault is not shown."""
        raised = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        error = raised if isinstance(raised, RequestError) else _request_error(status_code, raised)
        self._set_origin_headers()
        if error.code is ErrorCode.UNAUTHORIZED:
            self.set_header("WWW-Authenticate", "Bearer")
        if error.code is ErrorCode.METHOD_NOT_ALLOWED:
            self.set_header("Allow", ", ".join(self.implemented_methods()))
        if "retry_after" in error.data:
            self.set_header("Retry-After", math.ceil(error.data["retry_after"]))
        text = self.text(f"errors.{error.code.slug}")
        if error.detail:
            text = self.text("rest.with_detail", text=text, detail=error.detail)
        status = error.code.status
        self.set_status(status)
        self.finish_json({"code": status, "message": text, "data": {"error": error.code.slug, **error.data}})

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if not isinstance(value, RequestError | HTTPError):
            # The path without its query, which may hold a token.
            logger.error("%s %s failed", self.request.method, self.request.path, exc_info=value)

    def _origin(self) -> tuple[str | None, str, str]:
        return self.request.headers.get("Origin"), self.request.protocol, self.request.host

    def _set_origin_headers(self) -> None:
        for name, value in self.services.origins.headers(*self._origin()).items():
            self.set_header(name, value)

    def _finish_preflight(self) -> None:
        self.set_status(204)
        self.set_header("Access-Control-Allow-Methods", ", ".join(self.implemented_methods()))
        self.set_header("Access-Control-Allow-Headers", "Authorization, Content-Type, Accept-Language, Idempotency-Key")
        self.set_header("Access-Control-Max-Age", _PREFLIGHT_SECONDS)
        self.finish()

    @classmethod
    def implemented_methods(cls) -> list[str]:
        """Return the methods that are answered here."""
        own = {method for method in cls.SUPPORTED_METHODS if cls._is_implemented(method.lower())}
        if "GET" not in own:
            own.discard("HEAD")
        return sorted(own)

    @classmethod
    def _is_implemented(cls, method: str) -> bool:
        return getattr(cls, method) is not getattr(RequestHandler, method)

    def finish_json(self, value: object) -> None:
        self.finish_body(msgspec.json.encode(value))

    def finish_body(self, body: bytes) -> None:
        """Finish with JSON that is written already."""
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.finish(body)


class UnknownPathHandler(ApiHandler):
    """Answers for every path under /api/ that nobody else has."""

    access = Access.PUBLIC

    async def prepare(self) -> None:
        await super().prepare()
        if not self._finished:
            raise RequestError(ErrorCode.NOT_FOUND, f"there is nothing at {self.request.path[:200]}")


def _request_error(status: int, raised: BaseException | None) -> RequestError:
    if status >= 500:
        return RequestError(ErrorCode.INTERNAL)
    return RequestError(_CODE_OF_STATUS.get(status, ErrorCode.INVALID_INPUT), told(raised))
