"""The keys of access tokens: a secret (HS256), or key files (RS256 and ES256) of which the first signs."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import stat
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from server.errors import StartError

logger = logging.getLogger(__name__)

MIN_SECRET_BYTES = 32
MIN_RSA_BITS = 2048
MAX_FILE_BYTES = 64 * 1024

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey
PublicKey = RSAPublicKey | EllipticCurvePublicKey


class Key(NamedTuple):
    """One key; ``id`` is the ``kid`` of its tokens, None for the secret. Without ``signs`` it only verifies."""

    id: str | None
    algorithm: str
    verifies: PublicKey | bytes
    signs: PrivateKey | bytes | None


class TokenKeys:
    """Finds the one key that a token may be held against: a token never chooses its algorithm."""

    def __init__(self, keys: Sequence[Key]) -> None:
        """Raises ValueError when the first key cannot sign."""
        if not keys or keys[0].signs is None:
            raise ValueError("the first key has to sign")
        self.first = keys[0]
        self.signs: PrivateKey | bytes = keys[0].signs
        self._keys: dict[str | None, Key] = {}
        for key in keys:
            self._keys.setdefault(key.id, key)

    def find(self, key_id: object, algorithm: object) -> Key | None:
        """Return the key of this id, if it is one of this algorithm."""
        key = self._keys.get(key_id) if key_id is None or isinstance(key_id, str) else None
        return key if key is not None and key.algorithm == algorithm else None


def secret_key(secret: bytes) -> Key:
    """Return the key of a secret; ValueError when it is under `MIN_SECRET_BYTES`."""
    if len(secret) < MIN_SECRET_BYTES:
        raise ValueError(f"the JWT secret has {len(secret)} bytes, at least {MIN_SECRET_BYTES} are needed")
    return Key(None, "HS256", secret, secret)


def read_key_files(paths: Sequence[str], *, must_be_private: bool) -> list[Key]:
    """Return the keys of PEM files, in their order.

    ``must_be_private`` refuses private keys that others than their owner may read; else they are worth a warning.

    Raises:
        StartError: one sentence that says which file cannot be used and why; nothing of its content.
    """
    keys = [_read_key(Path(path), must_be_private) for path in paths]
    if keys and keys[0].signs is None:
        raise StartError(
            f"jwt_key_files: {paths[0]} holds a public key only; the first file signs, so list another one"
        )
    return keys


def _read_key(path: Path, must_be_private: bool) -> Key:
    data, mode = _read(path)
    if b"PRIVATE KEY" not in data:
        return _checked(path, _load_public(path, data), None)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        sentence = (
            f"jwt_key_files: others than its owner have access to {path} (mode {mode:04o}); run: chmod 600 {path}"
        )
        if must_be_private:
            raise StartError(sentence)
        logger.warning("%s", sentence)
    private = _load_private(path, data)
    return _checked(path, private.public_key(), private)


def _read(path: Path) -> tuple[bytes, int]:
    """Return what is in the file, and its permissions."""
    try:
        # Not to wait for the other end of a pipe.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise StartError(f"jwt_key_files: {path} is not a file")
            data = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a path"
        raise StartError(f"jwt_key_files: {path} cannot be read: {reason}") from None
    if len(data) > MAX_FILE_BYTES:
        raise StartError(f"jwt_key_files: {path} is larger than {MAX_FILE_BYTES} bytes, which no key is")
    return data, stat.S_IMODE(status.st_mode)


def _load_private(path: Path, data: bytes) -> PrivateKey:
    if b"ENCRYPTED" in data:
        raise StartError(f"jwt_key_files: {path} is encrypted; give a key without a passphrase, in a file of mode 0600")
    try:
        key = load_pem_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _unusable(path) from None
    if not isinstance(key, PrivateKey):
        raise _unusable(path)
    return key


def _load_public(path: Path, data: bytes) -> PublicKey:
    try:
        key = load_pem_public_key(data)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _unusable(path) from None
    if not isinstance(key, PublicKey):
        raise _unusable(path)
    return key


def _unusable(path: Path) -> StartError:
    return StartError(f"jwt_key_files: {path} is not a PEM file with an RSA key or a key of the curve P-256")


def _checked(path: Path, public: PublicKey, private: PrivateKey | None) -> Key:
    if isinstance(public, RSAPublicKey):
        if public.key_size < MIN_RSA_BITS:
            raise StartError(
                f"jwt_key_files: the RSA key in {path} has {public.key_size} bits, at least {MIN_RSA_BITS} are needed"
            )
        return Key(_thumbprint(RSAAlgorithm.to_jwk(public), "e", "kty", "n"), "RS256", public, private)
    if not isinstance(public.curve, SECP256R1):
        raise StartError(f"jwt_key_files: the key in {path} is of the curve {public.curve.name}, allowed is P-256")
    return Key(_thumbprint(ECAlgorithm.to_jwk(public), "crv", "kty", "x", "y"), "ES256", public, private)


def _thumbprint(jwk: str, *members: str) -> str:
    """Return the thumbprint of RFC 7638, over these members of the key."""
    values = json.loads(jwk)
    canonical = json.dumps({name: values[name] for name in members}, separators=(",", ":"))
    return urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()
