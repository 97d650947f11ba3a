"""Whether a request comes straight from this machine, from whoever may start programs on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address

_HOST = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
_OF_PROXIES = ("forwarded", "x-real-ip")


def is_direct_from_loopback(address: str | None, scheme: str, headers: Mapping[str, str]) -> bool:
    """Tell whether a connection from ``address`` is of loopback and no proxy or foreign page stands behind it.

    The Host keeps out pages whose name was made to point here, the Origin those of other sites. The address of a
    unix socket's client is not one of loopback.
    """
    host = headers.get("Host", "")
    origin = headers.get("Origin")
    return (
        _is_loopback(address)
        and _HOST.fullmatch(host) is not None
        and (origin is None or origin.lower() == f"{scheme}://{host}".lower())
        and not any(name.lower() in _OF_PROXIES or name.lower().startswith("x-forwarded") for name in headers)
    )


def _is_loopback(address: str | None) -> bool:
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return False
    return (getattr(parsed, "ipv4_mapped", None) or parsed).is_loopback
