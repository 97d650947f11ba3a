"""``run.py --create_operator NAME``: makes an operator from the terminal of the machine, which the first one needs."""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from getpass import getpass
from pathlib import Path

from pymongo.errors import PyMongoError

from server.auth.passwords import MAX_CHARACTERS, MIN_CHARACTERS, Passwords
from server.clock import SystemClock
from server.domain.audit import TERMINAL
from server.errors import RequestError, StartError
from server.services.accounts import checked_username
from server.services.audit import AuditService
from server.settings import Settings
from server.storage.embedded import EmbeddedMongod
from server.storage.indexes import open_database
from server.storage.repositories import Repositories
from server.storage.users import UserRepository
from server.terminal import say

ATTEMPTS = 3
PASSWORD_BYTES = 12
ACTION = "operator.create"

Ask = Callable[[str], str]
"""Shows a prompt and returns what was typed, which nobody sees."""


def create_operator(settings: Settings, username: str) -> int:
    """Make ``username`` an operator; return the exit code: 0, 1 when interrupted, 2 when it cannot be done."""
    # A prompt that waits is left at once, and what was started is stopped on the way out.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    ask = getpass if sys.stdin.isatty() else None
    try:
        asyncio.run(_create(settings, username, ask))
    except (KeyboardInterrupt, EOFError):
        print("Nothing was changed.", file=sys.stderr)  # noqa: T201
        return 1
    except (StartError, RequestError, PyMongoError) as error:
        reason = error.detail or error.code.slug if isinstance(error, RequestError) else error
        print(f"The operator cannot be made: {reason}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


async def _create(settings: Settings, username: str, ask: Ask | None) -> None:
    async with AsyncExitStack() as stack:
        uri = settings.mongodb_uri
        if not uri:
            mongod = EmbeddedMongod(Path(settings.data_dir), settings.mongod or None)
            uri = await mongod.start()
            stack.push_async_callback(mongod.stop)
        mongo = await open_database(uri, settings.mongodb_database, stack)
        passwords = Passwords(threads=1)
        stack.callback(passwords.close)
        stores = Repositories(mongo.database)
        audit = AuditService(stores.audit, SystemClock(), timedelta(seconds=settings.audit_retention))
        stack.push_async_callback(audit.close)
        for line in await ensure_operator(stores.users, audit, passwords, username, ask):
            say(line)


async def ensure_operator(
    users: UserRepository, audit: AuditService, passwords: Passwords, username: str, ask: Ask | None
) -> list[str]:
    """Promote the account of this name, or make it; return what to tell the person at the terminal.

    Without ``ask`` the password of a new account is made up. Raises RequestError or StartError.
    """
    user = await users.find_by_name(checked_username(username))
    if user is not None:
        entry_id = await audit.begin(TERMINAL, ACTION, user.id, {"username": user.username}, "")
        await users.promote(user.id)
        audit.conclude(entry_id, 200)
        return [f"{user.username} is an operator now; the password is what it was"]
    password = _ask_password(ask) if ask is not None else secrets.token_urlsafe(PASSWORD_BYTES)
    password_hash = await passwords.hash(password)
    entry_id = await audit.begin(TERMINAL, ACTION, "", {"username": username}, "")
    user = await users.add(username, username, password_hash, SystemClock().now())
    await users.promote(user.id)
    audit.conclude(entry_id, 201)
    made = [f"{user.username} is an operator now"]
    return made if ask is not None else [*made, f"Password: {password}"]


def _ask_password(ask: Ask) -> str:
    """Return what is typed twice alike; StartError after a few attempts."""
    for _ in range(ATTEMPTS):
        password = ask("Password of the operator: ")
        if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
            say(f"A password has {MIN_CHARACTERS} to {MAX_CHARACTERS} characters.")
        elif ask("Once more: ") != password:
            say("These two are not the same.")
        else:
            return password
    raise StartError(f"no password was given in {ATTEMPTS} attempts")
