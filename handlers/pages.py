"""The web page, its static files, and the official client's bundles (product sections 2 and 7)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

from tornado.web import HTTPError, RequestHandler, StaticFileHandler

from handlers.base import refusal_body, told
from handlers.documents import page
from handlers.documents.library import Library
from handlers.services import Services
from server.auth.access import Access
from server.realtime.origins import OriginPolicy
from server.texts import LOCALES, negotiate

CLIENT_BUNDLES = Path(__file__).resolve().parent.parent / "node_modules" / "socket.io-client" / "dist"

_BUNDLE_NAMES = frozenset(
    f"socket.io{variant}.js{suffix}" for variant in ("", ".min", ".esm.min", ".msgpack.min") for suffix in ("", ".map")
)
_CONTENT_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".map": "application/json",
    ".json": "application/json",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9A-Fa-f:]+\](:\d+)?")


def content_security_policy(host: str) -> str:
    """Return the page's policy: all from this server, nothing inline, WebSockets to ``host`` alone."""
    # 'self' does not cover WebSockets in older browsers; a host that is none is left out.
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    return (
        f"default-src 'self'; connect-src 'self'{sockets}; img-src 'self' data:; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


class GuardedHandler(RequestHandler):
    """What pages and files share: the Origin rule, security headers, errors as one plain sentence."""

    origins: OriginPolicy

    def prepare(self) -> None:
        """Refuse a foreign Origin; see `OriginPolicy`."""
        asked = self.request.headers.get("Origin"), self.request.protocol, self.request.host
        refusal = self.origins.refusal(*asked)
        if refusal is not None:
            self.set_status(403)
            self.finish(refusal_body(refusal))
            return
        for name, value in self.origins.headers(*asked).items():
            self.set_header(name, value)

    def set_default_headers(self) -> None:
        self.set_header("Content-Security-Policy", content_security_policy(self.request.host))
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "no-referrer")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        raised = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        said = told(raised) if status_code < 500 else ""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"{said or self._reason}\n")

    def options(self, *_args: str) -> None:
        self.set_status(204)
        self.set_header("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")


class PageHandler(GuardedHandler):
    """The one page; what it shows comes through REST and Socket.IO."""

    access: ClassVar[Access] = Access.PUBLIC

    def initialize(self, services: Services) -> None:
        self.origins = services.origins
        self._default_locale = services.default_locale

    def get(self) -> None:
        language = negotiate(self.request.headers.get("Accept-Language"), self._default_locale)
        self.set_header("Cache-Control", "no-cache")
        self.add_header("Vary", "Accept-Language")
        self.render("index.html", language=language, languages=LOCALES)

    def head(self) -> None:
        self.get()


class ApiPageHandler(GuardedHandler):
    """What the API documents say, for people: all of it is written here, and nothing runs in the page."""

    access: ClassVar[Access] = Access.PUBLIC

    def initialize(self, services: Services, library: Library) -> None:
        self.origins = services.origins
        self._services = services
        self._library = library

    def get(self) -> None:
        language = negotiate(self.request.headers.get("Accept-Language"), self._services.default_locale)
        self.set_header("Cache-Control", "no-cache")
        self.add_header("Vary", "Accept-Language")
        openapi, asyncapi = self._library.openapi, self._library.asyncapi
        self.render(
            "api.html",
            language=language,
            text=lambda key: self._services.texts.text(language, f"api.{key}"),
            groups=page.calls(openapi),
            channels=page.channels(asyncapi),
            shapes=page.shapes(openapi, asyncapi),
        )

    def head(self) -> None:
        self.get()


class NothingHandler(GuardedHandler):
    """Answers for every path that nobody else has."""

    def initialize(self, origins: OriginPolicy) -> None:
        self.origins = origins

    def prepare(self) -> None:
        super().prepare()
        if not self._finished:
            raise HTTPError(404, "there is nothing at %s", self.request.path[:200])


class StaticHandler(GuardedHandler, StaticFileHandler):
    """Files of ``static/``: for ever with the version that `static_url` writes, else asked for anew each time."""

    def initialize(  # type: ignore[override]
        self, path: str | None = None, default_filename: str | None = None, *, origins: OriginPolicy
    ) -> None:
        self.origins = origins
        super().initialize(path or self.settings["static_path"], default_filename)

    def parse_url_path(self, url_path: str) -> str:
        if "\0" in url_path:
            raise HTTPError(404)
        return super().parse_url_path(url_path)

    def get_content_type(self) -> str:
        return _CONTENT_TYPES.get(Path(self.absolute_path or "").suffix) or super().get_content_type()

    def set_extra_headers(self, path: str) -> None:
        if "v" not in self.request.arguments:
            self.set_header("Cache-Control", "no-cache")


class ClientBundleHandler(StaticHandler):
    """The files of the npm package socket.io-client that pages ask for, and no others."""

    def initialize(  # type: ignore[override]
        self, path: str | Path = CLIENT_BUNDLES, *, origins: OriginPolicy
    ) -> None:
        super().initialize(str(path), origins=origins)

    def parse_url_path(self, url_path: str) -> str:
        if url_path not in _BUNDLE_NAMES:
            raise HTTPError(404, f"there are only {', '.join(sorted(_BUNDLE_NAMES))}")
        return url_path

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        if not Path(absolute_path).is_file():
            raise HTTPError(404, "the package socket.io-client is not installed: run make setup")
        return super().validate_absolute_path(root, absolute_path)

    def set_extra_headers(self, path: str) -> None:
        self.set_header("Cache-Control", "public, no-cache")
