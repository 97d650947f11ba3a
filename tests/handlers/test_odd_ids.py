"""What cannot be an id is refused, wherever one is sent."""

from __future__ import annotations

from typing import Any

import pytest

from server.domain.ids import is_id
from tests.handlers.access.events import EVENTS
from tests.handlers.access.rest import REST
from tests.support.access import OK, Actor
from tests.support.town import Town

ODD_TEXTS = {
    "NUL": "\0",
    "an operator": "$ne",
    "an operator as text": '{"$ne": null}',
    "very long": "f" * 5000,
    "nearly an id": "f" * 23,
    "a number": "17",
    "a path": "../../users/me",
    "a line more": "f" * 24 + "\n",
    "other digits": "٠" * 24,
    "empty": "",
    "half a pair": "\ud800",
}
ODD_VALUES: dict[str, Any] = {
    **ODD_TEXTS,
    "an operator's object": {"$ne": None},
    "an expression": {"$gt": ""},
    "a list": ["f" * 24],
    "a whole number": 7,
    "a large number": 2**70,
    "a fraction": 1.5,
    "a truth": True,
}
CALLERS = (Actor.MEMBER, Actor.OTHER, Actor.OPERATOR)
"""Who tries: the first of these who may do the call."""
REFUSED_IDS = {"invalid_input", "not_found", "not_friends"}


@pytest.mark.gen_test
async def test_what_is_no_id_is_refused(town: Town) -> None:
    wrong = []
    before = await town.stored()
    for row in (*REST, *EVENTS):
        actor = next((actor for actor in CALLERS if row.outcomes[actor] == OK), Actor.MEMBER)
        for name, own in row.sent(town.ids[actor]).items():
            if not isinstance(own, str):
                continue  # a number is no id
            in_path = row.is_rest and f"{{{name}}}" in row.name
            odd = dict(ODD_TEXTS if in_path else ODD_VALUES)
            if f"={{{name}}}" in row.name:
                del odd["empty"]  # an argument without a value counts as absent
            for kind, value in {**odd, **({"capitals": own.upper()} if is_id(own) else {})}.items():
                reply = await town.do(actor, row, **{name: value})
                allowed = REFUSED_IDS | ({OK} if row.takes_any_id else {row.outcomes[actor]} - {OK})
                if reply.outcome not in allowed:
                    wrong.append(f"{row}, {name} is {kind}: {reply}")
        if heard := await town.heard():
            wrong.append(f"{row}: heard {heard}")
    after = await town.stored()
    wrong += [f"something was stored in {name}" for name in after if after[name] != before.get(name)]
    assert not wrong, "\n".join(wrong)
