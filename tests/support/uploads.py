"""Uploading files to a server, by a form as browsers send it, and getting them back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from io import BytesIO
from typing import Any, ClassVar, NamedTuple

from PIL import Image
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse

from server.services.thumbnails import Picture, Thumbnails

BOUNDARY = "----WebKitFormBoundaryabc"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def form(content: bytes, name: str = "a.txt", content_type: str = "application/octet-stream") -> bytes:
    """Return the body of a form with one file."""
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        f"Content-Type: {content_type}\r\n\r\n"
    )
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def picture(picture_format: str, size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
    """Return a picture that is no single colour."""
    written = BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(written, picture_format, **options)
    return written.getvalue()


class OneThumbnail(Thumbnails):
    """Makes the first picture's thumbnail alone: for tests that often upload one picture."""

    _made: ClassVar[Picture | None] = None

    async def make(self, picture_format: str, content: AsyncIterator[bytes]) -> Picture:
        if OneThumbnail._made is None:
            OneThumbnail._made = await super().make(picture_format, content)
        return OneThumbnail._made


class Answer(NamedTuple):
    """What came back over a raw connection."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> str:
        slug: str = json.loads(self.body)["data"]["error"]
        return slug


class Door:
    """Where a server takes files, for one member."""

    def __init__(self, port: int, token: str | None) -> None:
        self.port = port
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def fetch(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> HTTPResponse:
        request = HTTPRequest(
            f"http://127.0.0.1:{self.port}{path}",
            method,
            {**self.headers, **(headers or {})},
            body,
            decompress_response=False,
            allow_nonstandard_methods=True,
        )
        return await AsyncHTTPClient().fetch(request, raise_error=False)

    async def post(self, content: bytes, name: str = "a.txt", **headers: str) -> HTTPResponse:
        """Upload a file."""
        return await self.fetch("POST", "/api/files", form(content, name), {"Content-Type": CONTENT_TYPE, **headers})

    async def upload(self, content: bytes, name: str = "a.txt") -> Any:
        """Upload a file that is taken; return what is told of it."""
        response = await self.post(content, name)
        assert response.code == 201, response.body
        return json.loads(response.body)["data"]["file"]

    async def begin(self, head: str, body: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection of its own and send the head of an upload with these lines, and some of its body."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = [f"{name}: {value}" for name, value in self.headers.items()]
        lines += ["Host: 127.0.0.1", f"Content-Type: {CONTENT_TYPE}", head]
        writer.write("\r\n".join(["POST /api/files HTTP/1.1", *lines, "", ""]).encode() + body)
        await writer.drain()
        return reader, writer


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    """Read one answer from a raw connection."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Answer(int(head[0].split()[1]), headers, body)


async def close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
