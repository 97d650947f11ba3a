"""Makes what signs people in: passwords, tokens, their keys, and the accounts for a first look."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from server.assembly.ground import Ground
from server.auth.keys import MIN_SECRET_BYTES, TokenKeys, read_key_files, secret_key
from server.auth.passwords import MAX_CHARACTERS, MIN_CHARACTERS, Passwords
from server.auth.tokens import AccessTokens
from server.errors import StartError
from server.secret_files import read_or_create
from server.services.accounts import AccountService
from server.services.demo import ensure_demo_accounts
from server.services.sign_in_limits import SignInLimits
from server.terminal import say


async def open_accounts(ground: Ground) -> AccountService:
    settings, clock, stores = ground.settings, ground.clock, ground.stores
    passwords = Passwords()
    ground.stack.callback(passwords.close)
    tokens = AccessTokens(_token_keys(ground), clock, settings.access_token_ttl)
    limits = SignInLimits(
        clock,
        settings.login_attempts_per_account,
        settings.login_attempts_per_address,
        settings.registrations_per_address,
    )
    lifetime = timedelta(seconds=settings.refresh_token_ttl)
    accounts = AccountService(
        stores.users, stores.login_sessions, passwords, tokens, ground.hub, clock, lifetime, limits
    )
    if settings.demo_accounts:
        password = _demo_password(ground)
        await ensure_demo_accounts(accounts, stores.users, stores.friendships, passwords, clock, password)
    return accounts


def _token_keys(ground: Ground) -> TokenKeys:
    settings = ground.settings
    keys = read_key_files(settings.jwt_key_files, must_be_private=settings.environment == "production")
    if settings.jwt_secret or not keys:
        keys.append(secret_key(_jwt_secret(ground)))
    return TokenKeys(keys)


def _jwt_secret(ground: Ground) -> bytes:
    given = ground.settings.jwt_secret
    secret = (given or _secret(ground, "jwt_secret", 48)).encode()
    if len(secret) < MIN_SECRET_BYTES:
        path = Path(ground.settings.data_dir) / "jwt_secret"
        raise StartError(f"{path} holds less than {MIN_SECRET_BYTES} bytes; delete it, and a new one is made")
    return secret


def _demo_password(ground: Ground) -> str:
    password = _secret(ground, "demo_password", 9)
    if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        path, allowed = Path(ground.settings.data_dir) / "demo_password", f"{MIN_CHARACTERS} to {MAX_CHARACTERS}"
        raise StartError(f"{path} holds {len(password)} characters, allowed are {allowed}; delete or correct it")
    # For the person at the terminal alone; a log may be read by others.
    say(f"Demo accounts alice, bob and carol: password {password}")
    return password


def _secret(ground: Ground, name: str, length_bytes: int) -> str:
    path = Path(ground.settings.data_dir) / name
    try:
        return read_or_create(path, length_bytes)
    except OSError as error:
        raise StartError(f"{path} can be neither read nor made: {error.strerror}") from error
    except UnicodeError as error:
        raise StartError(f"{path} is not UTF-8 text; delete it, and a new one is made") from error
