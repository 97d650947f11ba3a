"""What is known of a client from the request it came with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any


class Handshake:
    """The first request of a client and, for one namespace, the auth payload of its CONNECT."""

    __slots__ = ("address", "auth", "headers", "issued", "query", "secure", "url")

    def __init__(
        self,
        *,
        headers: Mapping[str, str],
        query: Mapping[str, str],
        address: str,
        url: str,
        secure: bool,
        issued: datetime,
        auth: Any = None,
    ) -> None:
        self.headers = headers
        """Names in lower case."""
        self.query = query
        self.address = address
        self.url = url
        """The path, without the query: that may hold a token."""
        self.secure = secure
        self.issued = issued
        self.auth = auth

    def with_auth(self, auth: Any) -> Handshake:
        """Return a copy for one namespace."""
        return Handshake(
            headers=self.headers,
            query=self.query,
            address=self.address,
            url=self.url,
            secure=self.secure,
            issued=self.issued,
            auth=auth,
        )
