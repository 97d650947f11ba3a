"""The queries of `FileRepository`: fifty members with forty files each, every tenth of which is to be looked at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from server.domain.files import StoredFile
from server.storage.documents import Document
from server.storage.files import CHUNK_BYTES, FileRepository, FileState
from tests.support.plans import Fault, Row, row

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def document(owner: int, number: int) -> Document:
    """Return a file as it is stored."""
    check = {"check_at": NOW + timedelta(minutes=owner)} if number % 10 == 0 else {}
    return {
        "_id": f"file{owner}-{number}",
        "length": 1000,
        "chunkSize": 261_120,
        "uploadDate": NOW,
        "filename": "a.txt",
        "metadata": {
            "owner_id": f"user{owner}",
            "state": "uploading" if number == 40 else "ready",
            "uses": 1,
            "type": "text/plain",
            "kind": "file",
            "thumbnail_size": 0,
            **check,
        },
    }


def unused(number: int) -> Document:
    """Return a file that was never sent."""
    made = document(99, number)
    return {**made, "metadata": {**made["metadata"], "uses": 0}}


FILES = [document(owner, number) for owner in range(50) for number in range(1, 41)] + [unused(1), unused(2)]
DOCUMENTS = {
    "files.files": FILES,
    "files.chunks": [
        {"_id": f"chunk{file['_id']}-{n}", "files_id": file["_id"], "n": n, "data": b"x"}
        for file in FILES
        for n in (0, 1)
    ],
}
COMPLETE = StoredFile("file1-40", "user1", "a.txt", "text/plain", "file", 1000, NOW)


async def read(files: FileRepository) -> list[bytes]:
    return [chunk async for chunk in files.read("file1-1", 0, 2 * CHUNK_BYTES)]


ROWS = (
    row(FileRepository.begin, "new", "user1", 1000, NOW, LATER),
    row(FileRepository.write, "new", 0, b"x"),
    row(FileRepository.write_thumbnail, "file1-1", b"x", NOW),
    row(FileRepository.complete, COMPLETE, LATER),
    row(FileRepository.usage, "user1").excused(
        Fault.EXAMINES, "adds up a member's files, which are limited, in the index"
    ),
    row(FileRepository.find, "file1-1"),
    Row("read", read),
    row(FileRepository.use, "file1-1", "user1", None, LATER),
    row(FileRepository.claim_unused, "file99-1", "user99", NOW),
    row(FileRepository.due, NOW + timedelta(minutes=10), 100),
    row(FileRepository.keep, "file1-10", 1, LATER),
    row(FileRepository.claim, "file1-20", 1, FileState.READY, NOW),
    row(FileRepository.remove, "file1-30"),
)
