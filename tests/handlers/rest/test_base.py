from __future__ import annotations

import json

import pytest
from tornado.web import HTTPError

from handlers.rest.users import MeHandler
from server.errors import ErrorCode, RequestError
from tests.support.leftovers import ErrorLog
from tests.support.product_server import ProductServer

OWN = "http://127.0.0.1:{port}"


@pytest.mark.gen_test
async def test_what_does_not_exist_is_told_in_the_envelope(server: ProductServer) -> None:
    for path in ("/api/nothing", "/api/", "/api/v2/users/me", "/api/users/me/x"):
        answer = await server.call("GET", path, headers={"Accept-Language": "en"})
        assert answer.status == 404
        assert answer.json == {
            "code": 404,
            "message": f"Not found: there is nothing at {path}",
            "data": {"error": "not_found"},
        }


@pytest.mark.gen_test
async def test_a_method_that_is_not_there_is_told_with_those_that_are(server: ProductServer) -> None:
    alice = await server.register("alice")
    for method, path, allowed in (
        ("GET", "/api/auth/login", "OPTIONS, POST"),
        ("DELETE", "/api/friends", "GET, HEAD, OPTIONS"),
        ("HEAD", "/api/auth/login", "OPTIONS, POST"),
        ("PATCH", "/api/v1/friends/requests", "GET, HEAD, OPTIONS, POST"),
    ):
        answer = await server.call(method, path, token=alice["access_token"])
        assert (answer.status, answer.headers["Allow"]) == (405, allowed)
        if answer.json is not None:
            assert answer.json["data"] == {"error": "method_not_allowed"}


@pytest.mark.gen_test
async def test_head_is_get_without_a_body(server: ProductServer) -> None:
    alice = await server.register("alice")
    answer = await server.call("HEAD", "/api/users/me", token=alice["access_token"])
    assert (answer.status, answer.json) == (200, None)
    assert int(answer.headers["Content-Length"]) > 50


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("", "请先登录："),
        ("zh-TW", "請先登入："),
        ("en-US,en;q=0.9", "Please sign in: "),
    ],
)
@pytest.mark.gen_test
async def test_messages_are_in_the_language_of_the_reader(server: ProductServer, language: str, message: str) -> None:
    answer = await server.call("GET", "/api/users/me", headers={"Accept-Language": language})
    assert answer.json["message"].startswith(message)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.gen_test
async def test_answers_carry_the_security_headers(server: ProductServer) -> None:
    for path in ("/api/users/me", "/api/nothing", "/health"):
        headers = (await server.call("GET", path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Content-Type"] == "application/json; charset=UTF-8"


@pytest.mark.gen_test
async def test_bodies_that_do_not_fit_say_where(server: ProductServer) -> None:
    for body, detail in (
        (b"{", "the body is not JSON"),
        (b"\xff\xfe", "the body is not JSON"),
        (b'{"username": "\xff"}', "the body is not JSON"),
        (b'{"username": "\\ud800", "password": "correct horse"}', ""),
        (b'{"username": "a", "x": ' + b"[" * 60_000, "the body is not JSON"),
        (b'{"username": NaN}', "the body is not JSON"),
        (b"[]", "Expected `object`, got `array`"),
        (b"{}", "Object missing required field `username`"),
        (b'{"username": {"$gt": ""}, "password": "x"}', "Expected `str`, got `object` - at `$.username`"),
        (b'{"username": "a", "password": 12345678901234567890123}', "at `$.password`"),
        (b'{"username": "a\\u0000b", "password": "correct horse"}', "NUL"),
    ):
        for path in ("/api/auth/login", "/api/auth/register"):
            answer = await server.call("POST", path, body)
            assert (answer.status, answer.data) == (400, {"error": "invalid_input"}), body[:40]
            assert detail in answer.json["message"]
    assert await server.community.database["users"].count_documents({}) == 0


@pytest.mark.gen_test
async def test_a_body_that_is_too_large_is_refused(server: ProductServer) -> None:
    answer = await server.call("POST", "/api/auth/login", b" " * 65_537)
    assert (answer.status, answer.data) == (413, {"error": "payload_too_large"})


@pytest.mark.gen_test
async def test_the_two_versions_of_a_path_are_one(server: ProductServer) -> None:
    alice = await server.register("alice")
    answers = [await server.call("GET", f"/api{v}/users/me", token=alice["access_token"]) for v in ("", "/v1")]
    assert answers[0].json == answers[1].json


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://allowed.example.evil.example", "https://allowed.example", OWN + "1", ""],
)
@pytest.mark.gen_test
async def test_a_foreign_origin_is_refused_before_anything_else(server: ProductServer, origin: str) -> None:
    origin = origin.format(port=server.port)
    for method, path in (
        ("GET", "/api/users/me"),
        ("POST", "/api/auth/login"),
        ("OPTIONS", "/api/auth/login"),
        ("GET", "/health"),
        ("GET", "/api/nothing"),
    ):
        answer = await server.call(method, path, headers={"Origin": origin})
        assert (answer.status, answer.json["code"]) == (403, 4)
        assert "SOCKETIO_CORS_ORIGINS" in answer.json["message"]
        assert repr(origin) in answer.json["message"]
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.gen_test
async def test_an_allowed_origin_gets_its_headers(server: ProductServer) -> None:
    headers = {"Origin": "http://allowed.example"}
    preflight = await server.call(
        "OPTIONS", "/api/friends/requests", headers={**headers, "Access-Control-Request-Method": "POST"}
    )
    assert (preflight.status, preflight.json) == (204, None)
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS, POST"
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    refused = await server.call("GET", "/api/users/me", headers=headers)
    assert refused.status == 401
    for answer in (preflight, refused, await server.call("GET", "/health", headers=headers)):
        assert answer.headers["Access-Control-Allow-Origin"] == "http://allowed.example"
        assert "Origin" in answer.headers["Vary"]


@pytest.mark.gen_test
async def test_ones_own_origin_is_allowed(server: ProductServer) -> None:
    assert (await server.call("GET", "/health", headers={"Origin": OWN.format(port=server.port)})).status == 200


@pytest.mark.gen_test
async def test_our_own_fault_is_logged_and_not_shown(
    server: ProductServer, monkeypatch: pytest.MonkeyPatch, logged_errors: ErrorLog
) -> None:
    alice = await server.register("alice")

    async def fail(_self: MeHandler) -> None:
        raise KeyError("a secret")

    monkeypatch.setattr(MeHandler, "get", fail)
    answer = await server.call("GET", "/api/users/me?token=secret", token=alice["access_token"])
    assert (answer.status, answer.data) == (500, {"error": "internal"})
    assert "secret" not in answer.json["message"]
    assert logged_errors.pop_all() == ["handlers.base: GET /api/users/me failed (KeyError('a secret'))"]


@pytest.mark.parametrize(
    ("error", "status", "slug"),
    [
        (HTTPError(418), 400, "invalid_input"),
        (HTTPError(403), 403, "forbidden"),
        (HTTPError(503), 500, "internal"),
        (RequestError(ErrorCode.UNAVAILABLE), 503, "unavailable"),
        (RequestError(ErrorCode.CONFLICT, "x", request_id="7"), 409, "conflict"),
    ],
)
@pytest.mark.gen_test
async def test_errors_come_from_one_table(
    server: ProductServer, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, slug: str
) -> None:
    alice = await server.register("alice")

    async def fail(_self: MeHandler) -> None:
        raise error

    monkeypatch.setattr(MeHandler, "get", fail)
    # Not by `call`, which lets nothing pass that the documents do not tell of.
    response = await server.fetch("/api/users/me", headers={"Authorization": f"Bearer {alice['access_token']}"})
    answer = json.loads(response.body)
    assert (response.code, answer["code"], answer["data"]["error"]) == (status, status, slug)
    if isinstance(error, RequestError):
        assert answer["data"] == {"error": slug, **error.data}
