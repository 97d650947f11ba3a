"""The variant over Tornado's IOStream, for TLS in the process and for systems without epoll."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

from tornado.iostream import IOStream, SSLIOStream, StreamClosedError

from server.transport.connection import WebSocketConnection
from server.transport.connection_context import ConnectionContext

BYTES_PER_READ = 65536


class StreamConnection(WebSocketConnection):
    """A connection that reads in bulk from an IOStream and has at most one write under way."""

    __slots__ = ("__weakref__", "_reading", "_stream", "_wants_readable", "_writing")

    def __init__(self, context: ConnectionContext, stream: IOStream) -> None:
        super().__init__(context)
        self._stream = stream
        self._reading = False
        self._wants_readable = False
        self._writing = False
        stream.set_close_callback(self._on_stream_closed)

    def _watch_readable(self, wanted: bool) -> None:
        self._wants_readable = wanted
        if wanted and not self._reading:
            self._context.call_soon(self._read)

    def _read(self) -> None:
        if self._reading or not self._wants_readable:
            return
        if self._stream.closed():
            self._on_stream_closed()
            return
        self._reading = True
        future = asyncio.ensure_future(self._stream.read_bytes(BYTES_PER_READ, partial=True))
        future.add_done_callback(self._on_read)

    def _on_read(self, future: asyncio.Future[bytes]) -> None:
        self._reading = False
        if future.cancelled() or future.exception() is not None:
            return  # the close callback tells
        self._receive(future.result())
        self._read()

    @property
    def _write_some(self) -> Callable[[bytes], int]:
        return self._write_to_stream

    def _write_to_stream(self, data: bytes) -> int:
        if self._writing:
            return 0
        try:
            future = self._stream.write(data)
        except StreamClosedError as error:
            raise OSError(str(error)) from None
        self._writing = True
        future.add_done_callback(self._on_written)
        return len(data)

    def _on_written(self, future: asyncio.Future[None]) -> None:
        self._writing = False
        if not future.cancelled() and future.exception() is None:
            self._flush()

    def _is_flushed(self) -> bool:
        return super()._is_flushed() and not self._writing

    def _watch_writable(self, wanted: bool) -> None:
        """Nothing to do: `_on_written` flushes."""

    def _on_stream_closed(self) -> None:
        self._lose("the peer went away")

    def _end_writing(self) -> None:
        if self._stream.closed() or isinstance(self._stream, SSLIOStream):  # TLS has no half-close
            self._finish()
        else:
            with contextlib.suppress(OSError):
                self._stream.socket.shutdown(socket.SHUT_WR)

    def _destroy(self) -> None:
        self._stream.set_close_callback(None)
        self._stream.close()
