from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from handlers.rest import files as files_module
from server.storage.availability import unavailable
from server.storage.files import CHUNK_BYTES
from tests.support.product_server import ProductServer
from tests.support.uploads import Door, close, form, picture, read_answer

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


async def door(server: ProductServer, username: str = "alice") -> Door:
    return Door(server.port, (await server.register(username))["access_token"])


@pytest.mark.parametrize("picture_format", ["PNG", "JPEG", "GIF", "WEBP"])
@pytest.mark.gen_test
async def test_a_picture_is_shown_with_its_thumbnail(server: ProductServer, picture_format: str) -> None:
    alice = await door(server)
    content = picture(picture_format, (960, 640))
    file = await alice.upload(content, "图 1.html")
    mime = f"image/{picture_format.lower()}"
    assert (file["kind"], file["type"], file["thumbnail"]) == ("image", mime, True)
    assert (file["width"], file["height"], file["size"]) == (960, 640, len(content))
    got = await alice.fetch("GET", file["url"])
    assert (got.code, got.body, got.headers["Content-Type"]) == (200, content, mime)
    assert got.headers["Content-Disposition"].startswith('inline; filename="_ 1.html.')
    small = await alice.fetch("GET", file["url"] + "/thumbnail")
    assert (small.code, small.headers["Content-Type"]) == (200, "image/webp")
    assert small.body[8:12] == b"WEBP" and len(small.body) < len(content)
    for answer in (got, small):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "private, max-age=300"
        assert "Cookie" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("content", "name", "status"),
    [
        (b"<html><script>alert(1)</script></html>", "cat.png", 415),
        (SVG, "cat.svg", 415),
        (b"\xef\xbb\xbf \r\n" + SVG, "cat.png", 415),
        (b"MZ\x90\x00\x03" + b"\0" * 100, "cat.jpg", 415),
        (b"GIF89a" + SVG, "cat.gif", 415),
        (b"\x89PNG\r\n\x1a\n" + SVG, "cat.png", 415),
        (picture("PNG") + b"<script>alert(1)</script>", "cat.html", 201),
        (b"harmless\n<script>alert(1)</script>", "cat.html", 201),
        (b"%PDF-1.7\n<script>alert(1)</script>", "cat.svg", 201),
    ],
)
@pytest.mark.gen_test
async def test_nothing_that_a_browser_runs(server: ProductServer, content: bytes, name: str, status: int) -> None:
    alice = await door(server)
    response = await alice.post(content, name)
    answer = json.loads(response.body)["data"]
    assert response.code == status
    if status == 415:
        assert answer["error"] == "unsupported_type"
        return
    got = await alice.fetch("GET", answer["file"]["url"])
    assert got.body == content
    assert not {"html", "svg", "xml", "script"} & set(got.headers["Content-Type"].replace("/", " ").split())
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in got.headers["Content-Security-Policy"]
    assert answer["file"]["name"].endswith((".png", ".txt", ".pdf"))
    assert got.headers["Content-Disposition"].startswith(
        "inline" if answer["file"]["kind"] == "image" else "attachment"
    )


@pytest.mark.gen_test
async def test_a_name_cannot_leave_its_header(server: ProductServer) -> None:
    alice = await door(server)
    file = await alice.upload(b"x", "a%22%0D%0ASet-Cookie: x=1;.txt")
    got = await alice.fetch("GET", file["url"])
    assert "Set-Cookie" not in got.headers
    assert got.headers["Content-Disposition"].startswith('attachment; filename="aSet-Cookie x=1;.txt"; ')


RANGES = [
    (None, 200, 0, None),
    ("bytes=0-9", 206, 0, 10),
    (f"bytes={CHUNK_BYTES - 1}-{CHUNK_BYTES}", 206, CHUNK_BYTES - 1, CHUNK_BYTES + 1),
    (f"bytes={CHUNK_BYTES}-{CHUNK_BYTES}", 206, CHUNK_BYTES, CHUNK_BYTES + 1),
    (f"bytes={2 * CHUNK_BYTES + 5}-", 206, 2 * CHUNK_BYTES + 5, None),
    ("bytes=5-", 206, 5, None),
    ("bytes=-7", 206, -7, None),
    ("bytes=-9999999", 206, 0, None),
    ("bytes=0-9999999", 206, 0, None),
    ("bytes=0-1,3-4", 200, 0, None),
    ("lines=0-1", 200, 0, None),
    ("bytes=9999999-", 416, 0, 0),
    ("bytes=-0", 416, 0, 0),
]


@pytest.mark.gen_test
async def test_parts_of_a_file(server: ProductServer) -> None:
    alice = await door(server)
    content = b"".join(b"%07d\n" % line for line in range(100_000))
    file = await alice.upload(content)
    size = len(content)
    for method in ("GET", "HEAD"):
        for header, status, begin, end in RANGES:
            answer = await alice.fetch(method, file["url"], headers={"Range": header} if header else {})
            part = content[begin:end]
            assert (answer.code, answer.body) == (status, part if method == "GET" else b""), (method, header)
            if status == 416:
                assert answer.headers["Content-Range"] == f"bytes */{size}"
                continue
            assert answer.headers["Content-Length"] == str(len(part))
            assert answer.headers["Accept-Ranges"] == "bytes"
            if status == 206:
                first = begin % size
                assert answer.headers["Content-Range"] == f"bytes {first}-{first + len(part) - 1}/{size}"


@pytest.mark.gen_test
async def test_what_is_known_is_not_sent_again(server: ProductServer) -> None:
    alice = await door(server)
    file = await alice.upload(picture("PNG"))
    for path in (file["url"], file["url"] + "/thumbnail"):
        etag = (await alice.fetch("GET", path)).headers["ETag"]
        assert etag.startswith(f'"{file["id"]}')
        for header, status in ((etag, 304), (f'W/{etag}, "x"', 304), ("*", 304), ('"other"', 200), ("", 200)):
            answer = await alice.fetch("GET", path, headers={"If-None-Match": header})
            assert (answer.code, bool(answer.body)) == (status, status == 200), header
            assert answer.headers["ETag"] == etag
        for header, status in ((etag, 206), ('"other"', 200), ("Wed, 21 Oct 2015 07:28:00 GMT", 200)):
            answer = await alice.fetch("GET", path, headers={"If-Range": header, "Range": "bytes=0-0"})
            assert answer.code == status


@pytest.mark.gen_test
async def test_a_stranger_learns_nothing(server: ProductServer) -> None:
    alice, bob = await door(server), await door(server, "bob")
    file = await alice.upload(picture("PNG"))
    unknown = f"/api/files/{'0' * 24}"
    for suffix in ("", "/thumbnail"):
        expected = await bob.fetch("GET", unknown + suffix)
        assert expected.code == 404
        for path in (file["url"], "/api/files/nonsense", "/api/files/$ne", file["url"] + ".thumbnail"):
            for headers in ({}, {"Range": "bytes=0-0"}, {"If-None-Match": f'"{file["id"]}"'}):
                answer = await bob.fetch("GET", path + suffix, headers=headers)
                assert (answer.code, answer.body) == (404, expected.body)
    assert (await bob.fetch("DELETE", file["url"])).body == (await bob.fetch("DELETE", unknown)).body
    nobody = Door(server.port, None)
    assert (await nobody.fetch("GET", file["url"])).code == (await nobody.fetch("GET", unknown)).code == 401
    assert (await alice.fetch("GET", file["url"])).code == 200


@pytest.mark.gen_test
async def test_the_cookie_is_enough_to_see_a_picture_and_not_to_delete_it(server: ProductServer) -> None:
    signed_in = await server.register("alice")
    file = await Door(server.port, signed_in["access_token"]).upload(picture("PNG"))
    nobody = Door(server.port, None)
    cookie = {"Cookie": f"stock_insight_session={signed_in['refresh_token']}"}
    assert (await nobody.fetch("GET", file["url"], headers=cookie)).code == 200
    assert (await nobody.fetch("DELETE", file["url"], headers=cookie)).code == 401


@pytest.mark.gen_test
async def test_what_was_not_sent_can_be_deleted(server: ProductServer) -> None:
    alice = await door(server)
    file = await alice.upload(picture("PNG"))
    assert (await alice.fetch("DELETE", file["url"])).code == 200
    assert (await alice.fetch("GET", file["url"])).code == 404
    assert (await alice.fetch("DELETE", file["url"])).code == 404
    for name in ("files.files", "files.chunks"):
        assert await server.community.database[name].count_documents({}) == 0


@pytest.mark.gen_test
async def test_a_text_has_no_thumbnail(server: ProductServer) -> None:
    alice = await door(server)
    file = await alice.upload(b"x")
    assert (await alice.fetch("GET", file["url"] + "/thumbnail")).code == 404


@pytest.mark.gen_test
async def test_a_slow_reader_holds_one_chunk(server: ProductServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_module, "SEND_SECONDS", 0.2)
    alice = await door(server)
    file = await alice.upload(b"x" * (1 << 20))
    files = server.community.stores.files
    read: list[int] = []
    original = files._chunk
    many = 200

    async def chunk(data_id: str, number: int) -> bytes | None:
        read.append(number)
        return await original(data_id, number % 4)

    monkeypatch.setattr(files, "_chunk", chunk)
    await server.community.database["files.files"].update_one(
        {"_id": file["id"]}, {"$set": {"length": many * CHUNK_BYTES}}
    )
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
    token = alice.headers["Authorization"]
    writer.write(f"GET {file['url']} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode())
    while server.services.unfinished or not read:
        await asyncio.sleep(0.01)  # until it is cut
    assert len(read) < many / 2  # what the kernel holds, and one more
    await close(writer)


@pytest.mark.gen_test
async def test_a_reader_that_vanishes_ends_the_reading(server: ProductServer, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = await door(server)
    file = await alice.upload(b"x" * (1 << 20))
    files, asked, vanished = server.community.stores.files, asyncio.Event(), asyncio.Event()
    original = files._chunk
    read: list[int] = []

    async def chunk(data_id: str, number: int) -> bytes | None:
        read.append(number)
        if number == 1:
            asked.set()
            await vanished.wait()
        return await original(data_id, number)

    monkeypatch.setattr(files, "_chunk", chunk)
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
    token = alice.headers["Authorization"]
    writer.write(f"GET {file['url']} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode())
    await asked.wait()
    assert server.services.unfinished
    writer.transport.abort()
    await writer.wait_closed()
    vanished.set()
    while server.services.unfinished:
        await asyncio.sleep(0.01)
    assert read[-1] < 4  # of five chunks


@pytest.mark.parametrize("is_away", [False, True])
@pytest.mark.gen_test
async def test_a_file_that_ends_too_early_ends_its_connection(
    server: ProductServer, monkeypatch: pytest.MonkeyPatch, is_away: bool
) -> None:
    alice = await door(server)
    file = await alice.upload(b"x" * (3 * CHUNK_BYTES))
    files = server.community.stores.files
    original = files._chunk

    async def chunk(data_id: str, number: int) -> bytes | None:
        if number == 0:
            return await original(data_id, number)
        if is_away:
            raise unavailable()
        return None  # the file was removed meanwhile

    monkeypatch.setattr(files, "_chunk", chunk)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    token = alice.headers["Authorization"]
    writer.write(f"GET {file['url']} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode())
    async with asyncio.timeout(30):
        head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
    assert f"Content-Length: {3 * CHUNK_BYTES}".encode() in head
    await close(writer)
    assert len(body) == CHUNK_BYTES
    assert not server.services.unfinished


@pytest.mark.parametrize("polling_front", [False, True])
@pytest.mark.gen_test
async def test_uploads_polls_and_downloads_share_a_connection(database: Any, polling_front: bool) -> None:
    server = ProductServer(database, in_front=polling_front)
    alice = await door(server)
    content = b"x" * 700_000
    body = form(content)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    token = f"Authorization: {alice.headers['Authorization']}"

    async def ask(head: str, sent: bytes = b"") -> Any:
        writer.write(f"{head}\r\nHost: x\r\n{token}\r\n\r\n".encode() + sent)
        return await read_answer(reader)

    for _ in range(2):
        opened = await ask("GET /socket.io/?EIO=4&transport=polling HTTP/1.1")
        sid = json.loads(opened.body[1:])["sid"]
        path = f"/socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1"
        assert (await ask(f"POST {path}\r\nContent-Length: 2", b"40")).body == b"ok"
        taken = await ask(
            "POST /api/files HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=----WebKitFormBoundaryabc\r\n"
            f"Content-Length: {len(body)}",
            body,
        )
        assert taken.status == 201
        assert (await ask(f"GET {path}")).body.startswith(b"4")
        got = await ask(f"GET {json.loads(taken.body)['data']['file']['url']} HTTP/1.1")
        assert (got.status, got.body) == (200, content)
        refused = await ask(
            f"POST /api/files HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}", body
        )
        assert refused.status == 400
        assert (await ask(f"POST {path}\r\nContent-Length: 1", b"1")).body == b"ok"
    await close(writer)
    await server.stop()
