"""Names of connections for logs and operators: neither the client nor its session can be guessed from them."""

from __future__ import annotations

import secrets
from itertools import count


class ConnectionIds:
    """Numbers the connections of one process; a name says of which process, too."""

    def __init__(self) -> None:
        self._prefix = secrets.token_hex(3)
        self._numbers = count(1)

    def next(self) -> int:
        """Return the number of a new connection."""
        return next(self._numbers)

    def name(self, number: int) -> str:
        """Return what a connection is called outside."""
        return f"{self._prefix}-{number}"

    def number(self, name: str) -> int | None:
        """Return the number that a name of this process stands for."""
        prefix, _, number = name.partition("-")
        return int(number) if prefix == self._prefix and number.isascii() and number.isdecimal() else None
