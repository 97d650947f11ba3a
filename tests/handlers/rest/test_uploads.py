from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from handlers.rest import uploads as uploads_module
from server.services import uploads as service_module
from server.storage.files import CHUNK_BYTES
from tests.support.community import FILE_LIMITS
from tests.support.product_server import ProductServer
from tests.support.uploads import BOUNDARY, CONTENT_TYPE, Door, close, form, picture, read_answer

MOST = FILE_LIMITS.max_file_bytes


async def door(server: ProductServer, username: str = "alice") -> Door:
    return Door(server.port, (await server.register(username))["access_token"])


async def nothing_is_kept(server: ProductServer) -> None:
    """Wait until what a client left behind is gone."""
    await server.community.uploads.close()
    for name in ("files.files", "files.chunks"):
        assert await server.community.database[name].count_documents({}) == 0, name


async def until_closed(reader: asyncio.StreamReader) -> None:
    try:
        while await reader.read(65536):
            pass
    except ConnectionError:
        pass


@pytest.mark.gen_test
async def test_a_file_goes_up_and_comes_back(server: ProductServer) -> None:
    alice = await door(server)
    content = "代码,名称\r\n600519,贵州茅台\r\n".encode() * 20_000
    response = await alice.post(content, "../../自选股.csv")
    answer = json.loads(response.body)
    file = answer["data"]["file"]
    assert (response.code, answer["code"]) == (201, 201)
    assert file == {
        "id": file["id"],
        "name": "自选股.csv",
        "type": "text/plain; charset=utf-8",
        "kind": "file",
        "size": len(content),
        "url": f"/api/files/{file['id']}",
        "thumbnail": False,
    }
    got = await alice.fetch("GET", file["url"])
    assert (got.code, got.body) == (200, content)
    assert got.headers["Content-Disposition"].startswith("attachment; ")
    assert got.headers["Content-Disposition"].endswith("filename*=UTF-8''%E8%87%AA%E9%80%89%E8%82%A1.csv")


@pytest.mark.parametrize("length", [1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, MOST])
@pytest.mark.gen_test
async def test_chunks_are_those_of_gridfs(server: ProductServer, length: int) -> None:
    alice = await door(server)
    file = await alice.upload(b"x" * length)
    chunks = await server.community.database["files.chunks"].find().sort("n", 1).to_list(None)
    sizes = [len(chunk["data"]) for chunk in chunks]
    assert [chunk["n"] for chunk in chunks] == list(range(len(chunks)))
    assert sum(sizes) == length and all(size == CHUNK_BYTES for size in sizes[:-1]) and sizes[-1] > 0
    assert (await alice.fetch("GET", file["url"])).body == b"x" * length


@pytest.mark.parametrize("size", [1, 7, 1000, 100_000])
@pytest.mark.gen_test
async def test_a_body_may_come_in_chunks_of_any_size(server: ProductServer, size: int) -> None:
    alice = await door(server)
    body = form(bytes(range(32, 127)) * (3 if size == 1 else 3000))
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    reader, writer = await alice.begin("Transfer-Encoding: chunked")
    for piece in pieces:
        writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    answer = await read_answer(reader)
    assert answer.status == 201, answer.body
    # The connection goes on.
    writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await read_answer(reader)).status == 200
    await close(writer)


@pytest.mark.gen_test
async def test_a_large_upload_is_never_held_whole(server: ProductServer, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = await door(server)
    held: list[int] = []
    written: list[int] = []
    original_write = service_module.Upload.write
    original_store = server.community.stores.files.write

    async def write(upload: Any, data: bytes) -> None:
        held.append(len(upload._buffer) + len(data))
        await original_write(upload, data)

    async def store(data_id: str, number: int, data: bytes) -> None:
        written.append(len(data))
        await original_store(data_id, number, data)

    monkeypatch.setattr(service_module.Upload, "write", write)
    monkeypatch.setattr(server.community.stores.files, "write", store)
    await alice.upload(b"x" * MOST)
    assert max(held) <= CHUNK_BYTES + 65536
    assert max(written) == CHUNK_BYTES


@pytest.mark.gen_test
async def test_nothing_more_is_read_while_the_database_is_slow(
    server: ProductServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = await door(server)
    may_store = asyncio.Event()
    began = asyncio.Event()
    received: list[int] = []
    original_store = server.community.stores.files.write
    original_receive = uploads_module.UploadHandler.data_received

    async def store(data_id: str, number: int, data: bytes) -> None:
        began.set()
        await may_store.wait()
        await original_store(data_id, number, data)

    async def receive(handler: Any, chunk: bytes) -> None:
        received.append(len(chunk))
        await original_receive(handler, chunk)

    monkeypatch.setattr(server.community.stores.files, "write", store)
    monkeypatch.setattr(uploads_module.UploadHandler, "data_received", receive)
    uploading = asyncio.ensure_future(alice.upload(b"x" * MOST))
    await began.wait()
    for _ in range(20):
        assert (await server.call("GET", "/health")).status == 200
    assert sum(received) <= CHUNK_BYTES + 65536
    may_store.set()
    await uploading


@pytest.mark.gen_test
async def test_too_large_is_refused_by_its_head(server: ProductServer) -> None:
    alice = await door(server)
    reader, writer = await alice.begin("Content-Length: 99999999999")
    answer = await read_answer(reader)
    assert (answer.status, answer.error) == (413, "payload_too_large")
    assert json.loads(answer.body)["data"]["max_file_size"] == MOST
    await close(writer)
    await nothing_is_kept(server)


@pytest.mark.parametrize("head", ["Transfer-Encoding: chunked", f"Content-Length: {MOST + 1 + len(form(b''))}"])
@pytest.mark.gen_test
async def test_too_large_is_cut_while_it_comes(server: ProductServer, head: str) -> None:
    alice = await door(server)
    body = form(b"x" * (MOST + 1))
    if "chunked" in head:
        body = b"%x\r\n%s\r\n" % (len(body) + 1000, body)
    reader, writer = await alice.begin(head, body)
    answer = await read_answer(reader)
    assert (answer.status, answer.error) == (413, "payload_too_large")
    await close(writer)
    await nothing_is_kept(server)


@pytest.mark.gen_test
async def test_a_refusal_reaches_a_client_that_goes_on_sending(server: ProductServer) -> None:
    nobody = Door(server.port, None)
    body = form(b"x" * MOST)
    reader, writer = await nobody.begin(f"Content-Length: {len(body)}", body)  # all of it is sent before it reads
    answer = await read_answer(reader)
    assert (answer.status, answer.error) == (401, "unauthorized")
    writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await read_answer(reader)).status == 200
    await close(writer)


@pytest.mark.gen_test
async def test_a_refused_body_is_not_read_for_ever(server: ProductServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads_module, "LINGER_SECONDS", 0.05)
    nobody = Door(server.port, None)
    reader, writer = await nobody.begin("Content-Length: 1000", b"--")
    assert (await read_answer(reader)).status == 401
    await until_closed(reader)
    await close(writer)
    assert server.services.unfinished == set()


@pytest.mark.gen_test
async def test_who_waits_for_continue_is_refused_without_a_body(server: ProductServer) -> None:
    nobody = Door(server.port, None)
    reader, writer = await nobody.begin("Expect: 100-continue\r\nContent-Length: 1000")
    assert (await read_answer(reader)).status == 401
    assert await reader.read() == b""
    await close(writer)


@pytest.mark.gen_test
async def test_who_waits_for_continue_may_go_on(server: ProductServer) -> None:
    alice = await door(server)
    body = form(b"hello")
    reader, writer = await alice.begin(f"Expect: 100-continue\r\nContent-Length: {len(body)}")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
    writer.write(body)
    assert (await read_answer(reader)).status == 201
    await close(writer)


@pytest.mark.parametrize("head", [f"Content-Length: {MOST}", "Transfer-Encoding: chunked"])
@pytest.mark.gen_test
async def test_a_client_that_vanishes_leaves_nothing(server: ProductServer, head: str) -> None:
    alice = await door(server)
    began = asyncio.Event()
    original = server.community.stores.files.write

    async def store(data_id: str, number: int, data: bytes) -> None:
        await original(data_id, number, data)
        began.set()

    server.community.stores.files.write = store  # type: ignore[method-assign]
    body = form(b"x" * 600_000)[:500_000]
    gone = asyncio.Event()
    abandon = server.community.uploads.abandon

    def on_gone(upload: service_module.Upload) -> None:
        abandon(upload)
        gone.set()

    server.community.uploads.abandon = on_gone  # type: ignore[method-assign]
    _, writer = await alice.begin(head, b"%x\r\n%s" % (600_000, body) if "chunked" in head else body)
    await began.wait()
    await close(writer)
    await gone.wait()
    await nothing_is_kept(server)
    assert server.services.unfinished == set()
    assert await alice.upload(b"again")


@pytest.mark.gen_test
async def test_an_upload_that_stalls_is_cut(server: ProductServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads_module, "STALL_SECONDS", 0.05)
    alice = await door(server)
    reader, writer = await alice.begin("Content-Length: 100000", form(b"x" * 90_000)[:50_000])
    await until_closed(reader)
    await close(writer)
    await nothing_is_kept(server)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "before its last boundary"),
        (form(b"x")[:-10], "before its last boundary"),
        (form(b"", "a.txt"), "the file is empty"),
        (form(b"x").replace(b'name="file"', b'name="other"'), "'other'"),
        (form(b"x")[:-4] + form(b"y")[len(BOUNDARY) + 2 :], "one part only"),
        (b"not a form" * 500, "does not begin with the boundary"),
    ],
)
@pytest.mark.gen_test
async def test_forms_that_are_refused(server: ProductServer, body: bytes, detail: str) -> None:
    alice = await door(server)
    response = await alice.fetch("POST", "/api/files", body, {"Content-Type": CONTENT_TYPE, "Accept-Language": "en"})
    answer = json.loads(response.body)
    assert (response.code, answer["data"]) == (400, {"error": "invalid_input"})
    assert detail in answer["message"]
    await nothing_is_kept(server)


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data", "multipart/mixed; boundary=x"])
@pytest.mark.gen_test
async def test_only_forms_are_taken(server: ProductServer, content_type: str) -> None:
    alice = await door(server)
    response = await alice.fetch("POST", "/api/files", form(b"x"), {"Content-Type": content_type})
    assert (response.code, json.loads(response.body)["data"]["error"]) == (400, "invalid_input")
    await nothing_is_kept(server)


@pytest.mark.gen_test
async def test_an_upload_needs_the_bearer_token_and_ones_own_origin(server: ProductServer) -> None:
    alice = await server.register("alice")
    headers = {"Content-Type": CONTENT_TYPE, "Cookie": f"stock_insight_session={alice['refresh_token']}"}
    nobody, member = Door(server.port, None), Door(server.port, alice["access_token"])
    assert (await nobody.fetch("POST", "/api/files", form(b"x"), headers)).code == 401
    foreign = {"Content-Type": CONTENT_TYPE, "Origin": "http://evil.example"}
    assert (await member.fetch("POST", "/api/files", form(b"x"), foreign)).code == 403
    await nothing_is_kept(server)


@pytest.mark.gen_test
async def test_few_uploads_at_a_time(server: ProductServer, monkeypatch: pytest.MonkeyPatch) -> None:
    alice, bob = await door(server), await door(server, "bob")
    monkeypatch.setattr(service_module, "UPLOADS", service_module.UPLOADS_PER_MEMBER + 1)
    open_ones = []
    for _ in range(service_module.UPLOADS_PER_MEMBER):
        open_ones.append(await alice.begin("Content-Length: 1000", b"--"))
    while len(server.services.unfinished) < service_module.UPLOADS_PER_MEMBER:
        await asyncio.sleep(0)
    while server.community.uploads._under_way.total() < service_module.UPLOADS_PER_MEMBER:
        await asyncio.sleep(0)
    refused = await alice.post(b"x")
    assert (refused.code, refused.headers["Retry-After"]) == (429, "1")
    open_ones.append(await bob.begin("Content-Length: 1000", b"--"))
    while server.community.uploads._under_way.total() < service_module.UPLOADS_PER_MEMBER + 1:
        await asyncio.sleep(0)
    assert (await bob.post(b"x")).code == 429
    for reader, writer in open_ones:
        await close(writer)
        await until_closed(reader)
    while server.community.uploads._under_way:
        await asyncio.sleep(0.001)
    assert (await alice.post(b"x")).code == 201


@pytest.mark.gen_test
async def test_uploads_are_limited_in_time(timed_server: ProductServer, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = await door(timed_server)
    for _ in range(int(service_module.UPLOAD_RATE.burst)):
        timed_server.community.uploads._rates.take(
            (await timed_server.community.users.find_by_name("alice")).id,  # type: ignore[union-attr]
            timed_server.clock.monotonic(),
        )
    assert (await alice.post(b"x")).code == 429
    timed_server.advance(1)
    assert (await alice.post(b"x")).code == 201


@pytest.mark.gen_test
async def test_of_uploads_that_do_not_fit_together_not_all_are_taken(server: ProductServer) -> None:
    alice = await door(server)
    for _ in range(3):
        await alice.upload(b"x" * MOST)
    codes = [response.code for response in await asyncio.gather(*(alice.post(b"x" * (MOST - 9000)) for _ in range(3)))]
    assert codes.count(201) <= 1 and set(codes) <= {201, 413}
    usage = await server.community.stores.files.usage((await server.community.users.find_by_name("alice")).id)  # type: ignore[union-attr]
    assert usage.size <= FILE_LIMITS.quota_bytes
    refused = await alice.post(b"x" * (MOST - 9000)) if 201 in codes else None
    if refused is not None:
        assert (refused.code, json.loads(refused.body)["data"]["error"]) == (413, "quota_exceeded")


@pytest.mark.gen_test
async def test_the_number_of_files_is_limited(server: ProductServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "MAX_FILES", 2)
    alice = await door(server)
    first = await alice.upload(b"x")
    await alice.upload(b"x")
    assert (await alice.post(b"x")).code == 413
    assert (await alice.fetch("DELETE", first["url"])).code == 200
    assert (await alice.post(b"x")).code == 201


@pytest.mark.gen_test
async def test_a_refused_picture_leaves_nothing(server: ProductServer) -> None:
    alice = await door(server)
    response = await alice.post(picture("PNG")[:-40] + b"x" * 40)
    assert (response.code, json.loads(response.body)["data"]["error"]) == (415, "unsupported_type")
    await nothing_is_kept(server)


@pytest.mark.gen_test
async def test_what_is_allowed_is_told(server: ProductServer) -> None:
    alice = await server.register("alice")
    limits = (await server.call("GET", "/api/limits", token=alice["access_token"])).data
    assert limits["max_file_size"] == MOST
    assert limits["recall_window"] > 0
    assert {"png", "jpeg", "pdf", "txt"} <= set(limits["file_extensions"])
