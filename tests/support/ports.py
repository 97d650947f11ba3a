"""Ports for those who have to be told one, and listen only a while later."""

from __future__ import annotations

import secrets
import socket

_FIRST, _LAST = 20_000, 32_767
"""Below those that the system hands out: nobody else gets it meanwhile by asking for just any."""


def free_port() -> int:
    """Return a port on which nobody listens."""
    while True:
        port = _FIRST + secrets.randbelow(_LAST - _FIRST + 1)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
