"""Logs: no token, password or credential reaches a line."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from server.logs import scrub, set_up_logging

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
HIDDEN = "hunter2"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    set_up_logging("debug", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize(
    "secret",
    [
        f"GET /ws/stock/prices?token={HIDDEN}&x=1",
        f"GET /?a=1&access_token={HIDDEN} HTTP/1.1",
        f"password={HIDDEN}&username=alice",
        f"mongodb://db.example/?tlsCertificateKeyFilePassword={HIDDEN}",
        f"Authorization: Bearer {HIDDEN}",
        f'{{"refresh_token": "{HIDDEN}"}}',
        f'{{"access_token":"{HIDDEN}","x":1}}',
        f'{{"username":"alice","password":"{HIDDEN}"}}',
        f'{{"password":"a\\"b{HIDDEN}"}}',
        f"{{'password': '{HIDDEN}', 'x': 1}}",
        f"{{'token': \"it's {HIDDEN}\"}}",
        f'40{{"token":"{HIDDEN}"}}',
        rf'{{"body": "{{\"new_password\": \"{HIDDEN}\"}}"}}',
        f'{{"password":"{HIDDEN}',
        f"mongodb://alice:{HIDDEN}@db.example:27017/x",
        f"redis://:{HIDDEN}@cache.example",
        f"mongodb+srv://alice:p@{HIDDEN}@db.example/",
    ],
)
def test_a_secret_is_masked(secret: str) -> None:
    assert HIDDEN not in scrub(secret)
    assert "***" in scrub(secret)


def test_what_is_shaped_like_a_jwt_is_masked_anywhere() -> None:
    assert scrub(f"refused <{JWT}> twice") == "refused <***> twice"
    assert scrub(f"/path/{JWT[:40]}") == "/path/***"


@pytest.mark.parametrize(
    "plain",
    [
        "GET /api/conversations?limit=50 200",
        '{"content": "my token is lost"}',
        "connected http://localhost:8000/socket.io/ from 127.0.0.1",
        "mail to alice@example.com",
        "tokens=3",
    ],
)
def test_other_text_stays_as_it_is(plain: str) -> None:
    assert scrub(plain) == plain


def test_arguments_and_tracebacks_are_scrubbed(lines: io.StringIO) -> None:
    log = logging.getLogger("server.test")
    log.info("opened %s for %r", f"/ws?token={HIDDEN}", {"password": HIDDEN})
    try:
        raise ValueError(f"mongodb://alice:{HIDDEN}@db.example")
    except ValueError:
        log.warning("failed", exc_info=True, stack_info=True)
    text = lines.getvalue()
    assert HIDDEN not in text
    assert "opened /ws?token=*** for {'password': ***}" in text
    assert "ValueError: mongodb://***@db.example" in text
    assert "INFO server.test" in text


def test_the_level_is_kept(lines: io.StringIO) -> None:
    set_up_logging("warning", lines)
    logging.getLogger("server.test").info("quiet")
    logging.getLogger("server.test").warning("loud")
    assert "quiet" not in lines.getvalue()
    assert lines.getvalue().count("loud") == 1
