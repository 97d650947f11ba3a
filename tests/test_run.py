"""``python run.py`` as a person types it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SECRET = "s3cret-" * 6
ERRORS_ALONE = "--log_level=error"
"""On a slow machine a start warns of the loop that stood still."""


def run(working_directory: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], **variables}
    command = [sys.executable, str(ROOT / "run.py"), *arguments]
    return subprocess.run(
        command, cwd=working_directory, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_help_lists_the_options(tmp_path: Path) -> None:
    result = run(tmp_path, "--help")
    assert result.returncode == 0
    assert "--ping_interval [s]" in result.stdout
    assert "default: 3.0 (production: 60.0)" in " ".join(result.stdout.split())
    assert result.stderr == ""


def test_check_shows_every_value_with_its_source_and_no_secret(tmp_path: Path) -> None:
    uri = "mongodb://alice:hunter2@db.example/"
    result = run(tmp_path, "--check", "--port=9000", JWT_SECRET=SECRET, MONGODB_URI=uri)
    assert result.returncode == 0
    assert "port = 9000  # --port" in result.stdout
    assert "jwt_secret = ***  # variable JWT_SECRET" in result.stdout
    assert "mongodb_uri = mongodb://***@db.example/" in result.stdout
    assert "The settings are valid for development." in result.stdout
    assert SECRET not in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_check_holds_the_rules_of_production(tmp_path: Path) -> None:
    result = run(tmp_path, "--check", "--environment=production", "--demo_accounts=on")
    assert result.returncode == 2
    assert result.stdout == ""
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == [
        "jwt_secret",
        "mongodb_uri",
        "demo_accounts",
    ]


def test_bad_settings_are_sentences_not_a_traceback(tmp_path: Path) -> None:
    result = run(tmp_path, "--prot=1", "--ping_timeout=soon")
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 2
    assert "did you mean --port?" in result.stderr
    assert "--ping_timeout: 'soon' is not allowed" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--mongod=/no/such/mongod",), "'/no/such/mongod' is not a program that can be run"),
        (("--address=a..b",), "cannot listen on a..b:0: "),
        (("--unix_socket=plain",), "cannot listen on plain: "),
        ((f"--unix_socket={'x' * 200}",), "AF_UNIX path too long"),
        (("--mongodb_uri=mongodb://127.0.0.1:1/",), "MongoDB at 127.0.0.1:1 did not answer within 5 s"),
    ],
)
def test_a_start_that_fails_is_one_sentence(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    (tmp_path / "plain").touch()
    result = run(tmp_path, "--port=0", ERRORS_ALONE, *arguments)
    assert result.returncode == 2
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("jwt_secret", b"short", "holds less than 32 bytes"),
        ("jwt_secret", b"\xff" * 40, "is not UTF-8 text"),
        ("demo_password", b"1234567", "holds 7 characters, allowed are 8 to 256"),
    ],
)
def test_a_secret_that_cannot_be_used_is_one_sentence(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).write_bytes(content)
    result = run(tmp_path, "--port=0", ERRORS_ALONE)
    assert result.returncode == 2
    assert f"data/{name} {sentence}" in result.stderr
    assert len(result.stderr.splitlines()) == 1
