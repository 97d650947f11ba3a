"""Everyone of the access matrix on one server, each connected and listening; see `tests.support.access`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple, Self

from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse

from server.auth.keys import TokenKeys, secret_key
from server.auth.tokens import AccessTokens
from server.domain.alerts import AlertKind
from server.domain.users import LoginSession, Principal, User
from server.domain.watchlists import Watchlist, WatchlistItem
from server.storage.documents import Database, Document, new_id
from tests.support.access import OK, Actor, Call
from tests.support.clock import FakeClock
from tests.support.community import SECRET
from tests.support.product_server import ChatClient, ProductServer

STOCK = "600519.SH"
CONTENT = "a secret of the two members"
NAMES = {
    Actor.STRANGER: "mallory",
    Actor.FRIEND: "carol",
    Actor.FORMER: "frank",
    Actor.OTHER: "alice",
    Actor.MEMBER: "bobby",
}
_MEMBERS_OWN = ("conversation", "message", "request", "watchlist", "alert", "notification")
FOREIGN = {Actor.STRANGER: (*_MEMBERS_OWN, "user"), Actor.FRIEND: _MEMBERS_OWN, Actor.FORMER: _MEMBERS_OWN}
"""What of the members' an outsider has nothing to do with."""
_FRIENDS = {
    Actor.OTHER: {Actor.MEMBER, Actor.FRIEND},
    Actor.MEMBER: {Actor.OTHER},
    Actor.FRIEND: {Actor.OTHER},
}
_PRESENCE = {"user_online", "user_offline", "user_presence"}
_WRITTEN_BEHIND = {"presences", "notification_deliveries"}
_TOLD_AT_ANY_TIME = {"unread_counts"}
_OWN_ANSWERS = {"pong", "app_pong"}
_ALWAYS_DIFFERENT = {"Date"}


class Resident(NamedTuple):
    """An actor, signed in."""

    user: User
    principal: Principal
    token: str


class Reply(NamedTuple):
    """What an actor got: the outcome, and all that can be seen of it but the ids that were sent."""

    outcome: str
    status: int
    shown: str


class Town:
    """The actors and what they know.

    Bobby and alice talk; carol is alice's friend and frank was one, they talk with her too; dave has asked bobby to be
    friends.
    """

    def __init__(self, server: ProductServer, database: Database) -> None:
        self.server = server
        self.community = server.community
        self._database = database
        self._dave: User
        self.residents: dict[Actor, Resident] = {}
        self.sockets: dict[Actor, ChatClient] = {}
        self.ids: dict[Actor, dict[str, Any]] = {}
        """What ``{name}`` stands for when an actor calls."""

    @classmethod
    async def settle(cls, server: ProductServer, database: Database) -> Self:
        """Return a town where everyone is connected."""
        town = cls(server, database)
        for actor, name in NAMES.items():
            town.residents[actor] = await town._sign_in(await town._user(name))
        alice, bobby, frank = (town.residents[actor] for actor in (Actor.OTHER, Actor.MEMBER, Actor.FORMER))
        open_talk = await town.community.friends_talking(alice.principal, bobby.principal)
        closed_talk = await town.community.friends_talking(alice.principal, frank.principal)
        await town.community.friends_talking(alice.principal, town.residents[Actor.FRIEND].principal)
        last_words = await town.community.say(frank.principal, closed_talk, "farewell")
        await town.community.friendships.unfriend(alice.user.id, frank.user.id)
        town._dave = await town._user("dave")
        theirs = {"user": alice.user.id, "username": "alice", "conversation": open_talk, "stock": STOCK}
        for actor in Actor:
            town.ids[actor] = dict(theirs)
        town.ids[Actor.OTHER] |= {"user": bobby.user.id, "username": "bobby"}
        town.ids[Actor.FORMER] |= {"conversation": closed_talk, "message": last_words.id}
        await town.renew()
        return town

    async def renew(self) -> None:
        """Let the members have fresh things of their own, and everyone a connection that is where it may be."""
        bobby = self.residents[Actor.MEMBER]
        now = self.server.clock.now()
        await self._make_friends()
        message = await self.community.say(bobby.principal, self.ids[Actor.MEMBER]["conversation"], CONTENT)
        await self.community.friendships.unfriend(self._dave.id, bobby.user.id)
        asked, _ = await self.community.friendships.add_request(self._dave.id, bobby.user.id, now)
        assert asked.request is not None
        alert, watchlist = await self._own_things(bobby.user.id)
        fresh = {"alert": alert, "watchlist": watchlist, "notification": await self._notify(bobby.user)}
        for actor in Actor:
            self.ids[actor] |= {"request": asked.request.id, "seq": message.seq, **fresh}
            if actor is not Actor.FORMER:
                self.ids[actor]["message"] = message.id
            if actor not in self.sockets or self.sockets[actor].disconnected.is_set():
                await self._connect(actor)
        for actor in (Actor.OTHER, Actor.MEMBER, Actor.FORMER):
            joined = await self.sockets[actor].ask("join_chat", {"conversation_id": self.ids[actor]["conversation"]})
            assert joined["ok"], joined
        self.pass_time()
        await self.heard()

    async def do(self, actor: Actor, call: Call, **ids: Any) -> Reply:
        """Let an actor call; ``ids`` take the place of the actor's own."""
        given = {**self.ids[actor], **ids}
        self.pass_time()
        if not call.is_rest:
            ack = await self.sockets[actor].ask(call.name, call.filled(given))
            outcome = OK if ack["ok"] else ack["error"]["code"]
            return Reply(outcome, 0, _without(call.sent(given), json.dumps(ack)))
        return await self.rest(call, given, self.residents[actor].token)

    async def rest(self, call: Call, ids: Mapping[str, Any], token: str | None, **more: str) -> Reply:
        """Do a REST call with whatever token and ``more`` headers (``method`` and ``prefix`` replace the call's)."""
        method, prefix = more.pop("method", call.method), more.pop("prefix", "/api")
        body = call.filled(ids)
        request = HTTPRequest(
            f"http://127.0.0.1:{self.server.port}{prefix}{call.target(ids)}",
            method,
            {**more, **({"Authorization": f"Bearer {token}"} if token else {})},
            json.dumps(body).encode() if body is not None else b"" if method in {"POST", "PUT", "PATCH"} else None,
            allow_nonstandard_methods=True,
        )
        response = await AsyncHTTPClient().fetch(request, raise_error=False)
        return _reply_of_answer(response, call.sent(ids))

    async def heard(self) -> dict[Actor, list[tuple[str, Any]]]:
        """Return what has come to the actors' connections since last asked, but for the presence of their friends."""
        sockets = {actor: socket for actor, socket in self.sockets.items() if not socket.disconnected.is_set()}
        await self.community.settle_notifications()
        await asyncio.gather(*(socket.ask("ping") for socket in sockets.values()))
        return {actor: events for actor, socket in sockets.items() if (events := self._drained(actor, socket))}

    def _drained(self, actor: Actor, socket: ChatClient) -> list[tuple[str, Any]]:
        events = [socket.events.get_nowait() for _ in range(socket.events.qsize())]
        friends = {self.residents[friend].user.id for friend in _FRIENDS.get(actor, ())}
        return [
            (name, payload)
            for name, payload in events
            if name not in _OWN_ANSWERS | _TOLD_AT_ANY_TIME
            and not (name in _PRESENCE and payload["user_id"] in friends)
        ]

    async def dump(self) -> dict[str, list[Document]]:
        """Return all that is stored, but for what is written at any time."""
        await self.community.marks.close()
        await self.community.writer.close()
        await self.community.settle_notifications()
        names = sorted({*await self._database.list_collection_names()} - _WRITTEN_BEHIND)
        return {name: await self._database[name].find().sort("_id", 1).to_list(None) for name in names}

    def pass_time(self) -> None:
        """Let rates recover."""
        self.server.advance(1)

    def secrets(self) -> set[str]:
        """Return what no outsider is ever shown, unless he has sent it himself."""
        bobby, ids = self.residents[Actor.MEMBER].user, self.ids[Actor.MEMBER]
        return {CONTENT, bobby.id, bobby.username, self._dave.id, "dave", *(ids[name] for name in _MEMBERS_OWN)}

    async def invalid_tokens(self) -> dict[str, str | None]:
        """Return credentials that prove nothing, by what is wrong with them."""
        bobby = self.residents[Actor.MEMBER]
        past = AccessTokens(TokenKeys([secret_key(SECRET)]), FakeClock(self.server.clock.now() - timedelta(hours=1)))
        gone = await self._sign_in(bobby.user)
        await self.community.accounts.logout(gone.principal.session_id)
        header, claims, signature = bobby.token.split(".")
        return {
            "none": None,
            "nonsense": "nonsense",
            "expired": past.issue(bobby.user, bobby.principal.session_id),
            "signed out": gone.token,
            "another signature": f"{header}.{claims}.{signature[::-1]}",
            "no such session": self.community.tokens.issue(bobby.user, new_id()),
        }

    async def _notify(self, user: User) -> str:
        """Let a user have a fresh notification; return its id."""
        said = {"title": "news", "content": "", "type": "system", "link": "", "source": ""}
        await self.community.notifications.notify([user.id], **said)
        [newest] = await self.community.stores.notifications.newest(user.id, 1)
        return newest.id

    async def _user(self, name: str) -> User:
        return await self.community.users.add(name, name, "no password", self.server.clock.now())

    async def _sign_in(self, user: User) -> Resident:
        now = self.server.clock.now()
        session = LoginSession(new_id(), user.id, now + timedelta(days=1))
        await self.community.sessions.add(session, "family", "nonce", now)
        token = self.community.tokens.issue(user, session.id)
        return Resident(user, self.community.tokens.verify(token), token)

    async def _connect(self, actor: Actor) -> None:
        if actor in self.sockets:  # its sign-in has ended
            self.residents[actor] = await self._sign_in(self.residents[actor].user)
        self.sockets[actor] = await self.server.chat({"access_token": self.residents[actor].token})

    async def _own_things(self, user_id: str) -> tuple[str, str]:
        """Let a user have one alert, and beside the default watchlist one with a stock; return their ids."""
        stores = self.community.stores
        for alert in await stores.alerts.active(user_id):
            await stores.alerts.remove(alert.id, user_id)
        made = await stores.alerts.add(user_id, STOCK, AlertKind.ABOVE, 9999.0, self.server.clock.now())
        lists = (Watchlist(user_id, ""), Watchlist(new_id(), "own", (WatchlistItem(STOCK),)))
        assert await stores.watchlists.replace(user_id, lists, (await stores.watchlists.find(user_id)).version)
        return made.id, lists[1].id

    async def _make_friends(self) -> None:
        """Have it as it was: a call may have ended a friendship or blocked somebody."""
        alice, frank = self.residents[Actor.OTHER], self.residents[Actor.FORMER]
        for actor in (Actor.MEMBER, Actor.FRIEND):
            other = self.residents[actor]
            await self.community.friendships.unblock(alice.user.id, other.user.id)
            await self.community.friendships.unblock(other.user.id, alice.user.id)
            await self.community.befriend(alice.principal, other.principal)
        await self.community.friendships.unfriend(alice.user.id, frank.user.id)


def _reply_of_answer(response: HTTPResponse, ids: Mapping[str, Any]) -> Reply:
    body = response.body.decode()
    headers = [(name, value) for name, value in response.headers.get_all() if name not in _ALWAYS_DIFFERENT]
    outcome = OK if response.code < 300 else json.loads(body)["data"]["error"] if body else ""
    return Reply(outcome, response.code, _without(ids, f"{response.code} {sorted(headers)} {body}"))


def _without(ids: Mapping[str, Any], text: str) -> str:
    for name, value in ids.items():
        if isinstance(value, str) and value:
            text = text.replace(value, f"<{name}>")
    return text
