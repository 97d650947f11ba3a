"""Secrets this server makes for itself, each in a file of the data directory that only its owner can read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def read_or_create(path: Path, length_bytes: int) -> str:
    """Return the secret in ``path``; one that is not there is made from ``length_bytes`` random bytes (mode 0600).

    Raises OSError when the file can be neither read nor made.
    """
    try:
        secret = path.read_text().strip()
        if secret:
            return secret
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    secret = secrets.token_urlsafe(length_bytes)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")
    return secret
