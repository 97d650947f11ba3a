"""Key files: which are read, which are refused, and which tokens hold against them."""

from __future__ import annotations

import base64
import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from server.auth.keys import MAX_FILE_BYTES, Key, PrivateKey, TokenKeys, read_key_files, secret_key
from server.auth.tokens import AccessTokens
from server.domain.users import User
from server.errors import ErrorCode, RequestError, StartError
from tests.support.clock import FakeClock

RSA = rsa.generate_private_key(65537, 2048)
P256 = ec.generate_private_key(ec.SECP256R1())
SECRET = b"0123456789abcdef0123456789abcdef"
CLOCK = FakeClock()
NOW = int(CLOCK.now().timestamp())
USER = User("u", "alice", "Alice", datetime(2026, 1, 1, tzinfo=UTC))
CLAIMS = {
    "iss": "stock-insight",
    "aud": "stock-insight",
    "sub": "u",
    "sid": "s",
    "typ": "access",
    "iat": NOW,
    "exp": NOW + 60,
    "jti": "1",
    "username": "alice",
}

PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8
PLAIN = serialization.NoEncryption()


def private_pem(key: Any, form: serialization.PrivateFormat = PKCS8) -> bytes:
    return bytes(key.private_bytes(PEM, form, PLAIN))


def public_pem(key: Any) -> bytes:
    return bytes(key.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo))


class Files:
    """A folder of key files."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def write(self, name: str, content: bytes, mode: int = 0o600) -> str:
        path = self._directory / name
        path.write_bytes(content)
        path.chmod(mode)
        return str(path)

    def keys(self, *contents: bytes) -> list[Key]:
        paths = [self.write(f"{number}.pem", content) for number, content in enumerate(contents)]
        return read_key_files(paths, must_be_private=True)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def tokens(keys: list[Key]) -> AccessTokens:
    return AccessTokens(TokenKeys(keys), CLOCK)


def header(token: str) -> Any:
    return jwt.get_unverified_header(token)


def signed(key: PrivateKey | bytes, algorithm: str, headers: dict[str, Any] | None = None, **changes: Any) -> str:
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not ...}
    return jwt.encode(claims, key, algorithm, headers)


def refuse(accepting: AccessTokens, token: str) -> None:
    with pytest.raises(RequestError) as refused:
        accepting.verify(token)
    assert refused.value.code is ErrorCode.UNAUTHORIZED


@pytest.mark.parametrize(
    ("key", "form", "algorithm"),
    [
        (RSA, PKCS8, "RS256"),
        (RSA, serialization.PrivateFormat.TraditionalOpenSSL, "RS256"),
        (P256, PKCS8, "ES256"),
        (P256, serialization.PrivateFormat.TraditionalOpenSSL, "ES256"),
    ],
)
def test_the_kind_of_key_says_the_algorithm(
    files: Files, key: Any, form: serialization.PrivateFormat, algorithm: str
) -> None:
    issuing = tokens(files.keys(private_pem(key, form)))
    token = issuing.issue(USER, "s")
    assert header(token)["alg"] == algorithm
    assert header(token).keys() == {"alg", "typ", "kid"}
    assert issuing.verify(token).user_id == "u"
    verifying = tokens([*files.keys(private_pem(P256 if key is RSA else RSA), public_pem(key))])
    assert verifying.verify(token).username == "alice"


def test_the_id_is_the_thumbprint_of_rfc_7638(files: Files) -> None:
    """The example of its section 3.1."""
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3ok"
        "njhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu"
        "6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8a"
        "wapJzKnqDKgw"
    )
    number = int.from_bytes(base64.urlsafe_b64decode(modulus + "=="))
    pem = (
        rsa.RSAPublicNumbers(65537, number)
        .public_key()
        .public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    assert files.keys(private_pem(RSA), pem)[1].id == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_a_key_holds_as_long_as_its_file_is_listed(files: Files) -> None:
    old = tokens(files.keys(private_pem(RSA))).issue(USER, "s")
    rotated = tokens(files.keys(private_pem(P256), private_pem(RSA)))
    assert rotated.verify(old).user_id == "u"
    assert header(rotated.issue(USER, "s"))["alg"] == "ES256"
    assert tokens(files.keys(private_pem(P256), public_pem(RSA))).verify(old).user_id == "u"
    refuse(tokens(files.keys(private_pem(P256))), old)


def test_a_secret_beside_the_files_verifies_and_does_not_sign(files: Files) -> None:
    old = tokens([secret_key(SECRET)]).issue(USER, "s")
    assert "kid" not in header(old)
    both = tokens([*files.keys(private_pem(P256)), secret_key(SECRET)])
    assert both.verify(old).user_id == "u"
    assert header(both.issue(USER, "s"))["alg"] == "ES256"
    refuse(tokens(files.keys(private_pem(P256))), old)


def test_a_token_never_chooses_how_it_is_verified(files: Files) -> None:
    keys = files.keys(private_pem(P256), private_pem(RSA))
    accepting = tokens([*keys, secret_key(SECRET)])
    curve, modulus = keys[0].id, keys[1].id
    assert accepting.verify(signed(P256, "ES256", {"kid": curve})).user_id == "u"
    assert accepting.verify(signed(RSA, "RS256", {"kid": modulus})).user_id == "u"
    for token in (
        signed(P256, "ES256"),
        signed(RSA, "RS256"),
        signed(P256, "ES256", {"kid": modulus}),
        signed(RSA, "RS256", {"kid": curve}),
        signed(P256, "ES256", {"kid": "unknown"}),
        signed(ec.generate_private_key(ec.SECP256R1()), "ES256", {"kid": curve}),
        signed(rsa.generate_private_key(65537, 2048), "RS256", {"kid": modulus}),
        signed(RSA, "PS256", {"kid": modulus}),
        signed(RSA, "RS512", {"kid": modulus}),
        signed(SECRET, "HS256", {"kid": curve}),
        signed(P256, "ES256", {"kid": curve, "crit": ["exp"], "exp": 1}),
        signed(P256, "ES256", {"kid": curve, "crit": ["b64"], "b64": False}),
        signed(P256, "ES256", {"kid": curve}, exp=...),
        signed(P256, "ES256", {"kid": curve}, aud="other"),
        signed(P256, "ES256", {"kid": curve}, iss="other"),
        signed(P256, "ES256", {"kid": curve}, typ="refresh"),
        signed(P256, "ES256", {"kid": curve}, iat=NOW + 31),
        signed(P256, "ES256", {"kid": curve}, padding="x" * 1_000_000),
    ):
        refuse(accepting, token)


def by_hand(head: dict[str, Any], signature: bytes = b"", key: bytes = b"") -> str:
    """Make a token that PyJWT would not: without a signature, or with an HMAC under any bytes."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (head, CLAIMS)]
    if key:
        signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(b".".join(parts), key)
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


@pytest.mark.parametrize("key", [RSA, P256], ids=["RSA", "P-256"])
def test_no_algorithm_is_confused(files: Files, key: Any) -> None:
    keys = files.keys(private_pem(key))
    kid = keys[0].id
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(RSA.public_key()))
    for accepting in (tokens(keys), tokens([*keys, secret_key(SECRET)])):
        for named in ({"kid": kid}, {}):
            for pem in (public_pem(key), public_pem(key).strip(), (kid or "").encode()):
                refuse(accepting, by_hand({"alg": "HS256", "typ": "JWT", **named}, key=pem))
            for algorithm in ("none", "None", "NONE", "", None, 7, ["RS256"], {"RS256": 1}):
                refuse(accepting, by_hand({"alg": algorithm, "typ": "JWT", **named}))
        for strange in (None, 7, ["a"], {"$gt": ""}, "../../etc/passwd", "' or 1=1", "\x00"):
            refuse(accepting, by_hand({"alg": "ES256", "kid": strange}))
        refuse(accepting, signed(RSA, "RS256", {"kid": "x", "jwk": jwk, "jku": "http://127.0.0.1:1/", "x5u": "x"}))


def pkcs8_encrypted() -> bytes:
    return P256.private_bytes(PEM, PKCS8, serialization.BestAvailableEncryption(b"hunter2"))


def traditional_encrypted() -> bytes:
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return RSA.private_bytes(PEM, form, serialization.BestAvailableEncryption(b"hunter2"))


SECRET_LINE = b"c2VjcmV0IGxpbmU"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (private_pem(rsa.generate_private_key(65537, 1024)), "has 1024 bits, at least 2048"),  # noqa: S505
        (private_pem(ec.generate_private_key(ec.SECP384R1())), "is of the curve secp384r1, allowed is P-256"),
        (private_pem(ec.generate_private_key(ec.SECP256K1())), "is of the curve secp256k1, allowed is P-256"),
        (private_pem(ed25519.Ed25519PrivateKey.generate()), "is not a PEM file with an RSA key or a key of the curve"),
        (pkcs8_encrypted(), "is encrypted; give a key without a passphrase"),
        (traditional_encrypted(), "is encrypted"),
        (b"", "is not a PEM file"),
        (b"\xff\xfe" + SECRET_LINE, "is not a PEM file"),
        (b"-----BEGIN PRIVATE KEY-----\n" + SECRET_LINE + b"\n-----END PRIVATE KEY-----\n", "is not a PEM file"),
        (b"-----BEGIN PUBLIC KEY-----\n" + SECRET_LINE + b"\n-----END PUBLIC KEY-----\n", "is not a PEM file"),
        (private_pem(P256)[:100], "is not a PEM file"),
        (public_pem(P256), "holds a public key only; the first file signs"),
        (b" " * (MAX_FILE_BYTES + 1), "is larger than 65536 bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "content",  # of a key, which is another in every run
)
def test_a_file_that_cannot_be_used_is_one_sentence_without_its_content(
    files: Files, content: bytes, sentence: str
) -> None:
    with pytest.raises(StartError) as refused:
        files.keys(content)
    told = str(refused.value)
    assert sentence in told
    assert "0.pem" in told
    assert len(told.splitlines()) == 1
    assert SECRET_LINE.decode() not in told
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("name", ["missing.pem", ".", "a\0b"])
def test_a_path_that_cannot_be_read_is_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(StartError, match=r"^jwt_key_files: .* (cannot be read: |is not a file)"):
        read_key_files([str(tmp_path / name)], must_be_private=False)


def test_a_pipe_is_not_waited_for() -> None:
    with pytest.raises(StartError, match="is not a file"):
        read_key_files(["/dev/null"], must_be_private=False)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o666])
def test_private_keys_are_for_their_owner_alone(files: Files, caplog: pytest.LogCaptureFixture, mode: int) -> None:
    path = files.write("key.pem", private_pem(P256), mode)
    with pytest.raises(StartError, match=f"others than its owner have access to {path} .*chmod 600"):
        read_key_files([path], must_be_private=True)
    with caplog.at_level(logging.WARNING):
        assert len(read_key_files([path], must_be_private=False)) == 1
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert path in caplog.text


def test_public_keys_are_for_everyone(files: Files, caplog: pytest.LogCaptureFixture) -> None:
    paths = [files.write("key.pem", private_pem(P256)), files.write("public.pem", public_pem(RSA), 0o644)]
    assert [key.signs is not None for key in read_key_files(paths, must_be_private=True)] == [True, False]
    assert not caplog.records


def test_somebody_has_to_sign() -> None:
    with pytest.raises(ValueError, match="has to sign"):
        TokenKeys([])
