"""Who may do what: every call and event against everyone who might try (docs/architecture.md, "How to add")."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from server.storage.conversations import ConversationRepository
from server.storage.documents import new_id
from tests.handlers.access.events import EVENTS
from tests.handlers.access.rest import REST
from tests.support.access import OK, Actor, Call
from tests.support.town import FOREIGN, FRIENDS, Reply, Town

CALLS = (*REST, *EVENTS)
ROWS_OF_GROUP = [
    row for row in CALLS if row.is_of_group and row.name in {"PATCH /conversations/{group}", "send_message"}
]
TALKING = (Actor.OTHER, Actor.MEMBER)
"""Who tells, and who hears it."""


async def wrong_outcomes(town: Town, rows: Iterable[Call] = CALLS) -> list[str]:
    """Do these calls as everyone; return what is not as the matrix says."""
    wrong = [fault for row in rows for fault in await faults_at_once(town, row, row.actors(refused=True))]
    for row in rows:
        await town.renew()
        actors = row.actors(refused=False)
        if row.is_read:
            wrong += await faults_at_once(town, row, actors)
            continue
        for actor in actors:
            wrong += await cell_faults(town, row, actor)
            await town.renew(row)
    return wrong


async def faults_at_once(town: Town, row: Call, actors: Sequence[Actor]) -> list[str]:
    """Do a call that changes nothing as all of these; return what is not as the matrix says, and what came of it."""
    before = await town.stored()
    replies = await asyncio.gather(*(town.do(actor, row) for actor in actors))
    pairs = zip(actors, replies, strict=True)
    wrong = [fault for actor, reply in pairs for fault in reply_faults(town, row, actor, reply)]
    wrong += [f"{row}: heard by {hearer.value}: {events}" for hearer, events in (await town.heard()).items()]
    after = await town.stored()
    wrong += [f"{row}: something was stored in {name}" for name in after if after[name] != before.get(name)]
    return wrong


async def cell_faults(town: Town, row: Call, actor: Actor) -> list[str]:
    """Do a call that is allowed; return what is not as the matrix says, and who heard or saw what is not his."""
    faults = reply_faults(town, row, actor, await town.do(actor, row))
    heard = await town.heard()
    by = f"{row}, by {actor.value}"
    faults += [f"{by}: heard by {hearer.value}: {heard[hearer]}" for hearer in bystanders(row, actor) & heard.keys()]
    teller, hearer = TALKING if row.outcomes[Actor.OTHER] == OK else TALKING[::-1]
    if row.tells and actor is teller and row.tells not in {name for name, _ in heard.get(hearer, [])}:
        faults.append(f"{by}: {hearer.value} does not hear {row.tells}")
    return faults


def reply_faults(town: Town, row: Call, actor: Actor, reply: Reply) -> list[str]:
    """Return what is wrong with what an actor got."""
    expected = row.outcomes[actor]
    faults = [] if reply.outcome == expected else [f"{reply.outcome}, not {expected}"]
    if actor in row.outsiders and not (actor is Actor.OPERATOR and expected == OK):
        faults += [f"is shown {secret}" for secret in town.secrets(actor) if secret in reply.shown]
    return [f"{row}, by {actor.value}: {fault}" for fault in faults]


def bystanders(row: Call, actor: Actor) -> set[Actor]:
    """Return who must not hear of a call that is allowed: of a member's no outsider, of who is blocked nobody."""
    if actor is Actor.BLOCKED:
        return {*Actor} - {actor}
    if row.is_rest and row.path == "/websocket/push/prices":
        return set()  # prices are for everyone who watches them
    if row.tells_friends:
        return {*Actor} - FRIENDS.get(actor, set()) - {actor}
    if row.is_rest and "task}" in row.path:
        return {*row.outsiders} - {actor}  # its owner hears what an operator does with it
    # What the other member is told by an outsider is addressed to her.
    return {*row.outsiders, *(() if actor in row.insiders else row.insiders)} - {actor, Actor.OTHER}


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
    rows = [row for row in CALLS if "{conversation}" in str(row)]
    wrong = "\n".join(await wrong_outcomes(town, rows))
    for sign in ("ok, not not_found", "something was stored", "is shown", "heard by"):
        assert sign in wrong


@pytest.mark.gen_test
async def test_what_leaks_where_nobody_of_the_conversation_is_is_seen(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def publish_among_prices(room: str, event: str, payload: object, **options: Any) -> None:
        publish(room, event, payload, **options)
        if event == "new_message":
            publish("prices:market:ALL", event, payload)

    publish = town.server.runtime.hub.publish
    monkeypatch.setattr(town.server.runtime.hub, "publish", publish_among_prices)
    wrong = "\n".join(await wrong_outcomes(town, ROWS_OF_GROUP))
    assert f"heard by {Actor.STRANGER.value}" in wrong


@pytest.mark.gen_test
async def test_who_is_removed_and_hears_on_is_seen(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(town.server.runtime.hub, "evict", lambda *_: None)
    wrong = await wrong_outcomes(town, ROWS_OF_GROUP)
    assert any(f"heard by {Actor.REMOVED.value}" in fault for fault in wrong)


@pytest.mark.gen_test
async def test_a_foreign_id_answers_as_an_unknown_one(town: Town) -> None:
    wrong = []
    for row in CALLS:
        if row.tells_unknown:
            continue
        for actor, foreign in FOREIGN.items():
            for name in row.sent(dict.fromkeys(foreign)):
                known = await town.do(actor, row, **{name: town.ids[Actor.STRANGER][name]})
                unknown = await town.do(actor, row, **{name: new_id()})
                if known != unknown:
                    wrong.append(f"{row}, {name}, by {actor.value}:\n  {known}\n  {unknown}")
    assert not wrong, "\n".join(wrong)
