"""Files that members upload."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


def file_url(file_id: str) -> str:
    """Return where a file is served."""
    return f"/api/files/{file_id}"


def thumbnail_url(file_id: str) -> str:
    """Return where a picture's thumbnail is served."""
    return f"{file_url(file_id)}/thumbnail"


class Attachment(Struct, frozen=True, omit_defaults=True):
    """A file as members see it, and as a message carries it; it never changes."""

    id: str
    name: str
    type: str
    kind: str
    size: int
    url: str
    thumbnail: bool
    width: int | None = None
    height: int | None = None


class StoredFile(Struct, frozen=True):
    """A file whose upload is complete."""

    id: str
    owner_id: str
    name: str
    type: str
    kind: str
    size: int
    created_at: datetime
    thumbnail_size: int = 0
    """0: there is no thumbnail."""
    width: int | None = None
    height: int | None = None

    @property
    def attachment(self) -> Attachment:
        """Return what members see of it."""
        return Attachment(
            id=self.id,
            name=self.name,
            type=self.type,
            kind=self.kind,
            size=self.size,
            url=file_url(self.id),
            thumbnail=self.thumbnail_size > 0,
            width=self.width,
            height=self.height,
        )


class Usage(Struct, frozen=True):
    """What a member's files take, uploads under way included."""

    files: int
    size: int
