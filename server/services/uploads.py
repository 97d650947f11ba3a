"""Uploads: a file goes into the database chunk by chunk as it comes, and is there for others only when all is well."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from datetime import timedelta
from typing import NamedTuple

from server.clock import Clock
from server.domain.file_types import ALLOWED, GIF, JPEG, PNG, WEBP, FileType, TypeDetector, display_name
from server.domain.files import Attachment, StoredFile
from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.limits import Rate, TokenBuckets
from server.services.thumbnails import Picture, Thumbnails
from server.storage.files import CHUNK_BYTES, FileRepository

logger = logging.getLogger(__name__)

UPLOAD_LIFETIME = timedelta(hours=1)
"""After this time an upload that is not complete is one that a crash has left behind."""

UNATTACHED_LIFETIME = timedelta(days=1)
BODY_OVERHEAD_BYTES = 16_384
"""What a multipart body may have beside the file."""

MAX_FILES = 10_000
UPLOADS_PER_MEMBER = 4
UPLOADS = 64
UPLOAD_RATE = Rate(60, 1)
MAX_KNOWN_MEMBERS = 10_000
_RETRY_SECONDS = 1
_PILLOW_FORMATS = {PNG: "PNG", JPEG: "JPEG", GIF: "GIF", WEBP: "WEBP"}


class FileLimits(NamedTuple):
    """What the operator allows."""

    max_file_bytes: int
    quota_bytes: int


class UploadService:
    """Admits uploads: few at a time, for each member and in all, and within the member's quota."""

    def __init__(self, files: FileRepository, thumbnails: Thumbnails, clock: Clock, limits: FileLimits) -> None:
        self._files = files
        self._thumbnails = thumbnails
        self._clock = clock
        self._limits = limits
        self._under_way: Counter[str] = Counter()
        self._rates = TokenBuckets(UPLOAD_RATE, MAX_KNOWN_MEMBERS)
        self._aborting: set[asyncio.Task[None]] = set()

    @property
    def max_file_bytes(self) -> int:
        return self._limits.max_file_bytes

    async def begin(self, principal: Principal, body_bytes: int | None) -> Upload:
        """Admit an upload whose body has so many bytes (None: that is not known).

        Its owner must `Upload.finish` or `Upload.abort` it. Raises RequestError: payload_too_large, rate_limited,
        quota_exceeded, unavailable.
        """
        most = self._limits.max_file_bytes
        if body_bytes is not None and body_bytes > most + BODY_OVERHEAD_BYTES:
            raise _too_large(most)
        owner_id = principal.user_id
        self._enter(owner_id)
        upload = Upload(self, self._files, self._thumbnails, self._clock, owner_id, most)
        try:
            await upload.begin(most if body_bytes is None else min(body_bytes, most))
            await self._check_quota(owner_id)
        except BaseException:
            await upload.abort()
            raise
        return upload

    def abandon(self, upload: Upload) -> None:
        """Abort an upload whose client is gone, without anybody waiting for it."""
        task = asyncio.get_running_loop().create_task(upload.abort())
        self._aborting.add(task)
        task.add_done_callback(self._aborting.discard)

    async def close(self) -> None:
        """Finish what was begun."""
        while self._aborting:
            await asyncio.wait(self._aborting)

    def leave(self, owner_id: str) -> None:
        """Give back an upload's place."""
        self._under_way[owner_id] -= 1
        if not self._under_way[owner_id]:
            del self._under_way[owner_id]

    def _enter(self, owner_id: str) -> None:
        if self._under_way[owner_id] >= UPLOADS_PER_MEMBER:
            raise _too_many(f"at most {UPLOADS_PER_MEMBER} of your uploads may be under way")
        if self._under_way.total() >= UPLOADS:
            raise _too_many("too many uploads are under way")
        wait = self._rates.take(owner_id, self._clock.monotonic())
        if wait:
            raise _too_many("too many uploads", wait)
        self._under_way[owner_id] += 1

    async def _check_quota(self, owner_id: str) -> None:
        """Count with the upload in it: of two at a time that do not fit together, none or one is admitted."""
        usage = await self._files.usage(owner_id)
        quota = self._limits.quota_bytes
        if usage.files > MAX_FILES or usage.size > quota:
            raise RequestError(
                ErrorCode.QUOTA_EXCEEDED, f"your files may take {quota} bytes together, and be {MAX_FILES} at most"
            )


class Upload:
    """One upload under way; it holds a chunk at most."""

    def __init__(
        self,
        service: UploadService,
        files: FileRepository,
        thumbnails: Thumbnails,
        clock: Clock,
        owner_id: str,
        max_bytes: int,
    ) -> None:
        self._service = service
        self._files = files
        self._thumbnails = thumbnails
        self._clock = clock
        self._owner_id = owner_id
        self._max_bytes = max_bytes
        self._id = files.new_id()
        self._detector = TypeDetector()
        self._buffer = bytearray()
        self._chunks = 0
        self._size = 0
        self._is_over = False

    async def begin(self, reserved_bytes: int) -> None:
        """Count for the owner's quota from now on."""
        now = self._clock.now()
        await self._files.begin(self._id, self._owner_id, reserved_bytes, now, now + UPLOAD_LIFETIME)

    async def write(self, data: bytes) -> None:
        """Take the next bytes; RequestError: payload_too_large, unsupported_type, unavailable."""
        self._size += len(data)
        if self._size > self._max_bytes:
            raise _too_large(self._max_bytes)
        if data and not self._detector.feed(data):
            raise _unsupported()
        self._buffer += data
        while len(self._buffer) >= CHUNK_BYTES:
            await self._write_chunk()

    async def finish(self, given_name: str | None) -> Attachment:
        """Make it a file, after the last byte; RequestError: invalid_input, unsupported_type, payload_too_large, ..."""
        if not self._size:
            raise RequestError(ErrorCode.INVALID_INPUT, "the file is empty")
        file_type = self._detector.finish()
        if file_type is None:
            raise _unsupported()
        if self._buffer:
            await self._write_chunk()
        picture = await self._picture(file_type)
        now = self._clock.now()
        file = StoredFile(
            id=self._id,
            owner_id=self._owner_id,
            name=display_name(given_name, file_type),
            type=file_type.mime,
            kind=file_type.kind,
            size=self._size,
            created_at=now,
            thumbnail_size=len(picture.thumbnail) if picture else 0,
            width=picture.width if picture else None,
            height=picture.height if picture else None,
        )
        if not await self._files.complete(file, now + UNATTACHED_LIFETIME):
            raise RequestError(ErrorCode.UNAVAILABLE, "the upload took too long")
        self._end()
        return file.attachment

    async def abort(self) -> None:
        """Leave nothing behind, unless it was finished; once more does nothing."""
        if self._is_over:
            return
        try:
            await self._files.remove(self._id)
        except RequestError as error:  # the sweeper finds it later
            logger.warning("an upload that was given up could not be removed: %s", error)
        finally:
            self._end()

    def _end(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._service.leave(self._owner_id)

    async def _write_chunk(self) -> None:
        await self._files.write(self._id, self._chunks, bytes(self._buffer[:CHUNK_BYTES]))
        del self._buffer[:CHUNK_BYTES]
        self._chunks += 1

    async def _picture(self, file_type: FileType) -> Picture | None:
        if file_type not in _PILLOW_FORMATS:
            return None
        content = self._files.read(self._id, 0, self._size)
        picture = await self._thumbnails.make(_PILLOW_FORMATS[file_type], content)
        await self._files.write_thumbnail(self._id, picture.thumbnail, self._clock.now())
        return picture


def _too_large(max_bytes: int) -> RequestError:
    return RequestError(ErrorCode.PAYLOAD_TOO_LARGE, f"a file has at most {max_bytes} bytes", max_file_size=max_bytes)


def _too_many(detail: str, retry_after: float = _RETRY_SECONDS) -> RequestError:
    return RequestError(ErrorCode.RATE_LIMITED, detail, retry_after=retry_after)


def _unsupported() -> RequestError:
    return RequestError(ErrorCode.UNSUPPORTED_TYPE, f"by its content it is none of these: {ALLOWED}")
