"""Uploads: the body is read as it comes, and no faster than the database takes it."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from msgspec import Meta, Struct
from tornado.web import RequestHandler, stream_request_body

from handlers.base import ApiHandler
from handlers.operations import operation
from server.auth.access import Access
from server.domain.files import Attachment
from server.domain.payloads import to_payload
from server.errors import ErrorCode, RequestError
from server.protocol.multipart import FilePartReader, MultipartError, boundary_of
from server.services.uploads import Upload

STALL_SECONDS = 30.0
"""How long an upload may bring nothing."""

UPLOAD_SECONDS = 1800.0
"""How long an upload may take: a megabyte a minute is enough for the largest."""

LINGER_SECONDS = 5.0
"""How long the rest of a refused body is read, so that the client, still sending, gets to read why."""

_ANY_SIZE = 1 << 62


class FileForm(Struct):
    """What `FilePartReader` finds in the body."""

    file: Annotated[str, Meta(extra_json_schema={"contentMediaType": "application/octet-stream"})]


@stream_request_body
class UploadHandler(ApiHandler):
    """Takes one file as multipart/form-data; a refusal is sent at once, also while the body is coming."""

    access = Access.MEMBER

    _reader: FilePartReader
    _upload: Upload | None = None
    _has_begun = False
    """Whether any of the body has come."""

    _is_refused = False
    _is_gone = False
    _is_finishing = False
    _alarm: asyncio.TimerHandle | None = None

    async def prepare(self) -> None:
        """Admit the upload, by its head alone."""
        # Sizes are held against the setting here and by the service, with an answer that says so.
        self._connection.set_max_body_size(_ANY_SIZE)
        self._connection.set_body_timeout(UPLOAD_SECONDS)
        try:
            await super().prepare()
            if not self._is_refused and self.request.method == "POST":
                self._reader = FilePartReader(boundary_of(self.request.headers.get("Content-Type", "")), "file")
                self._upload = await self.services.uploads.begin(self.principal, self._body_bytes())
                self._set_alarm(STALL_SECONDS)
        except MultipartError as error:
            self._refuse(RequestError(ErrorCode.INVALID_INPUT, str(error)))
        except RequestError as error:
            self._refuse(error)

    async def data_received(self, chunk: bytes) -> None:
        """Take a part of the body; the next is not read before this one is stored."""
        self._has_begun = True
        if self._is_refused or self._upload is None:
            return
        self._set_alarm(None)
        try:
            await self._upload.write(self._reader.feed(chunk))
        except MultipartError as error:
            await self._give_up(RequestError(ErrorCode.INVALID_INPUT, str(error)))
        except RequestError as error:
            await self._give_up(error)
        else:
            self._set_alarm(STALL_SECONDS)

    @operation(
        form=FileForm,
        answers={"file": Attachment},
        status=201,
        errors=(ErrorCode.PAYLOAD_TOO_LARGE, ErrorCode.QUOTA_EXCEEDED, ErrorCode.UNSUPPORTED_TYPE),
    )
    async def post(self) -> None:
        """Take one file; its content says what it is."""
        self._set_alarm(None)
        if self._is_refused or self._upload is None:
            RequestHandler.finish(self)  # the answer has left already
            return
        self._is_finishing = True
        try:
            if not self._reader.is_complete:
                raise RequestError(ErrorCode.INVALID_INPUT, "the body ends before its last boundary")
            file = await self._upload.finish(self._reader.filename)
        finally:
            await self._upload.abort()
        self.answer({"file": to_payload(file)})

    def finish(self, chunk: str | bytes | dict[str, Any] | None = None) -> asyncio.Future[None]:
        """Finish; while the body is coming, answer, and finish when it has come or has taken too long.

        Tornado would close the connection at once, and what the client still sends would then destroy the answer.
        """
        is_waited_for = self.request.headers.get("Expect") == "100-continue" and not self._has_begun
        if self._is_finishing or is_waited_for or self.request.method != "POST":
            return RequestHandler.finish(self, chunk)
        if chunk is not None and not self._is_refused:
            self._is_refused = True
            self.set_header("Content-Length", len(chunk))
            self.write(chunk)
            self.flush().add_done_callback(lambda future: future.exception())
            self._connection.set_body_timeout(LINGER_SECONDS)
            self._set_alarm(LINGER_SECONDS)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self._set_alarm(None)
        self.services.unfinished.discard(self)
        if self._upload is not None and not self._is_finishing:
            self.services.uploads.abandon(self._upload)

    def on_finish(self) -> None:
        super().on_finish()
        self._set_alarm(None)

    @property
    def _connection(self) -> Any:
        return self.request.connection

    def _body_bytes(self) -> int | None:
        length = self.request.headers.get("Content-Length", "")
        # Tornado refuses the request when it is no number.
        return int(length) if length.isdecimal() and len(length) < 19 else None

    async def _give_up(self, error: RequestError) -> None:
        if self._upload is not None:
            await self._upload.abort()
        self._refuse(error)

    def _refuse(self, error: RequestError) -> None:
        self.write_error(error.code.status, exc_info=(RequestError, error, None))

    def _set_alarm(self, seconds: float | None) -> None:
        """Close the connection after so many seconds, if nothing happens before."""
        if self._alarm is not None:
            self._alarm.cancel()
        close = self._connection.close
        self._alarm = asyncio.get_running_loop().call_later(seconds, close) if seconds is not None else None
