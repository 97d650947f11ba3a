"""Key files of a running server: what stops the start, and a rotation that nobody notices."""

from __future__ import annotations

from pathlib import Path
from urllib.error import HTTPError

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.test_app import running
from tests.test_run import ERRORS_ALONE, run
from tests.test_settings import PRODUCTION


def write_key(path: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, mode: int = 0o600) -> Path:
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(mode)
    return path


def test_a_rotation_signs_nobody_out_before_its_time(tmp_path: Path) -> None:
    old = write_key(tmp_path / "old.pem", rsa.generate_private_key(65537, 2048))
    new = write_key(tmp_path / "new.pem", ec.generate_private_key(ec.SECP256R1()))
    data = tmp_path / "data"
    with running(data, f"--jwt_key_files={old}") as server:
        token = server.sign_in("alice")
        assert jwt.get_unverified_header(token)["alg"] == "RS256"
    assert not (data / "jwt_secret").exists()
    with running(data, f"--jwt_key_files={new},{old}") as server:
        assert server.call("/api/users/me", token=token)["data"]["username"] == "alice"
        assert jwt.get_unverified_header(server.sign_in("alice"))["alg"] == "ES256"
    with running(data, f"--jwt_key_files={new}") as server, pytest.raises(HTTPError, match="401"):
        server.call("/api/users/me", token=token)


def test_a_file_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("not a key")
    result = run(tmp_path, "--port=0", ERRORS_ALONE, "--jwt_key_files=key.pem")
    assert result.returncode == 2
    [sentence] = result.stderr.splitlines()
    assert sentence.startswith("Stock Insight cannot start: jwt_key_files: key.pem is not a PEM file with an RSA key")


def test_production_refuses_a_key_that_others_may_read(tmp_path: Path, mongodb_uri: str) -> None:
    write_key(tmp_path / "key.pem", ec.generate_private_key(ec.SECP256R1()), 0o644)
    variables = PRODUCTION | {"MONGODB_URI": mongodb_uri, "JWT_KEY_FILES": "key.pem", "MONGODB_DATABASE": "test_keys"}
    del variables["JWT_SECRET"]
    result = run(tmp_path, "--port=0", ERRORS_ALONE, **variables)
    assert result.returncode == 2
    assert "others than its owner have access to key.pem (mode 0644); run: chmod 600 key.pem" in result.stderr
    assert len(result.stderr.splitlines()) == 1
