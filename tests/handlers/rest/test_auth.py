from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any

import pytest

from handlers.base import SESSION_COOKIE
from tests.support.product_server import PER_ACCOUNT, PER_ADDRESS, REGISTRATIONS, ProductServer, RestAnswer

ALICE = {"username": "alice", "password": "correct horse"}


def cookie_of(answer: RestAnswer) -> Any:
    return SimpleCookie(answer.headers["Set-Cookie"])[SESSION_COOKIE]


def with_cookie(value: str, **headers: str) -> dict[str, str]:
    return {"Cookie": f"{SESSION_COOKIE}={value}", **headers}


@pytest.mark.gen_test
async def test_register_login_refresh_answer_alike(server: ProductServer) -> None:
    registered = await server.call("POST", "/api/auth/register", {**ALICE, "display_name": "爱丽丝"})
    logged_in = await server.call("POST", "/api/auth/login", ALICE)
    refreshed = await server.call("POST", "/api/auth/refresh", {"refresh_token": logged_in.data["refresh_token"]})
    assert [answer.status for answer in (registered, logged_in, refreshed)] == [201, 200, 200]
    assert [answer.json["code"] for answer in (registered, logged_in, refreshed)] == [201, 200, 200]
    for answer in (registered, logged_in, refreshed):
        assert answer.data.keys() == {"access_token", "refresh_token", "token_type", "expires_in", "user"}
        assert (answer.data["token_type"], answer.data["expires_in"]) == ("Bearer", 1800)
        assert answer.data["user"].keys() == {"id", "username", "display_name", "created_at", "role"}
        assert answer.data["user"]["display_name"] == "爱丽丝"
        cookie = cookie_of(answer)
        assert cookie.value == answer.data["refresh_token"]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "Lax", "/", "")
        assert int(cookie["max-age"]) == 30 * 86400
    me = await server.call("GET", "/api/users/me", token=refreshed.data["access_token"])
    assert me.data == registered.data["user"]


@pytest.mark.gen_test
async def test_what_registering_refuses(server: ProductServer) -> None:
    await server.register("alice")
    for body, status, slug in (
        (ALICE | {"username": "ALICE"}, 409, "username_taken"),
        (ALICE | {"username": "a"}, 400, "invalid_username"),
        (ALICE | {"username": "bob", "password": "short"}, 400, "weak_password"),
    ):
        answer = await server.call("POST", "/api/auth/register", body)
        assert (answer.status, answer.data) == (status, {"error": slug})
    wrong = await server.call("POST", "/api/auth/login", ALICE | {"password": "wrong horse"})
    assert (wrong.status, wrong.data) == (401, {"error": "invalid_credentials"})


@pytest.mark.gen_test
async def test_the_cookie_reads_and_refreshes_and_changes_nothing_else(server: ProductServer) -> None:
    await server.register("bob")
    signed_in = await server.call("POST", "/api/auth/register", ALICE)
    value = cookie_of(signed_in).value
    assert (await server.call("GET", "/api/users/me", headers=with_cookie(value))).data["username"] == "alice"
    assert (await server.call("HEAD", "/api/users/me", headers=with_cookie(value))).status == 200
    asked = await server.call("POST", "/api/friends/requests", {"username": "bob"}, headers=with_cookie(value))
    assert asked.status == 401
    refreshed = await server.call("POST", "/api/auth/refresh", headers=with_cookie(value))
    assert refreshed.status == 200
    assert (await server.call("GET", "/api/users/me", headers=with_cookie(value))).status == 401
    renewed = with_cookie(cookie_of(refreshed).value)
    assert (await server.call("GET", "/api/users/me", headers=renewed)).status == 200


@pytest.mark.gen_test
async def test_another_site_can_neither_refresh_nor_log_out_with_the_cookie(server: ProductServer) -> None:
    signed_in = await server.call("POST", "/api/auth/register", ALICE)
    value = cookie_of(signed_in).value
    for path in ("/api/auth/refresh", "/api/auth/logout"):
        answer = await server.call("POST", path, headers=with_cookie(value, Origin="http://evil.example"))
        assert answer.status == 403
    assert (await server.call("GET", "/api/users/me", headers=with_cookie(value))).status == 200


@pytest.mark.gen_test
async def test_a_reused_refresh_token_ends_the_sign_in(server: ProductServer) -> None:
    first = await server.register("alice")
    second = (await server.call("POST", "/api/auth/refresh", {"refresh_token": first["refresh_token"]})).data
    for token in (first["refresh_token"], second["refresh_token"]):
        answer = await server.call("POST", "/api/auth/refresh", {"refresh_token": token})
        assert (answer.status, answer.data) == (401, {"error": "unauthorized"})
    assert (await server.call("GET", "/api/users/me", token=second["access_token"])).status == 401


@pytest.mark.gen_test
async def test_logout_by_each_proof(server: ProductServer) -> None:
    await server.register("alice")
    for proof in ("bearer", "body", "cookie", "stale bearer"):
        signed_in = (await server.call("POST", "/api/auth/login", ALICE)).data
        token = {"bearer": signed_in["access_token"], "stale bearer": "stale"}.get(proof)
        body = {"refresh_token": signed_in["refresh_token"]} if proof == "body" else None
        headers = with_cookie(signed_in["refresh_token"]) if proof in {"cookie", "stale bearer"} else None
        answer = await server.call("POST", "/api/auth/logout", body, token=token, headers=headers)
        assert (answer.status, answer.data) == (200, None), proof
        assert cookie_of(answer).value == ""
        assert (await server.call("GET", "/api/users/me", token=signed_in["access_token"])).status == 401
        again = await server.call("POST", "/api/auth/refresh", {"refresh_token": signed_in["refresh_token"]})
        assert again.status == 401


@pytest.mark.gen_test
async def test_nothing_or_nonsense_proves_nothing(server: ProductServer) -> None:
    for path in ("/api/auth/logout", "/api/auth/refresh"):
        assert (await server.call("POST", path)).status == 401
        assert (await server.call("POST", path, {"refresh_token": "x.y"})).status == 401
        assert (await server.call("POST", path, headers=with_cookie("nonsense"))).status == 401
    for authorization in ("Bearer", "Bearer ", "Bearer x", "Basic eDp5", "Bearer " + "x" * 9000):
        headers = {"Authorization": authorization}
        assert (await server.call("GET", "/api/users/me", headers=headers)).status == 401


@pytest.mark.gen_test
async def test_logout_everywhere_ends_every_sign_in_of_the_caller_alone(server: ProductServer) -> None:
    alice, bob = await server.register("alice"), await server.register("bob")
    other = (await server.call("POST", "/api/auth/login", ALICE)).data
    sockets = [await server.chat(who) for who in (alice, alice, other)]
    kept = await server.chat(bob)
    for proof in ({"headers": with_cookie(alice["refresh_token"])}, {"token": alice["refresh_token"]}, {}):
        refused = await server.call("POST", "/api/auth/logout_all", **proof)
        assert refused.status == 401
    answer = await server.call("POST", "/api/auth/logout_all", token=other["access_token"])
    assert (answer.status, answer.data, cookie_of(answer).value) == (200, None, "")
    for socket in sockets:
        await socket.disconnected.wait()
    for sign_in in (alice, other):
        assert (await server.call("GET", "/api/users/me", token=sign_in["access_token"])).status == 401
        refreshed = await server.call("POST", "/api/auth/refresh", {"refresh_token": sign_in["refresh_token"]})
        assert refreshed.status == 401
    assert (await kept.ask("ping"))["ok"]
    assert (await server.call("POST", "/api/auth/login", ALICE)).status == 200


@pytest.mark.gen_test
async def test_too_many_wrong_passwords_are_refused_until_retry_after(timed_server: ProductServer) -> None:
    server = timed_server
    await server.register("alice")
    for _ in range(PER_ACCOUNT):
        assert (await server.call("POST", "/api/auth/login", ALICE | {"password": "wrong horse"})).status == 401
    right = await server.call("POST", "/api/auth/login", ALICE, headers={"Accept-Language": "en"})
    assert (right.status, right.data) == (429, {"error": "rate_limited", "retry_after": 20})
    assert right.headers["Retry-After"] == "20"
    assert (
        right.json["message"] == "Too many requests, please try again later: too many sign-ins to this account; "
        "try again in 20 s"
    )
    server.advance(20)
    assert (await server.call("POST", "/api/auth/login", ALICE)).status == 200


@pytest.mark.gen_test
async def test_an_address_is_limited_whatever_it_says_it_is(timed_server: ProductServer) -> None:
    server = timed_server

    async def statuses(path: str, count: int) -> list[int]:
        answers = []
        for number in range(count):
            address = f"192.0.2.{number}"
            headers = {"X-Forwarded-For": address, "X-Real-IP": address, "Forwarded": f"for={address}"}
            body = {"username": f"member{number}", "password": "correct horse"}
            answers.append((await server.call("POST", path, body, headers=headers)).status)
        return answers

    assert await statuses("/api/auth/register", REGISTRATIONS + 2) == [201] * REGISTRATIONS + [429] * 2
    server.advance(60)
    assert await statuses("/api/auth/register", 2) == [409, 409]  # these count too
    expected = [200] * REGISTRATIONS + [401] * (PER_ADDRESS - REGISTRATIONS) + [429] * 2
    assert await statuses("/api/auth/login", PER_ADDRESS + 2) == expected
