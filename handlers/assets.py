"""What the page is made of: our files and those of npm packages, each under a URL that names its content."""

from __future__ import annotations

import gzip
import hashlib
import re
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import msgspec

from server.texts import LOCALES, Texts

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "static"
PACKAGES = ROOT / "node_modules"

MODULES = {
    "preact": "preact/dist/preact.mjs",
    "preact/hooks": "preact/hooks/dist/hooks.mjs",
    "htm": "htm/dist/htm.module.js",
    "@preact/signals-core": "@preact/signals-core/dist/signals-core.module.js",
    "@preact/signals": "@preact/signals/dist/signals.module.js",
    "socket.io-client": "socket.io-client/dist/socket.io.esm.min.js",
    "lightweight-charts": "lightweight-charts/dist/lightweight-charts.standalone.production.mjs",
    "uplot": "uplot/dist/uPlot.esm.js",
}
"""The modules of npm packages that ours may import, by the name they are imported by."""

OTHER_FILES = {
    "npm/uplot.css": "uplot/dist/uPlot.min.css",
    "npm/licences/preact.txt": "preact/LICENSE",
    "npm/licences/htm.txt": "htm/LICENSE",
    "npm/licences/signals.txt": "@preact/signals/LICENSE",
    "npm/licences/socket.io-client.txt": "socket.io-client/LICENSE",
    "npm/licences/lightweight-charts.txt": "lightweight-charts/LICENSE",
    "npm/licences/uplot.txt": "uplot/LICENSE",
}

FRESH_SECONDS = 2.0

CONTENT_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
_IMPORT = re.compile(rb'(?:^|\n)\s*(?:import|export)\s[^"\'`;]*?"([^"]+)"|(?:^|\n)import\s*"([^"]+)"')


class Asset:
    """One file: its content, and a version that another content does not have."""

    def __init__(self, name: str, body: bytes) -> None:
        self.body = body
        self.version = hashlib.sha256(body).hexdigest()[:16]
        self.content_type = CONTENT_TYPES[Path(name).suffix]
        self.url = f"/static/{name}?v={self.version}"

    @cached_property
    def packed(self) -> bytes:
        """The content as gzip."""
        return gzip.compress(self.body, mtime=0)

    @cached_property
    def imports(self) -> tuple[str, ...]:
        """The names it imports before it runs."""
        return tuple((ours or bare).decode() for ours, bare in _IMPORT.findall(self.body))


class Assets:
    """Every file that ``/static/`` serves; `refresh` takes in what was changed on the disk.

    Modules import each other by names, so that what one imports may have a URL of its content too: ``#js/chat/log.js``
    is ``static/js/chat/log.js``, ``#texts/en.js`` the catalogue of a language, ``preact`` the package's module.
    """

    def __init__(self, texts: Texts, static: Path = STATIC, packages: Path = PACKAGES) -> None:
        self._texts = texts
        self._static = static
        self._packages = packages
        self._seen: dict[str, tuple[Path, int]] = {}
        self._assets: dict[str, Asset] = {}
        self._import_map = b""
        self._needed: dict[str, list[str]] = {}
        self._looked_at = 0.0
        self.refresh()

    def __getitem__(self, name: str) -> Asset:
        """Return the file of a name like ``css/design.css`` (KeyError)."""
        return self._assets[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._assets))

    def url(self, name: str) -> str:
        """Return where a file is, for good (KeyError)."""
        return self._assets[name].url

    def keep_fresh(self) -> None:
        """Refresh, unless that was just done: looking at every file takes some milliseconds."""
        if time.monotonic() - self._looked_at > FRESH_SECONDS:
            self.refresh()

    def refresh(self) -> None:
        """Read what is new or was changed since, and forget what is gone."""
        self._looked_at = time.monotonic()
        found = {name: (path, path.stat().st_mtime_ns) for name, path in self._files() if path.is_file()}
        if found == self._seen:
            return
        for name in found.keys() - {name for name, seen in self._seen.items() if found.get(name) == seen}:
            self._assets[name] = Asset(name, found[name][0].read_bytes())
        for name in self._seen.keys() - found.keys():
            del self._assets[name]
        for locale in LOCALES:
            name = f"texts/{locale}.js"
            self._assets[name] = Asset(
                name, b"export default %b;\n" % msgspec.json.encode(self._texts.catalogue(locale))
            )
        self._seen = found
        self._needed.clear()
        urls = {specifier: self.url(name) for specifier, name in self._modules()}
        self._import_map = msgspec.json.encode({"imports": urls})

    def _files(self) -> Iterator[tuple[str, Path]]:
        for path in self._static.rglob("*"):
            if path.suffix in CONTENT_TYPES:
                yield path.relative_to(self._static).as_posix(), path
        for specifier, file in MODULES.items():
            yield f"npm/{specifier}.js", self._packages / file
        for name, file in OTHER_FILES.items():
            yield name, self._packages / file

    def import_map(self) -> bytes:
        """Return the import map of all modules, as JSON that may stand in a page."""
        return self._import_map

    def _modules(self) -> Iterator[tuple[str, str]]:
        for name in self:
            if name.endswith(".js"):
                yield (name[4:-3] if name.startswith("npm/") else f"#{name}"), name

    def needed_by(self, name: str) -> list[str]:
        """Return the URLs of all modules that a module needs before it runs, so that they may be asked for at once."""
        if name not in self._needed:
            self._needed[name] = list(self._imported_by(name))
        return self._needed[name]

    def _imported_by(self, name: str) -> Iterator[str]:
        names = dict(self._modules())
        needed: set[str] = set()
        waiting = [name]
        while waiting:
            for specifier in self._assets[waiting.pop()].imports:
                imported = names.get(specifier)
                if imported is not None and imported not in needed:
                    needed.add(imported)
                    waiting.append(imported)
                    yield self.url(imported)
