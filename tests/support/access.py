"""The rows of the access matrix: every call with what becomes of it for each kind of caller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import quote


class Actor(Enum):
    """Who calls. What ``{conversation}`` and the like mean for each is told in `tests.support.town`."""

    STRANGER = "a stranger"
    FRIEND = "a friend of the one member who is not in the conversation"
    FORMER = "a former friend, whose conversation is closed"
    BLOCKED = "a former friend whom the other member blocks"
    REMOVED = "a friend who was removed from the group"
    OPERATOR = "an operator, who is a stranger"
    ADMIN = "an admin of the group, not in the conversation"
    OTHER = "the other member, who owns the group"
    MEMBER = "the member who wrote the message and is asked by the request"


_IN_CONVERSATION = (Actor.OTHER, Actor.MEMBER)
_IN_GROUP = (*_IN_CONVERSATION, Actor.ADMIN)

OK = "ok"
PASSWORD = "correct horse"
"""Everyone's."""


@dataclass(frozen=True)
class Call:
    """One REST call (``GET /path``) or event; ``{name}`` in path and body stands for an id of the actor's."""

    name: str
    body: Any
    outcomes: Mapping[Actor, str]
    """``ok``, or the slug of the error."""
    tells: str
    """The event that a member hears of it; empty: nobody does, or not always."""
    tells_unknown: str
    """Why the answer may tell an unknown id from a foreign one; empty: it must not."""
    takes_any_id: str
    """Why any text is taken for an id; empty: what cannot be one is refused."""
    tells_friends: bool
    """Whether the caller's friends may hear of it, and nobody else."""

    def __str__(self) -> str:
        return f"{self.name} {self.body}" if self.body is not None else self.name

    @property
    def is_of_group(self) -> bool:
        return "{group" in f"{self.name} {self.body}"

    @property
    def insiders(self) -> tuple[Actor, ...]:
        """Who belongs to what is called upon: the group, or else the conversation of two."""
        return _IN_GROUP if self.is_of_group else _IN_CONVERSATION

    @property
    def outsiders(self) -> tuple[Actor, ...]:
        return tuple(actor for actor in Actor if actor not in self.insiders)

    @property
    def is_rest(self) -> bool:
        return " /" in self.name

    @property
    def is_read(self) -> bool:
        return self.method == "GET"

    def actors(self, *, refused: bool) -> list[Actor]:
        """Return who is refused, or else who is not."""
        return [actor for actor, outcome in self.outcomes.items() if refused == (outcome != OK)]

    @property
    def method(self) -> str:
        return self.name.split(" ")[0]

    @property
    def path(self) -> str:
        """The path with its placeholders, without the query."""
        return self.name.split(" ")[1].split("?")[0]

    def target(self, ids: Mapping[str, Any]) -> str:
        """Return path and query with ids in them."""
        target = self.name.split(" ")[1]
        for name, value in ids.items():
            target = target.replace(f"{{{name}}}", quote(str(value), safe="", errors="surrogatepass"))
        return target

    def filled(self, ids: Mapping[str, Any]) -> Any:
        """Return the body with ids in it."""
        return _filled(self.body, ids)

    def fields(self) -> set[str]:
        """Return the names of the body's fields and the query's arguments that are ids here."""
        query = self.name.partition("?")[2]
        arguments = {part.partition("=")[0] for part in query.split("&") if "{" in part}
        return arguments | {key for key, value in _items(self.body) if "{" in str(value)}

    def sent(self, ids: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of the ids that stand in this call."""
        return {name: value for name, value in ids.items() if f"{{{name}}}" in f"{self.name} {self.body}"}


def call(
    name: str,
    body: Any = None,
    *,
    outsider: str = OK,
    stranger: str = "",
    friend: str = "",
    former: str = "",
    operator: str = "",
    admin: str = "",
    other: str = OK,
    member: str = OK,
    tells: str = "",
    tells_unknown: str = "",
    takes_any_id: str = "",
    tells_friends: bool = False,
) -> Call:
    """Return a row: what becomes of the call for each actor; ``outsider`` is each who is not named and no member.

    An operator gets what a stranger gets, who is blocked what a former friend gets, and who is in the group, or was,
    what any other friend gets.
    """
    outcomes = {
        Actor.STRANGER: stranger or outsider,
        Actor.FRIEND: friend or outsider,
        Actor.FORMER: former or outsider,
        Actor.BLOCKED: former or outsider,
        Actor.REMOVED: friend or outsider,
        Actor.OPERATOR: operator or stranger or outsider,
        Actor.ADMIN: admin or friend or outsider,
        Actor.OTHER: other,
        Actor.MEMBER: member,
    }
    return Call(name, body, outcomes, tells, tells_unknown, takes_any_id, tells_friends)


def _filled(value: Any, ids: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, ids) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, ids) for item in value]
    if isinstance(value, str) and value[:1] == "{":
        return ids.get(value[1:-1], value)
    return value


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    return iter(value.items()) if isinstance(value, dict) else iter(())
