"""Whether a secret is one that others may guess: made of little, or known from examples."""

from __future__ import annotations

MIN_DIFFERENT_CHARACTERS = 8

_WELL_KNOWN = (
    "changeme",
    "change-me",
    "change_me",
    "change me",
    "change this",
    "replace",
    "secret",
    "password",
    "example",
    "default",
    "insecure",
    "openssl",
    "stock-insight",
    "stock_insight",
    "qwerty",
    "12345678",
    "abcdefgh",
)


def weakness(secret: str) -> str:
    """Return why a secret can be guessed, as a clause that does not show it; empty for a good one."""
    different = len(set(secret))
    if different < MIN_DIFFERENT_CHARACTERS:
        return f"it is made of {different} different characters only"
    if any(secret.startswith(secret[period:]) for period in range(1, len(secret) // 2 + 1)):
        return "it repeats itself"
    folded = secret.casefold()
    if any(word in folded for word in _WELL_KNOWN):
        return "it holds words of defaults and examples"
    return ""
