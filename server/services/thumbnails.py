"""Pictures are looked at in processes of their own: none can hold up the loop, fill its memory or take it down.

A thread would not do: Pillow decodes WebP under the interpreter's lock (0.4 s for 50 megapixels), needs up to 600 MB
for it, and a thread cannot be stopped. A process costs 0.1 s.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from server.errors import ErrorCode, RequestError

MAX_PIXELS = 50_000_000
MAX_SIDE = 480
MAX_THUMBNAIL_BYTES = 1 << 20
MAX_PROCESSES = 2
MAX_SECONDS = 30.0

PROGRAM = Path(__file__).with_name("thumbnail_program.py")


class Picture(NamedTuple):
    """What was found out; ``thumbnail`` is a WebP picture without metadata."""

    width: int
    height: int
    thumbnail: bytes


class _Facts(msgspec.Struct):
    width: int = 0
    height: int = 0
    error: str = ""


class Thumbnails:
    """Makes thumbnails, a few at a time; the others wait for their turn."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(MAX_PROCESSES)

    async def make(self, picture_format: str, content: AsyncIterator[bytes]) -> Picture:
        """Decode a picture of this format (a name of Pillow's).

        Raises RequestError: payload_too_large, unsupported_type when it cannot be decoded in time or at all; and what
        ``content`` raises.
        """
        async with self._turns:
            arguments = [picture_format, str(MAX_PIXELS), str(MAX_SIDE)]
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", str(PROGRAM), *arguments, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}
            )
            try:
                async with asyncio.timeout(MAX_SECONDS):
                    output = await _talk(process, content)
                    await process.wait()
            except TimeoutError:
                raise _broken() from None
            finally:
                if process.returncode is None:
                    with suppress(ProcessLookupError):
                        process.kill()
                    await process.wait()
        return _picture(output)


async def _talk(process: Process, content: AsyncIterator[bytes]) -> bytes:
    assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - made with pipes
    with suppress(ConnectionError):  # it has ended; what it said says why
        async for piece in content:
            process.stdin.write(piece)
            await process.stdin.drain()
        process.stdin.close()
    output = bytearray()
    while len(output) <= MAX_THUMBNAIL_BYTES and (piece := await process.stdout.read(1 << 16)):
        output += piece
    return bytes(output)


def _picture(output: bytes) -> Picture:
    line, _, thumbnail = output.partition(b"\n")
    try:
        facts = msgspec.json.decode(line, type=_Facts)
    except msgspec.DecodeError:  # it was ended by one of its limits
        raise _broken() from None
    if facts.error == "too_large":
        raise RequestError(ErrorCode.PAYLOAD_TOO_LARGE, f"a picture has at most {MAX_PIXELS // 1_000_000} megapixels")
    if facts.error or not thumbnail or len(output) > MAX_THUMBNAIL_BYTES:
        raise _broken()
    return Picture(facts.width, facts.height, thumbnail)


def _broken() -> RequestError:
    return RequestError(ErrorCode.UNSUPPORTED_TYPE, "the picture cannot be decoded")
