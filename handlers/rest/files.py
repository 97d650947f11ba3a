"""Files as they are given out: to those who may have them, and so that no browser runs what is in them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

from tornado.iostream import StreamClosedError

from handlers.base import ApiHandler
from handlers.operations import operation
from server.auth.access import Access
from server.domain.files import StoredFile
from server.errors import ErrorCode, RequestError
from server.protocol.byte_range import ByteRange, byte_range

SEND_SECONDS = 30.0
"""How long a client may take to read one chunk."""

MAX_AGE_SECONDS = 300
THUMBNAIL_TYPE = "image/webp"

_PARTIAL = (200, 206, 304, 416)
"""What all of it, a part, or none is answered with."""

_PROTECTION = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class SendingHandler(ApiHandler):
    """Sends bytes as they are read: a slow client holds one chunk."""

    access = Access.MEMBER

    def set_file_headers(self, etag: str, content_type: str, disposition: str) -> None:
        """Say what it is, and that it is private to who asked."""
        for name, value in _PROTECTION.items():
            self.set_header(name, value)
        self.set_header("Content-Type", content_type)
        self.set_header("Content-Disposition", disposition)
        self.set_header("ETag", etag)
        self.set_header("Cache-Control", f"private, max-age={MAX_AGE_SECONDS}")
        self.add_header("Vary", "Authorization, Cookie")
        self.set_header("Accept-Ranges", "bytes")

    def wanted(self, etag: str, size: int) -> ByteRange | None:
        """Set the status by what the request asks for and return what is to be sent; None: nothing at all."""
        headers = self.request.headers
        if self._is_known(etag):
            self.set_status(304)
            self.clear_header("Content-Type")
            return None
        asked = byte_range(headers.get("Range"), size) if headers.get("If-Range", etag) == etag else None
        if asked is None:
            return ByteRange(0, size)
        if asked.begin == asked.end:
            self.set_status(416)
            self.set_header("Content-Range", f"bytes */{size}")
            self.clear_header("Content-Type")
            return None
        self.set_status(206)
        self.set_header("Content-Range", f"bytes {asked.begin}-{asked.end - 1}/{size}")
        return asked

    async def send(self, content: AsyncIterator[bytes], length: int) -> None:
        """Send the content; the connection ends when there is less of it, or the client goes away or does not read."""
        self.set_header("Content-Length", length)
        missing = 0 if self.request.method == "HEAD" else length
        try:
            await self.flush()
            if missing:
                async for piece in content:
                    self.write(piece)
                    async with asyncio.timeout(SEND_SECONDS):
                        await self.flush()
                    missing -= len(piece)
        except (StreamClosedError, TimeoutError, RequestError):
            pass  # what is missing is told by the connection's end: the status has left
        if missing:
            self.close_connection()
        self.finish()

    def close_connection(self) -> None:
        """Cut the connection: the rest of what was promised will not come."""
        connection = self.request.connection
        if connection is not None:
            connection.close()  # type: ignore[attr-defined]

    def _is_known(self, etag: str) -> bool:
        sent = self.request.headers.get("If-None-Match", "")
        return sent.strip() == "*" or etag in {one.strip().removeprefix("W/") for one in sent.split(",")}


class FileHandler(SendingHandler):
    @operation(media_type="application/octet-stream", status=_PARTIAL)
    async def get(self, file_id: str) -> None:
        """Send a file's bytes, or a range of them."""
        file = await self.services.files.find(self.principal, file_id)
        etag = f'"{file.id}"'
        self.set_file_headers(etag, file.type, _disposition(file))
        part = self.wanted(etag, file.size)
        if part is not None:
            await self.send(self.services.files.read(file, *part), part.end - part.begin)

    @operation(errors=(ErrorCode.CONFLICT,))
    async def delete(self, file_id: str) -> None:
        """Delete a file of one's own that was never sent."""
        await self.services.files.delete(self.principal, file_id)
        self.answer(None)


class ThumbnailHandler(SendingHandler):
    @operation(media_type=THUMBNAIL_TYPE, status=_PARTIAL)
    async def get(self, file_id: str) -> None:
        """Send a picture's thumbnail."""
        file = await self.services.files.find_thumbnail(self.principal, file_id)
        etag = f'"{file.id}-thumbnail"'
        self.set_file_headers(etag, THUMBNAIL_TYPE, "inline")
        part = self.wanted(etag, file.thumbnail_size)
        if part is not None:
            await self.send(self.services.files.read_thumbnail(file, *part), part.end - part.begin)


def _disposition(file: StoredFile) -> str:
    """Return how a browser is to treat the file: pictures are shown, all else is saved (RFC 6266)."""
    kind = "inline" if file.kind == "image" else "attachment"
    plain = "".join(c if c.isascii() and c not in '"\\%' else "_" for c in file.name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}"
