"""Refresh tokens: ``<session id>.<random>``, of which only hashes are kept.

The random part begins with a secret that all tokens of one login session share. So an old token is told from a
made-up one: the old one bears the right family secret, and its use is a theft to react to.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import NamedTuple

_FAMILY_CHARACTERS = 22
_NONCE_CHARACTERS = 43


class RefreshToken(NamedTuple):
    """The parts of a refresh token."""

    session_id: str
    family: str
    nonce: str

    def __str__(self) -> str:
        return f"{self.session_id}.{self.family}{self.nonce}"

    @property
    def family_hash(self) -> str:
        return hashlib.sha256(self.family.encode()).hexdigest()

    @property
    def nonce_hash(self) -> str:
        return hashlib.sha256(self.nonce.encode()).hexdigest()

    def successor(self) -> RefreshToken:
        """Return the next token of the same family."""
        return self._replace(nonce=secrets.token_urlsafe(32))


def first_token(session_id: str) -> RefreshToken:
    """Return the first token of a new login session."""
    return RefreshToken(session_id, secrets.token_urlsafe(16), secrets.token_urlsafe(32))


def parse(text: str) -> RefreshToken | None:
    """Read a token as a peer sent it; None for what cannot be one."""
    session_id, _, random = text.partition(".")
    if not session_id.isalnum() or not text.isascii() or len(random) != _FAMILY_CHARACTERS + _NONCE_CHARACTERS:
        return None
    return RefreshToken(session_id, random[:_FAMILY_CHARACTERS], random[_FAMILY_CHARACTERS:])
