"""What operators alone may call: members are refused, whatever they name."""

from __future__ import annotations

from typing import Any

from tests.support.access import OK, Call, call


def for_operators(name: str, body: Any = None, operator: str = OK) -> Call:
    """Return the row of a call that no member may do."""
    return call(
        name,
        body,
        outsider="forbidden",
        operator=operator,
        other="forbidden",
        member="forbidden",
        tells_unknown="operators may know every user",
        takes_any_id="a filter finds nothing then" if "?" in name else "",
    )


OPERATORS = (
    for_operators("PATCH /users/{user}/role", {"role": "member"}),
    for_operators("GET /service_keys"),
    for_operators("POST /service_keys", {"name": "worker", "scopes": ["tasks"]}),
    for_operators("DELETE /service_keys/{user}", operator="not_found"),
    for_operators("GET /audit"),
    for_operators("GET /operators/overview"),
    for_operators("GET /operators/clients?user={user}"),
    for_operators("GET /operators/clients/{user}", operator="not_found"),
    for_operators("POST /operators/clients/{user}/disconnect", operator="not_found"),
)
