"""Files: who gets them, what they are attached to, and when they go."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from datetime import timedelta

from tornado.ioloop import PeriodicCallback

from server.clock import Clock
from server.domain.files import Attachment, StoredFile
from server.domain.ids import is_id
from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.services.uploads import UNATTACHED_LIFETIME
from server.storage.conversations import ConversationRepository
from server.storage.files import FileRepository, FileState, thumbnail_id
from server.storage.messages import MessageRepository
from server.storage.users import UserRepository

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 600.0
SWEEP_AT_ONCE = 100
CHECK_EVERY = timedelta(days=7)
"""How often to look whether anything still refers to a file: messages are recalled, avatars replaced."""


class FileService:
    """Uploaders get their files, members those of their conversations, and everyone avatars; to anybody else there is
    no such file."""

    def __init__(
        self,
        files: FileRepository,
        messages: MessageRepository,
        conversations: ConversationRepository,
        users: UserRepository,
        clock: Clock,
    ) -> None:
        self._files = files
        self._messages = messages
        self._users = users
        self._conversations = conversations
        self._clock = clock

    async def find(self, principal: Principal, file_id: str) -> StoredFile:
        """Return a file to somebody who may have it; RequestError (not_found) to anybody else."""
        file = await self._files.find(file_id) if is_id(file_id) else None
        if file is None or not await self._may_read(principal.user_id, file):
            raise _not_found()
        return file

    async def find_thumbnail(self, principal: Principal, file_id: str) -> StoredFile:
        """Return a picture to somebody who may have it; RequestError (not_found) when it has no thumbnail either."""
        file = await self.find(principal, file_id)
        if not file.thumbnail_size:
            raise _not_found()
        return file

    def read(self, file: StoredFile, begin: int, end: int) -> AsyncIterator[bytes]:
        """Return a part of a file's bytes, a chunk at a time."""
        return self._files.read(file.id, begin, end)

    def read_thumbnail(self, file: StoredFile, begin: int, end: int) -> AsyncIterator[bytes]:
        """Return a part of a thumbnail's bytes, a chunk at a time."""
        return self._files.read(thumbnail_id(file.id), begin, end)

    async def delete(self, principal: Principal, file_id: str) -> None:
        """Remove one's own file that was never sent; RequestError: not_found, conflict."""
        file = await self.find(principal, file_id)
        if file.owner_id != principal.user_id:
            raise RequestError(ErrorCode.FORBIDDEN, "a file is deleted by its uploader alone")
        if not await self._files.claim_unused(file.id, file.owner_id, self._clock.now()):
            raise RequestError(ErrorCode.CONFLICT, "the file is in use: it was sent")
        await self._files.remove(file.id)

    async def attach(self, user_id: str, file_id: str, *, only_picture: bool) -> Attachment:
        """Give a member's own file to something that is about to be stored.

        From here on the file is kept for a day, and as long as the sweeper then finds what refers to it: should the
        server crash before that is stored, the file goes like one that was never sent. Raises RequestError
        (invalid_input), which does not tell an unknown file from another member's.
        """
        check_at = self._clock.now() + UNATTACHED_LIFETIME
        kind = "image" if only_picture else None
        file = await self._files.use(file_id, user_id, kind, check_at) if is_id(file_id) else None
        if file is None:
            what = "no picture" if only_picture else "no file"
            raise RequestError(ErrorCode.INVALID_INPUT, f"file_id is {what} that you have uploaded")
        return file.attachment

    async def _may_read(self, user_id: str, file: StoredFile) -> bool:
        if file.owner_id == user_id or await self._users.is_avatar(file.id):
            return True
        conversation_ids = await self._messages.conversations_with_file(file.id)
        return bool(conversation_ids) and await self._conversations.is_member_of_any(user_id, conversation_ids)


class FileSweeper:
    """Removes what nobody refers to: files that were not sent within a day, those whose messages were all
    recalled, avatars that were replaced, and what crashes leave behind.

    Several may run at a time, in other processes too: each step is one that only one of them can take.
    """

    def __init__(self, files: FileRepository, messages: MessageRepository, users: UserRepository, clock: Clock) -> None:
        self._files = files
        self._messages = messages
        self._users = users
        self._clock = clock
        self._timer = PeriodicCallback(self.sweep, SWEEP_SECONDS * 1000)

    async def start(self) -> None:
        """Sweep now, and again every `SWEEP_SECONDS`."""
        await self.sweep()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    async def sweep(self) -> None:
        """Look at every file whose time has come."""
        try:
            while found := await self._files.due(self._clock.now(), SWEEP_AT_ONCE):
                for file_id, uses, state in found:
                    await self._look_at(file_id, uses, state)
        except RequestError as error:
            logger.warning("files could not be swept: %s", error)

    async def _look_at(self, file_id: str, uses: int, state: FileState) -> None:
        if state is FileState.READY and await self._is_referred_to(file_id):
            await self._files.keep(file_id, uses, self._clock.now() + CHECK_EVERY)
        elif await self._files.claim(file_id, uses, state, self._clock.now()):
            await self._files.remove(file_id)

    async def _is_referred_to(self, file_id: str) -> bool:
        return bool(await self._messages.conversations_with_file(file_id)) or await self._users.is_avatar(file_id)


def _not_found() -> RequestError:
    return RequestError(ErrorCode.NOT_FOUND, "there is no such file of yours")
