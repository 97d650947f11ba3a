"""Every setting, defined once: type, default, unit, what is allowed and what it is for.

``settings_sources`` reads them, ``settings_help`` describes them; ``app.py`` and ``run.py`` pass the values on.
"""

from __future__ import annotations

import dataclasses
import math
import re
import select
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from server.market.hours import DEFAULT_TRADING_HOURS, parse_trading_hours
from server.protocol.forwarding import TrustedProxies
from server.weak_secrets import weakness

Environment = Literal["development", "production"]

DAY_SECONDS = 86_400
MEBIBYTE = 1_048_576
YES = frozenset({"true", "on", "yes", "1"})
NO = frozenset({"false", "off", "no", "0"})

_HARMLESS = (
    "appName|authMechanism|authSource|compressors|connectTimeoutMS|db|directConnection|journal|maxPoolSize|minPoolSize"
    "|protocol|readConcernLevel|readPreference|replicaSet|retryReads|retryWrites|serverSelectionTimeoutMS"
    "|socketTimeoutMS|ssl|tls|tlsCAFile|w"
)
"""What a URI's query may say openly; passwords stand there too (Redis: `password`), under more names than are known."""

_USER = re.compile(r"(?<=://)[^/?#\s]*@")
_URI = re.compile(r"(?<=://)\S+")
_QUERY_VALUE = re.compile(rf"(?i)([?&;](?!(?:{_HARMLESS})=)(?:[^=&;]*=)?)[^&;]+")


@dataclass(frozen=True)
class Kind:
    """How the text of a value is read; ``parse`` raises ValueError for a text that is not ``allowed``."""

    parse: Callable[[str], Any]
    allowed: str


@dataclass(frozen=True)
class Definition:
    """What is known of one setting besides its value."""

    name: str
    kind: Kind
    help: str
    unit: str
    secret: bool
    default: Any
    production: Any
    """The default in production."""

    def shown(self, value: object) -> str:
        """Return ``value`` as a person writes it, without what is secret."""
        if self.secret and value:
            return "***"
        if isinstance(value, bool):
            return "on" if value else "off"
        if isinstance(value, tuple):
            return ",".join(value)
        return without_credentials(str(value))


def without_credentials(text: str) -> str:
    """Mask the user and password of every URI in ``text``, in its query too."""
    return _URI.sub(lambda uri: _QUERY_VALUE.sub(r"\1***", uri[0]), _USER.sub("***@", text))


def integer(low: int, high: int) -> Kind:
    def parse(text: str) -> int:
        if re.fullmatch(r"-?[0-9]{1,18}", text) and low <= int(text) <= high:
            return int(text)
        raise ValueError

    return Kind(parse, f"a whole number from {low} to {high}")


def number(low: float, high: float) -> Kind:
    def parse(text: str) -> float:
        value = float(text)
        if math.isfinite(value) and low <= value <= high:
            return value
        raise ValueError

    return Kind(parse, f"a number from {low:g} to {high:g}")


def one_of(*choices: str) -> Kind:
    def parse(text: str) -> str:
        if text in choices:
            return text
        raise ValueError

    return Kind(parse, " or ".join(choices))


def matching(pattern: str, allowed: str) -> Kind:
    def parse(text: str) -> str:
        if not text or re.fullmatch(pattern, text):
            return text
        raise ValueError

    return Kind(parse, allowed)


def _parse_switch(text: str) -> bool:
    if text.lower() in YES | NO:
        return text.lower() in YES
    raise ValueError


def _parse_directory(text: str) -> Path:
    if text:
        return Path(text)
    raise ValueError


def _parse_secret(text: str) -> str:
    if not text or len(text.encode()) >= 32:
        return text
    raise ValueError


def _parse_list(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (one.strip() for one in text.split(","))))


def _parse_origins(text: str) -> tuple[str, ...]:
    origins = _parse_list(text)
    if all(origin == "*" or re.fullmatch(r"[a-z][a-z0-9+.-]*://[^\s/?#@,]+", origin) for origin in origins):
        return origins
    raise ValueError


def _parse_proxies(text: str) -> tuple[str, ...]:
    proxies = _parse_list(text)
    TrustedProxies(proxies)
    return proxies


def _parse_trading_hours(text: str) -> str:
    parse_trading_hours(text)
    return text


def _parse_task_types(text: str) -> tuple[str, ...]:
    types = _parse_list(text)
    if all(re.fullmatch(r"[a-z][a-z0-9_.-]{0,63}", one) and one != "analysis" for one in types):
        return types
    raise ValueError


SWITCH = Kind(_parse_switch, "on or off (also true, false, yes, no, 1, 0)")
TEXT = Kind(str, "any text")
DIRECTORY = Kind(_parse_directory, "a path")
SECRET = Kind(_parse_secret, "at least 32 bytes")
ORIGINS = Kind(_parse_origins, "origins such as https://app.example.com, divided by commas; * allows every origin")
FILES = Kind(_parse_list, "paths, divided by commas")
PROXIES = Kind(
    _parse_proxies, "addresses or networks such as 10.0.0.0/8, divided by commas, and unix: for the unix socket"
)
TASK_TYPES = Kind(_parse_task_types, "names such as backtest or my.report, divided by commas; analysis is built in")
ADDRESS = matching(r"[^\s/]+", "a host name or an IP address")
LISTENER = matching(r"(?:[^\s/:]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5}", "an address and a port such as 127.0.0.1:9100")
MONGODB_URI = matching(r"mongodb(\+srv)?://\S+", "mongodb://host:port/... or mongodb+srv://host/...")
HTTP_URL = matching(r"https?://[^\s?#]+", "http://host:port or https://host")
REDIS_URL = matching(r"(rediss?|unix)://\S+", "redis://host:port/0, rediss://host:port/0 or unix:///path")
TRADING_HOURS = Kind(_parse_trading_hours, f"sessions in order, such as {DEFAULT_TRADING_HOURS}")
DATABASE_NAME = matching(
    r"[^\s/\\.\"$*<>:|?\0]{1,63}", 'a database name of at most 63 characters without /\\. "$*<>:|?'
)


def setting(
    default: Any, kind: Kind, help_text: str, *, unit: str = "", secret: bool = False, production: Any = None
) -> Any:
    """Define one field of `Settings`; ``production`` is its default there when it is another."""
    facts = {"kind": kind, "help": help_text, "unit": unit, "secret": secret}
    facts["production"] = default if production is None else production
    return field(default=default, metadata=facts)


@dataclass(frozen=True)
class Settings:
    """One valid set of values; made without arguments, the defaults of development."""

    environment: Environment = setting(
        "development", one_of("development", "production"), "which defaults and which rules apply"
    )
    config: str = setting("", TEXT, "the settings file; unset: conf/<environment>.conf where there is one")
    address: str = setting("127.0.0.1", ADDRESS, "the address to listen on")
    port: int = setting(8000, integer(0, 65_535), "the TCP port to listen on; 0 takes a free one")
    unix_socket: str = setting("", TEXT, "a unix socket to listen on in place of address and port")
    data_dir: Path = setting(Path("data"), DIRECTORY, "the folder of generated secrets and of the private database")
    mongodb_uri: str = setting("", MONGODB_URI, "the database; unset: a private mongod under data_dir")
    mongodb_database: str = setting("stock_insight", DATABASE_NAME, "the name of the database")
    mongod: str = setting(
        "", TEXT, "the program of the private database; unset: mongod on PATH, else the one of the extra `embedded`"
    )
    jwt_secret: str = setting(
        "", SECRET, "the key that signs access tokens; unset in development: made in data_dir", secret=True
    )
    jwt_key_files: tuple[str, ...] = setting(
        (),
        FILES,
        "PEM files of keys of access tokens, RSA (RS256) or P-256 (ES256): the first signs, every one verifies; "
        "a jwt_secret beside them still verifies",
    )
    access_token_ttl: int = setting(1800, integer(10, DAY_SECONDS), "how long an access token is valid", unit="s")
    refresh_token_ttl: int = setting(
        30 * DAY_SECONDS, integer(60, 3650 * DAY_SECONDS), "how long a refresh token is valid", unit="s"
    )
    login_attempts_per_account: int = setting(
        10,
        integer(0, 100_000),
        "sign-ins with a wrong password, after which even the right one has to wait; 0 does not limit",
        unit="a minute",
    )
    login_attempts_per_address: int = setting(
        300,
        integer(0, 100_000),
        "sign-ins from one address, right or wrong; 0 does not limit",
        unit="a minute",
        production=60,
    )
    registrations_per_address: int = setting(
        300,
        integer(0, 100_000),
        "accounts that one address may try to make; 0 does not limit",
        unit="a minute",
        production=10,
    )
    reads_per_caller: int = setting(
        1000,
        integer(0, 100_000),
        "REST reads of one user, key or anonymous address, and four times as many at once; 0 does not limit",
        unit="a second",
        production=100,
    )
    trusted_proxies: tuple[str, ...] = setting(
        (), PROXIES, "proxies whose X-Forwarded-For, X-Real-IP and X-Forwarded-Proto are believed"
    )
    socketio_cors_origins: tuple[str, ...] = setting(
        ("http://localhost:5173", "http://0.0.0.0:5173"), ORIGINS, "web origins allowed besides our own", production=()
    )
    ping_interval: float = setting(25.0, number(0.05, 3600), "time between two heartbeats of Engine.IO", unit="s")
    ping_timeout: float = setting(60.0, number(0.05, 3600), "how long a client may take to answer one", unit="s")
    connect_timeout: float = setting(
        45.0, number(0.05, 3600), "how long a client may take to join a namespace", unit="s"
    )
    upgrade_timeout: float = setting(10.0, number(0.05, 3600), "how long an upgrade to WebSocket may take", unit="s")
    allow_eio3: bool = setting(True, SWITCH, "serve Engine.IO 3 too, which Socket.IO 2 clients speak")
    max_http_buffer_size: int = setting(1_000_000, integer(1024, 100_000_000), "largest incoming message", unit="bytes")
    outbox_limit: int = setting(
        4 * MEBIBYTE,
        integer(65_536, 1024 * MEBIBYTE),
        "what may wait for a slow client before it is closed",
        unit="bytes",
    )
    max_pending_events: int = setting(
        64, integer(1, 100_000), "events of one client that may wait before its connection is no longer read"
    )
    polling_front: bool = setting(
        True, SWITCH, "answer polls and WebSocket handshakes before Tornado's parser (never with reader=iostream)"
    )
    reader: Literal["epoll", "iostream"] = setting(
        "epoll" if hasattr(select, "epoll") else "iostream",
        one_of("epoll", "iostream"),
        "how WebSocket connections are read: many at a time (Linux), or each by its own Tornado stream",
    )
    recall_window: float = setting(
        120.0, number(0, 365 * DAY_SECONDS), "how long after it was sent a message can be recalled", unit="s"
    )
    max_file_size: int = setting(
        20 * MEBIBYTE, integer(1024, 1024 * MEBIBYTE), "largest file that can be uploaded", unit="bytes"
    )
    file_quota: int = setting(
        1024 * MEBIBYTE, integer(0, 10**15), "what all files of one member may take together", unit="bytes"
    )
    presence_grace: float = setting(
        5.0, number(0, 3600), "how long after the last device went somebody is still taken to be here", unit="s"
    )
    ws_heartbeat_interval: float = setting(
        30.0,
        number(0.05, 3600),
        "time between two signs of life on a stream of notifications or of a task",
        unit="s",
    )
    ws_max_connections_per_user: int = setting(
        3, integer(1, 1000), "streams of notifications that a user may have open; one more closes the oldest"
    )
    notification_retention: float = setting(90.0, number(0.01, 3650), "how long a notification is kept", unit="days")
    price_source: Literal["simulated", "tencent", "sina", "redis", "push"] = setting(
        "simulated",
        one_of("simulated", "tencent", "sina", "redis", "push"),
        "where quotes come from: tencent and sina stand in for each other, push takes what is posted alone",
        production="push",
    )
    instruments: str = setting(
        "", TEXT, "a CSV file of instruments (symbol, name) beside the built-in ones; unset: these alone"
    )
    price_stale_after: float = setting(
        180.0, number(1, DAY_SECONDS), "how long a silent source is trusted before its quotes count as stale", unit="s"
    )
    price_source_timeout: float = setting(
        5.0, number(0.1, 60), "how long a price source may take to answer one request", unit="s"
    )
    tencent_url: str = setting("", HTTP_URL, "where tencent's quotes are asked for; unset: its public address")
    sina_url: str = setting("", HTTP_URL, "where sina's quotes are asked for; unset: its public address")
    redis_url: str = setting("", REDIS_URL, "the Redis server; price_source = redis needs it")
    price_stream: str = setting(
        "stock_insight:quotes", TEXT, "the Redis stream into which a feeder writes quotes, for price_source = redis"
    )
    price_push_interval: float = setting(
        3.0, number(0.05, DAY_SECONDS), "time between two pushes of changed quotes", unit="s", production=60.0
    )
    price_any_hour: bool = setting(
        True, SWITCH, "push at any hour of every day, not only while the exchanges trade", production=False
    )
    trading_hours: str = setting(
        DEFAULT_TRADING_HOURS, TRADING_HOURS, "the sessions of a trading day, Asia/Shanghai time"
    )
    max_price_subscriptions: int = setting(128, integer(1, 10_000), "targets that one connection may subscribe to")
    minute_bar_retention: int = setting(
        30 * DAY_SECONDS, integer(60, 3650 * DAY_SECONDS), "how long minute bars are kept", unit="s"
    )
    prices_require_auth: bool = setting(False, SWITCH, "whether prices, bars and signals ask for a token")
    task_workers: int = setting(2, integer(1, 64), "built-in tasks that run at once, each in a thread of its own")
    task_time_limit: float = setting(300.0, number(0.05, DAY_SECONDS), "how long a built-in task may run", unit="s")
    task_worker_timeout: float = setting(
        60.0, number(1, DAY_SECONDS), "how long a worker outside may be silent before its task is lost", unit="s"
    )
    task_retention: int = setting(
        30 * DAY_SECONDS, integer(60, 3650 * DAY_SECONDS), "how long a task is kept that is over", unit="s"
    )
    external_task_types: tuple[str, ...] = setting(
        (), TASK_TYPES, "types of tasks that workers outside do, divided by commas"
    )
    audit_retention: int = setting(
        365 * DAY_SECONDS, integer(DAY_SECONDS, 3650 * DAY_SECONDS), "how long an audit entry is kept", unit="s"
    )
    demo_accounts: bool = setting(
        True, SWITCH, "whether alice, bob and carol exist, with a password in data_dir", production=False
    )
    drain_timeout: float = setting(10.0, number(0, 600), "how long a stopping server waits for its handlers", unit="s")
    default_locale: str = setting(
        "zh-CN", one_of("zh-CN", "zh-TW", "en"), "the language of texts for people whose own is not known"
    )
    diagnostics: bool = setting(
        True, SWITCH, "whether /tests/socketio/ has pages that try out every door from a browser", production=False
    )
    metrics_address: str = setting(
        "", LISTENER, "where /metrics is told to everyone who can connect; unset: nowhere, but to operators and keys"
    )
    log_format: Literal["text", "json"] = setting("text", one_of("text", "json"), "how a log line is written")
    log_level: str = setting(
        "info", one_of("debug", "info", "warning", "error"), "the least important kind of log line"
    )


def definitions() -> Iterator[Definition]:
    """Return the definition of every setting, in the order of `Settings`."""
    for one in dataclasses.fields(Settings):
        yield Definition(name=one.name, default=one.default, **one.metadata)


def broken_rules(settings: Settings) -> Iterator[str]:
    """Return one sentence for each rule that ``settings`` breaks together, or in their environment."""
    if settings.price_source == "redis" and not settings.redis_url:
        yield "redis_url: price_source = redis needs one; set REDIS_URL"
    if settings.environment != "production":
        return
    if reason := weakness(settings.jwt_secret) if settings.jwt_secret else "":
        yield f"jwt_secret: production needs one that nobody can guess, but {reason}; make one: openssl rand -base64 48"
    if not settings.jwt_secret and not settings.jwt_key_files:
        yield (
            "jwt_secret: production needs one of at least 32 bytes; set JWT_SECRET or put it into the settings file, "
            "or list key files in jwt_key_files"
        )
    if not settings.mongodb_uri:
        yield "mongodb_uri: production needs a database of its own; set MONGODB_URI"
    if "*" in settings.socketio_cors_origins:
        yield "socketio_cors_origins: production does not allow *; list the origins"
    if settings.demo_accounts:
        yield "demo_accounts: production does not allow them; set demo_accounts = off"
