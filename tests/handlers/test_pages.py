from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.testing import bind_unused_port
from tornado.web import Application

from handlers.assets import Assets
from handlers.pages import AssetHandler, ClientBundleHandler, NothingHandler, PageHandler, content_security_policy
from handlers.routes import DIAGNOSTIC_PAGES
from server.realtime.origins import OriginPolicy
from server.texts import Texts

ROOT = Path(__file__).parents[2]
SESSION = "/static/js/core/session.js"
BUNDLES = {f"socket.io{variant}.js" for variant in ("", ".min", ".esm.min", ".msgpack.min")}


class Site:
    """The page and its files, with client bundles that the test has written."""

    def __init__(self, bundles: Path) -> None:
        origins = OriginPolicy(["http://allowed.example"])
        texts = Texts(ROOT / "static" / "texts")
        pages = {
            "services": SimpleNamespace(origins=origins, default_locale="zh-CN"),
            "assets": Assets(texts),
        }
        self._server = HTTPServer(
            Application(
                [
                    (r"/socket\.io/(.+)", ClientBundleHandler, {"path": bundles, "origins": origins}),
                    (r"/static/(.*)", AssetHandler, pages),
                    *((path, PageHandler, {**pages, "shown": page}) for path, page in DIAGNOSTIC_PAGES.items()),
                    (r"/", PageHandler, pages),
                ],
                template_path=str(ROOT / "templates"),
                default_handler_class=NothingHandler,
                default_handler_args={"origins": origins},
                log_function=lambda _: None,
            )
        )
        socket, self.port = bind_unused_port()
        self._server.add_sockets([socket])

    async def get(self, path: str, method: str = "GET", **headers: str) -> HTTPResponse:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        request = HTTPRequest(f"http://127.0.0.1:{self.port}{path}", method, sent, decompress_response=False)
        return await AsyncHTTPClient().fetch(request, raise_error=False)

    async def stop(self) -> None:
        self._server.stop()
        await self._server.close_all_connections()


@pytest.fixture
def site(io_loop: IOLoop, tmp_path: Path) -> Iterator[Site]:
    for name in BUNDLES:
        (tmp_path / name).write_text(f"// {name}")
        (tmp_path / f"{name}.map").write_text("{}")
    (tmp_path / "package.json").write_text("{}")

    async def start() -> Site:
        return Site(tmp_path)

    started = io_loop.run_sync(start)
    assert started is not None
    yield started
    io_loop.run_sync(started.stop)


@pytest.mark.gen_test
async def test_the_page_allows_nothing_inline_and_nobody_else_s(site: Site) -> None:
    answer = await site.get("/")
    assert answer.code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    (import_map,) = re.findall(r'<script type="importmap">(.+)</script>', answer.body.decode())
    known = base64.b64encode(hashlib.sha256(import_map.encode()).digest()).decode()
    assert f"script-src 'self' 'sha256-{known}';" in policy
    assert "frame-ancestors 'none'" in policy
    assert f"connect-src 'self' ws://127.0.0.1:{site.port} wss://127.0.0.1:{site.port};" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    page = answer.body.decode()
    assert "://" not in page
    assert page.count('<script type="importmap">') == 1
    page = page.replace('<script type="importmap">', "")
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\son\w+=|\sstyle=|javascript:", page)


@pytest.mark.gen_test
async def test_every_file_the_page_names_is_there(site: Site) -> None:
    page = (await site.get("/")).body.decode()
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(addresses) > 10
    for address in addresses:
        assert (await site.get(address)).code == 200, address


@pytest.mark.parametrize(
    ("accepted", "language"), [("en-US,en;q=0.9", "en"), ("zh-TW", "zh-TW"), ("fr", "zh-CN"), ("", "zh-CN")]
)
@pytest.mark.gen_test
async def test_the_page_s_language_is_the_browser_s(site: Site, accepted: str, language: str) -> None:
    answer = await site.get("/", Accept_Language=accepted)
    assert f'<html lang="{language}">' in answer.body.decode()
    assert "Accept-Language" in answer.headers["Vary"]


@pytest.mark.gen_test
async def test_head_and_a_known_etag_get_no_body(site: Site) -> None:
    answer = await site.get("/")
    head = await site.get("/", "HEAD")
    assert (head.code, head.body, head.headers["Etag"]) == (200, b"", answer.headers["Etag"])
    again = await site.get("/", If_None_Match=answer.headers["Etag"])
    assert (again.code, again.body) == (304, b"")


@pytest.mark.gen_test
async def test_static_files_are_kept_by_version_and_else_asked_for_anew(site: Site) -> None:
    page = (await site.get("/")).body.decode()
    (versioned,) = re.findall(r'src="(/static/js/main\.js\?v=\w+)"', page)
    kept = await site.get(versioned)
    assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    outdated = await site.get("/static/js/main.js?v=0")
    assert (outdated.code, outdated.body) == (404, b"/static/js/main.js is there in another version\n")
    fresh = await site.get(SESSION)
    assert fresh.headers["Cache-Control"] == "no-cache"
    assert fresh.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert fresh.headers["X-Content-Type-Options"] == "nosniff"
    assert (await site.get(SESSION, If_None_Match=fresh.headers["Etag"])).code == 304


@pytest.mark.gen_test
async def test_files_are_packed_for_those_who_can_unpack(site: Site) -> None:
    plain, packed = await site.get(SESSION), await site.get(SESSION, Accept_Encoding="br, gzip")
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert "Accept-Encoding" in packed.headers["Vary"]


@pytest.mark.gen_test
async def test_every_module_is_imported_by_a_url_of_its_content(site: Site) -> None:
    page = (await site.get("/")).body.decode()
    (written,) = re.findall(r'<script type="importmap">(.+)</script>', page)
    imports = json.loads(written)["imports"]
    for path in (ROOT / "static" / "js").rglob("*.js"):
        name = f"#{path.relative_to(ROOT / 'static').as_posix()}"
        version = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        assert imports[name] == f"/static/{name[1:]}?v={version}"
        for imported in re.findall(r'(?:from|import)[ (]"([^"]+)"', path.read_text()):
            assert imported in imports, f"{name} imports {imported}"
    assert {"preact", "socket.io-client", "#texts/en.js"} <= imports.keys()
    assert f'<link rel="modulepreload" href="{imports["#js/app.js"]}">' in page
    catalogue = (await site.get(imports["#texts/en.js"])).body.decode()
    texts = json.loads(catalogue.removeprefix("export default ").removesuffix(";\n"))
    assert texts["page.sign_in"] == "Sign in"


def test_what_changes_on_the_disk_is_served(tmp_path: Path) -> None:
    (tmp_path / "js").mkdir()
    module = tmp_path / "js" / "one.js"
    module.write_text("1")
    assets = Assets(Texts(ROOT / "static" / "texts"), tmp_path, tmp_path / "none")
    before = assets.url("js/one.js")
    module.write_text("22")
    os.utime(module, ns=(1, 1))
    (tmp_path / "js" / "two.js").write_text('import {a} from "#js/one.js";')
    assets.refresh()
    assert assets.url("js/one.js") != before
    assert assets.needed_by("js/two.js") == [assets.url("js/one.js")]
    module.unlink()
    assets.refresh()
    with pytest.raises(KeyError):
        assets.url("js/one.js")


ELSEWHERE = ["none.js", "../run.py", "%2e%2e/run.py", "texts", "texts/en/page.json", "%00"]


@pytest.mark.parametrize("path", [f"/static/{name}" for name in ELSEWHERE])
@pytest.mark.gen_test
async def test_what_is_not_in_static_is_not_served(site: Site, path: str) -> None:
    answer = await site.get(path)
    assert answer.code in {403, 404}
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert b"%s" not in answer.body
    assert b"Traceback" not in answer.body


@pytest.mark.parametrize("name", sorted(BUNDLES))
@pytest.mark.gen_test
async def test_a_client_bundle_has_type_etag_and_map(site: Site, name: str) -> None:
    answer = await site.get(f"/socket.io/{name}")
    assert answer.body.decode() == f"// {name}"
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, no-cache"
    again = await site.get(f"/socket.io/{name}", If_None_Match=answer.headers["Etag"])
    assert (again.code, again.body) == (304, b"")
    source_map = await site.get(f"/socket.io/{name}.map")
    assert source_map.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "name", ["package.json", "socket.io.mjs", "..%2fpackage.json", "x/socket.io.js", "socket.io.js/"]
)
@pytest.mark.gen_test
async def test_no_other_file_of_the_package_is_served(site: Site, name: str) -> None:
    answer = await site.get(f"/socket.io/{name}")
    assert answer.code == 404
    assert answer.body != b"{}"


@pytest.mark.gen_test
async def test_without_the_package_it_says_what_to_do(site: Site, tmp_path: Path) -> None:
    (tmp_path / "socket.io.min.js").unlink()
    answer = await site.get("/socket.io/socket.io.min.js")
    assert answer.code == 404
    assert answer.body == b"the package socket.io-client is not installed: run make setup\n"


@pytest.mark.parametrize("path", ["/", "/static/js/main.js", "/socket.io/socket.io.js"])
@pytest.mark.gen_test
async def test_the_origin_rule_holds(site: Site, path: str) -> None:
    refused = await site.get(path, Origin="http://evil.example")
    assert refused.code == 403
    answer = json.loads(refused.body)
    assert answer["code"] == 4
    assert "SOCKETIO_CORS_ORIGINS" in answer["message"]
    allowed = await site.get(path, Origin="http://allowed.example")
    assert (allowed.code, allowed.headers["Access-Control-Allow-Origin"]) == (200, "http://allowed.example")
    preflight = await site.get(path, "OPTIONS", Origin="http://allowed.example")
    assert (preflight.code, preflight.headers["Access-Control-Allow-Methods"]) == (204, "GET, HEAD, OPTIONS")


@pytest.mark.gen_test
async def test_a_path_that_nobody_has_is_told_plainly(site: Site) -> None:
    answer = await site.get("/no/such%s")
    assert (answer.code, answer.body) == (404, b"there is nothing at /no/such%s\n")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    refused = await site.get("/no/such", Origin="http://evil.example")
    assert (refused.code, json.loads(refused.body)["code"]) == (403, 4)


@pytest.mark.parametrize("host", ["example.com:8443", "[::1]:8000", "127.0.0.1"])
def test_the_policy_names_the_host_for_sockets(host: str) -> None:
    assert f"ws://{host} wss://{host};" in content_security_policy(host)


@pytest.mark.parametrize("host", ["a b", "x; script-src *", "*", "x\r\ny", ""])
def test_the_policy_leaves_out_what_is_no_host(host: str) -> None:
    assert "connect-src 'self';" in content_security_policy(host)


def scripts() -> Iterator[str]:
    for path in sorted((ROOT / "static" / "js").rglob("*.js")):
        yield path.read_text("utf-8")


def test_data_never_becomes_markup() -> None:
    for script in scripts():
        assert not re.search(r"(?i:innerHTML)|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", script)


SERVERS_OWN = {"alerts", "api", "errors", "notices", "rest", "signals", "strategies", "tasks"}
"""The texts that the server uses as well."""


def test_every_text_the_page_asks_for_exists_and_no_other() -> None:
    keys = set(Texts(ROOT / "static" / "texts").catalogue("en"))
    sources = "".join(scripts())
    named = set(re.findall(r'"([a-z_]+\.[a-z_.]+)"', sources)) & (keys | set(re.findall(r'\bt\("([^"]+)"', sources)))
    begun = tuple(re.findall(r"`([a-z_]+\.[a-z_.]*)\$\{", sources))
    assert named - keys == set()
    assert [start for start in begun if not any(key.startswith(start) for key in keys)] == []
    unused = {key for key in keys - named if not key.startswith(begun) and key.partition(".")[0] not in SERVERS_OWN}
    assert unused == set()


@pytest.mark.gen_test
async def test_only_the_page_that_steers_a_client_by_hand_may_call_other_servers(site: Site) -> None:
    for path, page in DIAGNOSTIC_PAGES.items():
        answer = await site.get(path.replace("\\", ""))
        assert answer.code == 200
        policy = answer.headers["Content-Security-Policy"]
        assert (" ws: wss:" in policy) == page.may_connect_elsewhere == path.endswith(r"direct-test\.html")
        assert "unsafe" not in policy
        text = answer.body.decode()
        assert f'src="/static/{page.main}?v=' in text
        assert "css/diagnostics.css" in text
        assert "css/page/" not in text
