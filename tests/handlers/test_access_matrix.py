"""Who may do what: every call and event against everyone who might try (docs/architecture.md, "How to add")."""

from __future__ import annotations

from typing import Any

import pytest

from server.storage.conversations import ConversationRepository
from server.storage.documents import new_id
from tests.handlers.access.events import EVENTS
from tests.handlers.access.rest import REST
from tests.support.access import INSIDERS, OK, OUTSIDERS, Actor, Call
from tests.support.town import FOREIGN, Town

CALLS = (*REST, *EVENTS)


async def wrong_outcomes(town: Town) -> list[str]:
    """Do every call as everyone; return what is not as the matrix says."""
    cells = [(row, actor) for row in CALLS for actor in Actor]
    wrong = []
    before = await town.dump()
    for row, actor in cells:
        if row.outcomes[actor] != OK:
            wrong += await cell_faults(town, row, actor)
            after = await town.dump()
            if after != before:
                wrong.append(f"{row}, by {actor.value}: something was stored")
            before = after
    for row, actor in cells:
        if row.outcomes[actor] == OK:
            await town.renew()
            wrong += await cell_faults(town, row, actor)
    return wrong


async def cell_faults(town: Town, row: Call, actor: Actor) -> list[str]:
    """Do one call; return what is not as the matrix says, and who heard or saw what is not his."""
    expected = row.outcomes[actor]
    reply = await town.do(actor, row)
    faults = [] if reply.outcome == expected else [f"{reply.outcome}, not {expected}"]
    heard = await town.heard()
    faults += [f"heard by {hearer.value}: {heard[hearer]}" for hearer in bystanders(row, actor) & heard.keys()]
    teller, hearer = INSIDERS if row.outcomes[Actor.OTHER] == OK else INSIDERS[::-1]
    if row.tells and actor is teller and row.tells not in {name for name, _ in heard.get(hearer, [])}:
        faults.append(f"{hearer.value} does not hear {row.tells}")
    if actor in OUTSIDERS:
        faults += [f"is shown {secret}" for secret in town.secrets() if secret in reply.shown]
    return [f"{row}, by {actor.value}: {fault}" for fault in faults]


def bystanders(row: Call, actor: Actor) -> set[Actor]:
    """Return who must not hear of a call: of one that is refused nobody, of a member's no outsider."""
    if row.outcomes[actor] != OK:
        return set(Actor)
    # What the other member is told by an outsider is addressed to her.
    return {*OUTSIDERS, *(() if actor in INSIDERS else (Actor.MEMBER,))} - {actor}


@pytest.mark.gen_test
async def test_everyone_gets_what_the_matrix_says(town: Town) -> None:
    wrong = await wrong_outcomes(town)
    assert not wrong, "\n".join(wrong)


@pytest.mark.gen_test
async def test_a_leak_is_seen(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    async def find_for_anybody(self: ConversationRepository, conversation_id: str, user_id: str) -> Any:
        bobby = town.residents[Actor.MEMBER].user.id
        own = await find_for_member(self, conversation_id, user_id)
        return own or await find_for_member(self, conversation_id, bobby)

    find_for_member = ConversationRepository.find_for_member
    monkeypatch.setattr(ConversationRepository, "find_for_member", find_for_anybody)
    wrong = "\n".join(await wrong_outcomes(town))
    for sign in ("ok, not not_found", "something was stored", "is shown", "heard by"):
        assert sign in wrong


@pytest.mark.gen_test
async def test_a_foreign_id_answers_as_an_unknown_one(town: Town) -> None:
    wrong = []
    for row in CALLS:
        if row.tells_unknown:
            continue
        for actor in OUTSIDERS:
            for name in row.sent(dict.fromkeys(FOREIGN[actor])):
                known = await town.do(actor, row, **{name: town.ids[Actor.STRANGER][name]})
                unknown = await town.do(actor, row, **{name: new_id()})
                if known != unknown:
                    wrong.append(f"{row}, {name}, by {actor.value}:\n  {known}\n  {unknown}")
    assert not wrong, "\n".join(wrong)
