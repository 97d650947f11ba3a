"""Everyone of the access matrix on one server, each connected and listening; see `tests.support.access`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self

from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse

from handlers.events.session import principal_of
from server.auth.keys import TokenKeys, secret_key
from server.auth.tokens import AccessTokens
from server.domain.alerts import AlertKind
from server.domain.rooms import conversation_room
from server.domain.users import LoginSession, Principal, User
from server.domain.watchlists import Watchlist, WatchlistItem
from server.services.messages import Outgoing
from server.storage.documents import Database, new_id
from tests.support.access import OK, PASSWORD, Actor, Call
from tests.support.clock import FakeClock
from tests.support.community import SECRET
from tests.support.product_server import PRESENCE, ChatClient, ProductServer
from tests.support.tasks import two_tasks
from tests.support.uploads import CONTENT_TYPE, OneThumbnail, picture

STOCK = "600519.SH"
CONTENT = "a secret of the two members"
GROUP_CONTENT = "a secret of the group"
NAMES = {
    Actor.STRANGER: "mallory",
    Actor.FRIEND: "carol",
    Actor.FORMER: "frank",
    Actor.BLOCKED: "eve",
    Actor.REMOVED: "henry",
    Actor.OPERATOR: "oscar",
    Actor.ADMIN: "grace",
    Actor.OTHER: "alice",
    Actor.MEMBER: "bobby",
}
_DIRECT = ("conversation", "message", "request", "file", "draft", "recalled_file", "watchlist", "alert", "notification")
_TASKS = ("task", "failed_task")
_GROUP = ("group", "group_message", "group_file")
FOREIGN = {
    Actor.STRANGER: (*_DIRECT, *_GROUP, *_TASKS, "user"),
    Actor.OPERATOR: (*_DIRECT, *_GROUP, "user"),
    **dict.fromkeys((Actor.FRIEND, Actor.FORMER, Actor.BLOCKED, Actor.REMOVED), (*_DIRECT, *_GROUP, *_TASKS)),
    Actor.ADMIN: (*_DIRECT, *_TASKS),
}
"""What each has nothing to do with."""
FRIENDS = {
    Actor.OTHER: {Actor.MEMBER, Actor.FRIEND, Actor.ADMIN, Actor.REMOVED},
    **{actor: {Actor.OTHER} for actor in (Actor.MEMBER, Actor.FRIEND, Actor.ADMIN, Actor.REMOVED)},
}
_WATCHED_PRICES = (
    {"subscription_type": "market", "target": "ALL"},
    {"subscription_type": "stock", "target": "600519"},
)
"""What the stranger watches, to whom something of the members might leak there."""
_PEOPLE = {"plain": Actor.MEMBER, "admin": Actor.ADMIN, "owner": Actor.OTHER}
_CLOSED = (Actor.FORMER, Actor.BLOCKED)
"""Whose conversation is closed for writing."""
FORM = {"Content-Type": CONTENT_TYPE}
_FRESH = timedelta(seconds=60)
"""So long bobby's last messages count as such, which is well within the time for recalling."""
_TOKEN_SECONDS = 24 * 3600
"""Every call lets time pass; nobody is to be signed out by that."""
_WRITTEN_BEHIND = {"presences", "audit", "notification_deliveries"}
_OWN_ANSWERS = {"pong", "app_pong", "unread_counts"}
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

    Bobby and alice talk; carol is alice's friend, frank and eve were, whom she talked with, and she blocks eve. Dave
    has asked bobby to be friends. Alice has a group, of which grace is an admin, bobby a plain member, and henry was
    one; ivan, who is a friend of them all, may be added.
    """

    def __init__(self, server: ProductServer, database: Database) -> None:
        self.server = server
        self.community = server.community
        self._database = database
        self._password_hash = ""
        self._dave: User
        self.residents: dict[Actor, Resident] = {}
        self.sockets: dict[Actor, ChatClient] = {}
        self.ids: dict[Actor, dict[str, Any]] = {actor: {} for actor in Actor}
        """What ``{name}`` stands for when an actor calls."""
        self._belonging: set[tuple[str, str]] = set()
        """Conversations and their members, when all was last made good."""
        self._stored: dict[str, str] = {}
        """What was stored then, see `stored`."""
        self._spoke_at: datetime

    @classmethod
    async def settle(cls, server: ProductServer, database: Database) -> Self:
        """Return a town where everyone is connected."""
        town = cls(server, database)
        server.community.tokens.lifetime_seconds = _TOKEN_SECONDS
        town._password_hash = await town.community.passwords.hash(PASSWORD)
        for actor, name in NAMES.items():
            town.residents[actor] = await town._sign_in(await town._user(name))
        town._dave, ivan = await town._user("dave"), await town._user("ivan")
        for actor in (Actor.OTHER, Actor.MEMBER, Actor.ADMIN, Actor.REMOVED):
            await town.community.friendships.befriend(town._user_id(actor), ivan.id, server.clock.now())
        named = {name: town._user_id(actor) for name, actor in _PEOPLE.items()} | {"candidate": ivan.id}
        town._learn(user=town._user_id(Actor.OTHER), username="alice", stock=STOCK, **named)
        town.ids[Actor.OTHER] |= {"user": town._user_id(Actor.MEMBER), "username": "bobby"}
        await town._open_talks()
        await town.community.users.promote(town._user_id(Actor.OPERATOR))
        await town.renew()
        return town

    async def _open_talks(self) -> None:
        """Let alice talk with bobby, and have talked with those who are no friends any more."""
        alice, bobby = self._principal(Actor.OTHER), self._principal(Actor.MEMBER)
        talk = await self.community.friends_talking(alice, bobby)
        for actor in FRIENDS[Actor.OTHER]:
            await self.community.friends_talking(alice, self._principal(actor))
        self.community.uploads._thumbnails = OneThumbnail()
        file, group_file, hers, recalled = await asyncio.gather(
            *(self._upload(owner, picture("PNG")) for owner in (bobby, bobby, alice)), self._upload(bobby, b"recalled")
        )
        await self._send_file(bobby, talk, file)
        await self.community.changes.recall(bobby, await self._send_file(bobby, talk, recalled))
        self._learn(conversation=talk, file=file, recalled_file=recalled, group_file=group_file)
        for actor in (Actor.FORMER, Actor.BLOCKED):
            former = self._principal(actor)
            closed = await self.community.friends_talking(alice, former)
            await self._send_file(alice, closed, hers)
            last_words = await self.community.say(former, closed, "farewell")
            self.ids[actor] |= {"conversation": closed, "message": last_words.id, "file": hers}
        await self.community.friends.block(alice, self._user_id(Actor.BLOCKED))

    async def renew(self, after: Call | None = None) -> None:
        """Make good what was changed (``after`` a call), and connect everyone where he may be."""
        stored = await self.stored()
        changed = {name for name, checksum in stored.items() if self._stored.get(name) != checksum}
        if "users" in changed:
            await self.community.users.unban(self._user_id(Actor.OTHER))
        if "relations" in changed:
            await self._make_friends()
            self._learn(request=await self._ask_for_friendship())
        if changed & {"alerts", "watchlists", "tasks", "notifications"} or "alert" not in self.ids[Actor.MEMBER]:
            await self._make_own_things(self._user_id(Actor.MEMBER))
            self._learn(**await two_tasks(self._database, self.community.tasks, self._principal(Actor.MEMBER)))
        if "files.files" in changed:
            self._learn(draft=await self._upload(self._principal(Actor.MEMBER), b"a draft"))
        for actor in Actor:
            if actor not in self.sockets or self.sockets[actor].disconnected.is_set():
                await self._connect(actor)
        if changed and (after is None or (after.is_of_group and after.is_rest)):
            await self._make_group()
        if "messages" in changed or self.server.clock.now() > self._spoke_at + _FRESH:
            await self._speak()
        await self._join("conversation", Actor.OTHER, Actor.MEMBER, *_CLOSED)
        await self._join("group", Actor.OTHER, Actor.MEMBER, Actor.ADMIN)
        self.pass_time()
        await self.heard()
        if changed:
            self._belonging = await self._members()
            self._stored = await self.stored()

    async def _make_own_things(self, user_id: str) -> None:
        """Let a user have one alert, a fresh notification, and beside the default watchlist one with a stock."""
        stores = self.community.stores
        for alert in await stores.alerts.active(user_id):
            await stores.alerts.remove(alert.id, user_id)
        made = await stores.alerts.add(user_id, STOCK, AlertKind.ABOVE, 9999.0, self.server.clock.now())
        lists = (Watchlist(user_id, ""), Watchlist(new_id(), "own", (WatchlistItem(STOCK),)))
        assert await stores.watchlists.replace(user_id, lists, (await stores.watchlists.find(user_id)).version)
        notification = await self.community.notified(user_id)
        self._learn(alert=made.id, watchlist=lists[1].id, notification=notification)

    def _learn(self, **ids: Any) -> None:
        """Let everyone know these ids."""
        for actor in Actor:
            self.ids[actor] |= ids

    async def _ask_for_friendship(self) -> str:
        bobby, now = self._user_id(Actor.MEMBER), self.server.clock.now()
        await self.community.friendships.unfriend(self._dave.id, bobby)
        asked, _ = await self.community.friendships.add_request(self._dave.id, bobby, now)
        assert asked.request is not None
        return asked.request.id

    async def _make_group(self) -> None:
        alice, bobby, henry = (self._principal(actor) for actor in (Actor.OTHER, Actor.MEMBER, Actor.REMOVED))
        group = await self.community.group(alice, self._principal(Actor.ADMIN), bobby, henry)
        await self.community.groups.set_role(alice, group, self._user_id(Actor.ADMIN), "admin")
        his_own = await self.community.say(henry, group, "hello")
        await self._send_file(bobby, group, self.ids[Actor.MEMBER]["group_file"])
        self._learn(group=group)
        await self._join("group", Actor.REMOVED)
        await self.community.groups.remove(alice, group, henry.user_id)
        self.ids[Actor.REMOVED]["group_message"] = his_own.id

    async def _speak(self) -> None:
        """Let bobby say something that can be recalled for a while."""
        bobby, ids = self._principal(Actor.MEMBER), self.ids[Actor.MEMBER]
        message = await self.community.say(bobby, ids["conversation"], CONTENT)
        to_group = await self.community.say(bobby, ids["group"], GROUP_CONTENT)
        self._learn(seq=message.seq, group_seq=to_group.seq)
        for actor in Actor:
            if actor not in _CLOSED:
                self.ids[actor]["message"] = message.id
            if actor is not Actor.REMOVED:
                self.ids[actor]["group_message"] = to_group.id
        self._spoke_at = self.server.clock.now()

    async def _join(self, name: str, *actors: Actor) -> None:
        """Let those join who have not."""
        sockets = self.server.sio.root.sockets.values()
        present = {(principal_of(socket).user_id, room) for socket in sockets for room in socket.rooms}
        for actor in actors:
            conversation_id = self.ids[actor][name]
            if (self._user_id(actor), conversation_room(conversation_id)) not in present:
                joined = await self.sockets[actor].ask("join_chat", {"conversation_id": conversation_id})
                assert joined["ok"], joined

    async def _send_file(self, sender: Principal, conversation_id: str, file_id: str) -> str:
        sent = Outgoing(conversation_id, None, "", type="file", file_id=file_id)
        return (await self.community.messages.send(sender, sent)).id

    async def _upload(self, owner: Principal, content: bytes) -> str:
        upload = await self.community.uploads.begin(owner, len(content))
        await upload.write(content)
        return (await upload.finish("a")).id

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
            {
                **(FORM if isinstance(body, bytes) else {}),
                **more,
                **({"Authorization": f"Bearer {token}"} if token else {}),
            },
            _encoded(body, method),
            allow_nonstandard_methods=True,
        )
        response = await AsyncHTTPClient().fetch(request, raise_error=False)
        return _reply_of_answer(response, call.sent(ids))

    async def heard(self) -> dict[Actor, list[tuple[str, Any]]]:
        """Return what has come to the actors' connections since last asked.

        Without what may come at any time: the presence of friends, and news of one's own conversations.
        """
        sockets = {actor: socket for actor, socket in self.sockets.items() if not socket.disconnected.is_set()}
        await self.community.settle_notifications()
        await asyncio.gather(*(socket.ask("ping") for socket in sockets.values()))
        news = any(socket.updates.qsize() for socket in sockets.values())
        belonging = self._belonging | await self._members() if news else set()
        heard = {
            actor: [*self._drained(actor, socket), *self._foreign_news(actor, socket, belonging)]
            for actor, socket in sockets.items()
        }
        return {actor: events for actor, events in heard.items() if events}

    def _drained(self, actor: Actor, socket: ChatClient) -> list[tuple[str, Any]]:
        events = [socket.events.get_nowait() for _ in range(socket.events.qsize())]
        friends = {self._user_id(friend) for friend in FRIENDS.get(actor, ())}
        return [
            (name, payload)
            for name, payload in events
            if name not in _OWN_ANSWERS and not (name in PRESENCE and payload["user_id"] in friends)
        ]

    def _foreign_news(self, actor: Actor, socket: ChatClient, belonging: set[tuple[str, str]]) -> list[tuple[str, Any]]:
        news = [socket.updates.get_nowait() for _ in range(socket.updates.qsize())]
        own = {conversation for conversation, member in belonging if member == self._user_id(actor)}
        return [("conversation_updated", payload) for payload in news if payload["conversation_id"] not in own]

    async def _members(self) -> set[tuple[str, str]]:
        found = await self._database["members"].find().to_list(None)
        return {(member["conversation_id"], member["user_id"]) for member in found}

    async def stored(self) -> dict[str, str]:
        """Return a sum of each collection's contents, but of those that are written at any time."""
        await self.community.marks.close()
        await self.community.writer.close()
        await self.community.settle_notifications()
        sums: dict[str, str] = (await self._database.command("dbHash"))["collections"]
        return {name: checksum for name, checksum in sums.items() if name not in _WRITTEN_BEHIND}

    def pass_time(self) -> None:
        """Let rates recover."""
        self.server.advance(1)

    def secrets(self, actor: Actor) -> set[str]:
        """Return what an outsider is never shown, unless he has sent it himself."""
        bobby, ids = self.residents[Actor.MEMBER].user, self.ids[Actor.MEMBER]
        secrets = {CONTENT, self._dave.id, "dave", *(ids[name] for name in _DIRECT)}
        if actor is not Actor.ADMIN:  # she and bobby meet in the group
            secrets |= {GROUP_CONTENT, bobby.id, bobby.username, *(ids[name] for name in _GROUP)}
        return secrets

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

    async def _user(self, name: str) -> User:
        return await self.community.users.add(name, name, self._password_hash, self.server.clock.now())

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
        for target in _WATCHED_PRICES if actor is Actor.STRANGER else ():
            assert (await self.sockets[actor].ask("subscribe_prices", target))["ok"]

    async def _make_friends(self) -> None:
        """Have it as it was: a call may have ended a friendship or blocked somebody."""
        alice, now = self._user_id(Actor.OTHER), self.server.clock.now()
        for actor in FRIENDS[Actor.OTHER]:
            other = self._user_id(actor)
            await self.community.friendships.unblock(alice, other)
            await self.community.friendships.unblock(other, alice)
            await self.community.friendships.befriend(alice, other, now)
        for actor in _CLOSED:
            await self.community.friendships.unfriend(alice, self._user_id(actor))

    def _user_id(self, actor: Actor) -> str:
        return self.residents[actor].user.id

    def _principal(self, actor: Actor) -> Principal:
        return self.residents[actor].principal


def _encoded(body: Any, method: str) -> bytes | None:
    if body is None:
        return b"" if method in {"POST", "PUT", "PATCH"} else None
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def _reply_of_answer(response: HTTPResponse, ids: Mapping[str, Any]) -> Reply:
    body = response.body.decode(errors="replace")
    headers = [(name, value) for name, value in response.headers.get_all() if name not in _ALWAYS_DIFFERENT]
    outcome = OK if response.code < 300 else json.loads(body)["data"]["error"] if body else ""
    return Reply(outcome, response.code, _without(ids, f"{response.code} {sorted(headers)} {body}"))


def _without(ids: Mapping[str, Any], text: str) -> str:
    for name, value in ids.items():
        if isinstance(value, str) and value:
            text = text.replace(value, f"<{name}>")
    return text
