"""This process as operators see it: its figures, its settings, and who is connected to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Annotated, Any, ClassVar

from msgspec import Meta, Struct

from handlers.base import ApiHandler
from handlers.operations import operation
from handlers.rest.answers import ConnectionNames, ConnectionView, SettingView
from server.auth.access import Access
from server.domain.payloads import to_payload
from server.errors import ErrorCode, RequestError
from server.realtime.census import Connected

MAX_CLIENTS = 200


class ClientsQuery(Struct):
    """``after`` is the id of the last one seen; ``limit`` above the most that is given counts as the most."""

    user: str = ""
    room: str = ""
    after: str = ""
    limit: Annotated[int, Meta(ge=1)] = 50


class OverviewHandler(ApiHandler):
    access = Access.OPERATOR

    @operation(answers=dict[str, Any])
    async def get(self) -> None:
        """Show the figures of this moment."""
        self.answer(self.services.operation.overview())


class SettingsHandler(ApiHandler):
    access = Access.OPERATOR

    @operation(answers={"settings": list[SettingView]})
    async def get(self) -> None:
        """Show the settings of this process, without what is secret."""
        self.answer({"settings": self.services.operation.settings})


class ClientsHandler(ApiHandler):
    """``user`` is an id, as everywhere."""

    access = Access.OPERATOR

    @operation(query=ClientsQuery, answers={"clients": list[ConnectionView], "has_more": bool})
    async def get(self, query: ClientsQuery) -> None:
        """List who is connected to this process."""
        wanted = (
            one
            for one in self.services.operation.census.all(self._number(query.after))
            if (not query.user or one.identity == query.user) and (not query.room or query.room in one.rooms)
        )
        limit = min(query.limit, MAX_CLIENTS)
        found = list(islice(wanted, limit + 1))
        self.answer({"clients": await self.shown(found[:limit]), "has_more": len(found) > limit})

    def _number(self, after: str) -> int:
        if not after:
            return 0
        number = self.services.operation.census.number(after)
        if number is None:
            raise RequestError(ErrorCode.INVALID_INPUT, "after has to be the id of a connection of this process")
        return number

    async def shown(self, connected: Iterable[Connected]) -> list[dict[str, Any]]:
        """Return what operators see, with the users' names."""
        everyone = list(connected)
        ids = {one.identity for one in everyone if isinstance(one.identity, str)}
        users = await self.services.profiles.of(ids) if ids else {}
        return [
            {
                "id": one.name,
                "transport": one.transport,
                "state": one.state,
                "user": to_payload(users[one.identity]) if one.identity in users else None,
                "address": one.address,
                "connected_at": to_payload(one.connected_at),
                "rooms": len(one.rooms),
                "bytes_in": one.bytes_in,
                "bytes_out": one.bytes_out,
                "outbox_bytes": one.queued_bytes,
            }
            for one in everyone
        ]


class ClientHandler(ClientsHandler):
    """One connection, with the names of its rooms."""

    @operation(answers={"client": ConnectionNames})
    async def get(self, name: str) -> None:  # type: ignore[override]
        """Show one connection with its rooms."""
        found = self.services.operation.census.find(name)
        if found is None:
            raise _unknown()
        [shown] = await self.shown([found])
        self.answer({"client": shown | {"rooms": sorted(found.rooms)}})


class DisconnectHandler(ApiHandler):
    access = Access.OPERATOR
    audited: ClassVar[Mapping[str, str]] = {"POST": "client.disconnect"}

    @operation()
    async def post(self, name: str) -> None:
        """Disconnect a client."""
        if not self.services.operation.census.disconnect(name):
            raise _unknown()
        self.answer(None)


def _unknown() -> RequestError:
    return RequestError(ErrorCode.NOT_FOUND, "there is no such connection in this process")
