"""What operators alone may call: members are refused, whatever they name."""

from __future__ import annotations

from typing import Any

from tests.support.access import Call, call


def for_operators(name: str, body: Any = None) -> Call:
    """Return the row of a call that no member may do."""
    return call(name, body, outsider="forbidden", other="forbidden", member="forbidden")


OPERATORS = (
    for_operators("PATCH /users/{user}/role", {"role": "operator"}),
    for_operators("GET /service_keys"),
    for_operators("POST /service_keys", {"name": "worker", "scopes": ["tasks"]}),
    for_operators("DELETE /service_keys/{user}"),
    for_operators("GET /audit"),
    for_operators("GET /operators/overview"),
    for_operators("GET /operators/clients?user={user}"),
    for_operators("GET /operators/clients/{user}"),
    for_operators("POST /operators/clients/{user}/disconnect"),
)
