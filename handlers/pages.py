"""The web page, its static files, and the official client's bundles (product sections 2 and 7)."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from tornado.web import HTTPError, RequestHandler, StaticFileHandler

from handlers.assets import CONTENT_TYPES, PACKAGES, Assets
from handlers.base import refusal_body, told
from handlers.documents import page
from handlers.documents.library import Library
from handlers.packing import takes_gzip
from handlers.services import Services
from server.auth.access import Access
from server.realtime.origins import OriginPolicy
from server.texts import negotiate

CLIENT_BUNDLES = PACKAGES / "socket.io-client" / "dist"

DESIGN = ("css/design.css", "css/components.css", "css/controls.css", "css/overlays.css")
"""The design system, in the order in which its rules follow each other."""

_BUNDLE_NAMES = frozenset(
    f"socket.io{variant}.js{suffix}" for variant in ("", ".min", ".esm.min", ".msgpack.min") for suffix in ("", ".map")
)
_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9A-Fa-f:]+\](:\d+)?")


def content_security_policy(host: str, inline: bytes = b"", *, may_connect_elsewhere: bool = False) -> str:
    """Return a page's policy: all from this server, inline one known text at most, WebSockets to ``host`` alone.

    ``may_connect_elsewhere``: scripts may call other servers, but still none of theirs runs.
    """
    # 'self' does not cover WebSockets in older browsers; a host that is none is left out.
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    if may_connect_elsewhere:
        sockets = " http: https: ws: wss:"
    known = f" 'sha256-{b64encode(sha256(inline).digest()).decode()}'" if inline else ""
    return (
        f"default-src 'self'; script-src 'self'{known}; connect-src 'self'{sockets}; img-src 'self' data: blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
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


class ShownPage(NamedTuple):
    """What makes a page out of the one template: the module that draws it, and the styles beside the design system."""

    main: str
    styles: tuple[str, ...]
    """The beginnings of their names."""
    may_connect_elsewhere: bool = False


MAIN_PAGE = ShownPage("js/main.js", ("css/page/",))


class PageHandler(GuardedHandler):
    """A page that its modules draw; what it shows comes through REST and Socket.IO."""

    access: ClassVar[Access] = Access.PUBLIC

    def initialize(self, services: Services, assets: Assets, shown: ShownPage = MAIN_PAGE) -> None:
        self.origins = services.origins
        self._default_locale = services.default_locale
        self._assets = assets
        self._shown = shown

    def get(self) -> None:
        self._assets.keep_fresh()
        if "npm/preact.js" not in self._assets:
            raise HTTPError(503, "the page's packages are not installed: run make setup")
        language = negotiate(self.request.headers.get("Accept-Language"), self._default_locale)
        import_map, shown = self._assets.import_map(), self._shown
        policy = content_security_policy(
            self.request.host, import_map, may_connect_elsewhere=shown.may_connect_elsewhere
        )
        self.set_header("Cache-Control", "no-cache")
        self.set_header("Content-Security-Policy", policy)
        self.add_header("Vary", "Accept-Language")
        self.render(
            "index.html",
            language=language,
            asset=self._assets.url,
            styles=[*DESIGN, *(name for name in self._assets if name.startswith(shown.styles))],
            import_map=import_map.decode(),
            main=shown.main,
            modules=self._assets.needed_by(shown.main),
        )

    def head(self) -> None:
        self.get()


class ApiPageHandler(GuardedHandler):
    """What the API documents say, for people: all of it is written here, and nothing runs in the page."""

    access: ClassVar[Access] = Access.PUBLIC

    def initialize(self, services: Services, library: Library, assets: Assets) -> None:
        self.origins = services.origins
        self._services = services
        self._library = library
        self._assets = assets

    def get(self) -> None:
        language = negotiate(self.request.headers.get("Accept-Language"), self._services.default_locale)
        self.set_header("Cache-Control", "no-cache")
        self.add_header("Vary", "Accept-Language")
        self._assets.keep_fresh()
        styles = [self._assets.url(name) for name in self._assets if name.endswith((".css", ".svg"))]
        self.finish(self._library.page((language, *styles), lambda: self._render(language)))

    def _render(self, language: str) -> bytes:
        openapi, asyncapi = self._library.openapi, self._library.asyncapi
        return self.render_string(
            "api.html",
            language=language,
            asset=self._assets.url,
            text=lambda key: self._services.texts.text(language, f"api.{key}"),
            groups=page.calls(openapi),
            channels=page.channels(asyncapi),
            shapes=page.shapes(openapi, asyncapi),
            about=f"{openapi['info']['description']}\n\n{asyncapi['info']['description']}",
            paragraphs=page.paragraphs,
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


class AssetHandler(GuardedHandler):
    """A file of `Assets`: for ever under its version, else asked for anew each time."""

    access: ClassVar[Access] = Access.PUBLIC

    def initialize(self, services: Services, assets: Assets) -> None:
        self.origins = services.origins
        self._assets = assets

    def get(self, name: str) -> None:
        try:
            asset = self._assets[name]
        except KeyError:
            raise HTTPError(404, "there is nothing at %s", self.request.path[:200]) from None
        self._version = asset.version
        wanted = self.get_query_argument("v", "")
        if wanted and wanted != asset.version:
            # What an older page names does not fit what it has: it has to be loaded anew.
            raise HTTPError(404, "%s is there in another version", self.request.path[:200])
        is_for_good = bool(wanted)
        self.set_header("Cache-Control", "public, max-age=31536000, immutable" if is_for_good else "no-cache")
        self.set_header("Content-Type", asset.content_type)
        self.set_header("Vary", "Accept-Encoding")
        if takes_gzip(self.request.headers.get("Accept-Encoding", "")):
            self.set_header("Content-Encoding", "gzip")
            self.write(asset.packed)
        else:
            self.write(asset.body)

    def head(self, name: str) -> None:
        self.get(name)

    def compute_etag(self) -> str | None:
        return f'W/"{self._version}"'


class ClientBundleHandler(GuardedHandler, StaticFileHandler):
    """The files of the npm package socket.io-client that pages ask for, and no others."""

    def initialize(  # type: ignore[override]
        self, path: str | Path = CLIENT_BUNDLES, *, origins: OriginPolicy
    ) -> None:
        self.origins = origins
        super().initialize(str(path))

    def parse_url_path(self, url_path: str) -> str:
        if url_path not in _BUNDLE_NAMES:
            raise HTTPError(404, f"there are only {', '.join(sorted(_BUNDLE_NAMES))}")
        return url_path

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        if not Path(absolute_path).is_file():
            raise HTTPError(404, "the package socket.io-client is not installed: run make setup")
        return super().validate_absolute_path(root, absolute_path)

    def get_content_type(self) -> str:
        return CONTENT_TYPES.get(Path(self.absolute_path or "").suffix, "application/json")

    def set_extra_headers(self, path: str) -> None:
        self.set_header("Cache-Control", "public, no-cache")
