"""One rule for every HTTP and WebSocket door: no Origin or one's own is allowed, and those that are listed."""

from __future__ import annotations

import re
from collections.abc import Iterable

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/*?#@\s]+/?", re.IGNORECASE)

DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class OriginPolicy:
    """Decides by the Origin header alone; ``*`` in the list allows all, without credentials."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        """Raises TypeError for a text instead of a list, ValueError for what is neither ``*`` nor scheme://host."""
        if isinstance(allowed, str):
            raise TypeError(f"allowed origins are a list of texts; got the text {allowed!r}")
        self.allowed = frozenset(_checked(origin) for origin in allowed)
        self._all = "*" in self.allowed

    def is_own(self, origin: str, scheme: str, host: str) -> bool:
        """Tell whether ``origin`` is where the request itself went."""
        return _normal(origin) == _normal(f"{scheme}://{host}")

    def refusal(self, origin: str | None, scheme: str, host: str) -> str | None:
        """Return why ``origin`` is refused, with the setting that allows it; None when it is not."""
        if origin is None or self._all or self.is_own(origin, scheme, host) or _normal(origin) in self.allowed:
            return None
        allowed = ", ".join(sorted(self.allowed)) or "none"
        return (
            f"Origin {origin[:200]!r} is not allowed. Allowed are the server's own ({scheme}://{host[:200]}) and those "
            f"in SOCKETIO_CORS_ORIGINS ({allowed})"
        )

    def headers(self, origin: str | None, scheme: str, host: str) -> dict[str, str]:
        """Return the CORS headers of an answer to an allowed ``origin``."""
        if origin is None:
            return {"Vary": "Origin"} if not self._all else {}
        if self._all:
            return {"Access-Control-Allow-Origin": "*"}
        headers = {"Vary": "Origin"}
        if self.refusal(origin, scheme, host) is None:
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Allow-Credentials"] = "true"
        return headers


def _normal(origin: str) -> str:
    """Fold case and leave a scheme's default port out, as browsers do."""
    origin = origin.strip().rstrip("/").lower()
    scheme, separator, host = origin.partition("://")
    return scheme + separator + host.removesuffix(DEFAULT_PORTS.get(scheme, "\0"))


def _checked(origin: str) -> str:
    if origin != "*" and not _ORIGIN.fullmatch(origin):
        raise ValueError(f"an origin is scheme://host or scheme://host:port, or * for all; got {origin!r}")
    return _normal(origin)
