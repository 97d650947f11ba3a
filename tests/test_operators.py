"""``run.py --create_operator`` as the person at the terminal has it."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.auth.passwords import Passwords
from server.domain.audit import TERMINAL
from server.domain.users import Role
from server.errors import ErrorCode, RequestError, StartError
from server.operators import ensure_operator
from server.services.audit import AuditService
from server.storage.audit import AuditRepository
from server.storage.documents import Database
from server.storage.users import UserRepository
from tests.support.clock import FakeClock
from tests.test_app import is_alive, running
from tests.test_run import ERRORS_ALONE, ROOT, run

TIMEOUT_SECONDS = 60


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    opened = Passwords(threads=1)
    yield opened
    opened.close()


@pytest.fixture
def audit(database: Database) -> AuditService:
    return AuditService(AuditRepository(database), FakeClock(datetime.now(UTC)), timedelta(days=1))


async def entries_of(audit: AuditService) -> list[tuple[str, str, str, object, object]]:
    """Return what the audit trail tells of the terminal, the newest first."""
    await audit.close()
    found = await audit.newest(TERMINAL.id, "", "", 10)
    return [(one.actor.kind, one.action, one.subject, one.details, one.status) for one in found]


def typing(*answers: str) -> Callable[[str], str]:
    """Return what types one answer after the other."""
    left = list(answers)
    return lambda _prompt: left.pop(0)


@pytest.mark.gen_test
async def test_the_password_is_typed_twice(database: Database, audit: AuditService, passwords: Passwords) -> None:
    users = UserRepository(database)
    ask = typing("short", "battery staple", "battery stable", "battery staple", "battery staple")
    assert await ensure_operator(users, audit, passwords, "chief", ask) == ["chief is an operator now"]
    account = await users.find_account("chief")
    assert account is not None
    assert account.user.role is Role.OPERATOR
    assert await passwords.verify("battery staple", account.password_hash)
    assert await entries_of(audit) == [("terminal", "operator.create", "", {"username": "chief"}, 201)]


@pytest.mark.gen_test
async def test_after_some_attempts_nothing_is_made(
    database: Database, audit: AuditService, passwords: Passwords
) -> None:
    users = UserRepository(database)
    with pytest.raises(StartError, match="in 3 attempts"):
        await ensure_operator(users, audit, passwords, "chief", typing("short", "", "x" * 300))
    assert await users.find_by_name("chief") is None
    assert await entries_of(audit) == []


@pytest.mark.gen_test
async def test_an_account_that_is_there_keeps_its_password_and_loses_its_ban(
    database: Database, audit: AuditService, passwords: Passwords
) -> None:
    users = UserRepository(database)
    now = FakeClock().now()
    await users.add("Alice", "A", "hash", now)
    before = await users.find_account("alice")
    assert before is not None
    await users.ban(before.user.id, "spam", now)
    for _ in range(2):
        [told] = await ensure_operator(users, audit, passwords, "alice", typing())
        assert told == "Alice is an operator now; the password is what it was"
    after = await users.find_account("alice")
    assert after is not None
    assert (after.user.role, after.password_hash, after.ban) == (Role.OPERATOR, "hash", None)
    assert await entries_of(audit) == [("terminal", "operator.create", before.user.id, {"username": "Alice"}, 200)] * 2


@pytest.mark.parametrize("name", ["a b", "x", "", "\udcff\udcff\udcff", "a\0bc", "x" * 2000])
@pytest.mark.gen_test
async def test_a_name_that_no_account_may_have(
    database: Database, audit: AuditService, passwords: Passwords, name: str
) -> None:
    with pytest.raises(RequestError) as refused:
        await ensure_operator(UserRepository(database), audit, passwords, name, None)
    assert refused.value.code in {ErrorCode.INVALID_USERNAME, ErrorCode.INVALID_INPUT}


def test_an_operator_is_made_and_signs_in(tmp_path: Path) -> None:
    data = tmp_path / "data"
    made = subprocess.run(
        [sys.executable, "run.py", f"--data_dir={data}", "--create_operator", "chief"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert (made.returncode, made.stderr) == (0, "")
    found = re.fullmatch(r"chief is an operator now\nPassword: (\S{12,})\n", made.stdout)
    assert found is not None
    assert (data / "mongodb" / "db" / "mongod.lock").read_text() == ""  # the database was ended
    with running(data) as server:
        sign_in = server.call("/api/auth/login", {"username": "chief", "password": found[1]})["data"]
        assert sign_in["user"]["role"] == "operator"
        second = run(ROOT, f"--data_dir={data}", ERRORS_ALONE, "--create_operator=other")
        assert second.returncode == 2
        assert "another server (process " in second.stderr
        assert len(second.stderr.splitlines()) == 1
        # That one goes on.
        assert server.call("/api/users/me", token=sign_in["access_token"])["data"]["username"] == "chief"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_prompt_is_left_at_once_and_leaves_no_database(tmp_path: Path, number: signal.Signals) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "run.py", f"--data_dir={tmp_path}", "--create_operator", "chief"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    ) as process:
        assert process.stdout is not None
        seen = b""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while b"Password of the operator" not in seen:
            assert time.monotonic() < deadline, seen
            if select.select([process.stdout], [], [], 1)[0]:
                seen += os.read(process.stdout.fileno(), 1000)
        pid = int((tmp_path / "mongodb" / "db" / "mongod.lock").read_text())
        assert is_alive(pid)
        process.send_signal(number)
        rest = process.communicate(timeout=TIMEOUT_SECONDS)[0]
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 1
    assert b"Nothing was changed." in rest
    assert b"Traceback" not in rest
    assert not is_alive(pid)


@pytest.mark.parametrize(
    "arguments", [("--create_operator",), ("--create_operator=",), ("--create_operator", "--port=0")]
)
def test_a_name_is_needed(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = run(tmp_path, *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "--create_operator: a name is missing; give the account's username\n"
