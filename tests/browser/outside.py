"""What happens outside of a page: other people, workers and operators, through the REST API."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import Request, urlopen

from tests.browser.visitors import PASSWORD, Program


def call(program: Program, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
    """Call the API; without a token it is this machine that asks, which is an operator in development."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"{program.url}api{path}", data=data, headers=headers, method=method)
    with urlopen(request, timeout=15) as answer:
        return json.load(answer)["data"]


def register(program: Program, username: str) -> str:
    """Register somebody who has no page; return the access token."""
    body = {"username": username, "password": PASSWORD}
    return str(call(program, "POST", "/auth/register", body)["access_token"])


def sign_in(program: Program, username: str, password: str = PASSWORD) -> str:
    """Sign somebody in on another device; return the access token."""
    body = {"username": username, "password": password}
    return str(call(program, "POST", "/auth/login", body)["access_token"])
